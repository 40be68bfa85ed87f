"""The pages on torchtext have a place for every public name of textkit.compat.torchtext."""

import re
from pathlib import Path

import pytest

import textkit.compat.torchtext
from textkit.compat.torchtext import data, datasets, vocab

PAGES = sorted((Path(__file__).parents[2] / "docs").glob("torchtext*.md"))
GUIDE = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("module", [data, datasets, vocab], ids=lambda module: module.__name__)
def test_every_name_has_its_place(module):
    cells = [line.split("|")[1] for line in GUIDE.splitlines() if line.startswith("|")]
    written = {word for cell in cells for code in re.findall("`([^`]*)`", cell) for word in re.findall(r"\w+", code)}
    assert sorted(set(module.__all__) - written) == []


def test_modules_are_imported_on_access():
    assert textkit.compat.torchtext.data is data
    with pytest.raises(AttributeError, match="it has data, datasets"):
        _ = textkit.compat.torchtext.dta
