import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from textkit.data.catalog import corpora_folder
from textkit.language_model import defaults
from textkit.language_model.defaults import default_config
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.loading import load
from textkit.models.rnn_language_model import PLAIN
from textkit.text.encoding import encode_corpus
from textkit.text.id_stream import SPECIALS_OF
from textkit.training.checkpoint import load_checkpoint

CONFIG = replace(PLAIN, dim=8, hidden=16)
SETTINGS = LanguageModelSettings(batch_size=4, window=16, epochs=2, min_count=1)
TEXTS = [f"the {n % 9} boats and the {n % 7} ships went out to sea" for n in range(40)]
pytestmark = pytest.mark.usefixtures("one_thread")


def train(corpus=TEXTS, config=CONFIG, settings=SETTINGS, **options):
    return train_language_model(corpus, **{"config": config, "settings": settings, "progress": False, **options})


def weights(model):
    return {name: weight.clone() for name, weight in model.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def test_a_text_that_repeats_is_learned():
    reports, scores = [], []
    settings = replace(SETTINGS, epochs=12, learning_rate=0.02)
    model = train(["abcde" * 199 + "abcd"], settings=settings, valid=0.1, on_epoch=reports.append, on_end=scores.append)
    assert reports[0].valid_loss > 0.5
    assert reports[-1].loss < 0.05
    assert reports[-1].valid_loss < 0.2  # there, the line end comes as a surprise
    assert model.generate("abc", length=12, temperature=0) == "abcdeabcdeabcde"
    assert scores[0].tokens == 99  # the last 100 of 1000 characters, but the first of them


@pytest.mark.parametrize("unit", ["char", "word"])
def test_an_encoded_corpus_gives_what_its_text_gives(unit):
    options = {"tokenizer": "character", "line_end": "\n"} if unit == "char" else {"line_end": "<eos>"}
    options["unknown"] = "keep"
    corpus = encode_corpus(TEXTS, specials=SPECIALS_OF[unit], **options)
    valid = encode_corpus(TEXTS[:5], vocabulary=corpus.vocabulary, **options)
    expected_scores, scores = [], []
    expected = train(unit=unit, valid=TEXTS[:5], on_end=expected_scores.append)
    model = train(corpus, unit=unit, valid=valid, on_end=scores.append)
    assert model.vocabulary == expected.vocabulary
    assert same(weights(model.model), weights(expected.model))
    assert scores == expected_scores
    assert model.score(corpus) == model.score(TEXTS)
    train(corpus, unit=unit, valid=0.2, on_end=scores.append)
    assert scores[-1].tokens == math.ceil(0.2 * len(corpus.ids)) - 1


def test_separate_documents_are_no_encoded_corpus():
    corpus = encode_corpus(TEXTS, specials=SPECIALS_OF["word"], line_end="<eos>")
    for texts, valid, name in ((corpus, None, "corpus"), (TEXTS, corpus, "valid")):
        with pytest.raises(TypeError, match=f"{name} must be texts with settings.documents, got an EncodedCorpus"):
            train(texts, unit="word", valid=valid, settings=replace(SETTINGS, documents=True))


def test_an_encoded_corpus_has_been_read():
    corpus = encode_corpus(TEXTS, specials=SPECIALS_OF["word"], line_end="<eos>")
    with pytest.raises(ValueError, match="column must be left out for an EncodedCorpus, got 'text'"):
        train(corpus, unit="word", column="text")


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn_tanh"])
def test_the_same_steps_as_a_plain_loop(cell):
    """An independent oracle: torch's own layers, trained by hand."""
    text = "".join(TEXTS)[:1199]  # and a line end: four streams of 300
    settings = LanguageModelSettings(
        batch_size=4,
        window=16,
        epochs=2,
        optimizer="sgd",
        learning_rate=1.0,
        weight_decay=0.0,
        clip_norm=0.25,
        schedule="constant",
        state_reset=0.0,
    )
    reports = []
    config = replace(CONFIG, cell=cell)
    found = train([text], config, settings, on_epoch=reports.append).model
    start = train([text], config, replace(settings, epochs=1, learning_rate=1e-30))  # nothing moves

    kind = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn_tanh": nn.RNN}[cell]
    embedding = nn.Embedding(len(start.vocabulary), 8)
    layer, output = kind(8, 16, batch_first=True), nn.Linear(16, len(start.vocabulary))
    ours = weights(start.model)
    names = {
        "embedding": embedding.weight,
        "layers.0.weight_ih": layer.weight_ih_l0,
        "layers.0.weight_hh": layer.weight_hh_l0,
        "layers.0.bias_ih": layer.bias_ih_l0,
        "layers.0.bias_hh": layer.bias_hh_l0,
        "output_weight": output.weight,
        "output_bias": output.bias,
    }
    assert names.keys() == ours.keys()
    for name, weight in names.items():
        weight.data.copy_(ours[name])
    optimizer = torch.optim.SGD(names.values(), lr=1.0)
    ids = torch.tensor([start.vocabulary[character] for character in text + "\n"]).view(4, 300)
    for epoch in range(2):
        state, total = None, 0.0
        for begin in range(0, 299, 16):
            end = min(begin + 16, 299)
            hidden, state = layer(embedding(ids[:, begin:end]), state)
            state = tuple(part.detach() for part in state) if cell == "lstm" else state.detach()
            loss = nn.functional.cross_entropy(output(hidden).flatten(0, 1), ids[:, begin + 1 : end + 1].flatten())
            total += loss.item() * 4 * (end - begin)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(list(names.values()), 0.25)
            optimizer.step()
        assert reports[epoch].loss == pytest.approx(total / (4 * 299), rel=1e-5)
    for name, weight in names.items():
        torch.testing.assert_close(found.state_dict()[name], weight.data, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cutoffs", [(), (5, 9)])
def test_a_new_model_predicts_words_by_their_frequencies(cutoffs):
    config = replace(CONFIG, tied=True, dim=16, cutoffs=cutoffs)
    model = train(config=config, settings=replace(SETTINGS, epochs=1, learning_rate=1e-30), unit="word")
    found = model.model.log_probabilities(torch.zeros(16)).exp()
    counts = torch.tensor(model.vocabulary.counts)
    # <pad> never occurs, and every other count is at least 4: adding one to each changes little.
    torch.testing.assert_close(found, counts / counts.sum(), rtol=0.2, atol=0.003)


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not():
    config = replace(CONFIG, output_dropout=0.2, weight_dropout=0.2)
    torch.manual_seed(1)
    first = weights(train(config=config).model)
    torch.manual_seed(2)
    assert same(first, weights(train(config=config).model))
    other = weights(train(config=config, seed=2).model)
    assert not any(torch.equal(other[name], first[name]) for name in first)


def test_what_is_held_out_is_the_end_and_no_word_of_it_is_known():
    scores = []
    texts = ["one two three one two three"] * 18 + ["once", "one four two", "three five"]
    settings = replace(SETTINGS, window=8, min_count=2)
    model = train(texts, settings=settings, unit="word", valid=0.05, on_end=scores.append)
    assert set(model.vocabulary) == {"<pad>", "<unk>", "<eos>", "one", "two", "three"}
    assert scores[0].tokens == 6
    assert scores[0].unknown == 2 / 7


def test_the_exact_score_is_that_of_the_returned_model():
    scores, reports = [], []
    held_out = TEXTS[:5]
    model = train(valid=held_out, on_end=scores.append, on_epoch=reports.append)
    assert model.score(held_out) == scores[0]
    assert scores[0].nats == pytest.approx(min(report.valid_loss for report in reports), rel=1e-9)
    assert not model.model.training


def test_long_held_out_text_is_read_in_parts_between_epochs():
    scores, reports = [], []
    train(valid=TEXTS * 5, on_end=scores.append, on_epoch=reports.append)
    assert scores[0].nats != reports[-1].valid_loss
    assert scores[0].nats == pytest.approx(reports[-1].valid_loss, rel=0.01)


def test_documents_stand_alone():
    names = ["anna", "bert", "carl"] * 20
    settings = replace(SETTINGS, window=8, epochs=30, learning_rate=0.03, documents=True)
    scores = []
    model = train(names, settings=settings, valid=["anna", "carl"], on_end=scores.append)
    assert model.vocabulary.specials == ("<pad>", "<unk>", "<bos>", "<eos>")
    assert {model.generate(length=20, temperature=0.1, seed=seed) for seed in range(20)} <= {"anna", "bert", "carl"}
    # each name is one of three, and then certain: ln 3 for 5 predictions
    assert scores[0].nats == pytest.approx(math.log(3) / 5, rel=0.15)
    assert (scores[0].tokens, scores[0].characters, scores[0].unknown) == (10, 10, 0)
    texts = [["a", "b"], [], ["b"]]
    words = train(texts * 9, settings=settings, unit="word", valid=texts, on_end=scores.append)
    assert len(words.vocabulary) == 6
    assert (scores[1].tokens, scores[1].characters) == (5, 6)  # "a b" and "b", with their ends


def test_unknown_tokens_of_documents_have_the_size_that_they_have_in_the_text():
    settings = replace(SETTINGS, documents=True, min_count=2)
    scores = []
    words = [["a", "b"], ["b", "a"], ["once"]]
    train(words * 5 + [["rare"]], settings=settings, unit="word", valid=[["élan", "a"]], on_end=scores.append)
    score = scores[0]
    assert (score.tokens, score.unknown, score.characters, score.bytes) == (3, 0.5, 7, 8)


def test_documents_to_hold_out_are_chosen_by_chance():
    documents = replace(SETTINGS, documents=True)
    scores = []
    train(["aa"] * 50 + ["bb"] * 50, settings=documents, valid=0.2, on_end=scores.append)
    assert (scores[0].tokens, scores[0].unknown) == (60, 0)  # the end alone would be unknown


def test_words_of_a_table_and_rare_words():
    settings = replace(SETTINGS, window=8, min_count=3)
    model = train(corpora_folder() / "quatrains.txt", settings=settings, unit="word", tokenizer="word-lower")
    assert (model.vocabulary.counts[3:] >= 3).all()
    table = train(corpora_folder() / "names.csv", settings=SETTINGS, column="name")
    assert "\n" in table.vocabulary
    assert len(train(settings=replace(SETTINGS, max_vocab=6)).vocabulary) == 6


def test_a_tokenizer_that_must_be_passed_again_is_known_before_training():
    def stop(report):
        raise AssertionError("it was trained")

    with pytest.warns(UserWarning, match="to load the saved model, pass it again"), pytest.raises(AssertionError):
        train(["a_b c_d"] * 20, unit="word", tokenizer=lambda text: text.split("_"), on_epoch=stop)


@pytest.mark.parametrize("averaging", [False, True])
def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_state(tmp_path, averaging):
    checkpoint = tmp_path / "state"
    settings = replace(SETTINGS, optimizer="sgd", learning_rate=1e30, schedule="constant", clip_norm=None, warmup=200)
    settings = replace(settings, averaging=averaging)
    with pytest.raises(FloatingPointError) as caught:
        train(settings=settings, valid=0.2, checkpoint=checkpoint, checkpoint_seconds=0)
    message = str(caught.value)
    assert "became" in message or "finite" in message
    assert "start again with learning_rate=10 or clip_norm=1.0" in message
    assert f"{str(checkpoint)!r} keeps the last good state" in message
    arrays, _ = load_checkpoint(checkpoint)
    assert all(np.isfinite(array).all() for name, array in arrays.items() if name.startswith("weights"))
    with pytest.raises(FloatingPointError, match=r"start again with learning_rate=10$"):
        train(settings=replace(settings, warmup=0, clip_norm=1e30), valid=0.2)


def test_weights_that_are_not_finite_are_no_result():
    settings = replace(SETTINGS, epochs=1, optimizer="sgd", learning_rate=1e300, schedule="constant", clip_norm=None)
    with pytest.raises(FloatingPointError, match=r"weights must stay finite.*start again with learning_rate=10"):
        train(["x" * 33 + "y" * 34], settings=settings)  # a single step


def unread():
    raise AssertionError("the corpus was read")
    yield


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "byte"}, "unit must be one of char, word, subword, got 'byte'"),
        ({"seed": -1}, "seed must be an integer of at least 0"),
        ({"device": "abacus"}, "device must be 'auto', 'cpu', .*, got 'abacus'"),
        (
            {"settings": replace(SETTINGS, patience=2)},
            "patience must be None without valid, got 2; pass a validation text",
        ),
        ({"settings": replace(SETTINGS, averaging=True)}, "averaging must be False without valid, got True"),
        ({"settings": replace(SETTINGS, schedule="plateau")}, "schedule must not be 'plateau' without valid"),
        ({"valid": 1.0}, "valid must be a fraction above 0 and below 1, or a corpus, got 1.0"),
        ({"valid": 0}, "valid must be a fraction above 0 and below 1"),
        ({"valid": float("nan")}, "valid must be a fraction above 0 and below 1"),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_read(options, message):
    with pytest.raises(ValueError, match=message):
        train(unread(), **options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is such a device here")
@pytest.mark.parametrize("name", ["config", "settings"])
def test_options_in_a_dict_are_refused(name):
    with pytest.raises(TypeError, match=rf"{name} must be \w+, got dict; pass \w+\(\.\.\.\)"):
        train_language_model(["a text"], **{name: {"hidden": 3}})


def test_a_device_that_is_missing_is_named():
    with pytest.raises(ValueError, match="device must be one that works here, got 'cuda'"):
        train(unread(), device="cuda")


def test_a_folder_that_is_missing_is_found_before_anything_is_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder of checkpoint must exist"):
        train(unread(), checkpoint=tmp_path / "none" / "state")


@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize("unit", ["char", "word"])
def test_empty_corpora(unit, documents):
    settings = replace(SETTINGS, documents=documents)
    for empty in ([], [""], ["", ""]):
        with pytest.raises(ValueError, match="must have at least one token, got 0"):
            train(empty, settings=settings, unit=unit)
    with pytest.raises(ValueError, match=r"valid must be a corpus that can be read: .*at least one token"):
        train(settings=settings, unit=unit, valid=[])
    with pytest.raises(ValueError, match=r"no\.such\.file"):
        train("no.such.file", settings=settings, unit=unit)


def test_short_corpora():
    with pytest.raises(ValueError, match="corpus must be longer than a window of 16 tokens, got 16; use more text"):
        train(["fifteen letters"])
    with pytest.raises(ValueError, match="batch_size must be at most 8 streams for 17 tokens"):
        train(["sixteen letters!"], settings=replace(SETTINGS, batch_size=9))
    assert len(train(["sixteen letters!"]).vocabulary) == 13
    with pytest.raises(ValueError, match="valid must have at least 2 tokens, got 1"):
        train(["seventeen letters"], valid=0.05)
    with pytest.raises(ValueError, match=r"valid must leave at least one of 2 documents in each part, got 0\.1"):
        train(["one", "two"], settings=replace(SETTINGS, documents=True), valid=0.1)


def test_unknown_words_that_no_model_could_learn_are_refused():
    words = ["to be or not to be"] * 9
    settings = replace(SETTINGS, window=8)
    for documents in (False, True):
        kind = replace(settings, documents=documents)
        with pytest.raises(ValueError, match=r"valid must have mostly tokens of the training text, got .*min_count=2"):
            train(words, settings=kind, unit="word", valid=["to be and not to be"])
    scores = []
    train(
        [*words, "once"], settings=replace(settings, min_count=2), unit="word", valid=["to and"], on_end=scores.append
    )
    assert scores[0].unknown == 1 / 3


def test_progress_shows_losses_on_stderr(capsys):
    train(progress=True, valid=0.2)
    out, err = capsys.readouterr()
    assert out == ""
    first, *others = err.splitlines()
    assert first == "reading ..."
    assert len(others) == 3  # the start and two epochs
    assert "training: 100 % of 2.81k tokens, loss" in others[-1]
    assert ", valid " in others[-1]
    assert others[-1].endswith("epoch 2/2")
    train(valid=0.2)
    assert capsys.readouterr() == ("", "")


def test_another_thread_can_train():
    import threading

    found = []
    thread = threading.Thread(target=lambda: found.append(train()))
    thread.start()
    thread.join()
    assert same(weights(found[0].model), weights(train().model))


def test_defaults_suit_the_unit():
    text = ["the quick brown fox jumps over the lazy dog"] * 120
    short = {"progress": False, "valid": 0.2}
    char = train_language_model(text, **short, settings=replace(SETTINGS, epochs=1))
    word = train_language_model(text, unit="word", **short, settings=replace(SETTINGS, epochs=1))
    assert char.model.config != word.model.config
    assert word.model.config.tied


def test_many_words_get_an_adaptive_softmax_and_a_line_that_says_so(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(defaults, "LARGE_VOCABULARY", 90)
    monkeypatch.setattr(defaults, "_HEAD", 10)
    words = [f"{ten}{one}" for ten in "abcdefghij" for one in "klmnopqrst"]
    texts = [" ".join(words[: 10 + 9 * (line % 11)]) for line in range(44)]
    config = replace(default_config("word"), dim=12, hidden=12)
    scores = []
    options = {"unit": "word", "valid": 0.2, "config": config, "settings": replace(SETTINGS, epochs=1, window=8)}
    model = train(texts, progress=True, on_end=scores.append, **options)
    cutoffs = model.model.config.cutoffs
    assert len(cutoffs) == 3
    listed = ", ".join(map(str, cutoffs))
    assert f"103 words: adaptive softmax with the cutoffs {listed}\n" in capsys.readouterr().err
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.model.config == model.model.config
    text = texts[-9:]
    assert again.score(text) == model.score(text)
    assert again.generate("ak", length=9, seed=3) == model.generate("ak", length=9, seed=3)
    assert train(texts[:1] * 20, **options).model.config.cutoffs == ()
    assert capsys.readouterr().err == ""
