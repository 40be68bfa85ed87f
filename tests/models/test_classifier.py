import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from textkit.batches.padding import pad
from textkit.models.classifier import Classifier, ClassifierConfig
from textkit.models.cnn import Cnn, CnnConfig
from textkit.models.rnn_classifier import RnnClassifier, RnnClassifierConfig
from textkit.models.word_avg import WordAvg, WordAvgConfig

VOCAB = 40
CONFIGS = {
    "words": WordAvgConfig(dim=8, ngrams=1, binary=False, dropout=0.0),
    "n-grams": WordAvgConfig(dim=8, ngrams=3, buckets=128, binary=False, dropout=0.0),
    "distinct": WordAvgConfig(dim=8, ngrams=3, buckets=128, binary=True, dropout=0.0),
    "cnn": CnnConfig(dim=8, filters=6, dropout=0.0, word_dropout=0.0),
    "lstm": RnnClassifierConfig(dim=8, hidden=7, pooling="last", dropout=0.0, word_dropout=0.0),
    "lstm-max": RnnClassifierConfig(dim=8, hidden=7, layers=2, pooling="max", dropout=0.0, word_dropout=0.0),
    "gru": RnnClassifierConfig(unit="char", dim=8, hidden=7, bidirectional=False, dropout=0.0, input_dropout=0.0),
}
each = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


def model_of(config, *, seed=1, vocab=VOCAB, classes=3):
    kind = {WordAvgConfig: WordAvg, CnnConfig: Cnn, RnnClassifierConfig: RnnClassifier}[type(config)]
    generator = torch.Generator().manual_seed(seed)
    model = kind(config, vocab, classes, generator=generator)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name != "embedding" and not weight.any():  # so that nothing is right because of zeros
                weight.normal_(0, 0.3, generator=generator)
    return model


def changed(config, **options):
    return type(config)(**{**asdict(config), **options})


def texts(*lengths, seed=2):
    random = np.random.default_rng(seed)
    return [random.integers(1, VOCAB, length) for length in lengths]


# ---- padding ----


@each
def test_a_score_depends_on_nothing_else_in_the_batch(config):
    model = model_of(config).eval()
    documents = texts(0, 1, *np.random.default_rng(1).integers(1, 60, 12), 2, 0)
    with torch.no_grad():
        together = model.scores(pad(documents))
        for number, document in enumerate(documents):
            alone = model.scores(pad([document]))[0]
            torch.testing.assert_close(together[number], alone, atol=1e-6, rtol=0)
            beside = model.scores(pad([*texts(90), document]))[1]
            torch.testing.assert_close(beside, alone, atol=1e-6, rtol=0)


@each
def test_what_stands_in_the_padding_does_not_matter(config):
    model = model_of(config)
    batch = pad(texts(5, 0, 9))
    scribbled = batch.ids.masked_fill(~batch.mask, 7)
    assert torch.equal(model(scribbled, batch.mask), model(batch.ids, batch.mask))


@each
def test_an_empty_text_scores_the_bias(config):
    model = model_of(config)
    torch.testing.assert_close(model.scores(pad(texts(0, 4)))[0], model.output_bias)
    torch.testing.assert_close(model.scores(pad(texts(0, 0))), model.output_bias.expand(2, -1))


@each
def test_training_leaves_padding_at_zero_and_gradients_finite(config):
    model = model_of(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model.scores(pad(texts(3, 0, 8))).square().sum().backward()
        assert all(torch.isfinite(weight.grad).all() for weight in model.parameters())
        optimizer.step()
    assert not model.embedding[0].any()
    assert model.embedding[1:].any()


# ---- export ----


@each
def test_an_exported_model_takes_texts_of_any_length(config):
    model = model_of(config).eval()
    example = pad(texts(3, 5))
    shapes = {"ids": {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}}
    shapes["mask"] = shapes["ids"]
    with torch.no_grad():
        program = torch.export.export(model, (example.ids, example.mask), dynamic_shapes=shapes).module()
        for lengths in ((1,), (0, 4, 2), (31, 7, 12, 50, 3)):
            batch = pad(texts(*lengths))
            torch.testing.assert_close(program(batch.ids, batch.mask), model.scores(batch), atol=1e-5, rtol=1e-5)


# ---- chance ----


@each
@pytest.mark.parametrize("name", ["dropout", "word_dropout"])
def test_each_dropout_changes_training_and_nothing_else(config, name):
    plain, dropped = model_of(config), model_of(changed(config, **{name: 0.5}))
    batch = pad(texts(20, 30, 9))
    state = dropped.dropout_generator.get_state()
    first, second = dropped.scores(batch), dropped.scores(batch)
    assert not torch.equal(first, second)
    assert not torch.equal(first, plain.scores(batch))
    dropped.dropout_generator.set_state(state)
    assert torch.equal(dropped.scores(batch), first)
    before = dropped.eval().dropout_generator.get_state()
    assert torch.equal(dropped.scores(batch), plain.eval().scores(batch))
    assert torch.equal(dropped.dropout_generator.get_state(), before)


def test_dropped_words_are_unknown_ones():
    model = model_of(WordAvgConfig(dim=2, ngrams=1, binary=False, dropout=0.0, word_dropout=0.3), vocab=3, classes=2)
    with torch.no_grad():
        model.embedding[1:] = torch.eye(2)  # <unk>, and the one word
        model.output_weight.copy_(torch.eye(2))
        model.output_bias.zero_()
    unknown, known = model.scores(pad([np.full(5000, 2)]))[0].tolist()
    assert unknown == pytest.approx(0.3, abs=0.02)
    assert unknown + known == pytest.approx(1)


@each
def test_the_global_state_of_torch_is_left_alone(config):
    before = torch.get_rng_state()
    model_of(changed(config, dropout=0.5, word_dropout=0.5)).scores(pad(texts(2, 3))).sum().backward()
    assert torch.equal(torch.get_rng_state(), before)


@each
def test_the_same_seed_gives_the_same_weights(config):
    first, again, other = (model_of(config, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(again[name], weight) for name, weight in first.items())
    assert all(not torch.equal(other[name], first[name]) for name in ("embedding", "output_weight"))


# ---- weights ----


@each
def test_vectors_learned_before_can_be_put_in(config):
    model = model_of(config)
    matrix = np.random.default_rng(1).normal(size=(VOCAB, 8))  # float64
    model.set_vectors(matrix)
    assert model.embedding.requires_grad
    assert model.embedding.dtype == torch.float32
    np.testing.assert_allclose(model.embedding[1:].detach(), matrix[1:], rtol=1e-6)
    assert not model.embedding[0].any()
    model.set_vectors(torch.ones(VOCAB, 8))
    assert (model.embedding[1:] == 1).all()


@pytest.mark.parametrize("shape", [(VOCAB, 9), (VOCAB - 1, 8), (8,)])
def test_vectors_of_another_width_are_refused(shape):
    with pytest.raises(ValueError, match=r"matrix must have the shape \(vocab, dim\) = \(40, 8\), got .*; set dim in"):
        model_of(CONFIGS["words"]).set_vectors(np.zeros(shape))


@each
def test_weights_and_config_can_be_saved_as_plain_files(config, tmp_path):
    model, other = model_of(config).eval(), model_of(type(config)(**json.loads(json.dumps(asdict(config)))), seed=2)
    assert other.config == config
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    batch = pad(texts(4, 7))
    assert torch.equal(other.eval().scores(batch), model.scores(batch))


@each
def test_mixed_precision_gives_about_the_same(config):
    model = model_of(config)
    batch = pad(texts(4, 7))
    expected = model.scores(batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = model.scores(batch)
    torch.testing.assert_close(scores.float(), expected, atol=0.05, rtol=0.05)
    scores.float().sum().backward()
    assert all(weight.grad.dtype == torch.float32 for weight in model.parameters())


@pytest.mark.gpu
@each
def test_a_gpu_gives_the_same(config):
    model, batch = model_of(config), pad(texts(12, 0, 5, 1))
    expected = model.scores(batch)
    wanted = torch.autograd.grad(expected.square().sum(), list(model.parameters()))
    model.cuda()
    scores = model.scores(batch.to("cuda"))
    torch.testing.assert_close(scores.cpu(), expected, atol=1e-4, rtol=1e-3)
    gradients = torch.autograd.grad(scores.square().sum(), list(model.parameters()))
    for gradient, want in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(gradient.cpu(), want, atol=1e-3, rtol=1e-2)


# ---- settings ----


@pytest.mark.parametrize("kind", [ClassifierConfig, WordAvgConfig, CnnConfig, RnnClassifierConfig])
def test_numbers_of_numpy_are_turned_into_those_of_json(kind):
    config = kind(dim=np.int64(16), dropout=np.float32(0.25), word_dropout=0)
    assert config == kind(dim=16, dropout=0.25, word_dropout=0.0)
    json.dumps(asdict(config))
    json.dumps(asdict(CnnConfig(widths=np.array([2, 3]))))
    json.dumps([asdict(WordAvgConfig(binary=np.True_)), asdict(RnnClassifierConfig(bidirectional=np.False_))])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dropout": "0.5"}, "dropout must be at least 0 and below 1, got '0.5'"),
        ({"dim": 0}, "dim must be an integer of at least 1, got 0"),
        ({"dim": True}, "dim must be an integer of at least 1, got True"),
        ({"dropout": 1.0}, r"dropout must be at least 0 and below 1, got 1\.0; 0 disables dropout"),
        ({"word_dropout": float("nan")}, "word_dropout must be at least 0 and below 1, got nan"),
    ],
)
@pytest.mark.parametrize("kind", [ClassifierConfig, WordAvgConfig, CnnConfig, RnnClassifierConfig])
def test_wrong_settings_are_named(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(**options)


def test_wrong_sizes_are_named():
    with pytest.raises(ValueError, match="vocab must be at least 2 tokens, <pad> and <unk>, got 1"):
        model_of(CONFIGS["cnn"], vocab=1)
    with pytest.raises(ValueError, match="classes must be at least 1, got 0"):
        model_of(CONFIGS["cnn"], classes=0)


def test_features_are_left_to_each_kind():
    with pytest.raises(TypeError, match="abstract"):
        Classifier(ClassifierConfig(), 4, 2, width=3, bound=0.1)
