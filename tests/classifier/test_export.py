import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from textkit.classifier.export import _tokenizer_entries
from textkit.classifier.settings import ClassifierSettings
from textkit.text.phrases import Phrase, Phrases
from textkit.text.tokenizers import get_tokenizer

pytestmark = pytest.mark.filterwarnings("default")  # of the exporter, which are many and none of ours
TEXTS = [
    "The film was GOOD, so good!",
    "",
    " \n",
    "never seen before",
    "<pad> <unk> good",
    "ΟΔΟΣ good ΟΔΟΣ. çà et là; bad़ हिन्दी 我来到北京 😀 3.50",
    "don't sad bad " * 40,
    "bad",
]
SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from predict import Classifier
classifier = Classifier()
texts = json.loads(sys.stdin.read())
answer = [classifier.predict_proba(texts, batch_size=3).tolist(), classifier.predict(texts)]
print(json.dumps([*answer, [name for name in ("textkit", "torch") if name in sys.modules]]))
"""


def elsewhere(folder, texts):
    """Predict in a process that has no textkit."""
    run = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT, str(folder)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    probabilities, labels, imported = json.loads(run.stdout)
    assert imported == []
    return np.array(probabilities), labels


def test_a_folder_is_used_without_textkit(name, tmp_path, classifier_of, reviews):
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    texts, labels = reviews(24)
    several = name == "cnn"
    if several:
        labels = [[label, "text"] if label == "good" else [] for label in labels]
    if name == "word_avg":
        labels = [7 if label == "good" else -3 for label in labels]
    classifier = classifier_of(name, ClassifierSettings(epochs=2, max_length=60), multi_label=several)
    classifier.fit([*texts, "don't pay 3.50"], [*labels, labels[0]])
    if several:  # thresholds between the probabilities, as if they were tuned
        classifier.thresholds_ = np.median(classifier.predict_proba(TEXTS), axis=0)
    classifier.export(tmp_path / "m")
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["classifier.json", "model.onnx", "predict.py"]
    probabilities, found = elsewhere(tmp_path / "m", TEXTS)
    np.testing.assert_allclose(probabilities, classifier.predict_proba(TEXTS), rtol=0, atol=1e-5)
    expected = classifier.predict(TEXTS)
    assert found == ([classifier.classes_[row > 0].tolist() for row in expected] if several else expected.tolist())
    if several:
        assert 0 < expected.sum() < expected.size
    config = json.loads((tmp_path / "m" / "classifier.json").read_text(encoding="utf-8"))
    assert ("ngrams" in config) == (name == "word_avg")


def test_a_single_file_has_it_all_in_its_metadata(tmp_path, classifier_of, reviews):
    for package in ("onnx", "onnxscript"):
        pytest.importorskip(package)
    runtime = pytest.importorskip("onnxruntime")
    classifier = classifier_of(settings=ClassifierSettings(epochs=1)).fit(*reviews(24))
    classifier.set_params(model=replace(classifier.model, ngrams=1)).fit(*reviews(24)).export(tmp_path / "m.onnx")
    session = runtime.InferenceSession(tmp_path / "m.onnx")
    config = json.loads(session.get_modelmeta().custom_metadata_map["textkit-export"])
    assert config["classes"] == ["bad", "good"]
    assert config["vocabulary"] == list(classifier.vocabulary_.tokens)
    assert config["tokenizer"]["name"] == "word-lower"
    ids = np.array([[config["vocabulary"].index(word) for word in ("good", "film")]])
    (found,) = session.run(None, {"ids": ids, "mask": ids > 0})
    np.testing.assert_allclose(found, classifier.predict_proba(["good film"]), atol=1e-5)


@pytest.mark.parametrize(
    ("tokenizer", "needs"),
    [
        ("jieba", r"jieba.lcut(text), without tokens that are white space"),
        ("spacy:en", "spaCy's tokenizer with spacy.blank('en'), without tokens that are white space"),
        (
            Phrases([Phrase(("new", "york"), 3, 9.0)]).tokenizer("word"),
            "the tokenizer 'word', of which the phrases in phrases.json are joined to single tokens",
        ),
        (str.upper, "an object of the class builtins.method_descriptor"),
    ],
)
def test_what_plain_python_lacks_is_named(tokenizer, needs):
    entries = _tokenizer_entries(get_tokenizer(tokenizer))
    assert entries["split"] == "other"
    assert entries["needs"] == needs


def test_a_tokenizer_that_is_missing_elsewhere(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    from textkit.models.exported_classifier import Classifier

    config = {"tokenizer": {"name": "jieba", "split": "other", "needs": "jieba.lcut(text)"}}
    found = Classifier.__new__(Classifier)
    found.config = config
    assert found.tokens(["a", "b"]) == ["a", "b"]
    with pytest.raises(ValueError, match=r"texts must be lists of tokens from jieba\.lcut\(text\), got the str 'a b'"):
        found.tokens("a b")


def test_where_an_export_may_go(tmp_path, classifier_of, reviews):
    classifier = classifier_of(settings=ClassifierSettings(epochs=1)).fit(*reviews(24))
    with pytest.raises(ValueError, match=r"path must end in \.pt2 .* or be a folder without a suffix, got '.*m\.bin'"):
        classifier.export(tmp_path / "m.bin")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="full"):
        classifier.export(tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]
