import importlib.util
import pickle

import numba
import pytest

from textkit.kernels import compiling, skip_gram_workers, word_avg_cpu

SOURCE = "from textkit.kernels.compiling import compiled\n\n\n@compiled\ndef double(x):\n    return 2 * x\n"
GONE = b"cos\nText\n."  # a pickle of a class that is no longer where it was


@pytest.fixture
def doubled(tmp_path, monkeypatch):
    """Doubles a number by a freshly imported function; gives the result and whether its machine code was loaded."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    path = tmp_path / "doubling.py"
    path.write_text(SOURCE)

    def double():
        spec = importlib.util.spec_from_file_location("doubling", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        result = module.double(21)
        return result, bool(module.double.stats.cache_hits)

    assert double() == (42, False)
    return double


def test_code_is_kept(doubled):
    assert doubled() == (42, True)


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("left", [0, 20, 0.5])
def test_code_that_was_cut_off_is_made_anew(doubled, tmp_path, suffix, left):
    (file,) = tmp_path.glob(f"__pycache__/*{suffix}")
    content = file.read_bytes()
    file.write_bytes(content[: int(left * len(content)) if left < 1 else left])
    assert doubled() == (42, False)
    assert doubled() == (42, True)


def test_code_of_classes_that_are_gone_is_made_anew(doubled, tmp_path):
    (index,) = tmp_path.glob("__pycache__/*.nbi")
    index.write_bytes(pickle.dumps(numba.__version__) + GONE)
    assert doubled() == (42, False)
    assert doubled() == (42, True)


def test_code_of_other_sources_is_made_anew(doubled, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(compiling, "sources_digest", lambda: "that of an older version")
        assert doubled() == (42, False)
    assert doubled() == (42, False)
    assert doubled() == (42, True)


@pytest.mark.parametrize(
    "function",
    [
        skip_gram_workers.run_hogwild,
        skip_gram_workers.run_rounds,
        word_avg_cpu.bag_means,
        word_avg_cpu.count_rows,
        word_avg_cpu.update_bags,
    ],
)
def test_the_code_of_every_kernel_has_a_place_and_is_kept_fresh(function):
    assert function.stats.cache_path
    assert isinstance(function._cache, compiling._FreshCache)


def test_the_digest_has_the_hash_of_n_grams_in_it(tmp_path, monkeypatch):
    before = compiling.sources_digest()
    other = tmp_path / "ngrams.py"
    other.write_text("MULTIPLIER = 3\n")
    monkeypatch.setattr(compiling.ngrams, "__file__", str(other))
    compiling.sources_digest.cache_clear()
    try:
        assert compiling.sources_digest() != before
    finally:
        compiling.sources_digest.cache_clear()
