import hashlib
import inspect
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import textkit
from textkit.data.catalog import corpora_folder
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.encoding import encode_corpus
from textkit.text.vocabulary import Vocabulary
from textkit.training.checkpoint import load_checkpoint, save_checkpoint
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.threads import SkipGramThreads
from textkit.word2vec.train import _OTHER_NAMES, train_word2vec

TALES = corpora_folder() / "tales.txt"


def digest(vectors):
    return hashlib.sha256("\n".join(vectors.words).encode() + vectors.matrix.tobytes()).hexdigest()


def train(corpus=TALES, **settings):
    return train_word2vec(corpus, **{"dim": 12, "epochs": 2, "workers": 2, "progress": False, **settings})


@pytest.fixture(scope="module")
def topics():
    """Sentences from two sets of ten words that never stand together."""
    random = np.random.default_rng(0)
    return [[f"{'ab'[i % 2]}{n}" for n in random.integers(0, 10, 20)] for i in range(600)]


def apart(vectors):
    """Mean cosine within the two topics, and between them."""
    a, b = (vectors.unit[[vectors.index(f"{topic}{n}") for n in range(10)]] for topic in "ab")
    return ((a @ a.T).mean() + (b @ b.T).mean()) / 2, (a @ b.T).mean()


SUBWORDS = {"subwords": (3, 5), "buckets": 1000}
MODELS = {
    "skipgram": {},
    "cbow": {"model": "cbow"},
    "subwords": SUBWORDS,
    "cbow subwords": {"model": "cbow", **SUBWORDS},
    "hierarchical": {"loss": "hierarchical"},
    "cbow hierarchical": {"model": "cbow", "loss": "hierarchical"},
    "cbow hierarchical subwords": {"model": "cbow", "loss": "hierarchical", **SUBWORDS},
}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@each_model
@pytest.mark.parametrize("workers", [1, 3, 16])
def test_the_same_bytes_with_any_number_of_workers(workers, model, monkeypatch):
    monkeypatch.setattr("textkit.word2vec.train._usable_cores", lambda: 4)  # of which each may have four
    reports, others = [], []
    expected = train(**model, on_epoch=reports.append, valid=TALES)
    found = train(**model, workers=workers, on_epoch=others.append, valid=TALES)
    assert digest(found) == digest(expected)
    assert [(r.loss, r.pairs, r.valid_loss) for r in others] == [(r.loss, r.pairs, r.valid_loss) for r in reports]
    assert found.metadata == expected.metadata


def test_an_encoded_corpus_gives_what_its_text_gives(tmp_path):
    encode_corpus(TALES, min_count=5, folder=tmp_path)
    corpus = EncodedCorpus.load(tmp_path)
    assert digest(train(corpus, valid=corpus)) == digest(train(valid=TALES))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "min_count must be at most 1, the lowest count in the EncodedCorpus, got 5; pass min_count=1"),
        ({"min_count": 1, "max_vocab": 2}, "max_vocab must be at least 3"),
        ({"min_count": 1, "tokenizer": "word"}, "tokenizer must be left out for an EncodedCorpus, got 'word'"),
        ({"min_count": 1, "column": "text"}, "column must be left out"),
        ({"min_count": 1, "keep_words": ["a"]}, "keep_words must be left out"),
        ({"vocabulary": Vocabulary(["a"], [1])}, "vocabulary must be left out for an EncodedCorpus"),
        ({"min_count": 1, "valid": encode_corpus(["b"])}, "encode it with vocabulary=training.vocabulary"),
    ],
)
def test_an_encoded_corpus_must_fit_the_settings(options, message):
    with pytest.raises(ValueError, match=message):
        train(encode_corpus(["a a b c"]), **options)


def test_seeds_differ():
    assert digest(train(seed=1)) != digest(train(seed=2))


@each_model
@pytest.mark.parametrize("reproducible", [True, False])
def test_words_of_a_topic_come_together(topics, reproducible, model):
    losses = []
    settings = {"epochs": 20, "subsample": 0, "reproducible": reproducible, **model}
    vectors = train(topics, **settings, on_epoch=lambda r: losses.append(r.loss))
    within, between = apart(vectors)
    assert within > 0.7
    assert within - between > 0.4
    # The likelihood of one of ten words, which hierarchical softmax can learn exactly.
    assert losses[-1] < (np.log(10) + 0.02 if model.get("loss") == "hierarchical" else losses[0] - 0.2)


@each_model
def test_the_first_loss_is_log_two_for_each_score(model):
    losses = []
    texts = [[f"w{n}" for n in range(16)]] * 50  # a tree with four nodes on each path
    scores = 4 if model.get("loss") == "hierarchical" else 6
    train(texts, **model, epochs=1, learning_rate=1e-9, negatives=5, on_epoch=lambda r: losses.append(r.loss))
    assert losses == [pytest.approx(scores * np.log(2), rel=2e-6)]


def test_workers_are_a_few_per_core(monkeypatch):
    monkeypatch.setattr("textkit.word2vec.train._usable_cores", lambda: 2)
    with pytest.warns(UserWarning, match="workers is lowered from 20,000 to 8, 4 for each core"):
        many = train_word2vec(["a b c"] * 50, min_count=1, dim=8, workers=20_000, progress=False)
    assert np.array_equal(many.matrix, train_word2vec(["a b c"] * 50, min_count=1, dim=8, progress=False).matrix)


def test_a_checkpoint_never_replaces_another_file(tmp_path):
    vectors, corpus = tmp_path / "v.safetensors", tmp_path / "c.txt"
    WordVectors(["a"], [[1.0]]).save(vectors)
    corpus.write_text("a b\n")
    for path in (vectors, corpus):
        before = path.read_bytes()
        with pytest.raises(ValueError, match="checkpoint must be a new file or a checkpoint, got"):
            train_word2vec(corpus, min_count=1, checkpoint=path, progress=False)
        assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("argument", "ours"),
    [
        ("vector_size", "dim"),
        ("size", "dim"),
        ("negative", "negatives"),
        ("iter", "epochs"),
        ("sg", "model='skipgram' or model='cbow'"),
    ],
)
def test_names_of_others_are_answered_with_ours(argument, ours):
    with pytest.raises(TypeError, match=rf"train_word2vec\(\) has no argument '{argument}'; use {ours}"):
        train(**{argument: 5})


def test_no_name_of_others_is_one_of_ours():
    assert not set(_OTHER_NAMES) & set(inspect.signature(train_word2vec).parameters)


def test_words_that_are_kept_however_rare():
    texts = [["a", "b"]] * 5 + [["a", "rare"], ["c", "b"]]
    vectors = train(texts, subsample=0, keep_words={"rare", "absent"})
    assert (vectors.words, vectors.counts.tolist()) == (("a", "b", "rare"), [6, 6, 1])


def test_a_vocabulary_that_is_given_is_counted_anew():
    texts = [["a", "b", "a", "c"]] * 3
    vocabulary = Vocabulary(["b", "a", "absent"], [100, 1, 50])
    vectors = train(texts, vocabulary=vocabulary, subsample=0)
    assert (vectors.words, vectors.counts.tolist()) == (vocabulary.tokens, [3, 6, 0])
    same = train(texts, vocabulary=Vocabulary(["b", "a", "absent"], [0, 0, 0]), subsample=0)
    assert digest(same) == digest(vectors)
    assert json.loads(vectors.metadata["training"])["min_count"] == 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"min_count": 2}, ValueError, "min_count must be left out with vocabulary, got 2"),
        ({"max_vocab": 2}, ValueError, "max_vocab must be left out with vocabulary"),
        ({"keep_words": ["a"]}, ValueError, "keep_words must be left out with vocabulary"),
        ({"vocabulary": ["a"]}, TypeError, "vocabulary must be a Vocabulary, got list"),
        ({"vocabulary": Vocabulary(["z"], [1])}, ValueError, "vocabulary must contain at least one token"),
        ({"vocabulary": None, "keep_words": "word"}, TypeError, "keep_words must be a list of words, got the str"),
        (
            {"vocabulary": None, "keep_words": ["a", "b"], "max_vocab": 1},
            ValueError,
            "must be at least 2, .*keep_words",
        ),
    ],
)
def test_what_excludes_a_vocabulary(options, error, message):
    with pytest.raises(error, match=message):
        train([["a", "b"]] * 5, **{"vocabulary": Vocabulary(["a"], [1]), **options})


def test_the_vectors_have_the_counts_of_their_words():
    vectors = train([["a", "b", "a"]] * 5, min_count=5, subsample=0)
    assert (vectors.words, vectors.counts.tolist()) == (("a", "b"), [10, 5])
    more = train([["b", "c"]] * 5, init=vectors, subsample=0)
    assert dict(zip(more.words, more.counts.tolist(), strict=True)) == {"a": 10, "b": 10, "c": 5}
    without = WordVectors(vectors.words, vectors.matrix)
    assert train([["b", "c"]] * 5, init=without, subsample=0).counts.tolist() == [5, 5, 0]


def test_metadata_names_the_tokenizer():
    texts = ["a b a b"] * 50
    assert train(texts, subsample=0).metadata["tokenizer"] == "whitespace"
    assert train(texts, subsample=0, tokenizer="word-lower").metadata["tokenizer"] == "word-lower"
    assert train(texts, subsample=0, tokenizer=lambda text: text.split()).metadata["tokenizer"] == "custom"
    assert "tokenizer" not in train(encode_corpus(texts), min_count=1, subsample=0).metadata


def test_metadata_tells_how_the_vectors_were_trained():
    described = json.loads(train(window=3).metadata["training"])
    assert described["window"] == 3
    assert described["reproducible"] is True
    assert len(described["losses"]) == 2


def test_words_come_by_count_then_alphabet():
    vectors = train([["b", "a", "c"], ["c", "b", "a", "c"]], min_count=1, subsample=0)
    assert vectors.words == ("c", "a", "b")
    assert train(min_count=5, max_vocab=7).words == train(min_count=5).words[:7]


def test_any_corpus_is_taken():
    texts = TALES.read_text(encoding="utf-8").splitlines()
    expected = digest(train(texts))
    assert digest(train(text for text in texts)) == expected
    assert digest(train([text.split() for text in texts])) == expected
    import pandas as pd

    assert digest(train(pd.Series(texts))) == expected
    with pytest.raises(ValueError, match=r"\[text\]"):
        train("just some words that are no file")
    with pytest.raises(ValueError, match=r"textkit.corpus\('tales'\)"):
        train("tales")


def test_the_tree_follows_the_counts_of_a_given_vocabulary():
    """The words are in no order of frequency, and one does not occur: the paths have 3, 3, 1 and 2 nodes."""
    vocabulary = Vocabulary(["absent", "rare", "often", "usual"], [9, 8, 7, 6])
    texts = [["often", "usual", "often", "rare", "often", "usual"]] * 50
    losses = []
    settings = {"model": "cbow", "loss": "hierarchical", "vocabulary": vocabulary, "subsample": 0, "epochs": 1}
    train(texts, **settings, learning_rate=1e-9, on_epoch=lambda r: losses.append(r.loss))
    assert losses == [pytest.approx((3 * 1 + 2 * 2 + 1 * 3) / 6 * np.log(2), rel=1e-5)]


def test_one_word_has_no_tree():
    losses = []
    train([["a", "a"]] * 9, loss="hierarchical", subsample=0, on_epoch=lambda r: losses.append(r.loss))
    assert losses == [0, 0]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"model": "cbow"}, "model must be 'skipgram' in several processes, got 'cbow'; start one process"),
        ({"loss": "hierarchical"}, "loss must be 'negative' in several processes"),
        (SUBWORDS, "subwords must be None in several processes"),
    ],
)
def test_several_processes_train_skip_gram_only(monkeypatch, model, message):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match=message):
        train(**model)


def test_the_learning_rate_suits_the_model():
    assert digest(train()) == digest(train(learning_rate=0.025))
    assert digest(train(model="cbow")) == digest(train(model="cbow", learning_rate=0.05))


def test_cbow_counts_the_centers_that_have_a_context():
    reports = []
    train([["a"], ["a", "b"], ["a", "b", "c"]] * 9, model="cbow", subsample=0, min_count=1, on_epoch=reports.append)
    assert reports[0].pairs == 9 * 5


def test_windows_do_not_cross_documents():
    documents = [[f"x{i}", f"y{i}"] for i in range(40)] * 50  # over two lines, a window of 5 would find up to 10 pairs
    reports = []
    train(documents, window=5, min_count=1, subsample=0, epochs=1, on_epoch=reports.append)
    assert reports[0].pairs == 2 * len(documents)


HARD = {
    "a high learning rate": {"learning_rate": 0.05},
    "an absurd learning rate": {"learning_rate": 1.0},
    "many negatives": {"negatives": 15, "window": 20},
    "dim 1": {"dim": 1},
    "dim 1000": {"dim": 1000, "epochs": 1},
    "no subsampling": {"subsample": 0.0, "epochs": 5},
    "hard subsampling": {"subsample": 1e-7},
}


@pytest.mark.parametrize("model", [MODELS[name] for name in ("skipgram", "cbow", "hierarchical", "cbow subwords")])
@pytest.mark.parametrize("reproducible", [True, False])
@pytest.mark.parametrize("settings", HARD.values(), ids=HARD)
def test_no_setting_diverges(settings, reproducible, model):
    losses = []
    vectors = train(**settings, **model, reproducible=reproducible, on_epoch=lambda r: losses.append(r.loss))
    assert np.isfinite(vectors.matrix).all()
    assert np.abs(vectors.matrix).max() < 100
    if settings.get("learning_rate", 0) < 1:
        assert losses[-1] <= losses[0] * 1.02  # few pairs, and others in each epoch, with hard subsampling


@each_model
@pytest.mark.parametrize("reproducible", [True, False])
@pytest.mark.parametrize("rate", [0.025, 0.05])
def test_a_line_that_repeats_does_not_diverge(reproducible, rate, model):
    losses = []
    line = "the same ten words again and again until the end"
    vectors = train(
        [line] * 5000,
        **model,
        learning_rate=rate,
        subsample=0,
        epochs=4,
        reproducible=reproducible,
        on_epoch=lambda r: losses.append(r.loss),
    )
    assert np.isfinite(vectors.matrix).all()
    assert np.abs(vectors.matrix).max() < 100
    # What vectors of zeros lose on a pair and its five noise words, or at the nodes of the tree.
    assert max(losses) < (4 if model.get("loss") == "hierarchical" else 6) * np.log(2)


def test_tiny_corpora():
    assert len(train(["to be or not to be that is the question"] * 2, min_count=1)) == 8
    for reproducible in (True, False):
        with pytest.raises(ValueError, match=r"corpus must have at least one \(center, context\) pair, got 0"):
            train([["one"], ["two"]], min_count=1, reproducible=reproducible)
    with pytest.raises(ValueError, match="min_count"):
        train(["to be"], min_count=5)
    with pytest.raises(ValueError, match="at least one token"):
        train([""])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "glove"}, "model must be one of skipgram, cbow, got 'glove'"),
        ({"model": "cbow", "device": "cuda"}, "model must be 'skipgram' on a GPU, got 'cbow'; train with device='cpu'"),
        ({"loss": "softmax"}, "loss must be one of negative, hierarchical, got 'softmax'"),
        ({"loss": "hierarchical", "device": "cuda"}, "loss must be 'negative' on a GPU, got 'hierarchical'"),
        ({**SUBWORDS, "device": "cuda"}, r"subwords must be None on a GPU, got \(3, 5\); train with device='cpu'"),
        (
            {"subwords": 3},
            r"subwords must be \(minimum, maximum\), lengths of n-grams in characters, got 3; pass \(3, 6\)",
        ),
        ({"subwords": (6, 3)}, r"subwords must be \(minimum, maximum\)"),
        ({"subwords": (0, 3)}, "subwords must be an integer of at least 1 character"),
        ({"subwords": (3, 65)}, "subwords must be at most 64 characters long"),
        ({"buckets": 100}, r"buckets must be left out without subwords, got 100; pass subwords=\(3, 6\)"),
        ({"subwords": (3, 6), "buckets": 0}, "buckets must be an integer of at least 1 bucket"),
        ({"subwords": (3, 6), "buckets": 10**10}, "buckets must be at most 1,000,000,000"),
        ({"dim": 0}, "dim must be an integer of at least 1"),
        ({"dim": 2.5}, "dim must be an integer"),
        ({"window": 0}, "window must be an integer of at least 1"),
        ({"window": 5000}, "window must be at most 200"),
        ({"negatives": 0}, "negatives must be"),
        ({"min_count": 0}, "min_count must be"),
        ({"max_vocab": 0}, "max_vocab must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"seed": -1}, "seed must be"),
        ({"subsample": -1.0}, "subsample must be a finite number of at least 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be a finite number"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"learning_rate": 25.0}, "learning_rate must be at most 1"),
        ({"workers": 0}, "workers must be an integer of at least 1 thread"),
    ],
)
def test_wrong_settings_are_named_before_anything_is_read(settings, message):
    def unread():
        raise AssertionError("the corpus was read")
        yield

    with pytest.raises(ValueError, match=message):
        train(unread(), **settings)


def test_held_out_loss_is_the_same_text_every_epoch_and_changes_nothing():
    reports = []
    with_valid = train(valid=["a king and a queen sat by the sea"] * 20, on_epoch=reports.append, epochs=3)
    assert digest(with_valid) == digest(train(epochs=3))
    assert [r.valid_loss for r in reports] == sorted((r.valid_loss for r in reports), reverse=True)


def test_init_keeps_old_words_and_learns_new_ones(topics):
    old = train([doc for doc in topics if doc[0][0] == "a"], epochs=10, subsample=0)
    assert "b0" not in old
    both = train(topics, init=old, dim=None, epochs=20, subsample=0)
    assert set(both.words) == {f"{t}{n}" for t in "ab" for n in range(10)}
    within, between = apart(both)
    assert within > 0.8
    assert within - between > 0.4
    only_new = train([doc for doc in topics if doc[0][0] == "b"], init=old, dim=None, subsample=0)
    assert only_new.words[-10:] == old.words  # words that the new corpus lacks stay, with their vectors
    np.testing.assert_array_equal(only_new[list(old.words)], old[list(old.words)])
    with pytest.raises(ValueError, match="dim must be that of init, 12, got 13; omit it"):
        train(topics, init=old, dim=13)


EPOCHS = 120  # enough that a process is still at it when it is stopped
CHILD = f"""
import sys
from textkit.word2vec.train import train_word2vec
text, state = sys.argv[1:]
train_word2vec(text, dim=12, epochs={EPOCHS}, workers=2, progress=False, checkpoint=state, checkpoint_seconds=0)
"""


@pytest.mark.slow
def test_a_killed_training_ends_with_the_same_bytes(tmp_path):
    checkpoint = tmp_path / "state"
    expected = digest(train(epochs=EPOCHS))
    stopped_at = []
    (tmp_path / "tmp").mkdir()
    for pause in (0.0, 0.15):
        environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(TALES), str(checkpoint)], env=environment)
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        deadline = time.monotonic() + 60
        while (not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before) and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL, "it ended before it was killed"
        assert list((tmp_path / "tmp").iterdir()) == []
        assert checkpoint.exists()
        stopped_at.append(checkpoint.stat().st_mtime_ns)
    epochs = []
    found = train(epochs=EPOCHS, workers=1, checkpoint=checkpoint, on_epoch=lambda r: epochs.append(r.epoch))
    assert digest(found) == expected
    assert len(epochs) < EPOCHS  # it did go on, and not begin again
    assert not list(tmp_path.glob(".*"))  # what the killed processes were writing is gone
    again = train(epochs=EPOCHS, checkpoint=checkpoint, on_epoch=epochs.append)
    assert digest(again) == expected  # a finished training gives its result at once


@each_model
def test_a_stopped_training_resumes_with_the_same_bytes(tmp_path, model):
    def stop(report):
        raise KeyboardInterrupt

    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        train(**model, epochs=3, checkpoint=checkpoint, on_epoch=stop)
    epochs = []
    found = train(**model, epochs=3, checkpoint=checkpoint, workers=1, on_epoch=lambda r: epochs.append(r.epoch))
    assert epochs == [2, 3]
    assert digest(found) == digest(train(**model, epochs=3))


def test_a_checkpoint_without_the_model_is_of_skip_gram(tmp_path):
    checkpoint = tmp_path / "state"
    expected = digest(train(checkpoint=checkpoint))
    arrays, state = load_checkpoint(checkpoint)
    for name in ("model", "loss", "subwords", "buckets"):
        del state["identity"][name]
    save_checkpoint(checkpoint, arrays, state)
    assert digest(train(checkpoint=checkpoint)) == expected
    with pytest.raises(ValueError, match="model 'skipgram' in the checkpoint, 'cbow' now"):
        train(checkpoint=checkpoint, model="cbow")


@pytest.mark.parametrize("fill", [8, -8])
def test_a_checkpoint_of_rows_with_another_fill_is_resumed(tmp_path, fill):
    """As of a processor with vectors of another width."""
    checkpoint = tmp_path / "state"
    dim = 17
    expected = digest(train(checkpoint=checkpoint, dim=dim))
    arrays, state = load_checkpoint(checkpoint)
    for name, array in arrays.items():
        arrays[name] = np.pad(array, ((0, 0), (0, fill))) if fill > 0 else array[:, :dim]
    save_checkpoint(checkpoint, arrays, state)
    assert digest(train(checkpoint=checkpoint, dim=dim)) == expected


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    checkpoint = tmp_path / "state"

    def stop(report):
        if report.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(epochs=4, checkpoint=checkpoint, checkpoint_seconds=0, on_epoch=stop)
    kept = checkpoint.read_bytes()
    with pytest.raises(ValueError, match=r"same corpus and settings.*window 5 in the checkpoint, 6 now.*delete it"):
        train(epochs=4, window=6, checkpoint=checkpoint)
    with pytest.raises(ValueError, match=r"same corpus and settings.*corpus"):
        train([*TALES.read_text().splitlines(), "more of it"], epochs=4, checkpoint=checkpoint)
    assert checkpoint.read_bytes() == kept
    assert digest(train(epochs=4, checkpoint=checkpoint)) == digest(train(epochs=4))
    save_checkpoint(checkpoint, {}, {"something": "else"})
    with pytest.raises(ValueError, match="same corpus and settings"):
        train(checkpoint=checkpoint)


def test_a_checkpoint_of_another_init_or_held_out_text_is_refused(tmp_path, topics):
    first, second = (train(topics, seed=seed, subsample=0) for seed in (1, 2))
    checkpoint = tmp_path / "state"
    settings = {"init": first, "dim": None, "valid": topics, "subsample": 0}
    expected = digest(train(topics, **settings, checkpoint=checkpoint))
    with pytest.raises(ValueError, match=r"same corpus and settings.*init"):
        train(topics, **{**settings, "init": second}, checkpoint=checkpoint)
    with pytest.raises(ValueError, match=r"same corpus and settings.*valid"):
        train(topics, **{**settings, "valid": topics[:9]}, checkpoint=checkpoint)
    assert digest(train(topics, **settings, checkpoint=checkpoint)) == expected


def test_a_folder_that_is_missing_is_found_before_anything_is_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder of checkpoint must exist"):
        train(iter([]), checkpoint=tmp_path / "none" / "state")


@pytest.mark.slow
def test_ctrl_c_saves_a_whole_state(tmp_path):
    checkpoint = tmp_path / "state"
    interrupts = """
import _thread, threading
def interrupt(report):
    if report.epoch == 3:
        threading.Timer(0.02, _thread.interrupt_main).start()
"""
    code = interrupts + CHILD.replace("checkpoint_seconds=0", "on_epoch=interrupt")
    child = subprocess.run([sys.executable, "-c", code, str(TALES), str(checkpoint)], capture_output=True, check=False)
    assert b"KeyboardInterrupt" in child.stderr
    assert checkpoint.exists()
    epochs = []
    found = train(epochs=EPOCHS, checkpoint=checkpoint, on_epoch=epochs.append)
    assert digest(found) == digest(train(epochs=EPOCHS))
    assert 0 < len(epochs) <= EPOCHS - 3


def test_ctrl_c_after_the_work_of_a_span_is_not_ahead_of_its_position(tmp_path, monkeypatch):
    checkpoint, run, spans = tmp_path / "state", SkipGramThreads.run, []

    def interrupted(self, *arguments, **settings):
        result = run(self, *arguments, **settings)
        spans.append(result)
        if len(spans) == 3:
            signal.raise_signal(signal.SIGINT)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(SkipGramThreads, "run", interrupted)
        patch.setattr(SkipGramThreads, "span_blocks", 8)
        with pytest.raises(KeyboardInterrupt):
            train(checkpoint=checkpoint)
    assert len(spans) == 3
    assert digest(train(checkpoint=checkpoint)) == digest(train())


def test_training_stops_when_the_held_out_loss_rises(topics):
    reports = []
    opposite = [[f"{'ab'[n % 2]}{n % 10}" for n in range(20)]] * 20  # words that never stand together in the corpus
    settings = {"valid": opposite, "subsample": 0, "epochs": 40}
    stopped = train(topics, **settings, patience=2, on_epoch=reports.append)
    losses = [report.valid_loss for report in reports]
    assert len(losses) < 40
    assert min(losses[-2:]) >= min(losses[:-2])
    assert len(json.loads(stopped.metadata["training"])["valid_losses"]) == len(losses)
    with pytest.raises(ValueError, match="patience must be None without valid, got 2"):
        train(topics, patience=2)


def test_held_out_text_without_a_known_pair_is_named():
    with pytest.raises(ValueError, match="valid must be a corpus with words of the training vocabulary"):
        train(valid=["xyzzy plugh"])
    with pytest.raises(ValueError, match=r"valid must have at least one \(center, context\) pair, got 0"):
        train(valid=["the"])


def test_wrong_types_are_named():
    with pytest.raises(TypeError, match="init must be WordVectors, got str; load a file"):
        train(init="vectors.txt")
    with pytest.raises(ValueError, match=r"workers must be an integer of at least 1 thread, got 2\.5"):
        train(workers=2.5)
    assert digest(train(dim=np.int64(8), learning_rate=np.float32(0.5))) == digest(train(dim=8, learning_rate=0.5))


def test_the_loss_of_wide_windows():
    losses = []
    words = [[f"w{i}" for i in range(300)]] * 2
    settings = {"window": 200, "min_count": 1, "subsample": 0, "epochs": 1, "negatives": 1, "learning_rate": 1e-9}
    train(words, **settings, on_epoch=lambda r: losses.append(r.loss))
    assert losses == [pytest.approx(2 * np.log(2), rel=1e-6)]


def test_two_trainings_at_once_do_not_disturb_each_other():
    expected = digest(train())
    found = []
    threads = [threading.Thread(target=lambda: found.append(digest(train()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 3


def test_an_interrupt_leaves_no_thread_behind():
    def interrupt(report):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(on_epoch=interrupt)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("textkit")]


def test_progress_shows_the_loss_on_stderr(capsys):
    train(progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "\r" not in err
    assert "training: 100 % of 76.7k words, loss" in err


@pytest.mark.data
@pytest.mark.slow
def test_vectors_trained_on_real_text_know_similar_words():
    corpus = Path(os.environ["TEXTKIT_DATA"]) / "lm" / "enwiki_core.txt.xz"
    if not corpus.exists():
        pytest.skip("TEXTKIT_DATA has no lm/enwiki_core.txt.xz")
    from textkit.evaluation.similarity import evaluate_similarity

    vectors = train_word2vec(corpus, tokenizer="word-lower", dim=100, progress=False, subsample=1e-4)
    report = evaluate_similarity(vectors, "wordsim353")
    assert report.results[0].spearman > 0.5
    assert isinstance(vectors, WordVectors)


@pytest.mark.parametrize("kind", ["list", "text", "corpus", "paths", "table", "frame"])
def test_the_column_is_that_of_the_training_table(tmp_path, kind):
    """A validation corpus of another kind has none."""
    texts = ["a b c d"] * 20
    table = pd.DataFrame({"nr": range(20), "text": texts})
    table.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "t.txt").write_text("\n".join(texts))
    valid = {
        "list": texts,
        "text": tmp_path / "t.txt",
        "corpus": textkit.corpus(texts),
        "paths": [tmp_path / "t.txt"],
        "table": tmp_path / "t.csv",
        "frame": table,
    }[kind]
    options = {"dim": 4, "epochs": 1, "min_count": 1, "subsample": 0.0, "workers": 1}
    losses = []
    textkit.train_word2vec(
        tmp_path / "t.csv",
        column="text",
        valid=valid,
        on_epoch=lambda report: losses.append(report.valid_loss),
        **options,
    )
    assert losses[0] > 0


def test_valid_is_no_fraction():
    with pytest.raises(TypeError, match=r"valid must be a corpus, got 0.1; hold out a part of the texts yourself"):
        textkit.train_word2vec(["a b"] * 9, valid=0.1, min_count=1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"reproducible": "yes"}, ValueError, "reproducible must be True or False, got 'yes'"),
        ({"checkpoint": 5}, TypeError, "checkpoint must be a str or a Path, got int"),
    ],
)
def test_types_that_nobody_expects_are_named(options, error, message):
    with pytest.raises(error, match=message):
        textkit.train_word2vec(["a b"] * 9, min_count=1, **options)


def test_vectors_say_from_what_and_when_they_were_trained(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    first = json.loads(train().metadata["training"])
    assert first["trained"] == "1970-01-02"
    assert first["versions"]["textkit"] == textkit.__version__
    assert json.loads(train(workers=2).metadata["training"]) == first
    other = json.loads(train(["other words in another text"] * 50).metadata["training"])
    assert other["data"]["corpus"] != first["data"]["corpus"]
