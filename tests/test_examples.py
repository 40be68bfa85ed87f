import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture
def arguments(tmp_path):
    """What an example is given, where what it does by itself would take too long for a test."""
    story = tmp_path / "story.txt"
    story.write_text((ROOT / "corpora" / "tales.txt").read_text(encoding="utf-8")[:6_000], encoding="utf-8")
    return {
        "own_network.py": [],
        "text_classification.py": [],
        "text_generation.py": [str(story), "1"],
        "word_vectors.py": [],
    }


SAYS = {
    "own_network.py": "share",
    "text_classification.py": "macro F1",
    "text_generation.py": "bits per character",
    "word_vectors.py": "10 of 10",
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example_runs_and_is_short(example, arguments, capsys):
    assert len(example.read_text(encoding="utf-8").splitlines()) < 60
    runpy.run_path(str(example))["main"](*arguments[example.name])
    assert SAYS[example.name] in capsys.readouterr().out
