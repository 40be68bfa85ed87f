import json
import math
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from safetensors.numpy import load_file, save_file

from textkit.evaluation.perplexity import LanguageModelScore
from textkit.language_model.language_model import LanguageModel
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.text.tokenizers import get_tokenizer
from textkit.text.vocabulary import Vocabulary

ABC = {"\n": {"a": 1}, "a": {"b": 1}, "b": {"c": 1}, "c": {"\n": 1}}
COIN = {"\n": {"h": 0.5, "t": 0.5}, "h": {"h": 0.5, "t": 0.5}, "t": {"h": 0.5, "t": 0.5}}
# among a and b, <unk> is by far the likeliest of all
MOSTLY_UNKNOWN = {token: {"<unk>": 0.9, "<pad>": 0.08, "a": 0.01, "b": 0.01} for token in ["\n", "a", "b"]}
WORDS = {"<eos>": {"to": 1}, "to": {"be": 1}, "be": {"or": 1}, "or": {"<eos>": 1}}


def cut(vocabulary, unit="char", **config):
    return LanguageModel(RnnLanguageModel(RnnLanguageModelConfig(**config), len(vocabulary)), vocabulary, unit=unit)


def test_a_text_begins_at_a_line_and_goes_on_as_the_table_says(bigrams):
    assert bigrams(ABC).generate(length=9) == "abc\nabc\na"


def test_a_prompt_is_part_of_the_text_and_not_of_its_length(bigrams):
    assert bigrams(ABC).generate("cab", length=3) == "cabc\na"


def test_words_go_on_after_a_space(bigrams):
    model = bigrams({"<eos>": {"a": 1}, "a": {"b": 1}, "b": {"a": 1}}, unit="word")
    assert model.generate("a", length=2) == model.generate("a ", length=2) == "a b a"


def test_words_and_line_ends_count(bigrams):
    model = bigrams(WORDS, unit="word")
    assert model.generate(length=6) == "to be or\nto be"
    assert model.generate("to", length=2) == "to be or"
    assert model.generate("be  or\n", length=2) == "be  or\nto be"
    assert model.generate("be or", length=2) == "be or\nto"


def test_chances_of_a_table_are_met(bigrams):
    table = {"\n": {"a": 1}, "a": {"a": 0.25, "b": 0.75}, "b": {"a": 1}}
    text = bigrams(table).generate(length=20_000)
    after_a = Counter(second for first, second in pairwise(text) if first == "a")
    assert after_a["b"] / after_a.total() == pytest.approx(0.75, abs=0.015)
    colder = bigrams(table).generate(length=20_000, temperature=0.5)  # 9/16 beside 1/16
    after_a = Counter(second for first, second in pairwise(colder) if first == "a")
    assert after_a["b"] / after_a.total() == pytest.approx(0.9, abs=0.01)


def test_temperature_0_is_greedy_for_any_seed(bigrams, random_model):
    table = {"\n": {"a": 0.6, "b": 0.4}, "a": {"b": 0.51, "a": 0.49}, "b": {"a": 0.9, "\n": 0.1}}
    assert {bigrams(table).generate(length=5, temperature=0, seed=seed) for seed in range(5)} == {"ababa"}
    model = random_model(layers=2)
    text = model.generate("the", length=30, temperature=0)
    ids = model.vocabulary.encode(list("\n" + text))
    with torch.no_grad():
        logits, _ = model.model(torch.from_numpy(ids.astype(np.int64))[None])
    logits[..., :2] = -math.inf  # <pad> and <unk>
    assert logits.argmax(-1)[0, 3:-1].tolist() == ids[4:].tolist()


def test_special_tokens_are_never_written(bigrams):
    for temperature in (0, 0.5, 1, 100):
        text = bigrams(MOSTLY_UNKNOWN).generate(length=200, temperature=temperature)
        assert len(text) == 200
        assert set(text) <= set("ab\n")
    table = {token: {"<unk>": 0.98, "<pad>": 0.01, "x": 0.01} for token in ["<eos>", "x", "<unk>"]}
    assert bigrams(table, unit="word").generate("<unk>", length=2, temperature=0) == "<unk> x x"


def test_top_k_and_top_p_leave_tokens_out(bigrams):
    table = {token: {"a": 0.5, "b": 0.3, "c": 0.2} for token in "\nabc"}
    assert set(bigrams(table).generate(length=300)) == set("abc")
    assert set(bigrams(table).generate(length=300, top_k=2)) == set("ab")
    assert set(bigrams(table).generate(length=300, top_p=0.4)) == set("a")
    assert set(bigrams(table).generate(length=300, top_k=2, top_p=0.7)) == set("ab")  # of what top_k leaves
    assert set(bigrams(table).generate(length=300, top_k=2, top_p=0.6)) == set("a")


def test_the_same_seed_gives_the_same_text(bigrams):
    model = bigrams(COIN)
    assert model.generate(length=100, seed=7) == model.generate(length=100, seed=7)
    assert model.generate(length=100, seed=7) != model.generate(length=100, seed=8)
    assert model.generate(length=100) == model.generate(length=100, seed=1)


def test_no_seed_is_another_one_each_time(bigrams):
    assert len({bigrams(COIN).generate(length=100, seed=None) for _ in range(5)}) == 5


def test_a_text_leaves_the_global_generators_alone(bigrams):
    model = bigrams(COIN)
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002  # that is the global one
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    model.generate(length=20, seed=None)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()  # noqa: NPY002


def test_samples_differ_and_do_not_depend_on_their_number(bigrams):
    model = bigrams(COIN)
    four = model.generate(length=60, samples=4, seed=3)
    assert len(set(four)) == 4
    assert model.generate(length=60, samples=2, seed=3) == four[:2]
    assert model.generate(length=60, seed=3) == four[0]


def test_stop_strings(bigrams):
    model = bigrams(ABC)
    assert model.generate(stop="\n") == "abc"
    assert model.generate(stop=["c\na", "zzz"]) == "ab"
    assert model.generate("abc\n", stop="\n") == "abc\nabc"  # those of the prompt do not count
    assert bigrams(WORDS, unit="word").generate(stop="be or") == "to "
    assert bigrams(WORDS, unit="word").generate(stop="\n") == "to be or"


def test_a_stream_is_the_text_piece_by_piece(bigrams, random_model):
    model = random_model(cell="gru")
    pieces = list(model.stream("a fox", length=50, temperature=2.0, seed=4))
    assert pieces[0] == "a fox"
    assert len(pieces) == 51
    assert "".join(pieces) == model.generate("a fox", length=50, temperature=2.0, seed=4)
    assert list(bigrams(ABC).stream(stop="c\na")) == ["a", "b"]  # "c" and "\n" were held back


def test_a_stream_writes_no_more_than_is_asked_for(bigrams):
    stream = bigrams(ABC).stream(length=10**9)
    assert [next(stream) for _ in range(4)] == ["a", "b", "c", "\n"]


def test_mistakes_come_up_when_a_stream_is_made_and_not_later(bigrams):
    with pytest.raises(ValueError, match="temperature must be"):
        bigrams(ABC).stream(temperature=-1)
    with pytest.raises(ValueError, match="only characters that the model has seen, got 'x'"):
        bigrams(ABC).stream("axb")


def test_unknown_characters_of_a_prompt(bigrams):
    model = bigrams(ABC)
    with pytest.raises(ValueError, match=r"prompt must have only characters that the model has seen, got 'X', 'é'"):
        model.generate("aXé")
    assert model.generate("aXbé", length=2, unknown="skip") == "abc\n"
    assert model.generate("XYZ", length=2, unknown="skip") == "ab"
    words = bigrams(WORDS, unit="word")
    with pytest.raises(ValueError, match="only words that the model has seen, got 'not'"):
        words.generate("or not")
    assert words.generate("or not\nto", length=1, unknown="skip") == "or\nto be"


def test_a_long_prompt_and_a_long_text_take_linear_time(random_model):
    model = random_model()

    def seconds(length):
        start = time.perf_counter()
        model.generate(length=length)
        return time.perf_counter() - start

    seconds(100)
    assert min(seconds(4000) for _ in range(3)) < 8 * min(seconds(1000) for _ in range(3))


def test_documents_begin_and_end_with_tokens_of_their_own(bigrams):
    table = {"<bos>": {"a": 1}, "a": {"b": 1}, "b": {"\n": 1}, "\n": {"<eos>": 1}}
    model = bigrams(table, specials=("<pad>", "<unk>", "<bos>", "<eos>"))
    assert model.generate(length=50) == "ab\n"
    table = {"<bos>": {"<bos>": 0.9, "a": 0.1}, "a": {"b": 1}, "b": {"<eos>": 1}}
    model = bigrams(table, specials=("<pad>", "<unk>", "<bos>", "<eos>"))
    assert model.generate(length=50, samples=2) == ["ab", "ab"]


def test_documents_are_scored_one_by_one_with_their_ends(bigrams, tmp_path):
    table = {"<bos>": {"a": 0.5, "b": 0.5}, "a": {"b": 1}, "b": {"<eos>": 0.25, "a": 0.75}, "<unk>": {"b": 1}}
    model = bigrams(table, specials=("<pad>", "<unk>", "<bos>", "<eos>"))
    (tmp_path / "names.txt").write_text("ab\n\nbab\n")
    score = model.score(tmp_path / "names.txt")
    nats = -(math.log(0.5) + math.log(0.25)) * 2 - math.log(0.75)
    assert score.tokens == 7  # a b <eos>, b a b <eos>
    assert score.nats == pytest.approx(nats / 7, rel=1e-6)
    assert score.characters == 7
    assert score.bits_per_character == pytest.approx(nats / math.log(2) / 7, rel=1e-6)
    assert score.words == 4  # two names and their ends
    assert model.score(["ab", "bab"]) == score
    assert model.score("ab").nats == pytest.approx(-(math.log(0.5) + math.log(0.25)) / 3, rel=1e-6)
    table["<bos>"]["<unk>"] = 0.5  # 0.5 of 1.5 now
    unknown = bigrams(table, specials=("<pad>", "<unk>", "<bos>", "<eos>")).score(["éb"])
    assert (unknown.unknown, unknown.characters, unknown.bytes) == (0.5, 3, 4)
    assert unknown.nats == pytest.approx((math.log(3) + math.log(4)) / 3, rel=1e-6)


@pytest.mark.parametrize("prompt", [3, None, ["The"], b"The"])
def test_a_prompt_is_a_text(bigrams, prompt):
    with pytest.raises(TypeError, match=f"prompt must be a str, got {type(prompt).__name__}; pass one text"):
        bigrams({"\n": {"a": 1}, "a": {"\n": 1}}).generate(prompt)


def test_a_model_without_line_ends_needs_a_prompt(bigrams):
    model = bigrams({"a": {"b": 1}, "b": {"a": 1}})
    assert model.generate("a", length=2) == "aba"
    with pytest.raises(ValueError, match="prompt must not be empty for a model without a line end"):
        model.generate()


def test_weights_that_are_no_numbers(random_model):
    model = random_model()
    with torch.no_grad():
        model.model.output_bias.fill_(math.nan)
    with pytest.raises(FloatingPointError, match="train it again"):
        model.generate()


def test_what_does_not_fit_together_is_refused():
    vocabulary = Vocabulary.from_counts({"a": 1}, specials=["<pad>", "<unk>"])
    model = RnnLanguageModel(RnnLanguageModelConfig(), 4)
    with pytest.raises(ValueError, match="vocabulary must have the 4 tokens of the model, got 3"):
        LanguageModel(model, vocabulary, unit="char")
    model = RnnLanguageModel(RnnLanguageModelConfig(), 3)
    with pytest.raises(ValueError, match="unit must be one of char, word, subword, got 'byte'"):
        LanguageModel(model, vocabulary, unit="byte")
    with pytest.raises(ValueError, match="tokenizer must be None for characters, got 'word'"):
        LanguageModel(model, vocabulary, unit="char", tokenizer="word")
    vocabulary = Vocabulary(["<pad>", "<unk>", "<eos>"], [0, 0, 0], specials=["<pad>", "<unk>", "<eos>"])
    with pytest.raises(ValueError, match="tokenizer must be"):
        LanguageModel(model, vocabulary, unit="word", tokenizer="magic")


@pytest.mark.parametrize(
    ("unit", "specials", "message"),
    [
        ("char", ["<unk>"], r"the specials <pad>, <unk> for unit 'char', missing <pad>; make it with .*from_counts"),
        ("word", ["<pad>", "<unk>"], r"missing <eos>; make it with .*specials=\['<pad>', '<unk>', '<eos>'\]\)"),
        ("char", ["<pad>", "<unk>", "<bos>"], "vocabulary must have <eos> with <bos>, got no <eos>"),
    ],
)
def test_a_vocabulary_that_cannot_be_scored_is_refused(unit, specials, message):
    vocabulary = Vocabulary.from_counts({"a": 1, "b": 1}, specials=specials)
    with pytest.raises(ValueError, match=message):
        cut(vocabulary, unit)


def test_a_score_is_that_of_the_table(bigrams):
    table = {"\n": {"a": 1}, "a": {"a": 0.25, "b": 0.75}, "b": {"\n": 0.5, "a": 0.5}}
    model = bigrams(table)
    nats = -(math.log(0.75) + math.log(0.5) + 0 + math.log(0.25)) / 4  # a b, b \n, \n a, a a
    score = model.score("ab\naa")
    assert isinstance(score, LanguageModelScore)
    assert (score.tokens, score.characters, score.bytes, score.unknown) == (4, 5, 5, 0)
    assert score.nats == pytest.approx(nats, rel=1e-6)
    assert score.perplexity == pytest.approx(math.exp(nats), rel=1e-6)
    assert score.bits_per_character == pytest.approx(nats / math.log(2), rel=1e-6)
    assert score.bits_per_byte == score.bits_per_character


def test_a_corpus_is_scored_with_its_line_ends(bigrams, tmp_path):
    model = bigrams(ABC | {"c": {"\n": 0.5, "c": 0.5}})
    path = tmp_path / "held-out.txt"
    path.write_text("abc\nabc\n")
    expected = model.score("abc\nabc\n")
    assert expected.nats == pytest.approx(2 * math.log(2) / 7, rel=1e-6)
    assert model.score(path) == model.score(["abc", "abc"]) == expected


def test_words_are_scored_per_token_and_per_character(bigrams):
    model = bigrams(WORDS | {"or": {"<eos>": 0.5, "to": 0.5}}, unit="word")
    score = model.score("to be or\nto be or\n")
    assert score.tokens == 7
    assert score.nats == pytest.approx(2 * math.log(2) / 7, rel=1e-6)
    # 2 bits / 7 tokens, 8 tokens for 18 characters
    assert score.bits_per_character == pytest.approx(2 / 7 * 8 / 18, rel=1e-6)


def test_unknown_tokens_are_counted_in_a_score(bigrams):
    table = {"\n": {"a": 1}, "a": {"<unk>": 0.5, "a": 0.5}, "<unk>": {"a": 1}}
    score = bigrams(table).score("aéaé")
    assert score.unknown == 0.5
    assert (score.characters, score.bytes) == (4, 6)
    assert score.nats == pytest.approx(2 * math.log(2) / 3, rel=1e-6)
    assert score.bits_per_byte == pytest.approx(score.bits_per_character * 4 / 6)


def test_texts_that_cannot_be_scored(bigrams, tmp_path, monkeypatch):
    model = bigrams(ABC)
    for short in ("", "a"):
        with pytest.raises(ValueError, match=f"at least 2 tokens, got {len(short)}; pass a longer text"):
            model.score(short)
    monkeypatch.chdir(tmp_path)
    Path("held-out.txt").write_text("abc\n")
    with pytest.raises(ValueError, match=r"the name of a file, 'held-out\.txt'; pass Path\('held-out\.txt'\)"):
        model.score("held-out.txt")
    with pytest.raises(TypeError, match="source must be"):
        model.score(5)
    with pytest.raises(FileNotFoundError):
        model.score(Path("none.txt"))


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"cell": "gru", "layers": 2},
        {"tied": True, "dim": 16},
        {"cutoffs": (6, 20)},
        {"cutoffs": (6, 20), "tied": True},
        {"weight_dropout": 0.5},
    ],
    ids=str,
)
def test_what_is_saved_is_loaded(config, random_model, tmp_path):
    model = random_model(**config)
    model.save(tmp_path / "model")
    state = torch.get_rng_state()
    loaded = LanguageModel.load(tmp_path / "model")
    assert torch.equal(state, torch.get_rng_state())  # nothing is drawn
    assert loaded.model.config == model.model.config
    assert loaded.vocabulary == model.vocabulary
    assert (loaded.unit, loaded.tokenizer) == ("char", None)
    for name, weight in model.model.state_dict().items():
        assert torch.equal(weight, loaded.model.state_dict()[name])
        assert loaded.model.state_dict()[name].device.type == "cpu"
    assert loaded.generate("a fox", length=40) == model.generate("a fox", length=40)
    assert loaded.score("the quick brown fox") == model.score("the quick brown fox")
    assert all(weight.requires_grad for weight in loaded.model.parameters())  # it may be trained further


def test_the_tokenizer_is_saved_by_its_name(bigrams, tmp_path):
    plain = bigrams(WORDS, unit="word")
    model = LanguageModel(plain.model, plain.vocabulary, unit="word", tokenizer="word-lower")
    model.save(tmp_path / "model")
    assert LanguageModel.load(tmp_path / "model").generate("TO", length=1) == "TO be"
    nameless = LanguageModel(plain.model, plain.vocabulary, unit="word", tokenizer=lambda text: text.split("_"))
    nameless.save(tmp_path / "nameless")
    with pytest.raises(ValueError, match=r"tokenizer must be passed for .*nameless'"):
        LanguageModel.load(tmp_path / "nameless")
    again = LanguageModel.load(tmp_path / "nameless", tokenizer=lambda text: text.split("_"))
    assert again.generate("to", length=1) == nameless.generate("to", length=1)


def test_a_function_that_the_folder_names_is_not_imported(bigrams, tmp_path, monkeypatch):
    bigrams(WORDS, unit="word").save(tmp_path / "model")
    file = tmp_path / "model" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_bytes()), "tokenizer": "module_of_another:split"}))
    (tmp_path / "module_of_another.py").write_text("def split(text):\n    return text.split('_')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=r"got 'module_of_another:split' in the config of .*; pass the function"):
        LanguageModel.load(tmp_path / "model")
    assert "module_of_another" not in sys.modules
    assert LanguageModel.load(tmp_path / "model", trust_tokenizer=True).generate("or_to", length=1) == "or_to be"
    del sys.modules["module_of_another"]


def test_the_tokenizer_of_a_spacy_pipeline_is_saved_with_it(bigrams, tmp_path):
    model = bigrams({"<eos>": {"to": 1}, "to": {"be": 1}, "be": {"<eos>": 1}}, unit="word")
    nlp = spacy.blank("en")
    LanguageModel(model.model, model.vocabulary, unit="word", tokenizer=nlp).save(tmp_path / "model")
    found = LanguageModel.load(tmp_path / "model")
    assert found.tokenizer == get_tokenizer(nlp)
    assert found.generate("to", length=1) == "to be"


def test_a_model_of_characters_has_no_tokenizer_to_pass(random_model, tmp_path):
    random_model().save(tmp_path / "model")
    with pytest.raises(ValueError, match="tokenizer must be None for a model of characters"):
        LanguageModel.load(tmp_path / "model", tokenizer="word")


def test_weights_that_do_not_fit_the_config(random_model, tmp_path):
    from textkit.models.storage import read_folder, write_folder

    folder = tmp_path / "model"
    random_model().save(folder)
    stored = read_folder(folder, kind="language-model")
    whole = {name: stored.config[name] for name in ("unit", "tokenizer", "model")}
    for changed in (
        {"model": {**whole["model"], "hidden": 10**9}},  # no memory is taken for it
        {"model": {**whole["model"], "hidden": "16"}},
        {"model": {**whole["model"], "cell": "transformer"}},
        {"model": {**whole["model"], "wings": 2}},
        {"model": None},
        {"unit": "byte"},
        {"tokenizer": "magic"},
    ):
        write_folder(
            folder,
            kind="language-model",
            config={**whole, **changed},
            vocabulary=stored.vocabulary,
            weights=stored.weights,
        )
        with pytest.raises(ValueError, match=r"model must hold a language model whose config\.json fits"):
            LanguageModel.load(folder)


def test_weights_of_another_model_are_noticed(random_model, tmp_path):
    folder = tmp_path / "model"
    random_model().save(folder)
    weights = load_file(folder / "weights.safetensors")
    save_file(weights | {"more": np.zeros(1, np.float32)}, folder / "weights.safetensors")
    with pytest.raises(ValueError, match=r"weights\.safetensors must have \d+ bytes, got \d+; it is truncated"):
        LanguageModel.load(folder)


def test_the_repr_says_what_it_is(bigrams):
    assert repr(cut(Vocabulary.from_counts({"a": 1}, specials=["<pad>", "<unk>"]), dim=2, hidden=3)) == (
        "LanguageModel(char, 3 tokens, lstm of 1 x 3, 102 weights)"  # 6 + 12 * (2 + 3 + 2) + 3 * 3 + 3
    )


@pytest.mark.parametrize("batch_size", [0, 1.5, True])
@pytest.mark.parametrize("specials", [("<pad>", "<unk>"), ("<pad>", "<unk>", "<bos>", "<eos>")])
def test_the_size_of_a_batch_is_checked_for_every_model(bigrams, specials, batch_size):
    begin = {"<bos>": {"a": 1}} if "<bos>" in specials else {}
    model = bigrams({**begin, "a": {"a": 1}, "\n": {"a": 1}}, specials=specials)
    with pytest.raises(ValueError, match=r"batch_size must be an integer of at least 1 stream, got"):
        model.score(["a a"], batch_size=batch_size)
