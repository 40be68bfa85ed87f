import os
import pickle
import subprocess
import sys
from pathlib import Path

import numba

from textkit.kernels.skip_gram_workers import run_hogwild

TRAIN = "import textkit; textkit.train_word2vec(['a b'] * 9, subsample=0, reproducible=False, progress=False)"
INDEX = "from textkit.kernels.skip_gram_workers import run_hogwild as f; print(f._cache._cache_file._index_path)"


def python(code, folder):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)


def test_kept_code_of_another_version_is_made_anew(tmp_path):
    index = Path(python(INDEX, tmp_path).stdout.strip())
    index.parent.mkdir(parents=True, exist_ok=True)
    gone = b"cos\nText\n."  # a pickle of a class that is no longer where it was
    index.write_bytes(pickle.dumps(numba.__version__) + gone)
    python(TRAIN, tmp_path)
    assert gone not in index.read_bytes()


def test_kept_code_of_other_sources_is_made_anew(tmp_path):
    index = Path(python(INDEX, tmp_path).stdout.strip())
    python(TRAIN, tmp_path)
    kept = index.stat().st_mtime_ns
    python(TRAIN, tmp_path)
    assert index.stat().st_mtime_ns == kept
    (index.parent / "skip_gram_workers.sources").write_text("the digest of an older version")
    python(TRAIN, tmp_path)
    assert index.stat().st_mtime_ns > kept


def test_kept_code_has_a_place():
    assert run_hogwild.stats.cache_path
