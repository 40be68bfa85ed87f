"""How well a language model predicts texts: its score, and the surprisal of each token."""

from typing import TYPE_CHECKING

from textkit.checks import check_count
from textkit.evaluation.adaptation import DynamicEvaluation, NeuralCache
from textkit.evaluation.perplexity import LanguageModelScore
from textkit.language_model.scoring import Scorer, check_text, score_text
from textkit.language_model.surprisal import surprisal_tables

if TYPE_CHECKING:
    import pandas as pd


class Scoring:
    """Mixin of `LanguageModel` that scores texts."""

    def score(
        self: Scorer,
        text: object,
        *,
        batch_size: int = 1,
        dynamic: float | DynamicEvaluation | None = None,
        cache: float | NeuralCache | None = None,
        column: str | None = None,
        encoding: str = "utf-8",
        errors: str = "strict",
        progress: bool = False,
    ) -> LanguageModelScore:
        """Compute the perplexity of a text.

        The text is scored as one stream, with the state carried from beginning to end. A masked model reads it in
        pieces of its positions, and each token is hidden on its own (pseudo-perplexity; Salazar et al. 2020). Of a
        bidirectional model the figures are those of its forward direction; ``backward_nats`` and
        ``backward_perplexity`` are those of the other one, which reads the stream from its end. With a model trained on
        separate documents (``settings.documents``), each document is scored on its own, its end included.

        Args:
            text: A str is the text itself. Anything else is a corpus: a Path, ``textkit.corpus(...)``, a data set, an
                iterable of documents; each document is followed by a line end. An `EncodedCorpus` must have the
                vocabulary of the model and line ends.
            batch_size: Number of parts that a stream is split into, to be read in parallel. 1 is exact; more are
                faster, but each part starts from an empty state.
            dynamic: Learning rate, or settings, of a dynamic evaluation, which goes on training a copy of the model on
                the part of the text that is scored already; None for constant weights.
            cache: Weight, or settings, of a cache that predicts recent tokens again; None for none. Both fit texts
                that repeat themselves; choose their numbers on validation text.
            column: Name of the text column, if the corpus is a table.
            encoding: Encoding of the files.
            errors: What to do with bytes that are invalid in this encoding: "strict", "replace" or "ignore".
            progress: Whether to show progress on stderr.

        Raises:
            ValueError: If there are fewer than two tokens, the str is the name of a file, or ``dynamic`` or ``cache``
                are out of range, or given for a masked model, separate documents or a ``batch_size`` above 1.
            TypeError: If ``text`` is neither a str nor a corpus.
            OSError: If a file cannot be read.
            FloatingPointError: If the loss is not finite, as with a too high learning rate of ``dynamic``.
        """
        check_text(text)
        batch_size = check_count("batch_size", batch_size, 1, "stream")
        if dynamic is not None and not isinstance(dynamic, DynamicEvaluation):
            dynamic = DynamicEvaluation(rate=dynamic)
        if cache is not None and not isinstance(cache, NeuralCache):
            cache = NeuralCache(weight=cache)
        reading = {"column": column, "encoding": encoding, "errors": errors}
        return score_text(
            self, text, batch_size=batch_size, dynamic=dynamic, cache=cache, reading=reading, progress=progress
        )

    def surprisal(
        self: Scorer,
        text: object,
        *,
        column: str | None = None,
        encoding: str = "utf-8",
        errors: str = "strict",
        progress: bool = False,
    ) -> "pd.DataFrame":
        """Compute how surprising each token of a text is: its negative log-likelihood, in bits.

        The text is read as by `score`, and the bits are those that the score is the mean of; those of a bidirectional
        model are of its forward direction.

        Args:
            text: As for `score`: a str is the text itself, anything else is a corpus.
            column: Name of the text column, if the corpus is a table.
            encoding: Encoding of the files.
            errors: What to do with bytes that are invalid in this encoding: "strict", "replace" or "ignore".
            progress: Whether to show progress on stderr.

        Returns:
            A row for each token, with the columns "document", the number of its line or document, from 0; "token";
            "bits"; and "unknown", whether the model does not know it, so that the bits are those of ``<unk>``. The
            first token of a stream is not predicted and has no bits (NaN). With a model of separate documents, each
            ends in ``<eos>``.

        Raises:
            ValueError: As `score`.
            TypeError: As `score`.
            OSError: As `score`.
            FloatingPointError: If a surprisal is not finite.
        """
        import pandas as pd

        check_text(text)
        reading = {"column": column, "encoding": encoding, "errors": errors}
        return pd.concat(surprisal_tables(self, text, reading=reading, progress=progress), ignore_index=True)
