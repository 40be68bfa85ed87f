"""A trained language model: generate text, score text, save and load."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Literal, overload

import torch

from textkit.checks import check_choice
from textkit.display.html import block, table
from textkit.generation.settings import OTHER_NAMES, GenerationSettings, Unseen
from textkit.generation.text import start_token
from textkit.generation.writer import Writer
from textkit.hub.card import Card
from textkit.hub.layouts import LANGUAGE_MODEL
from textkit.hub.sharing import Shared
from textkit.language_model.card import language_model_card
from textkit.language_model.filling import Filling
from textkit.language_model.networks import restored_network, saved_kind
from textkit.language_model.score_methods import Scoring
from textkit.language_model.state_methods import Reading
from textkit.models.language_model import LanguageModelNetwork
from textkit.models.rnn_language_model import RnnLanguageModel
from textkit.models.storage import WEIGHTS, read_folder, write_folder
from textkit.other_names import other_names
from textkit.plots.axes import embedded_plot
from textkit.plots.training import learning_curves
from textkit.text.id_stream import UNITS, Unit, check_specials, splitter
from textkit.text.saved_tokenizer import (
    restored_tokenizer,
    saved_name,
    tokenizer_entries,
    tokenizer_files,
    tokenizer_texts,
)
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary
from textkit.training.devices import usable_device

KIND = "language-model"


class LanguageModel(Reading, Scoring, Filling, Shared):
    """A network with its vocabulary. Created by `textkit.train_language_model` or `textkit.load`.

    Args:
        model: The network.
        vocabulary: Vocabulary of the network, of the same size.
        unit: "char" if the tokens are characters, "word" or "subword" if they are those and ``<eos>`` at line ends.
        tokenizer: Name or callable that splits texts into words, or a tokenizer of Hugging Face or sentencepiece for
            subwords; None for characters, and for words split at white space.

    Attributes:
        metadata: How, from what, when and with which versions the model was trained; empty if that is not known.
        history: The number, ``loss`` and ``valid_loss`` (nats per token) of each epoch of its training.

    Raises:
        ValueError: If the arguments are inconsistent.
    """

    def __init__(
        self,
        model: LanguageModelNetwork,
        vocabulary: Vocabulary,
        *,
        unit: Unit,
        tokenizer: str | Tokenizer | None = None,
    ) -> None:
        check_choice("unit", unit, UNITS)
        if unit == "char" and tokenizer is not None:
            raise ValueError(f"tokenizer must be None for characters, got {tokenizer!r}; leave it out")
        if len(vocabulary) != model.vocab:
            raise ValueError(
                f"vocabulary must have the {model.vocab} tokens of the model, got {len(vocabulary)}; "
                "pass the one that it was trained with"
            )
        check_specials(unit, vocabulary)
        if "<bos>" in vocabulary.specials and "<eos>" not in vocabulary.specials:
            raise ValueError("vocabulary must have <eos> with <bos>, got no <eos>; documents begin and end with them")
        self.model = model
        self.vocabulary = vocabulary
        self.unit: Unit = unit
        self.tokenizer = None if unit == "char" else splitter(unit, tokenizer)
        self.metadata: dict[str, Any] = {}
        self.history: list[dict[str, Any]] = []

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return self.model.embedding.device

    def to(self, device: torch.device | str) -> "LanguageModel":
        """Move the weights to another device, for `score` and `surprisal`; text is always generated on the CPU.

        Args:
            device: "cpu", "cuda", "mps", or "auto" for a GPU if there is one.

        Raises:
            ValueError: If the device is not usable.
        """
        self.model.to(usable_device(device))
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
    @other_names(OTHER_NAMES)
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

        A bidirectional model generates by its forward direction.

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
            unknown: What to do with tokens of the prompt that are not in the vocabulary: "error" or "skip".

        Returns:
            The prompt and its continuation; a list of them for more than one sample. Special tokens are never
            generated.

        Raises:
            ValueError: If an argument is out of range, or the prompt has unknown tokens.
            TypeError: If the model is a masked one, which fills gaps.
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

    @other_names(OTHER_NAMES)
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

        The end of the text is held back as long as it may be the beginning of a stop string.

        Returns:
            An iterator of non-empty strings, first the prompt, then the generated pieces.

        Raises:
            ValueError: As `generate`; raised by the call itself, before the first piece.
        """
        settings = GenerationSettings(
            length=length, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed, stop=stop, unknown=unknown
        )
        return self.writer(prompt, settings).pieces()

    def writer(self, prompt: str, settings: GenerationSettings) -> Writer:
        """Read a prompt and return a writer that generates any number of texts from it, for `generate` and `stream`.

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

    def export(self, path: str | os.PathLike[str], *, check: bool = True) -> None:
        """Export a recurrent model to a file that other programs can run: one token and a state in, out what follows.

        Of a bidirectional model the forward direction is exported.

        The inputs are ``ids`` (batch,), int64, and the state of each layer, zeros at the start: ``h0``, ``h1``, ..., or
        ``h0``, ``c0``, ... of an LSTM, (batch, units) each. The outputs are ``log_probabilities`` (batch, vocab) of the
        next token, natural logarithms, and the new state, ``new_h0`` and so on. The metadata, properties of an ONNX
        model and the extra file ``metadata.json`` of torch.export, has "unit", "tokenizer", "vocabulary" (a JSON list),
        "specials" and "start", the token to begin a text with; and the file of a tokenizer that has one, in base64 if
        it is one of sentencepiece.

        Args:
            path: A file name that ends in .onnx, or in .pt2 for ``torch.export.load(path).module()``.
            check: Whether to run the file on random tokens and compare it with the model.

        Raises:
            ValueError: If the path has another suffix.
            TypeError: If the model is a transformer.
            ImportError: If an ONNX export needs a package that is not installed.
            RuntimeError: If the file's log-probabilities differ from the model's; nothing is written then.
            FileNotFoundError: If the folder of the path does not exist.
        """
        if not isinstance(self.model, RnnLanguageModel):
            raise TypeError(
                f"export must be of a recurrent model, got a {self.model.config.kind}; save it: other programs read "
                "its weights.safetensors"
            )
        # Imported here, because torch's exporter takes seconds.
        from textkit.models.export_step import export_step, step_metadata

        tokenizer = "character" if self.tokenizer is None else saved_name(self.tokenizer)
        start = start_token(self.vocabulary, self.unit)
        metadata = step_metadata(self.vocabulary, unit=self.unit, tokenizer=tokenizer, start=start)
        metadata |= {} if self.tokenizer is None else tokenizer_texts(self.tokenizer)
        export_step(self.model, path, metadata, check=check)

    _layout = LANGUAGE_MODEL

    def _card(self) -> Card:
        tokenizer = None if self.tokenizer is None else saved_name(self.tokenizer)
        return language_model_card(self.model, self.vocabulary, self.unit, tokenizer, self.metadata, self.history)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Save the model as a folder of plain files: config.json, vocabulary.txt, weights.safetensors, training.json.

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
                **saved_kind(self.model.config),
                "model": asdict(self.model.config),
            },
            vocabulary=self.vocabulary,
            weights={name: weight.detach().cpu().numpy() for name, weight in self.model.state_dict().items()},
            files={} if self.tokenizer is None else tokenizer_files(self.tokenizer),
            metadata=self.metadata,
            history=self.history,
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
        if stored.config.get("unit") in ("word", "subword"):
            split = restored_tokenizer(stored.config, stored.files, folder, tokenizer=tokenizer, trust=trust_tokenizer)
        elif tokenizer is not None:
            raise ValueError(f"tokenizer must be None for a model of characters, got {tokenizer!r}; leave it out")
        try:
            loaded = cls(restored_network(stored), stored.vocabulary, unit=stored.config["unit"], tokenizer=split)
        except (TypeError, ValueError, KeyError, RuntimeError) as error:
            raise ValueError(
                f"{stored.folder} must hold a language model whose config.json fits its {WEIGHTS}, got {error!r}; "
                "save the model again"
            ) from error
        loaded.metadata, loaded.history = stored.metadata, stored.history
        return loaded

    def _repr_html_(self) -> str:
        config, weights = self.model.config, sum(weight.numel() for weight in self.model.parameters())
        facts = {"unit": self.unit, "vocabulary": len(self.vocabulary), "model": config.kind, "weights": weights}
        rows = [*facts.items(), *((name.replace("_", " "), value) for name, value in asdict(config).items())]
        drawn = [partial(learning_curves, self.history)] if len(self.history) > 1 else []
        return block("Language model", table([], rows), embedded_plot(*drawn) if drawn else "")

    def __repr__(self) -> str:
        weights = sum(weight.numel() for weight in self.model.parameters())
        return f"LanguageModel({self.unit}, {len(self.vocabulary)} tokens, {self.model.config}, {weights:,} weights)"
