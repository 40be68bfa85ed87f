import pytest

import textkit
from textkit.__main__ import COMMANDS


def test_the_overview_names_every_command(python):
    done = python("-m", "textkit", "--help")
    assert done.code == 0
    for name in COMMANDS:
        assert f"│ {name} " in done.out
    assert python("-c", "import sys, textkit.__main__; assert 'torch' not in sys.modules").code == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_runs_by_name(python, name):
    done = python("-m", "textkit", name, "-h")
    assert done.code == 0, done.err
    assert f"Usage: textkit {name} " in done.out


def test_a_command_does_its_work(python, tmp_path):
    done = python("-m", "textkit", "data", "tales")
    assert done.code == 0
    assert done.out.startswith("tales (text)")
    done = python("-m", "textkit", "info", tmp_path / "no")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: PATH must exist")


@pytest.mark.parametrize("module", ["textkit", "textkit.train", "textkit.predict"])
def test_the_version(python, module):
    done = python("-m", module, "--version")
    assert (done.code, done.out) == (0, f"textkit {textkit.__version__}\n")


def test_a_misspelled_command(python):
    done = python("-m", "textkit", "trian")
    assert done.code == 2
    assert "Did you mean 'train'?" in done.err
