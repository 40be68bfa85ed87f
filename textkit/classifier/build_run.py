"""Set up the training of a classifier: model, loss, optimizer and batches of one run."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.batches.bucketing import BucketBatches
from textkit.batches.padding import pad
from textkit.batches.records import TextBatch
from textkit.classifier.checkpoint import CheckpointOptions, identity_of
from textkit.classifier.data import ClassifierData, Examples
from textkit.classifier.defaults import new_network
from textkit.classifier.fine_tuning import (
    FrozenObjective,
    RowBatch,
    rated_groups,
    row_batches,
    set_trained,
    standardize,
)
from textkit.classifier.objective import AdversarialObjective, Objective
from textkit.classifier.pretrained import load_encoder
from textkit.classifier.run import ClassifierReport, ClassifierRun
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.start import Start
from textkit.classifier.word_avg_trainer import BagBatch, BagObjective, BagOptimizer, usable_workers
from textkit.evaluation.predict_logits import class_probabilities, class_scores
from textkit.evaluation.scorers import metric_score
from textkit.language_model.language_model import LanguageModel
from textkit.models.classification_loss import Criterion
from textkit.models.classifier import UNKNOWN, Classifier, ClassifierConfig
from textkit.models.pretrained_classifier import PretrainedClassifier
from textkit.models.word_avg import WordAvg
from textkit.text.document_ids import DocumentIds
from textkit.text.vocabulary import Ids
from textkit.training.devices import resolved_precision
from textkit.training.optimizers import parameter_groups
from textkit.training.ranks import ALONE, Ranks
from textkit.training.schedules import slanted_triangular
from textkit.vectors.word_vectors import WordVectors


def new_model(
    config: ClassifierConfig,
    data: ClassifierData,
    *,
    vectors: WordVectors | None,
    device: torch.device | str,
    seed: int,
    rank: int = 0,
    start: Start | None = None,
    pretrained: LanguageModel | None = None,
) -> Classifier:
    """Create a model with random weights, and with those of ``start``, ``vectors`` or ``pretrained`` if there are any.

    Raises:
        ValueError: If the vectors or the language model and the model have different dimensions, or ``start`` is
            another model.
    """
    weights_seed, dropout_seed = np.random.SeedSequence(seed).generate_state(2).tolist()
    generator = torch.Generator().manual_seed(weights_seed)
    model = new_network(config, len(data.vocabulary), len(data.classes), generator=generator)
    if vectors is not None:
        if vectors.dim != config.dim:
            raise ValueError(
                f"vectors must have the dimension of the model, {model.embedding.shape[1]}, got {vectors.dim}; "
                f"pass a config with dim={vectors.dim}"
            )
        model.set_vectors(vectors.to_embedding(data.vocabulary, seed=seed).weight)
    if start is not None:
        start.load_into(model, data.classes)
    model.to(device)
    if start is None and pretrained is not None and isinstance(model, PretrainedClassifier):
        load_encoder(model, pretrained)
    model.dropout_generator = torch.Generator(device).manual_seed(dropout_seed + rank)  # masks of its own
    return model


def fit_model(
    model: Classifier,
    data: ClassifierData,
    *,
    settings: ClassifierSettings,
    class_weights: torch.Tensor | None,
    given_vectors: bool,
    seed: int,
    on_epoch: Callable[[ClassifierReport], None] | None,
    progress: bool,
    on_step: Callable[[float], None] | None = None,
    ranks: Ranks = ALONE,
    checkpoint: CheckpointOptions | None = None,
    label: str = "training",
) -> ClassifierRun:
    """Set up a training run of a model; the run changes the model in place.

    Args:
        model: The model.
        data: Training and validation data.
        settings: Training settings.
        class_weights: (classes,) class weights; None for equal weights.
        given_vectors: Whether the embedding, or the language model, is pretrained, so that ``settings.freeze_epochs``
            applies to it.
        seed: Seed of the order of the texts.
        on_epoch: Called with a `ClassifierReport` after each epoch.
        progress: Whether to show progress on stderr.
        on_step: Called with the fraction that is done; see `ClassifierRun`.
        ranks: The processes that train together.
        checkpoint: Where and how often the state is saved; None for no checkpoints.
        label: Name of the progress bar.

    Returns:
        The run, not yet started.
    """
    settings = replace(
        settings,
        precision=resolved_precision(settings.precision, model.embedding.device),
        rare_dropout=0.0 if given_vectors else settings.rare_dropout,
    )
    criterion = Criterion(class_weights, settings.label_smoothing)
    # The kernel updates the rows of a table in place, without gradients that could be sent to other processes.
    use_kernel = type(model) is WordAvg and model.embedding.device.type == "cpu" and ranks.size == 1
    plan: _Plan = _bag_plan if use_kernel else _padded_plan
    if isinstance(model, PretrainedClassifier):
        frozen = settings.freeze_epochs is None
        if given_vectors:
            standardize(model, data.training.documents, dropout=not frozen)
        plan = _frozen_plan if frozen else _padded_plan
    objective, optimizer, batches, steps = plan(model, data.training, criterion, settings, seed, ranks)
    passes = settings.passes(steps)

    def epoch_batches(epoch: int) -> Iterable[Any]:
        if isinstance(model, PretrainedClassifier):
            set_trained(model, epoch, settings, pretrained=given_vectors)
        else:
            frozen = given_vectors and (settings.freeze_epochs is None or epoch < settings.freeze_epochs)
            model.embedding.requires_grad_(not frozen)
        return chain.from_iterable(batches(epoch * passes + number) for number in range(passes))

    # Words that occur only among the pretrained vectors are added to the model after training. Until then they are
    # unknown to it.
    validation = data.validation
    _check_validation(validation, settings, model.classes)
    if validation is not None:
        validation = replace(validation, documents=validation.documents.known(model.vocab))
    return ClassifierRun(
        model,
        objective,
        optimizer,
        epoch_batches,
        steps=steps * passes,
        texts=len(data.training) * passes,
        settings=settings,
        # torch's idle threads spin, and would take cores from the kernel's threads.
        threads=1 if use_kernel else None,
        validate=None
        if validation is None
        else lambda: validation_scores(model, validation, settings.metric, progress and ranks.is_first),
        on_epoch=on_epoch,
        on_step=on_step,
        progress=progress and ranks.is_first,
        ranks=ranks,
        squares=objective.squares if isinstance(objective, BagObjective) else None,
        schedule=slanted_triangular(settings.epochs * passes * steps)
        if isinstance(model, PretrainedClassifier)
        else None,
        checkpoint=checkpoint,
        label=label,
        frozen_epochs=(settings.freeze_epochs or 0) if given_vectors else 0,
        identity=None
        if checkpoint is None or checkpoint.path is None
        else identity_of(
            model,
            data,
            settings,
            class_weights,
            seed=seed,
            device=model.embedding.device.type,
            kernel=use_kernel,
            given_vectors=given_vectors,
        ),
    )


def refitting(settings: ClassifierSettings, run: ClassifierRun) -> ClassifierSettings:
    """Return the settings of a training without validation, with as many epochs as were kept of a finished run."""
    return replace(
        settings,
        epochs=run.kept_epochs,
        min_steps=round((settings.min_steps or 0) * run.kept_epochs / settings.epochs),
        keep_best=False,
        patience=None,
        metric="accuracy",
        tune_thresholds=False,
    )


def validation_scores(
    model: Classifier, examples: Examples, metric: str = "accuracy", progress: bool = False
) -> tuple[float, float, float]:
    """Compute the validation loss in nats per text, the accuracy (of all labels where there are several), and a metric.

    Args:
        model: The model.
        examples: The validation texts.
        metric: One of `textkit.evaluation.scorers.METRICS`.
        progress: Whether to show progress on stderr.
    """
    scores, targets = class_scores(model, examples.documents, progress=progress).double(), examples.targets
    weights = None if examples.weights is None else examples.weights.double()
    loss = float(Criterion()(scores, targets if targets.ndim == 1 else targets.double(), weights)) / len(examples)
    correct = scores.argmax(1) == targets if targets.ndim == 1 else (scores > 0) == (targets > 0)
    correct = correct.double()
    if weights is not None:
        correct = correct * (weights if targets.ndim == 1 else weights[:, None])
    accuracy = float(correct.mean())
    if metric == "accuracy":
        return loss, accuracy, accuracy
    if not scores.isfinite().all():
        return loss, accuracy, float("nan")
    probabilities = class_probabilities(scores, multi_label=targets.ndim > 1).numpy()
    return loss, accuracy, _metric_of(examples, metric, probabilities)


def _metric_of(examples: Examples, metric: str, probabilities: NDArray[np.float64]) -> float:
    weights = None if examples.weights is None else examples.weights.double().numpy()
    return metric_score(metric, probabilities, examples.targets.numpy(), weights)


def _check_validation(validation: Examples | None, settings: ClassifierSettings, classes: int) -> None:
    """Check, before the training, that the metric and the thresholds have what they need.

    Raises:
        ValueError: If there are no validation texts, or the metric does not suit their classes.
    """
    if validation is None:
        for name, asked in (("metric", settings.metric != "accuracy"), ("tune_thresholds", settings.tune_thresholds)):
            if asked:
                raise ValueError(
                    f"{name} must be left out without validation texts, got {getattr(settings, name)!r}; pass valid, "
                    "or a valid_share above 0"
                )
        return
    if settings.tune_thresholds and validation.targets.ndim == 1:
        raise ValueError(
            "tune_thresholds must be False if each text has one label, got True; set multi_label=True, or leave it out"
        )
    if settings.metric != "accuracy":
        _metric_of(validation, settings.metric, np.full((len(validation), classes), 1 / classes))


_Plan = Callable[
    [Any, Examples, Criterion, ClassifierSettings, int, Ranks],
    tuple[Any, torch.optim.Optimizer, Callable[[int], Iterable[Any]], int],
]


def _padded_plan(
    model: Classifier, examples: Examples, criterion: Criterion, settings: ClassifierSettings, seed: int, ranks: Ranks
) -> tuple[Objective, torch.optim.Optimizer, Callable[[int], Iterable[TextBatch | None]], int]:
    """Plan training with padded batches of texts of similar length, of which each process takes its part."""
    documents, targets = examples.documents, examples.targets
    rates = _rare_rates(documents, model.vocab, settings.rare_dropout)
    buckets = BucketBatches(documents.lengths, budget=settings.budget, max_batch=settings.batch_size, seed=seed)

    def batches(epoch: int) -> Iterator[TextBatch | None]:
        for batch in buckets.epoch(epoch):
            rows = batch[ranks.part(len(batch))]
            if not len(rows):
                yield None
                continue
            texts = [documents[int(row)] for row in rows]
            if rates is not None:
                random = np.random.default_rng([seed, epoch, rows[0]])  # rows[0]: a seed for each batch
                texts = [_without_rare(ids, rates, random) for ids in texts]
            yield pad(texts, rows, targets[torch.from_numpy(rows)].numpy())

    groups = parameter_groups(model.parameters(), settings.weight_decay)
    if isinstance(model, PretrainedClassifier):
        groups = rated_groups(model, settings)
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
    objective = Objective(model, criterion, examples.weights)
    if settings.adversarial_norm:
        objective = AdversarialObjective(model, criterion, examples.weights, norm=settings.adversarial_norm)
    return objective, optimizer, batches, len(buckets.epoch(0))


def _frozen_plan(
    model: PretrainedClassifier,
    examples: Examples,
    criterion: Criterion,
    settings: ClassifierSettings,
    seed: int,
    ranks: Ranks,
) -> tuple[FrozenObjective, torch.optim.Optimizer, Callable[[int], Iterable[RowBatch | None]], int]:
    """Plan training of what is above a language model, whose states are computed once."""
    objective = FrozenObjective(model, examples.documents, criterion, examples.weights)
    optimizer = torch.optim.AdamW(rated_groups(model, settings), lr=settings.learning_rate, fused=True)
    return objective, optimizer, *row_batches(examples, settings, seed, ranks)


def _bag_plan(
    model: WordAvg, examples: Examples, criterion: Criterion, settings: ClassifierSettings, seed: int, _: Ranks
) -> tuple[BagObjective, torch.optim.Optimizer, Callable[[int], Iterable[BagBatch]], int]:
    """Plan training with texts in random order and without padding."""
    objective = BagObjective(model, examples.documents, criterion, weights=examples.weights, workers=usable_workers())
    optimizer = BagOptimizer(
        objective,
        learning_rate=settings.learning_rate,
        vector_rate=settings.vector_rate,
        weight_decay=settings.weight_decay,
    )
    size = settings.batch_size
    rates = _rare_rates(examples.documents, model.vocab, settings.rare_dropout)

    def batches(epoch: int) -> Iterator[BagBatch]:
        random = np.random.default_rng([seed, epoch])
        order = random.permutation(len(examples))
        objective.ids = examples.documents.ids
        if model.config.word_dropout > 0:
            dropped = random.random(len(objective.ids), dtype=np.float32) < model.config.word_dropout
            objective.ids = np.where(dropped, np.int32(UNKNOWN), objective.ids)
        if rates is not None:
            objective.ids = _without_rare(objective.ids, rates, random)
        for start in range(0, len(order), size):
            texts = order[start : start + size]
            yield BagBatch(texts=texts, labels=examples.targets[torch.from_numpy(texts)])

    return objective, optimizer, batches, -(-len(examples) // size)


def _rare_rates(documents: DocumentIds, vocab: int, rare_dropout: float) -> NDArray[np.float32] | None:
    """Return the probability (vocab,) that a token becomes ``<unk>``: a / (a + n) if it occurs n times; None for 0."""
    if not rare_dropout:
        return None
    counts = np.bincount(documents.ids, minlength=vocab)
    return (rare_dropout / (rare_dropout + np.maximum(counts, 1))).astype(np.float32)


def _without_rare(ids: Ids, rates: NDArray[np.float32], random: np.random.Generator) -> Ids:
    return np.where(random.random(len(ids), dtype=np.float32) < rates[ids], np.int32(UNKNOWN), ids)
