import numpy as np
import torch

from textkit.models.classifier_storage import load_weights, weight_arrays
from textkit.models.word_avg import WordAvg, WordAvgConfig


def test_only_learned_rows_of_a_table_are_kept():
    model = WordAvg(WordAvgConfig(dim=2, buckets=1 << 16), 3, 2)
    with torch.no_grad():
        model.ngram_embedding[[7, 9]] = torch.tensor([[1.0, 0.0], [0.0, -2.0]])
    arrays = weight_arrays(model)
    assert arrays["ngram_rows"].tolist() == [7, 9]
    assert arrays["ngram_embedding"].tolist() == [[1, 0], [0, -2]]
    again = WordAvg(model.config, 3, 2)
    load_weights(again, arrays)
    for name, weight in model.state_dict().items():
        np.testing.assert_array_equal(weight, again.state_dict()[name])
