"""textkit: word vectors, recurrent language models and text classifiers, trained from your own text.

The house, in the order in which text flows through it:

    text/        a corpus, tokens, a vocabulary, ids
    vectors/     words and their vectors, and the files that hold them
    batches/     ids cut into what a model is fed
    models/      the networks, plain and readable
    kernels/     the inner loops written for speed
    training/    the loop, checkpoints, and one function for each thing to be trained
    evaluation/  similarity, analogies: a trained thing in, numbers out
    train.py  evaluate.py    the commands: python -m textkit.train --help
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textkit.evaluation.analogies import AnalogyReport, evaluate_analogies
    from textkit.evaluation.similarity import SimilarityReport, evaluate_similarity
    from textkit.text.corpus import Corpus, corpus
    from textkit.text.encoding import EncodedCorpus, encode_corpus
    from textkit.text.tokenizers import Tokenizer, tokenizer
    from textkit.text.vocabulary import Vocabulary
    from textkit.training.word2vec import train_word2vec
    from textkit.training.word2vec_run import EpochReport
    from textkit.vectors.word_vectors import WordVectors

__version__ = "0.1.0"

_PUBLIC = {
    "AnalogyReport": "textkit.evaluation.analogies",
    "Corpus": "textkit.text.corpus",
    "EncodedCorpus": "textkit.text.encoding",
    "EpochReport": "textkit.training.word2vec_run",
    "SimilarityReport": "textkit.evaluation.similarity",
    "Tokenizer": "textkit.text.tokenizers",
    "Vocabulary": "textkit.text.vocabulary",
    "WordVectors": "textkit.vectors.word_vectors",
    "corpus": "textkit.text.corpus",
    "encode_corpus": "textkit.text.encoding",
    "evaluate_analogies": "textkit.evaluation.analogies",
    "evaluate_similarity": "textkit.evaluation.similarity",
    "tokenizer": "textkit.text.tokenizers",
    "train_word2vec": "textkit.training.word2vec",
}

__all__ = [
    "AnalogyReport",
    "Corpus",
    "EncodedCorpus",
    "EpochReport",
    "SimilarityReport",
    "Tokenizer",
    "Vocabulary",
    "WordVectors",
    "corpus",
    "encode_corpus",
    "evaluate_analogies",
    "evaluate_similarity",
    "tokenizer",
    "train_word2vec",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562), so that ``import textkit`` stays instant."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'textkit' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
