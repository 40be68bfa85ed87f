"""torchtext's tokenizers of pretrained models, over the packages tokenizers and sentencepiece."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from textkit.compat.torchtext.data.functional import load_sp_model

Encoded = TypeVar("Encoded")
_SPECIAL = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")


class SentencePieceTokenizer(nn.Module):
    """Splits texts into the pieces of a SentencePiece model.

    Args:
        sp_model_path: Path of the ``.model`` file.

    Raises:
        ValueError: If it is not a local file.
        ImportError: If sentencepiece is not installed.
    """

    def __init__(self, sp_model_path: str) -> None:
        super().__init__()
        self.sp_model = load_sp_model(_local(sp_model_path, "sp_model_path"))

    def forward(self, input: Any) -> Any:
        """Return the pieces of a text, or of each text of a list."""
        return _each(input, lambda text: list(self.sp_model.encode(text, out_type=str)))


class _HuggingFaceTransform(nn.Module):
    """Base of the transforms over a ``tokenizers.Tokenizer``.

    Args:
        tokenizer: Tokenizer, or what has its method ``encode``.
        return_tokens: Whether to return token strings; otherwise ids, as str.
    """

    def __init__(self, tokenizer: Any, return_tokens: bool) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self._return_tokens = return_tokens

    def forward(self, input: Any) -> Any:
        """Return the tokens of a text, or of each text of a list; as ids in the form of str, if not as tokens."""
        return _each(input, self._encode)

    def _encode(self, text: str) -> list[str]:
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        return list(encoding.tokens) if self._return_tokens else [str(number) for number in encoding.ids]


class BERTTokenizer(_HuggingFaceTransform):
    """Splits texts into the word pieces of BERT.

    Args:
        vocab_path: Path of ``vocab.txt``, with one token on each line.
        do_lower_case: Whether to lowercase texts.
        strip_accents: Whether to strip accents; None for as ``do_lower_case``.
        return_tokens: Whether to return token strings; otherwise ids, as str.
        never_split: Tokens to keep whole.

    Raises:
        ValueError: If ``vocab_path`` is not a local file.
        ImportError: If tokenizers is not installed.
    """

    def __init__(
        self,
        vocab_path: str,
        do_lower_case: bool = True,
        strip_accents: bool | None = None,
        return_tokens: bool = False,
        never_split: Sequence[str] | None = None,
    ) -> None:
        path = _local(vocab_path, "vocab_path")
        build = _implementation("BertWordPieceTokenizer")
        tokenizer = build(path, lowercase=do_lower_case, strip_accents=strip_accents)
        if never_split:
            tokenizer.add_special_tokens(list(never_split))
        super().__init__(tokenizer, return_tokens)


class GPT2BPETokenizer(_HuggingFaceTransform):
    """Splits texts into the byte pairs of GPT-2.

    Args:
        encoder_json_path: Path of ``encoder.json``, tokens and their ids.
        vocab_bpe_path: Path of ``vocab.bpe``, the merges.
        return_tokens: Whether to return token strings; otherwise ids, as str.

    Raises:
        ValueError: If a path is not a local file.
        ImportError: If tokenizers is not installed.
    """

    def __init__(self, encoder_json_path: str, vocab_bpe_path: str, return_tokens: bool = False) -> None:
        paths = _local(encoder_json_path, "encoder_json_path"), _local(vocab_bpe_path, "vocab_bpe_path")
        super().__init__(_implementation("ByteLevelBPETokenizer")(*paths), return_tokens)

    def add_special_tokens(self, special_tokens_dict: Mapping[str, str | Sequence[str]]) -> int:
        """Add tokens that are not split, such as ``{"eos_token": "</s>"}``.

        Args:
            special_tokens_dict: Names, such as "pad_token" or "additional_special_tokens", and tokens.

        Returns:
            The number of tokens that were not in the vocabulary.

        Raises:
            ValueError: If a name is unknown.
        """
        names = [*(f"{name}_token" for name in _SPECIAL), "additional_special_tokens"]
        if unknown := set(special_tokens_dict) - set(names):
            raise ValueError(f"special_tokens_dict must have keys among {', '.join(names)}, got {sorted(unknown)}")
        tokens: list[str] = []
        for value in special_tokens_dict.values():
            tokens += [value] if isinstance(value, str) else value
        return int(self.tokenizer.add_special_tokens(tokens))

    def decode(self, tokens: Sequence[str]) -> str:
        """Return the text of ids, given as str."""
        return str(self.tokenizer.decode([int(number) for number in tokens], skip_special_tokens=False))


class CharBPETokenizer(_HuggingFaceTransform):
    """Splits texts at whitespace, and the words into byte pairs of characters.

    Args:
        bpe_encoder_path: Path of a JSON file of tokens and their ids.
        bpe_merges_path: Path of the file of merges.
        return_tokens: Whether to return token strings; otherwise ids.
        unk_token: Token of unknown characters; None to leave them out.
        suffix: End of the last part of a word, such as "</w>".
        special_tokens: Tokens to keep whole; they must be in the file.

    Raises:
        ValueError: If a path is not a local file, or a special token is not in the file.
        ImportError: If tokenizers is not installed.
    """

    def __init__(
        self,
        bpe_encoder_path: str,
        bpe_merges_path: str,
        return_tokens: bool = False,
        unk_token: str | None = None,
        suffix: str | None = None,
        special_tokens: Sequence[str] | None = None,
    ) -> None:
        encoder, merges = _local(bpe_encoder_path, "bpe_encoder_path"), _local(bpe_merges_path, "bpe_merges_path")
        build = _implementation("Tokenizer")
        known = json.loads(Path(encoder).read_text(encoding="utf-8"))
        needed = [*(special_tokens or ()), *([] if unk_token is None else [unk_token])]
        if missing := [token for token in needed if token not in known]:
            raise ValueError(f"special_tokens must be in {encoder}, got {missing}; add them to the file")
        from tokenizers import models, pre_tokenizers

        model = models.BPE.from_file(encoder, merges, unk_token=unk_token, end_of_word_suffix=suffix)
        tokenizer = build(model)
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        tokenizer.add_special_tokens(list(special_tokens or ()))
        super().__init__(tokenizer, return_tokens)
        self._suffix = suffix

    def _encode(self, text: str) -> list[Any]:
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        return list(encoding.tokens if self._return_tokens else encoding.ids)

    def encode(self, text: str) -> list[Any]:
        """Return the tokens or ids of a text."""
        return self._encode(text)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of ids."""
        parts = [str(self.tokenizer.id_to_token(number)) for number in tokens]
        ends = self._suffix or ""
        return "".join(
            f"{part.removesuffix(ends)} " if ends and part.endswith(ends) else part for part in parts
        ).rstrip()


class CLIPTokenizer(nn.Module):
    """Not here: transformers has the tokenizer of CLIP.

    Args:
        merges_path: Path of the merges.
        encoder_json_path: Path of the tokens and their ids.
        num_merges: Number of merges to read.
        return_tokens: Whether to return token strings.

    Raises:
        NotImplementedError: Always; the message names the remedy.
    """

    def __init__(
        self,
        merges_path: str,
        encoder_json_path: str | None = None,
        num_merges: int | None = None,
        return_tokens: bool = False,
    ) -> None:
        raise NotImplementedError(
            "CLIPTokenizer is not in textkit; use transformers.CLIPTokenizerFast.from_pretrained(NAME), which "
            "textkit.tokenizer takes"
        )


def _each(input: Any, encode: Callable[[str], Encoded]) -> Encoded | list[Encoded]:
    """Encode a text, or each text of a list.

    Raises:
        TypeError: If ``input`` is neither.
    """
    if isinstance(input, str):
        return encode(input)
    if isinstance(input, list) and all(isinstance(text, str) for text in input):
        return [encode(text) for text in input]
    raise TypeError(f"input must be a text or a list of texts, got {input!r:.60}; pass str")


def _local(path: str, name: str) -> str:
    """Check that a path is that of a file on this machine.

    Raises:
        ValueError: If it is not.
    """
    if not Path(path).is_file():
        raise ValueError(f"{name} must be a local file, got {str(path)!r}; download it first, and pass its path")
    return str(path)


def _implementation(name: str) -> Any:
    """Import a class of tokenizers.

    Raises:
        ImportError: If the package is not installed.
    """
    from importlib import import_module

    try:
        return getattr(import_module("tokenizers"), name)
    except ModuleNotFoundError as error:
        raise ImportError(
            "this transform needs tokenizers; pip install textkit[huggingface], or use textkit.tokenizer('word-lower')"
        ) from error
