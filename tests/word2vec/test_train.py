import hashlib
import json
import os
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import textkit
from textkit.data.catalog import corpora_folder
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.encoding import encode_corpus
from textkit.text.vocabulary import Vocabulary
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.train import train_word2vec

TALES = corpora_folder() / "tales.txt"


def digest(vectors):
    return hashlib.sha256("\n".join(vectors.words).encode() + vectors.matrix.tobytes()).hexdigest()


def train(corpus=TALES, **settings):
    return train_word2vec(corpus, **{"dim": 12, "epochs": 2, "workers": 2, "progress": False, **settings})


def apart(vectors):
    """Mean cosine within the two topics, and between them."""
    a, b = (vectors.unit[[vectors.index(f"{topic}{n}") for n in range(10)]] for topic in "ab")
    return ((a @ a.T).mean() + (b @ b.T).mean()) / 2, (a @ b.T).mean()


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


def test_seeds_differ():
    assert digest(train(seed=1)) != digest(train(seed=2))


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


@pytest.mark.parametrize("model", ["skipgram", "cbow", "hierarchical", "cbow subwords"], indirect=True)
@pytest.mark.parametrize("reproducible", [True, False])
@pytest.mark.parametrize("settings", HARD.values(), ids=HARD)
def test_no_setting_diverges(settings, reproducible, model):
    losses = []
    vectors = train(**settings, **model, reproducible=reproducible, on_epoch=lambda r: losses.append(r.loss))
    assert np.isfinite(vectors.matrix).all()
    assert np.abs(vectors.matrix).max() < 100
    if settings.get("learning_rate", 0) < 1:
        assert losses[-1] <= losses[0] * 1.02  # few pairs, and others in each epoch, with hard subsampling


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


def test_vectors_say_from_what_and_when_they_were_trained(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    first = json.loads(train().metadata["training"])
    assert first["trained"] == "1970-01-02"
    assert first["versions"]["textkit"] == textkit.__version__
    assert json.loads(train(workers=2).metadata["training"]) == first
    other = json.loads(train(["other words in another text"] * 50).metadata["training"])
    assert other["data"]["corpus"] != first["data"]["corpus"]
