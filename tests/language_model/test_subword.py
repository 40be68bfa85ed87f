"""Language models of subwords."""

import math

import pytest

import textkit
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.subword import DEFAULT_SIZE
from textkit.language_model.train import train_language_model
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.transformer_language_model import TransformerLanguageModelConfig

tokenizers = pytest.importorskip("tokenizers")

TEXTS = [f"{n} small boats and {n % 7} tall ships – « went » out to sea" for n in range(40)]
CONFIGS = {
    "recurrent": RnnLanguageModelConfig(dim=8, hidden=12, layers=1),
    "transformer": TransformerLanguageModelConfig(layers=1, dim=16, heads=2, positions=20, dropout=0.0),
}
SETTINGS = LanguageModelSettings(batch_size=4, window=16, epochs=1, max_vocab=300)


def train(texts=TEXTS, *, kind="recurrent", **options):
    options = {"config": CONFIGS[kind], "settings": SETTINGS, "unit": "subword", "progress": False, **options}
    return train_language_model(texts, **options)


@pytest.fixture(scope="module", params=CONFIGS)
def trained(request):
    return train(kind=request.param, valid=0.25)


def test_what_is_saved_is_loaded(trained, tmp_path):
    trained.save(tmp_path / "lm")
    assert (tmp_path / "lm" / "tokenizer.json").exists()
    again = textkit.load(tmp_path / "lm")
    assert (again.unit, again.tokenizer, again.vocabulary) == ("subword", trained.tokenizer, trained.vocabulary)
    assert again.generate("3 sm", seed=3, length=40) == trained.generate("3 sm", seed=3, length=40)


def test_the_vocabulary_is_that_of_the_training_texts_alone(trained):
    assert len(trained.vocabulary) <= 300
    held_out = ["zebras and zebras and zebras went out to the sea"] * 10
    alone = train(TEXTS[:30], valid=held_out, config=trained.model.config)
    part = train([*TEXTS[:30], *held_out], valid=0.25, config=trained.model.config)
    assert alone.tokenizer == part.tokenizer
    assert alone.tokenizer != train([*TEXTS[:30], *held_out], config=trained.model.config).tokenizer


def test_no_text_has_unknown_tokens(trained):
    score = trained.score("日本 🦊\nzebra")
    assert score.unknown == 0
    assert (score.characters, score.bytes) == (10, 6 + 1 + 4 + 1 + 5)
    assert trained.generate("日本 🦊", length=3).startswith("日本 🦊")


def test_generated_text_is_that_of_its_tokens(trained):
    text = trained.generate("3 small\n5 ta", length=80, seed=1)
    assert "Ġ" not in text
    assert "".join(trained.stream("3 small\n5 ta", length=80, seed=1)) == text
    stopped = trained.generate("3 small", length=80, seed=1, stop="\n")
    assert "\n" not in stopped


def test_documents_begin_and_end(tmp_path):
    settings = LanguageModelSettings(batch_size=4, window=64, epochs=1, documents=True, max_vocab=300)
    model = train(settings=settings, valid=0.25)
    assert "<bos>" in model.vocabulary.specials
    assert "\n" not in model.generate(length=100)
    model.save(tmp_path / "lm")
    assert textkit.load(tmp_path / "lm").score(TEXTS[:3]) == model.score(TEXTS[:3])


def own_tokenizer():
    own = tokenizers.Tokenizer(
        tokenizers.models.Unigram([("<unk>", 0.0), ("▁small", -1.0), ("▁", -2.0), ("s", -3.0)], 0)
    )
    own.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    own.decoder = tokenizers.decoders.Metaspace()
    return own


def test_a_tokenizer_of_ones_own_is_taken_as_it_is():
    own = own_tokenizer()
    model = train(
        ["small s small", "s s small"] * 30, tokenizer=own, settings=LanguageModelSettings(epochs=1, window=9)
    )
    assert set(model.vocabulary.tokens) == {"<pad>", "<unk>", "<eos>", "▁small", "▁", "s"}
    text = model.generate("small s", length=40)
    assert text.startswith("small s")
    assert "▁" not in text
    assert model.score("small s z").unknown == pytest.approx(1 / 5)  # z of ▁small ▁ s ▁ z


def test_training_goes_on_with_the_same_subwords(trained):
    more = train(
        ["zebras went out to sea"] * 20,
        unit=None,
        config=None,
        init=trained,
        settings=LanguageModelSettings(epochs=1, window=16),
    )
    assert more.tokenizer == trained.tokenizer
    assert more.vocabulary.tokens == trained.vocabulary.tokens


def test_an_interrupted_training_resumes(tmp_path):
    settings = LanguageModelSettings(batch_size=4, window=16, epochs=2, max_vocab=300)

    def stop(report):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(settings=settings, checkpoint=tmp_path / "state", on_epoch=stop, valid=0.25)
    resumed = train(settings=settings, checkpoint=tmp_path / "state", valid=0.25)
    whole = train(settings=settings, valid=0.25)
    assert resumed.history == whole.history


def test_perplexities_per_word_compare_units():
    text = "\n".join(TEXTS[:9])
    words = train_language_model(
        TEXTS,
        unit="word",
        config=CONFIGS["recurrent"],
        settings=LanguageModelSettings(epochs=1, window=16),
        progress=False,
    ).score(text)
    assert words.perplexity_per_word == pytest.approx(words.perplexity)  # each token is a word, or a line end
    subwords, characters = train().score(text), train(unit="char", settings=LanguageModelSettings(epochs=1)).score(text)
    for score in (subwords, characters):
        assert score.words == words.words == len(text.split()) + 8
        nats = score.bits_per_byte * math.log(2) * score.bytes
        assert score.perplexity_per_word == pytest.approx(math.exp(nats / score.words))
    assert train().score(TEXTS[:9]).words == words.words + 1  # a line end after the last one, too


@pytest.mark.parametrize("unit", ["char", "word", "subword"])
def test_the_words_of_a_held_out_part_are_counted_too(unit):
    scores = []
    settings = LanguageModelSettings(batch_size=4, window=16, epochs=1, min_count=1)
    train(TEXTS[:1] * 40, unit=unit, valid=0.25, settings=settings, on_end=scores.append)
    # 10 of 40 equal lines, cut between two tokens
    assert scores[0].words == pytest.approx(10 * len(TEXTS[0].split()) + 10, rel=0.05)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"tokenizer": "word"},
            ValueError,
            "must be one of Hugging Face or sentencepiece for unit 'subword'.*got 'word'",
        ),
        ({"tokenizer": "unigram"}, ValueError, "a trained one for .* got 'unigram', which textkit does not train: the"),
        ({"settings": LanguageModelSettings(max_vocab=259)}, ValueError, "max_vocab must be at least 260 for unit"),
        ({"settings": LanguageModelSettings(min_count=2)}, ValueError, "min_count must be 1 for unit 'subword', got 2"),
        ({"keep_words": ["sea"]}, ValueError, r"keep_words must be left out for unit 'subword', got \['sea'\]"),
        ({"texts": TEXTS[:1], "valid": 0.5}, ValueError, "valid must leave at least one of 1 documents in each part"),
        ({"texts": [["a", "b"]]}, TypeError, "corpus must be texts for unit 'subword', got a list of tokens"),
    ],
)
def test_what_does_not_fit_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        train(**options)
    assert DEFAULT_SIZE > 260


def test_a_tokenizer_has_its_own_size():
    with pytest.raises(ValueError, match="max_vocab must be left out with a tokenizer for unit 'subword', got 300"):
        train(tokenizer=own_tokenizer())


def trained_elsewhere(model, trainer, texts):
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def test_a_tokenizer_of_another_language_is_reported():
    english, chinese = ["the fox met the hen"] * 40, ["狐狸遇见母鸡在河边"] * 40
    one = LanguageModelSettings(epochs=1, batch_size=2, window=8)
    options = {"unit": "subword", "config": RnnLanguageModelConfig(dim=4, hidden=4), "settings": one, "progress": False}
    trainer = tokenizers.trainers.BpeTrainer(special_tokens=["[UNK]"], show_progress=False)
    bpe = trained_elsewhere(tokenizers.models.BPE(unk_token="[UNK]"), trainer, english)
    for texts in (chinese, [*chinese, "。"]):
        with pytest.raises(ValueError, match="must know tokens of the text, got one that knows none of them; leave it"):
            train_language_model(texts, tokenizer=bpe, **options)
    with pytest.warns(
        UserWarning, match=r"\d\d % of the tokens of the text are unknown to the tokenizer; leave it out"
    ):
        train_language_model([*chinese, *english], tokenizer=bpe, **options)
    silent = trained_elsewhere(tokenizers.models.BPE(), trainer, english)  # drops what it does not know
    with pytest.raises(
        ValueError, match=r"must have at least one token, got 0 .* that the tokenizer fits its language"
    ):
        train_language_model(chinese, tokenizer=silent, **options)
    in_bytes = train_language_model(english, **options).tokenizer
    with pytest.warns(UserWarning, match=r"makes 2\.7 tokens of each character of the text; leave it out to train"):
        train_language_model(chinese, tokenizer=json_tokenizer(in_bytes), **options)
    train_language_model(english, tokenizer=bpe, **options)  # no warning


def json_tokenizer(found):
    return tokenizers.Tokenizer.from_str(found.state)
