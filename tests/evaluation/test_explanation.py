import numpy as np
import pytest
import torch

from textkit.display.terminal import columns_of
from textkit.evaluation.explanation import Explanation, explain
from textkit.models.cnn import Cnn, CnnConfig
from textkit.models.rnn_classifier import RnnClassifier, RnnClassifierConfig
from textkit.models.word_avg import WordAvg, WordAvgConfig, ngram_ids

VOCAB, CLASSES = 20, 3


def word_avg(ngrams=3, **options):
    generator = torch.Generator().manual_seed(1)
    config = WordAvgConfig(**{"dim": 8, "ngrams": ngrams, "buckets": 64, "binary": False, **options})
    model = WordAvg(config, VOCAB, CLASSES, generator=generator)
    with torch.no_grad():
        model.output_bias.normal_(generator=generator)
        if model.ngram_embedding is not None:
            model.ngram_embedding.normal_(generator=generator)
    return model


def others():
    generator = torch.Generator().manual_seed(1)
    yield Cnn(CnnConfig(dim=8, filters=4), VOCAB, CLASSES, generator=generator)
    yield RnnClassifier(RnnClassifierConfig(dim=8, hidden=6, cell="gru"), VOCAB, CLASSES, generator=generator)


def explained(model, ids, index=1, **options):
    return explain(model, [f"w{i}" for i in ids], np.array(ids, dtype=np.int32), label="b", index=index, **options)


def scores_of(model, ids):
    mask = torch.ones(1, len(ids), dtype=torch.bool)
    with torch.no_grad():
        return model.eval()(torch.tensor([ids]), mask)[0].double()


@pytest.mark.parametrize("ngrams", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"binary": True}, {"binary": True, "buckets": 2}, {"dim": None}])
@pytest.mark.parametrize("ids", [[4, 7, 9, 4, 1, 4, 7], [4, 7], [4]])
def test_shares_of_word_avg_add_up_to_the_score(ngrams, ids, options):
    model = word_avg(ngrams, **options)
    scores = scores_of(model, ids)
    for index in range(CLASSES):
        result = explained(model, ids, index)
        assert sum(result.shares) + result.rest == pytest.approx(float(scores[index] - scores.mean()), abs=1e-6)
        assert result.probability == pytest.approx(float(scores.softmax(0)[index]))
        several = explained(model, ids, index, multi_label=True)
        assert sum(several.shares) + several.rest == pytest.approx(float(scores[index]), abs=1e-6)
        assert several.probability == pytest.approx(float(scores[index].sigmoid()))
    assert result.exact


def test_the_shares_of_two_words_and_their_bigram_by_hand():
    model = WordAvg(WordAvgConfig(dim=1, ngrams=2, buckets=64, binary=False), VOCAB, 2)
    bigram = int(ngram_ids(torch.tensor([[4, 7]]), 2, 64)[0, 0])
    with torch.no_grad():
        model.embedding[4], model.embedding[7] = 3.0, -6.0
        model.ngram_embedding[bigram] = 12.0
        model.output_weight.copy_(torch.tensor([[1.0], [3.0]]))
        model.output_bias.copy_(torch.tensor([2.0, 4.0]))
    # class 1 less the mean of both: weight 1, bias 1; three vectors; 6 of the bigram for each word
    result = explained(model, [4, 7])
    assert result.shares == pytest.approx(((3 + 6) / 3, (-6 + 6) / 3))
    assert result.rest == pytest.approx(1)


def test_what_counts_once_is_shared_by_its_places():
    model = WordAvg(WordAvgConfig(dim=1, ngrams=2, buckets=64, binary=True), VOCAB, 2)
    there, back = ngram_ids(torch.tensor([[4, 7, 4]]), 2, 64)[0, :2].tolist()
    with torch.no_grad():
        model.embedding[4], model.embedding[7] = 3.0, -6.0
        model.ngram_embedding[there], model.ngram_embedding[back] = 12.0, 8.0
        model.output_weight.copy_(torch.tensor([[1.0], [3.0]]))
        model.output_bias.zero_()
    # four vectors: each word stands twice, their bigram twice with 6 at a time, and the one between once with 8
    result = explained(model, [4, 7, 4, 7])
    assert result.shares == pytest.approx(((1.5 + 3) / 4, (-3 + 3 + 4) / 4, (1.5 + 4 + 3) / 4, (-3 + 3) / 4))


def test_other_models_are_asked_again_without_the_token():
    ids = [4, 7, 1, 4, 9]
    for model in others():
        result = explained(model, ids)
        odds = torch.logit(scores_of(model, ids).softmax(0)[1])
        for place, share in enumerate(result.shares):
            without = [1 if i == place else token for i, token in enumerate(ids)]
            assert share == pytest.approx(float(odds - torch.logit(scores_of(model, without).softmax(0)[1])), abs=1e-6)
        assert result.shares[2] == 0  # it is <unk> already
        assert any(result.shares)
        assert (result.exact, result.rest) == (False, 0)
        several = explained(model, ids, multi_label=True)
        without = scores_of(model, [1, *ids[1:]])[1]
        assert several.shares[0] == pytest.approx(float(scores_of(model, ids)[1] - without), abs=1e-6)


def test_long_texts_are_asked_in_parts(monkeypatch):
    ids = np.random.default_rng(0).integers(2, VOCAB, 30).tolist()
    for model in others():
        whole = explained(model, ids).shares
        with monkeypatch.context() as patch:
            patch.setattr("textkit.evaluation.explanation.BUDGET", 100)  # 3 texts of 30 tokens at a time
            assert explained(model, ids).shares == pytest.approx(whole, abs=1e-6)


def test_an_empty_text_has_no_shares():
    for model in (word_avg(), *others()):
        result = explained(model, [])
        assert (result.tokens, result.shares) == ((), ())
        with torch.no_grad():
            empty = model.eval()(torch.zeros(1, 1, dtype=torch.int64), torch.zeros(1, 1, dtype=torch.bool))
        assert result.probability == pytest.approx(float(empty[0].softmax(0)[1]))
        assert str(result).endswith("token      share")


def test_a_model_in_training_stays_in_training():
    model = word_avg().train()
    explained(model, [4])
    assert model.training


def test_one_class_that_a_text_may_have():
    model = Cnn(CnnConfig(dim=8, filters=4), VOCAB, 1)
    assert explained(model, [4, 5], index=0, multi_label=True).probability < 1


def test_what_does_not_fit_is_named():
    model = word_avg()
    with pytest.raises(ValueError, match="ids must be one for each of the 2 tokens, got 1"):
        explain(model, ["a", "b"], np.array([4]), label="b", index=0)
    with pytest.raises(ValueError, match="index must be that of one of the 3 classes, got 3"):
        explained(model, [4], index=3)
    with pytest.raises(ValueError, match=r"ids must be below the vocabulary of 20, got \[4, 20\]"):
        explained(model, [4, 20])


def shown(tokens, shares, label="positive"):
    return str(Explanation(label=label, probability=0.9, tokens=tokens, shares=shares, rest=0.0, exact=True))


def test_the_picture_in_letters():
    assert shown(("not", "bad"), (-0.5, 1.0)).splitlines() == [
        "positive: probability 0.9000",
        "",
        "token      share",
        "not       -0.500  " + "-" * 18,
        "bad       +1.000  " + "+" * 36,
    ]


def test_long_texts_show_their_strongest_tokens_in_order():
    shares = tuple(i / 100 for i in range(100))
    lines = shown(tuple(f"w{i}" for i in range(100)), shares).splitlines()
    assert [line.split()[0] for line in lines[3:5]] == ["w60", "w61"]
    assert lines[-1] == "60 others, none above 0.600, together +17.700"


def test_it_fits_80_columns():
    text = shown(("x" * 90, "茶" * 40, "\n", " "), (1e-9, -1000.0, 0.0, 3.0), label="y" * 100)
    assert max(map(columns_of, text.splitlines())) <= 80
    assert r"\n " in text


def test_a_data_frame():
    frame = explained(word_avg(), [4, 7]).to_frame()
    assert list(frame.columns) == ["token", "share"]
    assert frame["token"].tolist() == ["w4", "w7"]
