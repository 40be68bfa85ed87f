import numpy as np
import pytest
import torch
from sklearn import config_context

from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.loading import load
from textkit.models.word_avg import WordAvgConfig
from textkit.vectors.word_vectors import WordVectors

pytestmark = pytest.mark.usefixtures("one_thread")

STILL = ClassifierSettings(epochs=1, batch_size=8, learning_rate=1e-12, vector_rate=1e-12, valid_share=0)


def weights(classifier):
    return classifier.model_.state_dict()


def of_words(classifier, words):
    return weights(classifier)["embedding"][classifier.vocabulary_.lookup(words, other=1)]


def test_old_words_and_classes_keep_their_weights(name, reviews, classifier_of):
    first = classifier_of(name).fit(*reviews())
    before = {key: weight.clone() for key, weight in weights(first).items()}
    texts, labels = ["a zebra", "so striped", "zebra stripes", "bad film"], ["animal", "animal", "animal", "bad"]
    more = classifier_of(name, STILL).fit(texts, labels, init=first)
    known = len(first.vocabulary_)
    assert more.vocabulary_.tokens[:known] == first.vocabulary_.tokens
    added = set("zstrp") - set(first.vocabulary_) if name == "char_gru" else {"zebra", "striped", "stripes"}
    assert added <= set(more.vocabulary_.tokens[known:])
    assert more.classes_.tolist() == ["animal", "bad", "good"]
    for key, weight in weights(more).items():
        kept = weight[:known] if key == "embedding" else weight[1:] if key.startswith("output_") else weight
        torch.testing.assert_close(kept, before[key], atol=1e-6, rtol=0)
        assert torch.equal(weights(first)[key], before[key])
    asked = reviews(20, seed=4)[0]
    odds = [np.log(one.predict_proba(asked)[:, -2:]) @ [1, -1] for one in (first, more)]
    assert odds[1] == pytest.approx(odds[0], abs=1e-4)


def test_going_on_learns_the_new_and_keeps_the_old(name, reviews, classifier_of):
    first = classifier_of(name, ClassifierSettings(epochs=8, batch_size=8, learning_rate=0.02)).fit(*reviews())
    old, new = reviews(60, seed=8), (["zebra horse", "a horse", "the zebra"] * 8, ["animal"] * 24)
    settings = ClassifierSettings(epochs=8, batch_size=8, learning_rate=0.02)
    texts, labels = old[0][:24] + new[0], old[1][:24] + new[1]
    more = classifier_of(name, settings).fit(texts, labels, init=first)
    assert more.score(*old) > 0.8
    assert more.score(*new) > 0.8


def test_warm_start_is_a_start_from_itself(name, reviews, classifier_of, weights_of):
    one, two = reviews(), reviews(seed=2)
    expected = weights_of(classifier_of(name).fit(*two, init=classifier_of(name).fit(*one)))
    assert weights_of(classifier_of(name, warm_start=True).fit(*one).fit(*two)) == expected
    assert weights_of(classifier_of(name).fit(*one).fit(*two)) != expected


def test_partial_fit(name, reviews, classifier_of):
    settings = ClassifierSettings(batch_size=8, learning_rate=0.02)
    classifier, (texts, labels) = classifier_of(name, settings), reviews(96)
    for _ in range(8):
        for row in range(0, 96, 24):
            assert classifier.partial_fit(texts[row : row + 24], labels[row : row + 24]) is classifier
    assert classifier.score(*reviews(40, seed=5)) > 0.85
    assert len(classifier.history_) == 1


def test_partial_fit_of_one_class_after_another(reviews, classifier_of):
    classifier = classifier_of("word_avg")
    with pytest.raises(ValueError, match="labels must have at least 2 classes, got only 'good'"):
        classifier.partial_fit(["so good"] * 4, ["good"] * 4)
    classifier.partial_fit(["so good"] * 4, ["good"] * 4, classes=["good", "bad"])
    assert classifier.classes_.tolist() == ["bad", "good"]
    classifier.partial_fit(["so bad"] * 4, ["bad"] * 4)
    classifier.partial_fit(["so odd"] * 4, ["odd"] * 4, sample_weight=[1, 2, 1, 2])
    assert classifier.classes_.tolist() == ["bad", "good", "odd"]
    assert {"good", "bad", "odd"} <= set(classifier.vocabulary_)
    with config_context(enable_metadata_routing=True):
        assert set(classifier.get_metadata_routing().partial_fit.requests) == {"classes", "sample_weight"}


def test_several_labels_and_an_indicator_matrix(reviews, classifier_of):
    texts, labels = reviews()
    first = classifier_of(multi_label=True).fit(texts, [[label] for label in labels])
    more = classifier_of(multi_label=True).fit(texts, [[label, "text"] for label in labels], init=first)
    assert more.classes_.tolist() == ["bad", "good", "text"]
    matrix = np.array([[label == "bad", label == "good", 1] for label in labels], dtype=int)
    again = classifier_of(multi_label=True).fit(texts, matrix, init=more)
    assert again.classes_.tolist() == ["bad", "good", "text"]
    assert again.score(texts, matrix) > 0.8


def test_a_saved_classifier_and_one_with_vectors(tmp_path, reviews, classifier_of):
    vectors = WordVectors(["good", "bad", "splendid"], np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32))
    first = classifier_of(vectors=vectors).fit(*reviews())
    first.save(tmp_path / "m")
    loaded = load(tmp_path / "m")
    more = TextClassifier(loaded.model_.config, settings=STILL).fit(*reviews(), init=loaded)
    assert "splendid" in more.vocabulary_
    torch.testing.assert_close(of_words(more, ["splendid"])[0], torch.from_numpy(vectors["splendid"].copy()))
    with pytest.raises(ValueError, match="vectors must be None with init"):
        classifier_of(vectors=vectors).fit(*reviews(), init=first)
    # warm_start takes the vectors once
    assert "splendid" in classifier_of(vectors=vectors, warm_start=True).fit(*reviews()).fit(*reviews()).vocabulary_


def test_a_checkpoint_knows_where_it_started(tmp_path, reviews, classifier_of):
    first = classifier_of().fit(*reviews())
    classifier_of().fit(*reviews(seed=2), init=first, checkpoint=tmp_path / "state")
    with pytest.raises(ValueError, match=r"checkpoint must be of the same .*initial weights"):
        classifier_of().fit(*reviews(seed=2), init=classifier_of(seed=4).fit(*reviews()), checkpoint=tmp_path / "state")


def test_what_it_cannot_start_from(reviews, classifier_of):
    first = classifier_of("cnn").fit(*reviews())
    for init, options, error, message in (
        (
            first,
            {"name": "word_avg"},
            ValueError,
            "init must be .* the same model, WordAvg.*got Cnn",
        ),
        (first, {"name": "cnn", "multi_label": True}, ValueError, "init must have multi_label=True, got False"),
        (
            first,
            {"name": "cnn", "tokenizer": "whitespace"},
            ValueError,
            "init must have the same tokenizer, white",
        ),
        (classifier_of(), {}, TypeError, "init must be a trained TextClassifier, got one that is not trained"),
        ("folder", {}, TypeError, r"init must be a trained TextClassifier, got str; pass textkit.load\(folder\)"),
    ):
        texts, labels = reviews()
        labels = [[label] for label in labels] if "multi_label" in options else labels
        with pytest.raises(error, match=message):
            classifier_of(**options).fit(texts, labels, init=init)
    with pytest.raises(ValueError, match="labels must be of one kind, got both str and int"):
        classifier_of("cnn").fit(["good", "bad"] * 8, [0, 1] * 8, init=first)


def test_a_linear_model_gets_columns_for_new_classes(reviews):
    first = TextClassifier(settings=ClassifierSettings(epochs=3)).fit(*reviews())
    before = {key: weight.clone() for key, weight in weights(first).items()}
    more = TextClassifier(settings=STILL).fit(["a zebra", "so striped"] * 4, ["animal"] * 8, init=first)
    assert more.classes_.tolist() == ["animal", "bad", "good"]
    for key, weight in before.items():
        assert torch.equal(weights(first)[key], weight)
    asked = reviews(20, seed=4)[0]
    odds = [np.log(one.predict_proba(asked)[:, -2:]) @ [1, -1] for one in (first, more)]
    assert odds[1] == pytest.approx(odds[0], abs=1e-4)
    assert torch.equal(weights(more)["output_weight"], torch.eye(3))
    old = TextClassifier(WordAvgConfig(dim=2, buckets=1 << 16), settings=STILL)
    with pytest.raises(ValueError, match="init must be a classifier of the same model"):
        old.fit(*reviews(), init=first)


def test_a_named_model_goes_on_with_the_shape_of_an_earlier_one(reviews):
    earlier = TextClassifier(WordAvgConfig(dim=16, buckets=64), settings=STILL).fit(*reviews())
    assert TextClassifier(settings=STILL).fit(*reviews(), init=earlier).model_.config == earlier.model_.config
    first = TextClassifier(WordAvgConfig(ngrams=3), settings=STILL).fit(*reviews())
    assert first.model_.config.buckets == 1 << 16
    assert TextClassifier(WordAvgConfig(ngrams=3), settings=STILL).fit(*reviews(), init=first).n_classes_ == 2


def test_parts_of_the_texts_get_all_buckets(reviews):
    classifier = TextClassifier(settings=STILL).partial_fit(*reviews())
    assert classifier.partial_fit(["odd"] * 4, ["odd"] * 4).model_.ngram_embedding.shape == (1 << 21, 3)
