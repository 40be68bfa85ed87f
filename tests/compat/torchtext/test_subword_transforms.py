import json
import sys

import pytest

from textkit.compat.torchtext import transforms as T

pytest.importorskip("tokenizers")


def test_bert(tmp_path):
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "wor", "##ld", "!", "xyz"]
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(tokens))
    words = T.BERTTokenizer(str(path), return_tokens=True)
    assert words("Hello world!") == ["hello", "wor", "##ld", "!"]
    assert words(["Hello", "unseen"]) == [["hello"], ["[UNK]"]]
    assert T.BERTTokenizer(str(path))("Hello world!") == ["5", "6", "7", "8"]
    assert T.BERTTokenizer(str(path), do_lower_case=False, return_tokens=True)("Hello") == ["[UNK]"]
    with pytest.raises(TypeError, match="a text or a list of texts"):
        words(5)
    with pytest.raises(ValueError, match=r"vocab_path must be a local file, got .https://.*download it first"):
        T.BERTTokenizer("https://huggingface.co/bert-base-uncased/resolve/main/vocab.txt")


def byte_pairs(tmp_path, tokens, merges):
    (tmp_path / "encoder.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    (tmp_path / "vocab.bpe").write_text("#version: 0.2\n" + "\n".join(merges))
    return str(tmp_path / "encoder.json"), str(tmp_path / "vocab.bpe")


def test_gpt2(tmp_path):
    paths = byte_pairs(tmp_path, ["l", "o", "w", "Ġ", "lo", "Ġlo"], ["l o", "Ġ lo"])
    tokenizer = T.GPT2BPETokenizer(*paths, return_tokens=True)
    assert tokenizer("low lo") == ["lo", "w", "Ġlo"]
    ids = T.GPT2BPETokenizer(*paths)
    assert ids(["low lo"]) == [["4", "2", "5"]]
    assert ids.decode(["4", "2", "5"]) == "low lo"
    assert ids.add_special_tokens({"eos_token": "</s>", "additional_special_tokens": ["<a>", "<b>"]}) == 3
    assert ids("lo</s>") == ["4", "6"]
    with pytest.raises(ValueError, match=r"got \['end'\]"):
        ids.add_special_tokens({"end": "x"})


def test_byte_pairs_of_characters(tmp_path):
    paths = byte_pairs(tmp_path, ["l", "o", "lo", "w</w>", "low</w>", "<unk>", "o</w>", "lo</w>"], ["l o", "lo w</w>"])
    tokenizer = T.CharBPETokenizer(*paths, suffix="</w>", unk_token="<unk>", special_tokens=["<unk>"])
    assert tokenizer("low x") == [4, 5]
    assert T.CharBPETokenizer(*paths, return_tokens=True, suffix="</w>")(["low"]) == [["low</w>"]]
    assert tokenizer.decode(tokenizer.encode("low low")) == "low low"
    with pytest.raises(ValueError, match=r"special_tokens must be in .*encoder.json, got \['<s>'\]"):
        T.CharBPETokenizer(*paths, special_tokens=["<s>"])


def test_what_is_not_here_names_the_remedy(tmp_path, monkeypatch):
    with pytest.raises(NotImplementedError, match=r"transformers\.CLIPTokenizerFast"):
        T.CLIPTokenizer("merges.bpe")
    (tmp_path / "m.model").touch()
    monkeypatch.setattr("textkit.compat.torchtext.data.functional.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install sentencepiece"):
        T.SentencePieceTokenizer(str(tmp_path / "m.model"))
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    (tmp_path / "vocab.txt").touch()
    with pytest.raises(ImportError, match=r"pip install textkit\[huggingface\]"):
        T.BERTTokenizer(str(tmp_path / "vocab.txt"))
