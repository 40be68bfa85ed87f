import pytest

from textkit.explore.built_in import built_in_things


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch, one_thread):
    monkeypatch.setenv("TEXTKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


def opened(thing):
    assert thing.wait(200)
    assert thing.state == "ready", thing.message
    return thing.value


@pytest.mark.slow
def test_vectors_are_trained_once_and_cached(cache):
    page = opened(built_in_things()[0])
    assert "fox" in page.about()["words"]
    (file,) = cache.glob("tales-vectors-*.safetensors")
    before = file.stat().st_mtime_ns
    assert opened(built_in_things()[0]).about() == page.about()
    assert file.stat().st_mtime_ns == before
    file.write_bytes(b"damaged")
    assert opened(built_in_things()[0]).about() == page.about()


@pytest.mark.slow
def test_the_classifier_is_evaluated_on_texts_that_it_was_not_trained_on(cache):
    page = opened(built_in_things()[2])
    assert page.about() == {
        "classes": ["negative", "positive"], "multi_label": False, "explains": True, "table": 180, "training": 720,
    }  # fmt: skip
    assert page.evaluate()["accuracy"] > 0.7
    assert opened(built_in_things()[2]).predict("a fine film") == page.predict("a fine film")


def test_the_language_model(bigrams, monkeypatch):
    model = bigrams({"a": {"b": 1}, "b": {"a": 1}})
    monkeypatch.setattr(
        "textkit.language_model.built_in_model.built_in_model", lambda *, progress: None if progress else model
    )
    page = opened(built_in_things()[1])
    assert page.about()["unit"] == "char"
