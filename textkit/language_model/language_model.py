"""A trained language model: it writes text, says how well it expects a text, and is saved and loaded."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal, overload

import torch

from textkit.batches.sequences import SequenceBatches
from textkit.data.corpus import Corpus, open_corpus
from textkit.data.text_size import with_size
from textkit.evaluation.perplexity import LanguageModelScore, score_documents, score_ids
from textkit.generation.settings import GenerationSettings, Unseen
from textkit.generation.writer import Writer
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.models.storage import WEIGHTS, read_folder, write_folder
from textkit.text.encoding import encode_corpus
from textkit.text.id_stream import UNITS, Unit, encode_text, read_stream
from textkit.text.tokenizers import Tokenizer, get_tokenizer, tokenizer_name
from textkit.text.vocabulary import Vocabulary

KIND = "language-model"


class LanguageModel:
    """A recurrent network together with the tokens it knows. Made by `textkit.train_language_model` or `textkit.load`.

    Args:
        model: The network.
        vocabulary: Its tokens; as many as the network has.
        unit: "char" if the tokens are characters, "word" if they are words and ``<eos>`` at line ends.
        tokenizer: How words are split, a name or a function; None for characters, and for words that stand between
            white space.

    Raises:
        ValueError: If these do not fit together.
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
                "take the one that it was trained with"
            )
        self.model = model
        self.vocabulary = vocabulary
        self.unit: Unit = unit
        self.tokenizer = None if unit == "char" else get_tokenizer(tokenizer or "whitespace")

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.embedding.device

    def to(self, device: torch.device | str) -> "LanguageModel":
        """Move the weights to another device, for `score`; text is written on the CPU, wherever they are."""
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
        r"""Write text. The time it takes grows linearly with the length.

        Args:
            prompt: How the text begins, at the start of a line. The text goes on from there.
            length: How many tokens (characters, or words and line ends) to write after the prompt, at most.
            temperature: What logits are divided by: 1 writes as the model expects, 0.5 more carefully; 0 always takes
                the likeliest token.
            top_k: Choose among so many of the likeliest tokens; None for all.
            top_p: Choose among the likeliest tokens that have this share of the probability, above 0 up to 1; None
                for all.
            seed: The same seed gives the same text on a CPU. None draws another one each time.
            stop: A string or several: the text ends before the first that comes after the prompt.
            samples: How many texts. Text number i is the same for any number of them.
            unknown: What becomes of tokens of the prompt that the model has never seen: "error", or "skip" to leave
                them out.

        Returns:
            Prompt and continuation; a list of such for more than one sample. Special tokens are never written.

        Raises:
            ValueError: If an argument is out of its range, or the prompt has unknown tokens.
            FloatingPointError: If the weights are no numbers.
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
        """Write the text that `generate` would return, but hand on each piece when it is written.

        The arguments are those of `generate`. What may turn out to be the beginning of a stop string is held back
        until that is decided.

        Returns:
            An iterator of strings, none of them empty: first the prompt, then what is written.

        Raises:
            ValueError: As `generate` does, at once and not only with the first piece.
        """
        settings = GenerationSettings(
            length=length, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed, stop=stop, unknown=unknown
        )
        return self.writer(prompt, settings).pieces()

    def writer(self, prompt: str, settings: GenerationSettings) -> Writer:
        """Read a prompt, to write one text or more from there; what `generate` and `stream` are made of.

        Raises:
            ValueError: If the prompt has unknown tokens.
            TypeError: If it is no str.
        """
        if not isinstance(prompt, str):
            raise TypeError(f"prompt must be a str, got {type(prompt).__name__}; give one text, and samples= for more")
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
    ) -> LanguageModelScore:
        """Measure how well the model expects a text.

        The text is one stream, in which the state is carried from beginning to end; or, for a model that was trained
        on documents that stand alone, each document is scored by itself, and its end too.

        Args:
            text: A str is the text itself. Anything else is a corpus: a Path, ``textkit.corpus(...)``, a data set, an
                iterable of documents; each document is followed by a line end.
            batch_size: Into how many parts a stream is cut, which are read side by side. 1 is exact; more are faster,
                but each part begins without memory.
            column: The column of a table.
            encoding: The encoding of files.
            errors: What becomes of bytes that are not in the encoding: "strict", "replace" or "ignore".

        Returns:
            Nats per token, perplexity, bits per character and per byte, and what was counted.

        Raises:
            ValueError: If there are not two tokens at least, or the str is the name of a file.
            TypeError: If it is no corpus.
            OSError: If a file cannot be read.
        """
        if isinstance(text, str) and _is_file(text):
            raise ValueError(f"text must be the text itself, got the name of a file, {text!r}; pass Path({text!r})")
        if "<bos>" in self.vocabulary.specials:
            source = open_corpus(
                [text] if isinstance(text, str) else text, column=column, encoding=encoding, errors=errors
            )
            return self._score_documents(source)
        if isinstance(text, str):
            stream = encode_text(text, unit=self.unit, vocabulary=self.vocabulary, tokenizer=self.tokenizer)
        else:
            stream, _ = read_stream(
                text,
                unit=self.unit,
                vocabulary=self.vocabulary,
                tokenizer=self.tokenizer,
                column=column,
                encoding=encoding,
                errors=errors,
            )
        return score_ids(self.model, stream, batch_size=batch_size, device=self.device)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the model as a folder of plain files: config.json, vocabulary.txt and weights.safetensors.

        Args:
            folder: Where to; the folder around it must exist. A model that is there is replaced, without a moment
                in which none is.

        Raises:
            ValueError: If ``folder`` is a file or holds something else, or the tokenizer is a function that cannot
                be found again by its name.
            OSError: If it cannot be written.
        """
        write_folder(
            folder,
            kind=KIND,
            config={
                "unit": self.unit,
                "tokenizer": None if self.tokenizer is None else tokenizer_name(self.tokenizer),
                "model": asdict(self.model.config),
            },
            vocabulary=self.vocabulary,
            weights={name: weight.detach().cpu().numpy() for name, weight in self.model.state_dict().items()},
        )

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> "LanguageModel":
        """Read what `save` wrote, onto the CPU.

        Raises:
            FileNotFoundError: If there is no such folder.
            ValueError: If it is not that of a language model, of a newer version, or damaged.
        """
        stored = read_folder(folder, kind=KIND)
        try:
            config = RnnLanguageModelConfig(**stored.config["model"])
            with torch.device("meta"):  # sizes alone, no memory
                model = RnnLanguageModel(config, len(stored.vocabulary), generator=torch.Generator())
            weights = {name: torch.tensor(array) for name, array in stored.weights.items()}
            model.load_state_dict(weights, assign=True)
            model.eval()
            return cls(model, stored.vocabulary, unit=stored.config["unit"], tokenizer=stored.config["tokenizer"])
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

    def _score_documents(self, source: Corpus) -> LanguageModelScore:
        corpus, size = with_size(source)
        split = self.tokenizer or get_tokenizer("character")
        encoded = encode_corpus(corpus, tokenizer=split, vocabulary=self.vocabulary, unknown="keep")
        documents = [ids for ids in encoded.documents() if len(ids)]
        blank = len(encoded) - len(documents)
        return score_documents(
            self.model,
            SequenceBatches(documents, begin=self.vocabulary["<bos>"], end=self.vocabulary["<eos>"]),
            characters=size.characters - blank,
            size=size.utf8_bytes - blank,
            unknown=int((encoded.ids == self.vocabulary["<unk>"]).sum()),
            device=self.device,
        )


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (ValueError, OSError):  # too long for a name, or with NUL in it
        return False
