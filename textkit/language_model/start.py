"""The trained language model that a training starts from: what it decides, and its weights with rows for new tokens."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from textkit.language_model.language_model import LanguageModel
from textkit.language_model.settings import LanguageModelSettings
from textkit.models.growth import grown
from textkit.models.language_model import LanguageModelConfig, LanguageModelNetwork
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.text.base_vocabulary import BaseVocabulary
from textkit.text.id_stream import Unit
from textkit.text.tokenizers import Tokenizer, get_tokenizer
from textkit.text.vocabulary import Vocabulary
from textkit.training.checkpoint import saved_identity


@dataclass(frozen=True, kw_only=True, eq=False)
class Start:
    """A trained model to go on from.

    Attributes:
        model: The model; it is not changed.
        extend: Whether the vocabulary gets the new tokens of the text.
    """

    model: LanguageModel
    extend: bool = True

    @property
    def base(self) -> BaseVocabulary:
        """The vocabulary that the text is encoded with."""
        return BaseVocabulary(vocabulary=self.model.vocabulary, extend=self.extend, cutoffs=self._cutoffs)

    @property
    def documents(self) -> bool:
        """Whether the model was trained on separate documents."""
        return "<bos>" in self.model.vocabulary.specials

    @property
    def _cutoffs(self) -> tuple[int, ...]:
        cutoffs: tuple[int, ...] = getattr(self.model.model.config, "cutoffs", ())
        return cutoffs

    def unit(self, unit: Unit | None) -> Unit:
        """Return the unit of the model.

        Raises:
            ValueError: If another one is asked for.
        """
        if unit not in (None, self.model.unit):
            raise ValueError(f"unit must be {self.model.unit!r}, that of the model of init, got {unit!r}; leave it out")
        return self.model.unit

    def tokenizer(self, tokenizer: str | Tokenizer | None) -> str | Tokenizer | None:
        """Return the tokenizer of the model.

        Raises:
            ValueError: If another one is asked for.
        """
        own = self.model.tokenizer
        if tokenizer is not None and (own is None or get_tokenizer(tokenizer) != own):
            raise ValueError(f"tokenizer must be that of the model of init, got {tokenizer!r}; leave it out")
        return own

    def config(self, config: LanguageModelConfig | None) -> LanguageModelConfig:
        """Return the config of the training: the model's, with the regularization of another one if it is given.

        Raises:
            ValueError: If the architecture that is asked for is another one.
            TypeError: If the config is of another kind of model.
        """
        own = self.model.model.config
        if config is None:
            return own
        if type(config) is not type(own):
            raise TypeError(
                f"config must be a {type(own).__name__}, as in the model of init, got {type(config).__name__}; leave "
                "it out"
            )
        if getattr(config, "cutoffs", None) == "auto":
            config = _with_cutoffs(config, self._cutoffs)
        config = config.completed(own)
        for name in own.architecture:
            if (got := getattr(config, name)) != (expected := getattr(own, name)):
                raise ValueError(
                    f"{name} must be {expected!r}, as in the model of init, got {got!r}; leave it out: only dropout "
                    "and penalties can change"
                )
        return config

    def settings(self, settings: LanguageModelSettings | None) -> LanguageModelSettings:
        """Return the settings, which must be for documents if the model is.

        Raises:
            ValueError: If they are not, or the model is not.
        """
        if settings is None:
            return LanguageModelSettings(documents=self.documents)
        if settings.documents != self.documents:
            raise ValueError(
                f"documents must be {self.documents}, as in the training of the model of init, got "
                f"{settings.documents}; pass LanguageModelSettings(documents={self.documents})"
            )
        return settings

    def network(self, config: LanguageModelConfig, vocabulary: Vocabulary) -> LanguageModelNetwork:
        """Return a copy of the network with rows for the tokens of a larger vocabulary, made with `base`.

        Args:
            config: Config returned by `config`.
            vocabulary: The larger vocabulary.
        """
        tokens = self.model.vocabulary.tokens
        cutoffs = tuple(vocabulary[tokens[cutoff]] for cutoff in self._cutoffs)
        ids = torch.from_numpy(vocabulary.lookup(tokens, other=-1)).long()
        return grown(self.model.model, _with_cutoffs(config, cutoffs), len(vocabulary), ids)

    def digest(self) -> str:
        """Return a hexadecimal digest of the vocabulary and the weights."""
        digest = hashlib.blake2b(repr((self.model.vocabulary.specials, self.model.vocabulary.tokens)).encode())
        for name, weight in sorted(self.model.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(weight.detach().cpu().contiguous().numpy().data)
        return digest.hexdigest()[:32]


def _with_cutoffs(config: LanguageModelConfig, cutoffs: tuple[int, ...]) -> LanguageModelConfig:
    """Replace the cutoffs of a model that may have an adaptive softmax."""
    return replace(config, cutoffs=cutoffs) if isinstance(config, RnnLanguageModelConfig) else config


def start_from(
    init: LanguageModel | str | os.PathLike[str] | None, tokenizer: str | Tokenizer | None, *, extend: bool
) -> Start | None:
    """Open the model to go on from; None without one.

    Args:
        init: A language model, or the folder of one.
        tokenizer: The tokenizer, for a folder whose tokenizer cannot be loaded by its name.
        extend: Whether the vocabulary gets the new tokens of the text.

    Raises:
        TypeError: If ``init`` is something else.
        ValueError: If the folder does not hold a language model, or there is nothing to extend.
        FileNotFoundError: If the folder does not exist.
    """
    if init is None:
        if not extend:
            raise ValueError("extend_vocabulary must be True without init, got False; pass a trained model as init")
        return None
    if isinstance(init, LanguageModel):
        return Start(model=init, extend=extend)
    if not isinstance(init, str | os.PathLike):
        raise TypeError(f"init must be a LanguageModel or the folder of one, got {type(init).__name__}")
    return Start(model=LanguageModel.load(init, tokenizer=tokenizer), extend=extend)


def check_same_start(checkpoint: str | os.PathLike[str], start: Start | None) -> None:
    """Check that a run is resumed with the model that it started from, before any text is read.

    Raises:
        ValueError: If a model is missing, is another one, or is passed although the run started without.
    """
    if not Path(checkpoint).exists():
        return
    found = saved_identity(checkpoint)
    if "unit" not in found or found.get("init") == (None if start is None else start.digest()):
        return  # the same, or no checkpoint of a language model, which is found later
    name = os.fspath(checkpoint)
    if found.get("init") is None:
        rule = f"init must be left out to resume from {name!r}, whose training started without it, got a model"
    else:
        got = "none" if start is None else "another one, or one that has changed since"
        rule = f"init must be the model that the training in {name!r} started from, got {got}"
    raise ValueError(f"{rule}; delete the checkpoint to start from the beginning, or choose another file")
