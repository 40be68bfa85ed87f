import subprocess
import sys

import pytest

from textkit.text.subwords import BYTES, subword_vocabulary, train_byte_pairs

pytest.importorskip("tokenizers")
TEXTS = ["the fox and the hen", "the hen and the fox", "naïve hens"]


def test_frequent_words_become_tokens_and_any_text_comes_back():
    tokenizer = train_byte_pairs(TEXTS, BYTES + 20)
    assert tokenizer("the hen")[0] == "the"
    assert 0 < len(tokenizer.tokens()) - BYTES <= 20
    for text in (*TEXTS, " two  spaces ", "日本 🦊\t", ""):
        assert tokenizer.decode(tokenizer(text)) == text


def test_pairs_that_occur_once_stay_two_tokens():
    assert len(train_byte_pairs(["abcdefgh"], BYTES + 100).tokens()) == BYTES
    assert len(train_byte_pairs(["abxaby"], BYTES + 100).tokens()) == BYTES + 1  # ab


def test_another_process_trains_the_same_tokenizer():
    code = f"from textkit.text.subwords import train_byte_pairs; print(train_byte_pairs({TEXTS!r}, 280).state)"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == train_byte_pairs(TEXTS, 280).state


def test_a_vocabulary_has_all_tokens_and_the_specials():
    tokenizer = train_byte_pairs(TEXTS, BYTES + 9)
    stream, documents = (subword_vocabulary(tokenizer, documents=documents) for documents in (False, True))
    assert stream.specials == ("<pad>", "<unk>", "<eos>")
    assert documents.specials == ("<pad>", "<unk>", "<bos>", "<eos>")
    assert list(stream.tokens[3:]) == list(documents.tokens[4:]) == tokenizer.tokens()


def test_there_is_room_for_all_bytes():
    with pytest.raises(ValueError, match="size must be at least 256, one token for each byte, got 255"):
        train_byte_pairs(TEXTS, 255)
