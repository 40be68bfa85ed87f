import pytest

import textkit
from textkit.hub.card import Card, CardOptions, is_unedited, write_card

huggingface_hub = pytest.importorskip("huggingface_hub")
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")
TEXTS, LABELS = ["a good film", "good and kind", "a bad film", "bad and dull"] * 6, ["pos", "pos", "neg", "neg"] * 6
VECTORS = textkit.WordVectors(["tea", "cup"], [[1, 0], [0, 1]])


def written(card=None, repo_id="user/thing", class_name="WordVectors", **options):
    text = write_card(card or VECTORS._card(), CardOptions(**options), class_name, repo_id)
    return text, huggingface_hub.ModelCard(text)


def test_a_classifier_tells_how_it_was_trained_and_its_figures():
    settings = textkit.ClassifierSettings(epochs=2, valid_share=0.25, keep_best=False)
    classifier = textkit.TextClassifier(settings=settings).fit(TEXTS, LABELS)
    report = classifier.evaluate(TEXTS[:4], LABELS[:4])
    text, card = written(
        classifier._card(),
        class_name="TextClassifier",
        license="mit",
        language="en",
        datasets=["imdb", "user/own"],
        results={"imdb": report},
    )
    assert (card.data.library_name, card.data.pipeline_tag) == ("textkit", "text-classification")
    assert (card.data.license, card.data.language, card.data.tags) == ("mit", "en", ["textkit", "word-avg"])
    assert card.data.datasets == ["stanfordnlp/imdb", "user/own"]
    figures = {
        (result.dataset_type, result.metric_type, result.metric_name): result for result in card.data.eval_results
    }
    last = classifier.history_[-1]
    assert figures["validation texts", "accuracy", "Accuracy"].metric_value == pytest.approx(
        last.valid_accuracy, abs=1e-6
    )
    assert figures["stanfordnlp/imdb", "f1", "Macro F1"].metric_value == pytest.approx(report.macro_f1, abs=1e-6)
    assert f"| imdb | Accuracy | {report.accuracy:.4g} |" in text
    assert 'classifier = textkit.TextClassifier.from_pretrained("user/thing")' in text
    assert "| classes | neg, pos |" in text
    assert "| epochs | 2 |" in text
    assert f"textkit {classifier.metadata_['versions']['textkit']}" in text


def test_the_best_epoch_counts_if_its_weights_are_kept():
    from textkit.classifier.card import _validation
    from textkit.classifier.run import ClassifierReport

    def report(epoch, accuracy):
        fields = {"loss": 1.0, "valid_loss": 1.0, "texts_per_second": 1.0, "seconds": 1.0}
        return ClassifierReport(epoch=epoch, valid_accuracy=accuracy, valid_score=accuracy, **fields)

    history = [report(1, 0.9), report(2, 0.8)]
    assert _validation(history, keep_best=True)["accuracy"] == 0.9
    assert _validation(history, keep_best=False)["accuracy"] == 0.8


def test_other_reports_and_numbers():
    similarity = textkit.evaluate_similarity(VECTORS, [("tea", "cup", 1.0), ("tea", "tea", 9.0)])
    analogies = textkit.evaluate_analogies(VECTORS, [("tea", "cup", "tea", "cup")])
    results = {"mine": {"accuracy": 0.5, "note": "ignored"}, "pairs": similarity, "analogies": analogies}
    text, card = written(results=results)
    assert "| mine | Accuracy | 0.5 |" in text
    assert card.data.eval_results[0].metric_value == 0.5
    assert "| pairs | Spearman correlation | 1 |" in text
    assert "| pairs | Coverage | 1 |" in text
    with pytest.raises(TypeError, match=r"results must map names of data sets to reports, .* got 'high' for 'mine'"):
        written(results={"mine": "high"})
    with pytest.raises(TypeError, match="datasets must be a list of names, got the str 'imdb'"):
        written(datasets="imdb")


def test_a_card_without_figures():
    text, card = written()
    assert card.data.eval_results is None
    assert "## Results" not in text
    assert "## Training" not in text


def test_names_cannot_break_the_table():
    card = Card(what="thing", name="x", example=[], facts={"classes": "a|b\n<script>"})
    assert "| classes | a\\|b \\<script> |" in write_card(card, CardOptions(), "Phrases", "user/thing")


def test_an_edited_card_is_known():
    text, _ = written()
    assert is_unedited(text)
    assert is_unedited(text.replace("\n", "\r\n"))
    assert not is_unedited(text.replace("A table", "My table"))
    assert not is_unedited(text + "\nMore.\n")


def test_only_a_card_that_was_not_edited_is_replaced(hub):
    VECTORS.push_to_hub("user/thing")
    repository = hub.repositories["user/thing"]
    textkit.WordVectors(["new"], [[1.0]]).push_to_hub("user/thing")
    assert b"| words | 1 |" in repository.files["README.md"]
    repository.commit({"README.md": b"# Mine\n"})
    with pytest.warns(UserWarning, match=r"README\.md of user/thing was edited, .* replace_card=True"):
        VECTORS.push_to_hub("user/thing")
    assert repository.files["README.md"] == b"# Mine\n"
    VECTORS.push_to_hub("user/thing", replace_card=True)
    assert b"| words | 2 |" in repository.files["README.md"]
