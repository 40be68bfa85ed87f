from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkit import read_splits


def test_the_splits_of_a_catalog_set_are_kept(monkeypatch):
    from textkit.data import splits

    read = []
    monkeypatch.setattr(splits, "read_labeled", lambda source, **options: read.append((source, options["split"])))
    read_splits("imdb")
    assert read == [("imdb", "train"), ("imdb", "test")]


def test_a_folder_with_both_parts(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\na,1\nb,2\n")
    (tmp_path / "test.csv").write_text("text,label\nc,1\n")
    (tmp_path / "readme.txt").write_text("about")
    train, test = read_splits(tmp_path)
    assert (train.texts, test.texts, test.labels) == (["a", "b"], ["c"], ["1"])


def test_folders_of_classes_in_both_parts(tmp_path):
    for part in ("train", "test"):
        for label in ("neg", "pos"):
            (tmp_path / part / label).mkdir(parents=True)
            (tmp_path / part / label / "1.txt").write_text(f"{part} {label}")
    train, test = read_splits(str(tmp_path))
    assert (train.texts, test.labels) == (["train neg", "train pos"], ["neg", "pos"])


def test_a_folder_of_classes_is_divided(tmp_path):
    for label in ("neg", "pos"):
        (tmp_path / label).mkdir()
        for number in range(5):
            (tmp_path / label / f"{number}.txt").write_text(f"{label} {number}")
    train, test = read_splits(tmp_path)
    assert Counter(train.labels) == {"neg": 4, "pos": 4}
    assert Counter(test.labels) == {"neg": 1, "pos": 1}


def test_a_dictionary_of_data_sets():
    datasets = pytest.importorskip("datasets")
    table = datasets.Dataset.from_dict({"text": ["a", "b"], "label": ["x", "y"]})
    train, test = read_splits(datasets.DatasetDict({"train": table, "test": table.select([1])}))
    assert (train.texts, test.texts) == (["a", "b"], ["b"])
    streams = datasets.IterableDatasetDict({"train": table.to_iterable_dataset(), "test": table.to_iterable_dataset()})
    assert [len(part) for part in read_splits(streams)] == [2, 2]
    many = datasets.Dataset.from_dict({"text": list("abcdefghij"), "label": ["x", "y"] * 5})
    assert [len(part) for part in read_splits(datasets.DatasetDict({"train": many}))] == [8, 2]
    with pytest.raises(ValueError, match="split must be one of 'train', 'validation', got None"):
        read_splits(datasets.DatasetDict({"train": many, "validation": many}))


@given(
    st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("xy")), min_size=40, max_size=60),
    st.integers(0, 3),
)
@settings(deadline=None)
def test_each_row_is_in_one_part_and_each_text_too(rows, seed):
    rows += [(f"further {number}", label) for number in range(10) for label in "xy"]
    parts = read_splits(rows, test=0.3, seed=seed)
    assert Counter(rows) == Counter(pair for part in parts for pair in zip(part.texts, part.labels, strict=True))
    assert not set(parts[0].texts) & set(parts[1].texts)
    assert parts == read_splits(rows, test=0.3, seed=seed)


def test_classes_keep_their_shares():
    rows = [(f"text {number}", "rare" if number < 20 else "usual") for number in range(200)]
    _, test = read_splits(rows, test=0.25)
    assert Counter(test.labels) == {"rare": 5, "usual": 45}
    assert read_splits(rows, test=0.25, seed=2)[1].texts != test.texts
    assert test.texts == [text for text, _ in rows if text in set(test.texts)]


def test_texts_may_be_tokens():
    train, test = read_splits([(["a", str(number // 2)], "x") for number in range(20)])
    assert len(test) == 4
    assert not {text[1] for text in train.texts} & {text[1] for text in test.texts}


@pytest.mark.parametrize("test", [0, 1, float("nan"), -0.5])
def test_a_fraction_out_of_range(test):
    with pytest.raises(ValueError, match=r"test must be above 0 and below 1, got .*; 0.2 is usual"):
        read_splits("names", test=test)


def test_an_empty_part():
    with pytest.raises(ValueError, match=r"test must leave at least one text in each part, got 0.2 of 2 texts"):
        read_splits([("a", "x"), ("b", "y")])
