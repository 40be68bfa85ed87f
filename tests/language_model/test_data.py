import pytest

import textkit
from textkit.language_model import data
from textkit.language_model.data import read_data
from textkit.language_model.settings import LanguageModelSettings
from textkit.text import stream_reading
from textkit.text.vocabulary import Vocabulary


@pytest.mark.parametrize("documents", [False, True])
def test_the_column_is_that_of_the_training_table(tmp_path, documents):
    """A validation text of another kind has none."""
    (tmp_path / "t.csv").write_text("nr,text\n" + "1,a b c d\n" * 20)
    (tmp_path / "t.txt").write_text("a b c d\n" * 4)
    settings = LanguageModelSettings(documents=documents, window=4, batch_size=2, min_count=1)
    found = [
        read_data(
            tmp_path / "t.csv",
            valid,
            unit="char",
            settings=settings,
            tokenizer=None,
            seed=1,
            reading={"column": "text", "encoding": "utf-8", "errors": "strict"},
        ).fingerprints["valid"]
        for valid in (["a b c d"] * 4, tmp_path / "t.txt", textkit.corpus(["a b c d"] * 4))
    ]
    assert found[0] is not None
    assert len(set(found)) == 1


def test_a_checkpoint_is_a_path():
    with pytest.raises(TypeError, match="checkpoint must be a str or a Path, got int"):
        textkit.train_language_model(["a b"] * 9, checkpoint=5)


def test_a_vocabulary_without_room_is_named_without_an_argument_of_another_function():
    settings = LanguageModelSettings(max_vocab=1)
    with pytest.raises(
        ValueError, match="the maximum size of a vocabulary must be above 2, the number of specials, got 1"
    ):
        textkit.train_language_model(["a b"] * 9, settings=settings)


def test_neither_a_digest_nor_counts_keep_a_mapped_text_in_memory(mapped_ids, mapped_bytes):
    before = mapped_bytes()
    data._fingerprint(Vocabulary.from_counts({"a": 1}), [mapped_ids])
    assert mapped_bytes() - before < 8 << 20
    assert stream_reading._count(mapped_ids, 2).tolist() == [len(mapped_ids), 0]
    assert mapped_bytes() - before < 8 << 20
