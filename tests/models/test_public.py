import subprocess
import sys

import pytest

import textkit.models


def test_the_networks_are_public():
    for name in textkit.models.__all__:
        assert getattr(textkit.models, name).__name__ == name
    assert set(textkit.models.__all__) <= set(dir(textkit.models))
    with pytest.raises(
        AttributeError, match=r"'textkit\.models' has no attribute 'Bert'; it has BidirectionalLanguageModel, "
    ):
        _ = textkit.models.Bert


def test_folders_are_read_without_torch():
    code = "import sys, textkit.models.storage; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
