"""Everything that takes texts takes data sets of Hugging Face, with the result of the same texts in a list."""

import datasets
import pytest

import textkit

TEXTS = [f"the {color} fox met the {color} hen" for color in ("red", "gray", "white")] * 8
LABELS = ["red", "gray", "white"] * 8
DATA = datasets.Dataset.from_dict({"text": TEXTS, "label": LABELS})
STREAM = DATA.to_iterable_dataset(num_shards=2)
SHUFFLED = STREAM.shuffle(seed=1, buffer_size=6)
SOURCES = {
    "Dataset": DATA,
    "IterableDataset": STREAM,
    "shuffled": SHUFFLED,
    "without features": datasets.IterableDataset.from_generator(lambda: ({"text": text} for text in TEXTS)),
    "DatasetDict": datasets.DatasetDict({"train": DATA}),
}


def texts_of(source):
    source = source["train"] if isinstance(source, dict) else source
    return [row["text"] for row in source]


def word_vectors(corpus, **reading):
    return textkit.train_word2vec(
        corpus, dim=4, epochs=1, min_count=1, workers=1, progress=False, **reading
    ).matrix.tobytes()


def language_model(corpus, **reading):
    settings = textkit.LanguageModelSettings(epochs=1, batch_size=2)
    config = textkit.RnnLanguageModelConfig(dim=4, hidden=4)
    model = textkit.train_language_model(
        corpus, unit="word", config=config, settings=settings, progress=False, **reading
    )
    return model.model.embedding.detach().numpy().tobytes()


def ids(corpus, **reading):
    encoded = textkit.encode_corpus(corpus, **reading)
    return encoded.vocabulary.tokens, encoded.ids.tolist()


def phrases(corpus, **reading):
    return list(textkit.find_phrases(corpus, threshold=0.5, progress=False, **reading))


@pytest.mark.parametrize("trained", [word_vectors, language_model, ids, phrases])
@pytest.mark.parametrize("name", SOURCES)
def test_a_corpus(name, trained):
    assert trained(SOURCES[name], column="text") == trained(texts_of(SOURCES[name]))


@pytest.mark.parametrize("trained", [word_vectors, language_model, ids, phrases])
def test_one_of_several_splits_must_be_chosen(trained):
    splits = datasets.DatasetDict({"train": DATA, "test": DATA})
    with pytest.raises(ValueError, match=r"split must be one of 'train', 'test', got None; .* pass data\['train'\]"):
        trained(splits, column="text")


def classifier(texts, labels):
    return textkit.TextClassifier(settings=textkit.ClassifierSettings(epochs=1)).fit(texts, labels)


def test_a_classifier():
    expected = classifier(TEXTS, LABELS).predict_proba(TEXTS).tolist()
    columns = {
        "columns": (DATA["text"], DATA["label"]),
        "data sets of one column": (DATA.select_columns("text"), DATA.select_columns("label")),
        "streams of one column": (STREAM.select_columns("text"), STREAM.select_columns("label")),
    }
    if hasattr(STREAM, "__getitem__"):  # in later versions of datasets
        columns["columns of a stream"] = (STREAM["text"], STREAM["label"])
    for name, (texts, labels) in columns.items():
        assert classifier(texts, labels).predict_proba(texts).tolist() == expected, name


def test_what_is_no_column():
    for table in (DATA, STREAM):
        with pytest.raises(TypeError, match=r"texts must be one column, got a data set with 'text', 'label'; pass one"):
            classifier(table, LABELS)
        with pytest.raises(TypeError, match=r"labels must be one column, got a data set with 'text', 'label'"):
            classifier(TEXTS, table)
    with pytest.raises(TypeError, match=r"texts must be one column, got several data sets \('train'\)"):
        classifier(datasets.DatasetDict({"train": DATA}), LABELS)
