import pytest
import torch

from textkit.models.export_scan import scan_layer
from textkit.models.layers import RecurrentLayer


@pytest.mark.parametrize("time", [1, 7])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_loop_gives_what_the_layer_gives(cell, time):
    generator = torch.Generator().manual_seed(1)
    layer = RecurrentLayer(cell, 3, 5, generator=generator).double()
    with torch.no_grad():
        for bias in (layer.bias_ih, layer.bias_hh):
            bias.uniform_(-1, 1, generator=generator)
        sequence = torch.randn(2, time, 3, generator=generator, dtype=torch.float64)
        torch.testing.assert_close(scan_layer(layer, sequence), layer(sequence)[0])


def test_other_cells_are_refused():
    with pytest.raises(ValueError, match="layer must have the cell lstm or gru, got 'rnn_tanh'"):
        scan_layer(RecurrentLayer("rnn_tanh", 3, 5), torch.zeros(1, 2, 3))
