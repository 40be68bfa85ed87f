import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with the files that the pages name."""
    news = "the queen met the king and the man met the woman by the river\n"
    (tmp_path / "news.txt").write_text(news * 30, encoding="utf-8")
    tales = (ROOT / "corpora" / "tales.txt").read_text(encoding="utf-8")[:1_500]
    (tmp_path / "tales.txt").write_text(tales, encoding="utf-8")
    rows = [f"a good film number {n},pos\na bad film number {n},neg\n" for n in range(30)]
    (tmp_path / "reviews.csv").write_text("text,label\n" + "".join(rows), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train_commands(page):
    """The lines outside of Python blocks that train something."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    return [line.split()[1:] for line in text.splitlines() if line.startswith("textkit train ")]


@pytest.mark.slow
def test_train_commands_of_the_readme_run(folder):
    from textkit.train import app

    commands = train_commands(ROOT / "README.md")
    assert {command[1] for command in commands} == {"word2vec", "language-model", "classifier"}
    for _, *arguments in commands:
        app(arguments, standalone_mode=False)
        assert (folder / arguments[arguments.index("-o") + 1]).exists()


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] * (page.name == "README.md"))  # it trains with the defaults
        for page in PAGES
        if BLOCK.search(page.read_text(encoding="utf-8"))
    ],
    ids=lambda page: page.name,
)
@pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")  # of huggingface_hub
def test_python_blocks_run(page, folder, request):
    if "push_to_hub" in page.read_text(encoding="utf-8"):
        request.getfixturevalue("hub")
    names = {"__name__": "page"}
    for code in BLOCK.findall(page.read_text(encoding="utf-8")):
        exec(compile(code, page.name, "exec"), names)
