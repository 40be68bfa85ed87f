import sys
from types import SimpleNamespace

import pytest
from torch.utils.data import DataLoader

from textkit.compat.torchtext.data import functional as F


def test_items_get_a_number():
    data = F.to_map_style_dataset(iter([(1, "a"), (2, "b")]))
    assert (len(data), data[1], list(data)) == (2, (2, "b"), [(1, "a"), (2, "b")])
    assert len(list(DataLoader(data, batch_size=1, shuffle=True))) == 2


def test_ids_of_texts():
    ids = F.numericalize_tokens_from_iterator({"a": 0, "b": 1}, F.simple_space_split(["a  b\n", "b"]))
    assert [list(text) for text in ids] == [[0, 1], [1]]
    ids = F.numericalize_tokens_from_iterator({"a": 0}, [["a", "b"], ["b"]], removed_tokens=["b"])
    assert [list(text) for text in ids] == [[0], []]


def test_replacements_are_applied_in_order():
    assert list(F.custom_replace([("a", "b"), ("b+", "c")])(["ab", "x"])) == ["c", "x"]


def test_only_visible_text_of_wikipedia_is_left():
    lines = [
        "<title>Not this</title>",
        '<text xml:space="preserve">Hello [[World|earth]] &amp;amp; 3 cats {{x}}',
        "in 19 [http://a.b link] text &lt;ref&gt;no&lt;/ref&gt; [[image:x.jpg|thumb|left|a caption]] [[fr:non]]",
        "",
        "end</text>",  # the tag takes no text before it
        "after",  # every line is text
        '<text xml:space="preserve">#REDIRECT [[x]]',
    ]
    assert list(F.filter_wikipedia_xml(lines)) == [
        "hello earth three cats",
        "in one nine link text a caption",
        "end",
        "after",
    ]


def test_sentencepiece_over_its_processor(monkeypatch, tmp_path):
    class Processor:
        def __init__(self, model_file=None, model_proto=None):
            self.model = model_file or model_proto

        def encode(self, text, out_type):
            return [out_type(number) for number in text.split()]

    calls = []
    trainer = SimpleNamespace(train=lambda **options: calls.append(options))
    module = SimpleNamespace(SentencePieceProcessor=Processor, SentencePieceTrainer=trainer)
    monkeypatch.setattr(F, "find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "sentencepiece", module)
    model = F.load_sp_model("x.model")
    assert model.model == "x.model"
    (tmp_path / "m").write_bytes(b"model")
    with (tmp_path / "m").open("rb") as file:
        assert F.load_sp_model(file).model == b"model"
    assert list(F.sentencepiece_tokenizer(model)(["1 2", "3"])) == [["1", "2"], ["3"]]
    assert list(F.sentencepiece_numericalizer(model)(["1 2", "3"])) == [[1, 2], [3]]
    F.generate_sp_model("a.txt", vocab_size=9, model_prefix="p")
    assert calls == [{"input": "a.txt", "vocab_size": 9, "model_type": "unigram", "model_prefix": "p"}]


def test_without_sentencepiece_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(F, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install sentencepiece"):
        F.load_sp_model("x.model")
