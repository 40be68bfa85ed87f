import numpy as np
import pytest
import torch

from textkit.batches.bptt import BpttBatches
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.state import CarriedState, LanguageModelState
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.training.loop import train as train_loop
from textkit.training.optimizers import optimizer_for

CONFIG = RnnLanguageModelConfig(dim=8, hidden=16)
SETTINGS = LanguageModelSettings(batch_size=4, window=16, epochs=2, learning_rate=0.004, warmup=0)
TEXTS = [f"the {n % 9} boats and the {n % 7} ships went out to sea" for n in range(40)]
pytestmark = pytest.mark.usefixtures("one_thread")


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
    for _ in train_loop(state.carried, batches, state.optimizer, epochs=1):
        pass
    # as autocast leaves it, on processors that have an LSTM in bfloat16
    state.carried.state = [tuple(part.bfloat16() for part in layer) for layer in state.carried.state]
    before = [part.clone() for part in state.carried.state[0]]
    arrays = {name: array.copy() for name, array in state.arrays().items()}
    state.carried.state = None
    state.restore(arrays)
    assert all(torch.equal(part.float(), old.float()) for part, old in zip(state.carried.state[0], before, strict=True))
