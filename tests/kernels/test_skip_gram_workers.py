import os
import pickle
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from textkit.kernels.skip_gram_workers import run_hogwild

TRAIN = "import textkit; textkit.train_word2vec(['a b'] * 9, subsample=0, reproducible=False, progress=False)"
START = "from textkit.word2vec.threads import SkipGramThreads as T; T.run = lambda *_, **__: exit(); " + TRAIN
MARK_AND_FIND = (
    "from textkit.kernels.skip_gram_workers import forget_outdated_code, run_hogwild\n"
    "forget_outdated_code()\n"
    "print(run_hogwild._cache._cache_file._index_path)"
)
GONE = b"cos\nText\n."  # a pickle of a class that is no longer where it was


def python(code, folder):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("code")


@pytest.fixture(scope="module")
def index(folder):
    """The index of the machine code in a folder, after a training that found the code of another version there."""
    index = Path(python(MARK_AND_FIND, folder).stdout.strip())
    assert (index.parent / "skip_gram_workers.sources").exists()
    index.write_bytes(pickle.dumps(numba.__version__) + GONE)
    python(TRAIN, folder)
    return index


@pytest.mark.slow
def test_kept_code_of_another_version_is_made_anew(index):
    assert GONE not in index.read_bytes()


@pytest.mark.slow
def test_kept_code_is_used_again_until_the_sources_change(index, folder):
    kept = index.stat().st_mtime_ns
    python(TRAIN, folder)
    assert index.stat().st_mtime_ns == kept
    (index.parent / "skip_gram_workers.sources").write_text("the digest of an older version")
    python(START, folder)  # and end before anything is compiled
    assert not index.exists()


def test_kept_code_has_a_place():
    assert run_hogwild.stats.cache_path
