"""The pages of the site: links that work in a checkout, and a reference that lacks no public name."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import typer

import textkit

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
OTHER_NAMES = {"EpochReport", "LabelledTexts", "read_labelled"}


def links(page):
    """The targets of the links of a page that are files, each with its anchor or an empty str."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    targets = [target.partition("#") for target in LINK.findall(text) if "://" not in target]
    return [(page.parent / path if path else page, anchor) for path, _, anchor in targets]


def anchors(page):
    """The anchors that GitHub and the site give to headings."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_and_headings_exist(page):
    assert [str(path) for path, _ in links(page) if not path.exists()] == []
    assert [(path.name, anchor) for path, anchor in links(page) if anchor and anchor not in anchors(path)] == []


def test_the_overview_of_the_reference_lists_each_public_name_once():
    text = (DOCS / "reference" / "index.rst").read_text(encoding="utf-8").partition(".. toctree::")[0]
    listed = re.findall(r"^   (\w+)$", text, re.MULTILINE) + re.findall(r"^:data:`(\w+)`", text, re.MULTILINE)
    assert sorted(listed) == sorted(set(textkit.__all__) - OTHER_NAMES)
    assert [name for name in OTHER_NAMES if name not in text] == []


def test_each_public_name_is_described_on_one_page():
    entry = re.compile(r"^\.\. (?:autofunction|autoclass|py:data):: (\w+)$", re.MULTILINE)
    pages = [page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.rst")]
    assert sorted(name for page in pages for name in entry.findall(page)) == sorted(set(textkit.__all__) - OTHER_NAMES)


def test_each_page_is_in_a_table_of_contents():
    """Sphinx warns of it, too, but where the site is not built, this does."""
    listed = {"index"}
    for index in (DOCS / "index.md", DOCS / "recipes" / "index.md"):
        for tree in re.findall(r"^```{toctree}\n(.*?)^```", index.read_text(encoding="utf-8"), re.M | re.S):
            patterns = [line for line in tree.splitlines() if line and not line.startswith(":")]
            found = [path for pattern in patterns for path in index.parent.glob(f"{pattern}.*")]
            listed |= {str(path.relative_to(DOCS).with_suffix("")) for path in found}
    assert {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md")} <= listed


def test_commands_are_described_as_their_help_has_them(monkeypatch):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    reference = import_module("command_reference")
    assert reference.plain("all *.txt files") == r"all \*.txt files"
    assert reference.plain("with --keep-words") == "with ``--keep-words``"
    assert reference.sentence("Threads.  [default: (all cores)]") == "Threads. Default: all cores."
    assert reference.sentence("Texts.  [default: 1000; x>=1]") == "Texts. Default: 1000; x>=1."
    assert reference.sentence("Output file.  [required]") == "Output file. Required."
    assert reference.sentence("Random seed.") == "Random seed."

    from textkit.predict import app

    ((name, command),) = reference.subcommands("textkit predict", typer.main.get_command(app))
    lines = list(reference.described(name, command))
    assert lines[0] == "textkit predict"
    assert ".. option:: -o, --output <path>" in lines
    assert "    textkit predict lid.176.ftz --file - --top 3" in lines
