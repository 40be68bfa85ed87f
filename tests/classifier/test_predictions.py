import warnings

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from textkit.classifier.defaults import CLASSES
from textkit.classifier.predictions import length_limit
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier

pytestmark = pytest.mark.usefixtures("one_thread")


# ---- predictions ----


@pytest.mark.filterwarnings("ignore:.*only tokens that are unknown")
def test_a_result_does_not_depend_on_its_batch(name, reviews, classifier_of):
    classifier = classifier_of(name).fit(*reviews())
    texts = [*reviews(20, seed=4)[0], "good", "unheard of", "bad " * 50]
    together, labels = classifier.predict_proba(texts), classifier.predict(texts)
    for number, text in enumerate(texts):
        np.testing.assert_allclose(classifier.predict_proba([text])[0], together[number], atol=1e-6, rtol=0)
        assert classifier.predict([text])[0] == labels[number]
        assert classifier.predict([text, "so bad"])[0] == labels[number]
    streamed = list(classifier.predict_stream(iter(texts)))
    assert [label for label, _ in streamed] == labels.tolist()
    assert [probability for _, probability in streamed] == pytest.approx(together.max(1).tolist(), abs=1e-6)


def test_a_stream_is_read_in_parts(monkeypatch, reviews, classifier_of):
    monkeypatch.setattr("textkit.classifier.predict_methods._STREAM_BATCH", 2)
    classifier = classifier_of().fit(*reviews())
    read = []
    source = (read.append(text) or text for text in ["good", "bad", "so", "film"])
    stream = classifier.predict_stream(source)
    assert read == []
    next(stream)
    assert read == ["good", "bad"]
    assert len(list(stream)) == 3
    stream = classifier.predict_stream(["good", "bad", "so", None])
    assert [next(stream)[0], next(stream)[0]] == classifier.predict(["good", "bad"]).tolist()
    with pytest.raises(ValueError, match="got None for row 4 of texts"):
        next(stream)
    with pytest.raises(TypeError, match=r"got a single str; pass \[text\]"):
        next(classifier.predict_stream("good"))


def test_tokens_are_taken_as_they_are(reviews, classifier_of):
    classifier = classifier_of(tokenizer="whitespace").fit(*reviews())
    assert np.array_equal(classifier.predict_proba([["so", "good"]]), classifier.predict_proba(["so good"]))


def test_an_empty_text_is_predicted_with_one_warning(name, monkeypatch, reviews, classifier_of):
    monkeypatch.setattr("textkit.classifier.predict_methods._STREAM_BATCH", 1)
    classifier = classifier_of(name).fit(*reviews())
    message = "2 of 3 texts are empty; they all get the same prediction, that for no words"
    for answer in (classifier.predict, classifier.predict_proba):
        with pytest.warns(UserWarning, match=message) as caught:
            assert len(answer(["", "good", ""])) == 3
        assert len(caught) == 1
    with pytest.warns(UserWarning, match="texts are empty") as caught:
        assert len(list(classifier.predict_stream(["", "good", ""]))) == 3
    assert len(caught) == 1


def test_empty_texts_may_be_learned(reviews, classifier_of):
    texts, labels = reviews()
    classifier = classifier_of().fit([*texts, "", "", "", ""], [*labels, "bad", "bad", "good", "bad"])
    with pytest.raises(ValueError, match="must"):
        classifier_of().fit(["", "", "", ""], [0, 1, 0, 1])
    assert classifier.predict([]).shape == (0,)
    assert classifier.predict_proba([]).shape == (0, 2)
    assert classifier.predict(np.array([], dtype=str)).shape == (0,)


def test_long_texts_are_cut_with_a_warning(reviews, classifier_of):
    texts, labels = reviews()
    settings = ClassifierSettings(epochs=1, max_length=2, valid_share=0)
    longer = sum(len(text.split()) > 2 for text in texts)
    dropped = sum(max(len(text.split()) - 2, 0) for text in texts)
    message = f"{longer} of 48 texts were truncated to max_length=2 tokens, which dropped {dropped} tokens"
    with pytest.warns(UserWarning, match=message):
        classifier = classifier_of(settings=settings).fit(texts, labels)
    assert np.array_equal(classifier.predict_proba(["so good"]), classifier.predict_proba(["so good bad bad"]))
    assert len(classifier.explain("so good bad").tokens) == 2


def test_one_long_text_does_not_take_the_memory(reviews, classifier_of, monkeypatch):
    classifier = classifier_of().fit(*reviews())
    beginning = classifier.predict_proba(["so good"])
    message = r"1 of 2 texts were truncated to max_length=2 tokens; pass a higher max_length"
    for predict in (
        classifier.predict_proba,
        classifier.predict,
        lambda t, **o: list(classifier.predict_stream(t, **o)),
    ):
        with pytest.warns(UserWarning, match=message):
            predict(["so good bad bad", "good"], max_length=2)
        with pytest.raises(ValueError, match="max_length must be an integer of at least 1 token, got 0"):
            predict(["good"], max_length=0)
    monkeypatch.setattr("textkit.classifier.predictions._LONGEST_OF_OTHERS", 2)
    with pytest.warns(UserWarning, match=message):
        assert np.array_equal(classifier.predict_proba(["so good bad bad", "good"])[:1], beginning)
    assert not np.array_equal(classifier.predict_proba(["so good bad bad"], max_length=9), beginning)
    with pytest.warns(UserWarning, match="1 of 1 texts were truncated"):
        assert sum(classifier.evaluate(["so good bad bad"], ["good"]).support) == 1
    assert len(classifier.explain("so good bad").tokens) == 2


@pytest.mark.parametrize("name", ["cnn", "bilstm", "char_gru"])
def test_every_model_has_a_limit(small, name):
    config = small[name]
    model = CLASSES[type(config)](config, 3, 2)
    assert 10_000 < length_limit(model, None, None) < 200_000
    assert length_limit(model, 10**9, None) == 10**9
    assert length_limit(model, 10**9, 7) == length_limit(model, None, 7) == 7


def test_labels_that_training_never_saw_are_errors(reviews, classifier_of):
    classifier = classifier_of().fit(*reviews())
    report = classifier.evaluate(["good", "bad", "good"], ["good", "bad", "odd"])
    assert report.unseen == ("odd",)
    assert report.accuracy <= 2 / 3
    assert classifier.score(["good", "bad", "good"], ["odd", "odd", "odd"]) == 0
    with pytest.raises(ValueError, match="pass texts and labels of the same length"):
        classifier.evaluate(["good", "bad"], ["good"])


def test_nothing_is_predicted_before_fit(classifier_of):
    classifier = classifier_of()
    for use in (
        lambda: classifier.predict(["a"]),
        lambda: classifier.predict_proba([1.5]),
        lambda: list(classifier.predict_stream(["a"])),
        lambda: classifier.evaluate(["a"], ["b"]),
        lambda: classifier.explain("a"),
        lambda: classifier.save("nowhere"),
        lambda: classifier.export("nowhere.pt2"),
    ):
        with pytest.raises(NotFittedError, match=r"TextClassifier must be trained before it is used; call fit"):
            use()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"model": "bert"},
            "model must be one of word_avg, cnn, bilstm, char_gru, or the config of a model, got 'bert'",
        ),
        ({"device": "abacus"}, "device must be 'auto', 'cpu', .*, got 'abacus'"),
        ({"seed": -1}, "seed must be"),
        ({"tokenizer": "nltk"}, "nltk"),
    ],
)
def test_wrong_parameters_are_found_by_fit(options, message, reviews):
    with pytest.raises(ValueError, match=message):
        TextClassifier(**options).fit(*reviews())


def test_what_was_learned_survives_a_failed_fit(reviews, classifier_of, weights_of):
    classifier = classifier_of().fit(*reviews())
    before = weights_of(classifier)
    with pytest.raises(ValueError, match="at least 2 classes, got only 'a'"):
        classifier.fit(["a", "b"], ["a", "a"])
    assert weights_of(classifier) == before


# ---- explanations and exports ----


def test_a_decision_is_explained(name, reviews, classifier_of):
    settings = ClassifierSettings(epochs=12, batch_size=8, learning_rate=0.03)
    classifier = classifier_of(name, settings).fit(*reviews(120))
    text = "The FILM was good"
    found = classifier.explain(text)
    assert found.label == "good"
    assert found.probability == pytest.approx(classifier.predict_proba([text])[0, 1], abs=1e-6)
    assert found.exact == (name == "word_avg")
    if name != "char_gru":
        assert found.tokens == ("the", "film", "was", "good")
        assert int(np.argmax(found.shares)) == 3
    against = classifier.explain(text, label="bad")
    assert against.probability == pytest.approx(1 - found.probability, abs=1e-6)
    with pytest.raises(ValueError, match="label must be one of 'bad', 'good', got 'odd'"):
        classifier.explain(text, label="odd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert classifier.explain("").shares == ()
