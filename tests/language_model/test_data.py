import pytest

import textkit
from textkit.language_model.data import read_data
from textkit.language_model.settings import LanguageModelSettings


@pytest.mark.parametrize("documents", [False, True])
def test_the_column_is_that_of_the_training_table(tmp_path, documents):
    """A validation text of another kind has none."""
    (tmp_path / "t.csv").write_text("nr,text\n" + "1,a b c d\n" * 20)
    (tmp_path / "t.txt").write_text("a b c d\n" * 4)
    settings = LanguageModelSettings(documents=documents, window=4, batch_size=2)
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
