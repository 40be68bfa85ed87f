"""Word vectors in several processes, started by torchrun on this machine."""

import json
import lzma
import os
import re
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from textkit.data.catalog import corpora_folder
from textkit.evaluation.similarity import evaluate_similarity
from textkit.kernels.skip_gram_arrays import Text
from textkit.text.encoding import encode_corpus
from textkit.training.ranks import ALONE
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.data_parallel import SkipGramRanks, sum_scale
from textkit.word2vec.settings import Word2VecSettings
from textkit.word2vec.start import initial_model
from textkit.word2vec.threads import SkipGramThreads

CHILD = """
import json, os, sys, time
from pathlib import Path

import textkit

folder, options = Path(sys.argv[1]), json.loads(sys.argv[2])
rank = os.environ.get("RANK", "0")
(folder / f"process-{rank}").write_text(str(os.getpid()))
text, valid, pause = Path(options.pop("text")), Path(options.pop("valid")), options.pop("pause", 0)
for run in range(options.pop("runs", 1)):
    reports = []

    def on_epoch(report):
        reports.append((report.loss, report.pairs, report.valid_loss))
        time.sleep(pause)

    vectors = textkit.train_word2vec(
        text, valid=valid, min_count=2, workers=1, progress=False, on_epoch=on_epoch, **{"dim": 16, **options}
    )
    vectors.save(folder / f"vectors-{rank}-{run}.safetensors")
    (folder / f"reports-{rank}-{run}").write_text(json.dumps(reports))
"""


def arguments(**options):
    text = options.setdefault("text", str(corpora_folder() / "tales.txt"))
    return json.dumps({"valid": text, **options})


@pytest.fixture
def results(run_ranks):
    """Return a function that trains, and returns the vectors and the reports of each process."""

    def results(ranks, **options):
        folder = run_ranks(CHILD, ranks, arguments(**options))
        vectors = [WordVectors.load(path) for path in sorted(folder.glob("vectors-*"))]
        return vectors, [json.loads(path.read_text()) for path in sorted(folder.glob("reports-*"))]

    return results


def test_the_scale_is_that_of_one_step_after_the_other():
    """Many small steps towards an optimum, taken in one process after the other and in all at once."""
    for size in (2, 3, 8):
        for rate, steps in ((1e-4, 10), (0.01, 30), (0.1, 80)):
            one, all_of_them = (1 - (1 - rate) ** count for count in (steps, size * steps))
            (scale,) = sum_scale(np.array([rate * steps]), size)
            assert size * one * scale == pytest.approx(all_of_them, rel=0.1)


def test_one_synchronized_process_trains_like_the_kernel():
    encoded = encode_corpus(corpora_folder() / "tales.txt", min_count=2)
    counts, settings = encoded.vocabulary.counts, Word2VecSettings(dim=16, subsample=1e-2)
    tokens = len(encoded.ids)
    losses = []
    for synchronized in (False, True):
        model = initial_model(list(encoded.vocabulary.tokens), settings, None)
        kernel = SkipGramThreads(counts, settings, model, workers=1, reproducible=True)
        kernel = SkipGramRanks(kernel, ALONE, counts, tokens) if synchronized else kernel
        text = Text(np.asarray(encoded.ids), np.asarray(encoded.offsets))
        blocks, rate = kernel.blocks(text), {"rate": 0.05, "all_tokens": 3 * tokens}
        for epoch in range(3):
            loss, pairs = kernel.run(text, 0, blocks, epoch=epoch, before=epoch * tokens, **rate)
        losses.append((loss / pairs, *kernel.validate(text, 9)))
        kernel.close()
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    assert losses[1][2] == losses[0][2]  # the pairs


@pytest.mark.slow
def test_all_processes_have_the_same_vectors_and_repeat_them(results):
    (first, again, second, _), (reports, *other_reports) = results(2, epochs=2, runs=2)
    assert first.words == second.words
    for other in (again, second):
        assert np.array_equal(first.matrix, other.matrix)
    assert other_reports == [reports] * 3
    (alone,), (expected,) = results(1, epochs=2)
    # The words and their counts are those of the whole text, whoever read it.
    assert first.words == alone.words
    assert json.loads(first.metadata["training"])["tokens"] == json.loads(alone.metadata["training"])["tokens"]
    for (loss, pairs, valid_loss), (other, other_pairs, other_valid) in zip(reports, expected, strict=True):
        assert loss == pytest.approx(other, rel=0.05)
        assert pairs == pytest.approx(other_pairs, rel=0.02)
        assert valid_loss == pytest.approx(other_valid, rel=0.05)


@pytest.mark.slow
def test_a_killed_process_ends_the_training_and_another_number_goes_on(start_ranks, results, tmp_path):
    checkpoint = tmp_path / "state"
    options = {"epochs": 4, "checkpoint": str(checkpoint)}
    process, folder = start_ranks(CHILD, 2, arguments(**options, pause=1))
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(int((folder / "process-1").read_text()), signal.SIGKILL)
    killed = time.monotonic()
    _, error = process.communicate(timeout=100)
    assert time.monotonic() - killed < 60
    assert process.returncode != 0
    assert "SIGKILL" in error
    assert "rank" in error
    vectors, reports = results(1, **options)
    assert 0 < len(reports[0]) < 4  # it went on, and did not begin again
    losses = json.loads(vectors[0].metadata["training"])["losses"]
    assert len(losses) == 4
    assert losses[-1] < losses[0] - 0.1


@pytest.mark.slow
@pytest.mark.data
def test_two_processes_score_as_one(results, tmp_path):
    archive = Path(os.environ["TEXTKIT_DATA"]) / "lm" / "enwiki_core.txt.xz"
    if not archive.exists():
        pytest.skip("TEXTKIT_DATA has no lm/enwiki_core.txt.xz")
    text = tmp_path / "enwiki.txt"
    text.write_bytes(re.sub(rb"[^a-z\n]+", b" ", lzma.decompress(archive.read_bytes()).lower()))
    settings = {"text": str(text), "valid": str(corpora_folder() / "tales.txt"), "epochs": 3, "dim": 48}
    settings |= {"subsample": 1e-4}
    scores = []
    for ranks in (1, 2):
        vectors, _ = results(ranks, **settings)
        scores.append(evaluate_similarity(vectors[0], "wordsim353").results[0].spearman)
    assert scores[1] == pytest.approx(scores[0], abs=0.02)


def test_rows_of_unequal_length_are_refused():
    """As when only one of the processors has vectors of 16 numbers."""

    class TwoRanks:
        def gather(self, width):
            return [width, width + 8]

    settings = Word2VecSettings(dim=8)
    counts = np.array([5, 5])
    kernel = SkipGramThreads(counts, settings, initial_model(["a", "b"], settings, None), workers=1, reproducible=False)
    with pytest.raises(ValueError, match="set the environment variable TEXTKIT_VECTOR_WIDTH=8 for all processes"):
        SkipGramRanks(kernel, TwoRanks(), counts, 10)
    kernel.close()
