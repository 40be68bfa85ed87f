import re
import shlex
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)


SLOW = {  # they train with the defaults
    "README.md",
    "index.md",
    "first-steps.md",
    "classify-tickets.md",
    "serve-predictions.md",
    "vectors-for-few-texts.md",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with the files that the pages name."""
    news = "the queen met the king and the man met the woman by the river\n"
    (tmp_path / "news.txt").write_text(news * 30, encoding="utf-8")
    tales = (ROOT / "corpora" / "tales.txt").read_text(encoding="utf-8")[:1_500]
    (tmp_path / "tales.txt").write_text(tales, encoding="utf-8")
    rows = [f"a good film number {n},pos\na bad film number {n},neg\n" for n in range(30)]
    (tmp_path / "reviews.csv").write_text("text,label\n" + "".join(rows), encoding="utf-8")
    tickets = [
        f"{n},I was charged {n} times in May,billing\n{n},The app crashes after {n} clicks,bug\n" for n in range(30)
    ]
    (tmp_path / "tickets.csv").write_text("id,text,queue\n" + "".join(tickets), encoding="utf-8")
    (tmp_path / "new-tickets.csv").write_text("id,text\n1,I was charged again\n2,It crashes\n", encoding="utf-8")
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
        pytest.param(page, marks=[pytest.mark.slow] * (page.name in SLOW))
        for page in PAGES
        if BLOCK.search(page.read_text(encoding="utf-8"))
    ],
    ids=lambda page: page.name,
)
@pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")  # of huggingface_hub
def test_blocks_run(page, folder, request):
    """Those of Python, and in blocks of the language sh the commands, one on each line."""
    if "push_to_hub" in page.read_text(encoding="utf-8"):
        request.getfixturevalue("hub")
    names = {"__name__": "page"}
    for language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(code, page.name, "exec"), names)
        else:
            run_commands(code)


def run_commands(code):
    """Run commands of textkit in this process."""
    from textkit.__main__ import COMMANDS

    for command in code.splitlines():
        program, name, *arguments = shlex.split(command)
        assert program == "textkit"
        import_module(COMMANDS[name][0]).app(arguments, standalone_mode=False)


@pytest.mark.parametrize(("status", "queued"), [(0, False), (143, True), (1, False)])
def test_the_job_for_a_cluster_queues_itself_after_a_stop_alone(tmp_path, status, queued):
    """Slurm's programs and textkit are replaced by scripts."""
    page = (ROOT / "docs" / "recipes" / "resume-on-a-cluster.md").read_text(encoding="utf-8")
    (job,) = re.findall(r"^```bash\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    scripts = {"srun": 'exec "$@"', "textkit": f"exit {status}", "scontrol": 'echo "$*" > queued'}
    for name, script in scripts.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SLURM_JOB_ID": "7"}
    done = subprocess.run(["bash", "-c", job], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == status
    assert (tmp_path / "queued").exists() == queued
    assert not queued or (tmp_path / "queued").read_text() == "requeue 7\n"


def test_the_options_of_the_job_for_a_cluster_exist():
    from textkit.commands.language_model import language_model

    page = (ROOT / "docs" / "recipes" / "resume-on-a-cluster.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"srun (textkit train language-model .*) \|\|", page)
    options = {word[2:].replace("-", "_") for word in line.split() if word.startswith("--")}
    assert options <= set(language_model.__annotations__)
