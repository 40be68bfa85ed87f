from textkit.language_model import data
from textkit.text import stream_reading
from textkit.text.vocabulary import Vocabulary


def test_neither_a_digest_nor_counts_keep_a_mapped_text_in_memory(mapped_ids, mapped_bytes):
    before = mapped_bytes()
    data._fingerprint(Vocabulary.from_counts({"a": 1}), [mapped_ids])
    assert mapped_bytes() - before < 8 << 20
    assert stream_reading._count(mapped_ids, 2).tolist() == [len(mapped_ids), 0]
    assert mapped_bytes() - before < 8 << 20
