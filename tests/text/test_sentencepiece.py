import io

import pytest

import textkit
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.models.masked_language_model import MaskedLanguageModelConfig
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.text.phrases import Phrase, Phrases, PhraseTokenizer
from textkit.text.saved_tokenizer import restored_tokenizer, tokenizer_entries, tokenizer_files
from textkit.text.sentencepiece import SentencePieceTokenizer
from textkit.text.tokenizers import get_tokenizer

sentencepiece = pytest.importorskip("sentencepiece")

TEXTS = ["the fox met the hen", "the hen saw the fox and ran", "a fox ran into the den", "Zürich sah den Fuchs"] * 20


@pytest.fixture(scope="module")
def processor():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_writer=model, vocab_size=60, hard_vocab_limit=False, minloglevel=2
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def test_it_is_taken_as_it_is(processor, tmp_path):
    found = get_tokenizer(processor)
    assert isinstance(found, SentencePieceTokenizer)
    texts = ["the fox saw Zürich", "", "a  hen 漢"]
    assert list(found.pipe(texts)) == [processor.encode(text, out_type=str) for text in texts]
    assert found(texts[0]) == processor.encode(texts[0], out_type=str)
    assert found.decode(found(texts[0])) == texts[0]
    assert found.tokens() == [processor.id_to_piece(number) for number in range(len(processor))]
    (tmp_path / "spm.model").write_bytes(processor.serialized_model_proto())
    assert get_tokenizer(str(tmp_path / "spm.model")) == found


def test_it_is_saved_as_its_own_file(processor):
    found = get_tokenizer(processor)
    files = tokenizer_files(found)
    assert files == {"tokenizer.model": processor.serialized_model_proto()}
    again = restored_tokenizer(tokenizer_entries(found), files, "m", tokenizer=None, trust=False)
    assert again == found
    with pytest.raises(ValueError, match=r"'m' must hold the tokenizer of the model, got no tokenizer\.model"):
        restored_tokenizer(tokenizer_entries(found), {}, "m", tokenizer=None, trust=False)
    with pytest.raises(ValueError, match=r"tokenizer\.model of 'm' must hold a tokenizer: tokenizer\.model must be a"):
        restored_tokenizer(tokenizer_entries(found), {"tokenizer.model": b"x"}, "m", tokenizer=None, trust=False)
    joined = PhraseTokenizer(found, (Phrases([Phrase(("▁the", "▁fox"), 2, 1.0)]),))
    files = tokenizer_files(joined)
    assert restored_tokenizer(tokenizer_entries(joined), files, "m", tokenizer=None, trust=False) == joined


def test_what_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must be a SentencePieceProcessor with a model, got one without; load"):
        get_tokenizer(sentencepiece.SentencePieceProcessor())
    (tmp_path / "spm.model").write_bytes(b"no model")
    with pytest.raises(ValueError, match=r"tokenizer\.model must be a model of sentencepiece, got"):
        get_tokenizer(str(tmp_path / "spm.model"))


def test_a_language_model_is_trained_on_it(processor, tmp_path):
    settings = LanguageModelSettings(epochs=1, window=8, batch_size=4)
    options = {"unit": "subword", "tokenizer": processor, "settings": settings, "progress": False}
    model = train_language_model(TEXTS, config=RnnLanguageModelConfig(dim=8, hidden=8, layers=1), **options)
    assert set(get_tokenizer(processor).tokens()) <= set(model.vocabulary.tokens)
    model.save(tmp_path / "lm")
    again = textkit.load(tmp_path / "lm")
    assert again.tokenizer == get_tokenizer(processor)
    text = again.generate("the fox", length=20, seed=1)
    assert text == model.generate("the fox", length=20, seed=1)
    assert text.startswith("the fox")
    assert "▁" not in text
    assert again.score("the fox ran").perplexity_per_word > 0
    masked = MaskedLanguageModelConfig(layers=1, dim=8, heads=2, positions=16)
    filled = [text for text, _ in train_language_model(TEXTS, config=masked, **options).fill("the … ran", k=70)]
    pieces = get_tokenizer(processor).tokens()
    words = {f"the {piece[1:]} ran" for piece in pieces if piece.startswith("▁") and len(piece) > 1}
    parts = {f"the{piece} ran" for piece in pieces if piece.isalpha()}
    assert words | parts <= set(filled)
    assert min(len(words), len(parts)) > 3
