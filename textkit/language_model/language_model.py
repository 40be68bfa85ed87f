"""A trained language model: generate text, score text, save and load."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal, overload

import numpy as np
import torch

from textkit.batches.sequences import SequenceBatches
from textkit.checks import check_count
from textkit.data.corpus import Corpus, open_corpus
from textkit.evaluation.perplexity import LanguageModelScore, score_documents, score_ids
from textkit.generation.settings import GenerationSettings, Unseen
from textkit.generation.writer import Writer
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.models.storage import WEIGHTS, read_folder, write_folder
from textkit.progress import ProgressBar
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.id_stream import UNITS, Unit, check_specials, encode_text, encoded_stream
from textkit.text.saved_tokenizer import restored_tokenizer, tokenizer_entries, tokenizer_files
from textkit.text.tokenizers import Tokenizer, get_tokenizer
from textkit.text.vocabulary import Vocabulary

KIND = "language-model"


class LanguageModel:
    """A recurrent network with its vocabulary. Created by `textkit.train_language_model` or `textkit.load`.

    Args:
        model: The network.
        vocabulary: Vocabulary of the network, of the same size.
        unit: "char" if the tokens are characters, "word" if they are words and ``<eos>`` at line ends.
        tokenizer: Name or callable that splits texts into words; None for characters, and for words split at white
            space.

    Raises:
        ValueError: If the arguments are inconsistent.
    """

    def __init__(
        self,
        model: RnnLanguageModel,
        vocabulary: Vocabulary,
        *,
        unit: Unit,
        tokenizer: str | Tokenizer | None = None,
    ) -> None:
        if unit not in UNITS:
            raise ValueError(f"unit must be 'char' or 'word', got {unit!r}")
        if unit == "char" and tokenizer is not None:
            raise ValueError(f"tokenizer must be None for characters, got {tokenizer!r}; leave it out")
        if len(vocabulary) != model.vocab:
            raise ValueError(
                f"vocabulary must have the {model.vocab} tokens of the model, got {len(vocabulary)}; "
                "pass the one that it was trained with"
            )
        check_specials(unit, vocabulary)
        if "<bos>" in vocabulary.specials and "<eos>" not in vocabulary.specials:
            raise ValueError(
                "vocabulary must have <eos> if it has <bos>, got no <eos>; documents begin and end with them"
            )
        self.model = model
        self.vocabulary = vocabulary
        self.unit: Unit = unit
        self.tokenizer = None if unit == "char" else get_tokenizer(tokenizer or "whitespace")

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return self.model.embedding.device

    def to(self, device: torch.device | str) -> "LanguageModel":
        """Move the weights to another device, for `score`; text is always generated on the CPU."""
        self.model.to(device)
        return self

    @overload
    def generate(
        self,
        prompt: str = "",
        *,
        length: int = 500,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = 1,
        stop: str | Sequence[str] | None = None,
        samples: Literal[1] = 1,
        unknown: Unseen = "error",
    ) -> str: ...
    @overload
    def generate(
        self,
        prompt: str = "",
        *,
        length: int = 500,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = 1,
        stop: str | Sequence[str] | None = None,
        samples: int,
        unknown: Unseen = "error",
    ) -> str | list[str]: ...
    def generate(
        self,
        prompt: str = "",
        *,
        length: int = 500,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = 1,
        stop: str | Sequence[str] | None = None,
        samples: int = 1,
        unknown: Unseen = "error",
    ) -> str | list[str]:
        r"""Generate text that continues a prompt. The time grows linearly with the length.

        Args:
            prompt: Beginning of the text, taken as the start of a line.
            length: Maximum number of tokens (characters, or words and line ends) to generate after the prompt.
            temperature: Divisor of the logits. 1 samples from the model's distribution, lower values such as 0.5 are
                more conservative, and 0 always takes the most probable token (greedy decoding).
            top_k: Sample from this many most probable tokens; None for all.
            top_p: Sample from the smallest set of most probable tokens with at least this total probability (nucleus
                sampling), above 0 and at most 1; None for all.
            seed: Seed of all random choices; the same seed gives the same text on a CPU. None draws a new one each
                time.
            stop: One or more stop strings; the text ends before the first of them after the prompt.
            samples: Number of texts. Text i does not depend on this number.
            unknown: What to do with tokens of the prompt that are not in the vocabulary: "error" raises, "skip" drops
                them.

        Returns:
            The prompt and its continuation; a list of them for more than one sample. Special tokens are never
            generated.

        Raises:
            ValueError: If an argument is out of range, or the prompt has unknown tokens.
            FloatingPointError: If the weights are not finite.
        """
        settings = GenerationSettings(
            length=length,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
            stop=stop,
            samples=samples,
            unknown=unknown,
        )
        writer = self.writer(prompt, settings)
        texts = ["".join(writer.pieces(sample)) for sample in range(samples)]
        return texts[0] if samples == 1 else texts

    def stream(
        self,
        prompt: str = "",
        *,
        length: int = 500,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = 1,
        stop: str | Sequence[str] | None = None,
        unknown: Unseen = "error",
    ) -> Iterator[str]:
        """Generate the same text as `generate`, yielding each piece as soon as it is available.

        The arguments are those of `generate`. The end of the text is held back as long as it may be the beginning of a
        stop string.

        Returns:
            An iterator of non-empty strings: first the prompt, then the generated pieces.

        Raises:
            ValueError: As `generate`; raised by the call itself, before the first piece.
        """
        settings = GenerationSettings(
            length=length, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed, stop=stop, unknown=unknown
        )
        return self.writer(prompt, settings).pieces()

    def writer(self, prompt: str, settings: GenerationSettings) -> Writer:
        """Read a prompt and return a writer that generates any number of texts from it.

        This is the common basis of `generate` and `stream`.

        Raises:
            ValueError: If the prompt has unknown tokens.
            TypeError: If the prompt is not a str.
        """
        if not isinstance(prompt, str):
            raise TypeError(f"prompt must be a str, got {type(prompt).__name__}; pass one text, and samples= for more")
        return Writer(
            self.model,
            self.vocabulary,
            unit=self.unit,
            tokenizer=self.tokenizer,
            prompt=prompt,
            settings=settings,
        )

    def score(
        self,
        text: object,
        *,
        batch_size: int = 1,
        column: str | None = None,
        encoding: str = "utf-8",
        errors: str = "strict",
        progress: bool = False,
    ) -> LanguageModelScore:
        """Compute the perplexity of a text.

        The text is scored as one stream, with the state carried from beginning to end. With a model trained on separate
        documents (``settings.documents``), each document is scored on its own, its end included.

        Args:
            text: A str is the text itself. Anything else is a corpus: a Path, ``textkit.corpus(...)``, a data set, an
                iterable of documents; each document is followed by a line end. An `EncodedCorpus` must have the
                vocabulary of the model and line ends.
            batch_size: Number of parts that a stream is split into, to be read in parallel. 1 is exact; more are
                faster, but each part starts from an empty state.
            column: Name of the text column, if the corpus is a table.
            encoding: Encoding of the files.
            errors: What to do with bytes that are invalid in this encoding: "strict", "replace" or "ignore".
            progress: Whether to show progress on stderr.

        Returns:
            Nats per token, perplexity, bits per character and per byte, and the counts behind them.

        Raises:
            ValueError: If there are fewer than two tokens, or the str is the name of a file.
            TypeError: If ``text`` is neither a str nor a corpus.
            OSError: If a file cannot be read.
        """
        if isinstance(text, str) and _is_file(text):
            raise ValueError(f"text must be the text itself, got the name of a file, {text!r}; pass Path({text!r})")
        batch_size = check_count("batch_size", batch_size, 1, "stream")
        if "<bos>" in self.vocabulary.specials:
            source = open_corpus(
                [text] if isinstance(text, str) else text, column=column, encoding=encoding, errors=errors
            )
            return self._score_documents(source, progress)
        if isinstance(text, str):
            stream = encode_text(text, unit=self.unit, vocabulary=self.vocabulary, tokenizer=self.tokenizer)
        elif isinstance(text, EncodedCorpus):
            stream = encoded_stream(text, unit=self.unit, vocabulary=self.vocabulary)
        else:
            # Imported here, because reading text needs pyarrow and scoring ids does not.
            from textkit.text.stream_reading import read_stream

            stream, _ = read_stream(
                text,
                unit=self.unit,
                vocabulary=self.vocabulary,
                tokenizer=self.tokenizer,
                column=column,
                encoding=encoding,
                errors=errors,
                progress=progress,
            )
        with ProgressBar("scoring", total=len(stream) - 1, unit="tokens", show=progress) as bar:
            return score_ids(self.model, stream, batch_size=batch_size, device=self.device, bar=bar)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Save the model as a folder of plain files: config.json, vocabulary.txt and weights.safetensors.

        A tokenizer that can be neither imported by name nor saved must be passed again to load the model.

        Args:
            folder: Target folder; its parent must exist. An existing model is replaced atomically.

        Raises:
            ValueError: If ``folder`` is a file or holds anything but a model.
            OSError: If the folder cannot be written.
        """
        write_folder(
            folder,
            kind=KIND,
            config={
                "unit": self.unit,
                **({"tokenizer": None} if self.tokenizer is None else tokenizer_entries(self.tokenizer)),
                "model": asdict(self.model.config),
            },
            vocabulary=self.vocabulary,
            weights={name: weight.detach().cpu().numpy() for name, weight in self.model.state_dict().items()},
            files={} if self.tokenizer is None else tokenizer_files(self.tokenizer),
        )

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        *,
        tokenizer: str | Tokenizer | None = None,
        trust_tokenizer: bool = False,
    ) -> "LanguageModel":
        """Load a model saved by `save` to the CPU.

        Args:
            folder: The folder.
            tokenizer: The tokenizer, if the model was trained with a function of your own; None for the named one.
            trust_tokenizer: Whether to import and call a function that the folder names as its tokenizer.

        Raises:
            FileNotFoundError: If the folder does not exist.
            ValueError: If it does not hold a language model, the model has a newer version or is damaged, or its
                tokenizer is a function that is neither passed nor trusted.
        """
        stored = read_folder(folder, kind=KIND)
        split = stored.config.get("tokenizer")
        if stored.config.get("unit") == "word":
            split = restored_tokenizer(stored.config, stored.files, folder, tokenizer=tokenizer, trust=trust_tokenizer)
        elif tokenizer is not None:
            raise ValueError(f"tokenizer must be None for a model of characters, got {tokenizer!r}; leave it out")
        try:
            config = RnnLanguageModelConfig(**stored.config["model"])
            # The meta device allocates no memory; the loaded weights are assigned below.
            with torch.device("meta"):
                model = RnnLanguageModel(config, len(stored.vocabulary), generator=torch.Generator())
            weights = {name: torch.tensor(array) for name, array in stored.weights.items()}
            model.load_state_dict(weights, assign=True)
            model.eval()
            return cls(model, stored.vocabulary, unit=stored.config["unit"], tokenizer=split)
        except (TypeError, ValueError, KeyError, RuntimeError) as error:
            raise ValueError(
                f"{stored.folder} must hold a language model whose config.json fits its {WEIGHTS}, got {error!r}; "
                "save the model again"
            ) from error

    def __repr__(self) -> str:
        config = self.model.config
        weights = sum(weight.numel() for weight in self.model.parameters())
        return (
            f"LanguageModel({self.unit}, {len(self.vocabulary)} tokens, {config.cell} of {config.layers} x "
            f"{config.hidden}, {weights:,} weights)"
        )

    def _score_documents(self, source: Corpus, progress: bool) -> LanguageModelScore:
        from textkit.text.encoding import encode_corpus

        splitter = self.tokenizer or get_tokenizer("character")
        encoded = encode_corpus(
            source, tokenizer=splitter, vocabulary=self.vocabulary, unknown="keep", progress=progress
        )
        # Empty documents are not scored, so their ends are subtracted from the size of the text.
        size = encoded.size
        assert size is not None  # only a folder of an earlier version lacks it
        documents = [ids for ids in encoded.documents() if len(ids)]
        blank = len(encoded) - len(documents)
        batches = SequenceBatches(documents, begin=self.vocabulary["<bos>"], end=self.vocabulary["<eos>"])
        with ProgressBar("scoring", total=batches.predictions, unit="tokens", show=progress) as bar:
            return score_documents(
                self.model,
                batches,
                characters=size.characters - blank,
                size=size.bytes - blank,
                unknown=sum(int(np.count_nonzero(ids == self.vocabulary["<unk>"])) for ids in documents),
                device=self.device,
                bar=bar,
            )


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (ValueError, OSError):  # too long for a name, or with NUL in it
        return False
