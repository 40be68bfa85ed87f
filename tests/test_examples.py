import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example_runs_and_is_short(example, capsys):
    assert len(example.read_text(encoding="utf-8").splitlines()) < 60
    runpy.run_path(str(example))["main"]()
    assert "WordVectors(" in capsys.readouterr().out
