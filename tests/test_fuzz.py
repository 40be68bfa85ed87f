"""A short run of benchmarks/fuzz.py, which reads damaged files of every format."""

import gzip
import random
from pathlib import Path

import pytest

pytest.importorskip("resource")


@pytest.fixture
def fuzz(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    import fuzz

    return fuzz


def test_damaged_files_are_read_or_refused_by_name(fuzz):
    results = fuzz.run(8 * 48, seed=1)
    # A crash of a library is the library's, and would be another one with its next version.
    assert [bad for bad in results["bad"] if bad["problem"] != "crash"] == []
    outcomes = results["formats"].values()
    assert all(row["read"] + row["refused"] + row["bad"] == row["inputs"] > 7 for row in outcomes)
    assert sum(row["read"] for row in outcomes) > 20
    assert sum(row["refused"] for row in outcomes) > 100


def test_bad_outcomes_are_found(fuzz, tmp_path):
    """The check itself: errors without the name, errors of a library, and too much memory."""

    class ForeignError(Exception):
        """An error of a library."""

    def raises(error):
        def read(folder):
            raise error

        return read

    outcomes = {
        "": lambda folder: (folder / "a.txt").read_text(),
        "no name": raises(ValueError("something is wrong")),
        "foreign error": raises(ForeignError("a.txt is wrong")),
        "memory": lambda folder: bytearray(300 << 20).find(b"x"),
    }
    for problem, read in outcomes.items():
        kind = fuzz.Format({"a.txt": b"text"}, read)
        assert fuzz._outcome(kind, tmp_path / "in", ("a.txt", b"damaged"))[0] == problem
    kind = fuzz.Format({"a.txt": b"text"}, raises(ValueError("a.txt is wrong")))
    assert fuzz._outcome(kind, tmp_path / "in", ("a.txt", b""))[:2] == ("", "ValueError: a.txt is wrong")


def test_damage_depends_on_its_seed_alone(fuzz):
    packed = gzip.compress(b"some 12 bytes of text\n" * 9)
    damaged, again = ([fuzz.damage(packed, ".gz", random.Random(f"{seed}")) for seed in range(50)] for _ in range(2))
    assert damaged == again
    assert len(set(damaged)) > 40
