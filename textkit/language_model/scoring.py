"""Read a text with a language model, and score it."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from textkit.batches.sequences import SequenceBatches
from textkit.data.corpus import Corpus, open_corpus
from textkit.evaluation.adaptation import DynamicEvaluation, NeuralCache, score_adapted
from textkit.evaluation.perplexity import LanguageModelScore, Scorable, score_documents, score_ids
from textkit.models.language_model import LanguageModelNetwork
from textkit.models.masked_language_model import MaskedLanguageModel, OneAtATime
from textkit.progress import ProgressBar
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.id_stream import Unit, encode_text, encoded_stream
from textkit.text.named_tokenizer import NamedTokenizer
from textkit.text.tokenizers import get_tokenizer
from textkit.text.vocabulary import Vocabulary


class Scorer(Protocol):
    """What scores a text: a `LanguageModel`."""

    model: LanguageModelNetwork
    vocabulary: Vocabulary
    unit: Unit
    tokenizer: NamedTokenizer | None

    @property
    def device(self) -> torch.device:
        """Where the network is."""


def check_text(text: object) -> None:
    """Check that a str is a text rather than the name of a file.

    Raises:
        ValueError: If there is a file of this name.
    """
    if not isinstance(text, str):
        return
    try:
        found = Path(text).is_file()
    except (ValueError, OSError):  # too long for a name, or with NUL in it
        return
    if found:
        raise ValueError(f"text must be the text itself, got the name of a file, {text!r}; pass Path({text!r})")


def opened_documents(text: object, **reading: Any) -> Corpus:
    """Open a text as separate documents; a str is one of them."""
    return open_corpus([text] if isinstance(text, str) else text, **reading)


def score_text(
    model: Scorer,
    text: object,
    *,
    batch_size: int,
    dynamic: DynamicEvaluation | None,
    cache: NeuralCache | None,
    reading: dict[str, Any],
    progress: bool,
) -> LanguageModelScore:
    """Compute the perplexity of a text; see `LanguageModel.score`.

    Args:
        model: The language model.
        text: The text, or a corpus.
        batch_size: Number of parts of a stream to be read in parallel.
        dynamic: Settings of the dynamic evaluation; None for constant weights.
        cache: Settings of the neural cache; None for none.
        reading: Options for reading files: ``column``, ``encoding`` and ``errors``.
        progress: Whether to show progress on stderr.

    Raises:
        ValueError: If a masked model, or one of separate documents, is to adapt, or there are several parts.
    """
    documents, masked = "<bos>" in model.vocabulary.specials, isinstance(model.model, MaskedLanguageModel)
    for name, settings in (("dynamic", dynamic), ("cache", cache)):
        if settings is not None and masked:
            raise ValueError(f"{name} must be left out with a masked model, got {settings}; it does not read in order")
        if settings is not None and documents:
            raise ValueError(
                f"{name} must be left out with a model of separate documents, got {settings}; each of them is scored "
                "on its own, and nothing is learned from the others"
            )
        if settings is not None and batch_size > 1:
            raise ValueError(f"batch_size must be 1 with {name}, got {batch_size}; the model adapts to one stream")
    if documents:
        return _score_documents(model, opened_documents(text, **reading), progress)
    if isinstance(text, str):
        stream = encode_text(text, unit=model.unit, vocabulary=model.vocabulary, tokenizer=model.tokenizer)
    elif isinstance(text, EncodedCorpus):
        stream = encoded_stream(text, unit=model.unit, vocabulary=model.vocabulary)
    else:
        # Imported here, because reading text needs pyarrow and scoring ids does not.
        from textkit.text.stream_reading import read_stream

        stream, _ = read_stream(
            text,
            unit=model.unit,
            vocabulary=model.vocabulary,
            tokenizer=model.tokenizer,
            progress=progress,
            **reading,
        )
    with ProgressBar("scoring", total=len(stream) - 1, unit="tokens", show=progress) as bar:
        if dynamic is not None or cache is not None:
            return score_adapted(model.model, stream, dynamic=dynamic, cache=cache, device=model.device, bar=bar)
        return score_ids(
            _scored(model.model),
            stream,
            batch_size=batch_size,
            window=model.model.evaluation_window,
            device=model.device,
            bar=bar,
        )


def _scored(model: LanguageModelNetwork) -> Scorable:
    return OneAtATime(model) if isinstance(model, MaskedLanguageModel) else model


def _score_documents(model: Scorer, source: Corpus, progress: bool) -> LanguageModelScore:
    from textkit.text.encoding import encode_corpus

    vocabulary = model.vocabulary
    splitter = model.tokenizer or get_tokenizer("character")
    encoded = encode_corpus(source, tokenizer=splitter, vocabulary=vocabulary, unknown="keep", progress=progress)
    # Empty documents are not scored, so their ends are subtracted from the size of the text.
    size = encoded.size
    assert size is not None  # only a folder of an earlier version lacks it
    documents = [ids for ids in encoded.documents() if len(ids)]
    blank = len(encoded) - len(documents)
    batches = SequenceBatches(documents, begin=vocabulary["<bos>"], end=vocabulary["<eos>"])
    with ProgressBar("scoring", total=batches.predictions, unit="tokens", show=progress) as bar:
        return score_documents(
            _scored(model.model),
            batches,
            characters=size.characters - blank,
            size=size.bytes - blank,
            words=None if size.words is None else size.words - blank,
            unknown=sum(int(np.count_nonzero(ids == vocabulary["<unk>"])) for ids in documents),
            device=model.device,
            bar=bar,
        )
