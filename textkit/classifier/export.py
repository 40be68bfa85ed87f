"""Export a classifier with everything that a program without textkit needs to use it on raw text."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from textkit.files.atomic_folder import atomic_folder
from textkit.models import exported_classifier
from textkit.models.classifier import Classifier
from textkit.models.export import export_model
from textkit.models.word_avg import USUAL_BUCKETS, WordAvgConfig
from textkit.text.huggingface import HuggingFaceTokenizer
from textkit.text.ngrams import MULTIPLIER
from textkit.text.phrases import PhraseTokenizer
from textkit.text.saved_tokenizer import described, saved_name, tokenizer_files
from textkit.text.sentencepiece import SentencePieceTokenizer
from textkit.text.tokenizers import FunctionTokenizer, NamedTokenizer, WordTokenizer, word_pattern
from textkit.text.vocabulary import Vocabulary

FORMAT = "textkit-export"
VERSION = 1
NETWORK, CONFIG, PROGRAM = "model.onnx", "classifier.json", "predict.py"


def export_classifier(
    path: str | os.PathLike[str],
    model: Classifier,
    vocabulary: Vocabulary,
    classes: NDArray[Any],
    tokenizer: NamedTokenizer,
    *,
    multi_label: bool,
    thresholds: NDArray[Any] | None,
    max_length: int,
) -> None:
    """Export a classifier to a folder, or to a single file if the path has a suffix.

    Args:
        path: A new folder, or one that was exported before; or a file name that ends in .onnx or .pt2.
        model: The network.
        vocabulary: Its vocabulary.
        classes: (classes,) its labels.
        tokenizer: Its tokenizer.
        multi_label: Whether a text may have several labels.
        thresholds: (classes,) the probabilities above which it then has a label; None for one half.
        max_length: Maximum number of tokens of a text.

    Raises:
        ValueError: If the path has another suffix, or the folder holds anything else.
        RuntimeError: If the exported probabilities differ from the model's.
        ImportError: If an ONNX export needs a package that is not installed.
        FileNotFoundError: If the parent folder does not exist.
    """
    config = {
        "format": FORMAT,
        "version": VERSION,
        "classes": classes.tolist(),
        "multi_label": multi_label,
        **({"thresholds": [0.5] * len(classes) if thresholds is None else thresholds.tolist()} if multi_label else {}),
        "max_length": max_length,
        "tokenizer": _tokenizer_entries(tokenizer),
        "specials": list(vocabulary.specials),
        "inputs": {
            "ids": "int64 (batch, time), time at least 1: the position of each token in vocabulary; 1 for a token that "
            "is not there or is among specials; 0 for padding, at the end",
            "mask": "bool (batch, time): true for a token, false for padding",
        },
        "outputs": {"probabilities": "float32 (batch, classes), in the order of classes"},
        **_ngram_entries(model),
        "vocabulary": list(vocabulary.tokens),
    }
    if suffix := Path(path).suffix:
        if suffix.lower() not in (".onnx", ".pt2"):
            raise ValueError(
                "path must end in .pt2 for torch.export or in .onnx, or be a folder without a suffix, got "
                f"{str(path)!r}; choose one"
            )
        export_model(model, path, multi_label=multi_label, metadata={FORMAT: json.dumps(config, ensure_ascii=False)})
        return
    with atomic_folder(path, replaceable=_is_export) as temporary:
        export_model(model, temporary / NETWORK, multi_label=multi_label)
        text = json.dumps(config, ensure_ascii=False, indent=1) + "\n"
        (temporary / CONFIG).write_text(text, encoding="utf-8")
        shutil.copyfile(exported_classifier.__file__, temporary / PROGRAM)
        for name, content in tokenizer_files(tokenizer).items():
            (temporary / name).write_bytes(content)


def _tokenizer_entries(tokenizer: NamedTokenizer) -> dict[str, Any]:
    """Describe how a text is split; "needs" is what plain Python lacks."""
    name = saved_name(tokenizer)
    entries: dict[str, Any] = {"name": name}
    if isinstance(tokenizer, WordTokenizer):
        return {**entries, "split": "pattern", "lower": tokenizer.lower, "pattern": word_pattern()}
    if name in ("whitespace", "character"):
        return {**entries, "split": "whitespace" if name == "whitespace" else "characters"}
    if isinstance(tokenizer, HuggingFaceTokenizer):
        needs = "tokenizers.Tokenizer.from_file('tokenizer.json').encode(text, add_special_tokens={}).tokens"
        needs = needs.format(tokenizer.special_tokens) + ", without padding"
    elif isinstance(tokenizer, SentencePieceTokenizer):
        needs = "sentencepiece.SentencePieceProcessor(model_file='tokenizer.model').encode(text, out_type=str)"
    elif isinstance(tokenizer, PhraseTokenizer):
        splits = saved_name(tokenizer.tokenizer)
        needs = f"the tokenizer {splits!r}, of which the phrases in phrases.json are joined to single tokens"
    elif isinstance(tokenizer, FunctionTokenizer):
        needs = f"the function {name}" if ":" in name else described(tokenizer)
    elif name == "jieba":
        needs = "jieba.lcut(text), without tokens that are white space"
    else:
        language = name.removeprefix("spacy:")
        rules = "the rules in spacy-tokenizer.json" if language == name else f"spacy.blank({language!r})"
        needs = f"spaCy's tokenizer with {rules}, without tokens that are white space"
    return {**entries, "split": "other", "needs": needs}


def _ngram_entries(model: Classifier) -> dict[str, Any]:
    """Describe how the network finds the vectors of n-grams, for those who rebuild it."""
    config = model.config
    if not isinstance(config, WordAvgConfig) or config.ngrams == 1:
        return {}
    return {
        "ngrams": {
            "computed": "in model.onnx",
            "longest": config.ngrams,
            "buckets": config.buckets or USUAL_BUCKETS,
            "multiplier": MULTIPLIER,
            "bucket": "of the ids i, j, k: ((i * multiplier + j) * multiplier + k) modulo buckets",
        }
    }


def _is_export(folder: Path) -> bool:
    try:
        config = json.loads((folder / CONFIG).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and config.get("format") == FORMAT
