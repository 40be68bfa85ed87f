import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from textkit.batches.bptt import BpttBatches
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.text.catalog import corpora_folder
from textkit.training.averaging import TriggeredAverage
from textkit.training.checkpoint import load_checkpoint
from textkit.training.language_model import train_language_model
from textkit.training.language_model_run import LanguageModelRun
from textkit.training.language_model_state import CarriedState, LanguageModelState
from textkit.training.loop import train as train_loop
from textkit.training.optimizers import optimizer_for
from textkit.training.schedules import Plateau, constant
from textkit.training.settings import LanguageModelSettings

CONFIG = RnnLanguageModelConfig(dim=8, hidden=16)
SETTINGS = LanguageModelSettings(batch_size=4, window=16, epochs=2)
TEXTS = [f"the {n % 9} boats and the {n % 7} ships went out to sea" for n in range(40)]


@pytest.fixture(autouse=True)
def one_thread():
    """Sums of small matrices are not made faster by more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not():
    config = replace(CONFIG, output_dropout=0.2, weight_dropout=0.2)
    torch.manual_seed(1)
    first = weights(train(config=config).model)
    torch.manual_seed(2)
    assert same(first, weights(train(config=config).model))
    other = weights(train(config=config, seed=2).model)
    assert not any(torch.equal(other[name], first[name]) for name in first)


def test_the_state_is_carried_detached_and_begun_anew():
    seen = []

    class Fake:
        def window_loss(self, batch, state):
            seen.append(None if state is None else state[0][0].item())
            after = torch.tensor(float(len(seen)), requires_grad=True)
            return len(seen), ((after * 1,),)

    carried = CarriedState(Fake())
    for batch in [*BpttBatches(np.arange(8), batch_size=1, window=3).epoch()] * 2:
        carried.loss(batch)
        assert not carried.state[0][0].requires_grad
    assert seen == [None, 1.0, 2.0, None, 4.0, 5.0]


def test_each_stream_is_forgotten_with_the_same_chance():
    seen = []

    class Fake:
        dropout_generator = torch.Generator().manual_seed(5)

        def window_loss(self, batch, state):
            if state is not None:
                h, c = state[0]
                assert torch.equal(h[:, 0] == 0, c[:, 0] == 0)  # both parts of a state, or none
                seen.append(h[:, 0].clone())
            return 0, ((torch.ones(40, 2), torch.ones(40, 3)),)

    carried = CarriedState(Fake(), reset=0.25)
    for batch in BpttBatches(np.arange(40 * 251), batch_size=40, window=1).epoch():
        carried.loss(batch)
    kept = torch.stack(seen)  # (windows, streams)
    assert set(kept.unique().tolist()) == {0.0, 1.0}
    assert kept.mean().item() == pytest.approx(0.75, abs=0.02)
    assert (kept.mean(0) - 0.75).abs().max() < 0.15


def test_a_state_in_a_shorter_format_is_saved_and_restored():
    model = RnnLanguageModel(CONFIG, 5, generator=torch.Generator().manual_seed(0))
    state = LanguageModelState(model, optimizer_for(model.parameters(), SETTINGS), None)
    batches = BpttBatches(np.arange(60) % 5, batch_size=2, window=9).epoch
    for _ in train_loop(state.carried, batches, state.optimizer, epochs=1, autocast=torch.bfloat16):
        assert state.carried.state[0][0].dtype == torch.bfloat16
    before = [part.clone() for part in state.carried.state[0]]
    arrays = {name: array.copy() for name, array in state.arrays().items()}
    state.carried.state = None
    state.restore(arrays)
    assert all(torch.equal(part.float(), old.float()) for part, old in zip(state.carried.state[0], before, strict=True))


class Scripted:
    """A run of one step for each epoch, with held-out losses that are known beforehand."""

    def __init__(self, losses, **settings):
        self.losses, self.validated, self.reports = list(losses), [], []
        settings = LanguageModelSettings(
            **{"optimizer": "sgd", "learning_rate": 0.5, "schedule": "constant", "epochs": len(losses), **settings}
        )
        self.model = RnnLanguageModel(CONFIG, 5, generator=torch.Generator().manual_seed(0))
        average = TriggeredAverage(self.model.parameters(), settings.non_monotone) if settings.averaging else None
        plateau = Plateau(0.5) if settings.schedule == "plateau" else None
        run = LanguageModelRun(
            LanguageModelState(self.model, optimizer_for(self.model.parameters(), settings), average),
            settings,
            BpttBatches(np.arange(20) % 5, batch_size=2, window=9).epoch,
            predictions=18,
            schedule=constant if plateau is None else plateau,
            plateau=plateau,
            validate=self.validate,
            identity={},
            checkpoint=None,
            resume=False,
            checkpoint_seconds=60,
            on_epoch=self.reports.append,
            progress=False,
        )
        run.run()

    def validate(self):
        self.validated.append(weights(self.model))
        return self.losses[len(self.validated) - 1]


def test_the_best_weights_are_returned():
    scripted = Scripted([3.0, 1.0, 2.0, 1.0])
    assert same(weights(scripted.model), scripted.validated[1])  # the first of equals
    assert not same(weights(scripted.model), scripted.validated[3])
    assert [report.valid_loss for report in scripted.reports] == [3.0, 1.0, 2.0, 1.0]
    assert [report.epoch for report in scripted.reports] == [1, 2, 3, 4]
    assert scripted.reports[1].valid_perplexity == math.e


def test_patience_ends_a_training():
    assert len(Scripted([3.0, 2.0, 2.5, 2.0, 1.0], patience=2).reports) == 4
    assert len(Scripted([3.0, 2.0, 2.5, 1.9, 2.0, 2.0, 0.0], patience=2).reports) == 6
    assert len(Scripted([3.0, 4.0, 1.0], patience=1).reports) == 2
    assert len(Scripted([3.0, 4.0, 5.0]).reports) == 3


def test_a_plateau_cuts_the_learning_rate_of_the_next_epoch():
    scripted = Scripted([3.0, 3.0, 2.0, 2.5, 2.5], schedule="plateau")
    assert [report.learning_rate for report in scripted.reports] == [0.5, 0.5, 0.25, 0.25, 0.125]
    before, plain = scripted.validated, Scripted([3.0, 2.0, 1.0]).validated
    moved = [(before[2][name] - before[1][name]).norm() / (plain[2][name] - plain[1][name]).norm() for name in plain[0]]
    assert moved == pytest.approx([0.5] * len(moved), rel=1e-3)


def test_a_schedule_with_a_warm_up_spans_all_steps():
    reports = []
    settings = replace(SETTINGS, epochs=6, schedule="linear", warmup=2, learning_rate=0.01)
    train(["x" * 33 + "y" * 34], settings=settings, on_epoch=reports.append)  # four streams of 17: one step each epoch
    assert [report.learning_rate for report in reports] == pytest.approx([0.005, 0.01, 0.01, 0.0075, 0.005, 0.0025])


def test_windows_may_be_random():
    fixed, random = [], []
    train(settings=replace(SETTINGS, epochs=1), on_epoch=fixed.append)
    train(settings=replace(SETTINGS, epochs=1, random_windows=True), on_epoch=random.append)
    assert fixed[0].loss != random[0].loss


def test_averages_are_validated_and_the_last_weights_trained():
    losses = [1.0, 2.0, 0.5, 0.25, 0.1]  # the second one begins the average
    plain = Scripted(losses).validated
    scripted = Scripted(losses, averaging=True, non_monotone=0)
    assert [report.averaged for report in scripted.reports] == [0, 0, 2, 3, 4]
    for last in range(5):
        first = last if last < 2 else 1
        for name, weight in scripted.validated[last].items():
            mean = torch.stack([raw[name] for raw in plain[first : last + 1]]).mean(0)
            torch.testing.assert_close(weight, mean)
    assert same(weights(scripted.model), scripted.validated[-1])  # averages are what is returned, too


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


@pytest.mark.parametrize("averaging", [False, True])
def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_state(tmp_path, averaging):
    checkpoint = tmp_path / "state"
    settings = replace(SETTINGS, optimizer="sgd", learning_rate=1e30, schedule="constant", clip_norm=None, warmup=200)
    settings = replace(settings, averaging=averaging)
    with pytest.raises(FloatingPointError) as caught:
        train(settings=settings, valid=0.2, checkpoint=checkpoint, checkpoint_seconds=0)
    message = str(caught.value)
    assert "became" in message or "finite" in message
    assert "start again with learning_rate=2.5e+29 or clip_norm=1.0" in message
    assert f"{str(checkpoint)!r} keeps the last good state" in message
    arrays, _ = load_checkpoint(checkpoint)
    assert all(np.isfinite(array).all() for name, array in arrays.items() if name.startswith("weights"))
    with pytest.raises(FloatingPointError, match=r"start again with learning_rate=2\.5e\+29$"):
        train(settings=replace(settings, warmup=0, clip_norm=1e30), valid=0.2)


def test_weights_that_are_not_finite_are_no_result():
    settings = replace(SETTINGS, epochs=1, optimizer="sgd", learning_rate=1e300, schedule="constant", clip_norm=None)
    with pytest.raises(
        FloatingPointError, match=r"weights must stay finite.*start again with learning_rate=2\.5e\+299"
    ):
        train(["x" * 33 + "y" * 34], settings=settings)  # a single step


def unread():
    raise AssertionError("the corpus was read")
    yield


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "byte"}, "unit must be 'char' or 'word', got 'byte'"),
        ({"seed": -1}, "seed must be an integer of at least 0"),
        ({"device": "abacus"}, "device must be one that works here, got 'abacus'.*take 'cpu'"),
        ({"settings": replace(SETTINGS, patience=2)}, "patience must be None without valid, got 2; give held-out text"),
        ({"settings": replace(SETTINGS, averaging=True)}, "averaging must be False without valid, got True"),
        ({"settings": replace(SETTINGS, schedule="plateau")}, "schedule must not be 'plateau' without valid"),
        ({"settings": replace(SETTINGS, precision="bfloat16")}, "precision must be 'float32' on a CPU"),
        ({"valid": 1.0}, "valid must be a share above 0 and below 1, or a corpus, got 1.0"),
        ({"valid": 0}, "valid must be a share above 0 and below 1"),
        ({"valid": float("nan")}, "valid must be a share above 0 and below 1"),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_read(options, message):
    with pytest.raises(ValueError, match=message):
        train(unread(), **options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is such a device here")
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
        with pytest.raises(ValueError, match="must hold at least one token, got none"):
            train(empty, settings=settings, unit=unit)
    with pytest.raises(ValueError, match=r"valid must be a corpus that can be read: .*at least one token"):
        train(settings=settings, unit=unit, valid=[])
    with pytest.raises(ValueError, match=r"no\.such\.file"):
        train("no.such.file", settings=settings, unit=unit)


def test_short_corpora():
    with pytest.raises(ValueError, match="corpus must be longer than a window of 16 tokens, got 16; take more text"):
        train(["fifteen letters"])
    with pytest.raises(ValueError, match="batch_size must be at most 8 streams for 17 tokens"):
        train(["sixteen letters!"], settings=replace(SETTINGS, batch_size=9))
    assert len(train(["sixteen letters!"]).vocabulary) == 13
    with pytest.raises(ValueError, match="valid must have at least 2 tokens, got 1"):
        train(["seventeen letters"], valid=0.05)
    with pytest.raises(ValueError, match=r"valid must leave both parts a document of 2, got 0\.1"):
        train(["one", "two"], settings=replace(SETTINGS, documents=True), valid=0.1)


def test_unknown_words_that_no_model_could_learn_are_refused():
    words = ["to be or not to be"] * 9
    settings = replace(SETTINGS, window=8)
    for documents in (False, True):
        kind = replace(settings, documents=documents)
        with pytest.raises(ValueError, match=r"valid must have tokens that the training text has, got .*min_count=2"):
            train(words, settings=kind, unit="word", valid=["to be and not to be"])
    scores = []
    train(
        [*words, "once"], settings=replace(settings, min_count=2), unit="word", valid=["to and"], on_end=scores.append
    )
    assert scores[0].unknown == 1 / 3


def test_progress_shows_speed_losses_and_perplexity_on_stderr(capsys):
    train(progress=True, valid=0.2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "language model: 100%" in err
    assert "tokens/s" in err
    assert "epoch 2/2, loss" in err
    assert "held-out" in err
    assert "perplexity" in err
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
