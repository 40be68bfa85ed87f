"""textkit: word vectors, recurrent language models and text classifiers, trained from your own text.

The house, in the order in which text flows through it:

    text/        a corpus, tokens, a vocabulary, ids
    vectors/     words and their vectors, and the files that hold them
    batches/     ids cut into what a model is fed
    models/      the networks, plain and readable
    kernels/     the inner loops written for speed
    evaluation/  similarity, analogies, perplexity: a trained thing in, numbers out
    generation/  a language model in, text out
    training/    the loop, checkpoints, and one function for each thing to be trained
    train.py  evaluate.py  generate.py    the commands: python -m textkit.generate --help
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textkit.evaluation.analogies import AnalogyReport, evaluate_analogies
    from textkit.evaluation.perplexity import LanguageModelScore
    from textkit.evaluation.similarity import SimilarityReport, evaluate_similarity
    from textkit.generation.language_model import LanguageModel
    from textkit.loading import load
    from textkit.models.rnn_language_model import RnnLanguageModelConfig
    from textkit.text.corpus import Corpus, corpus
    from textkit.text.encoding import EncodedCorpus, encode_corpus
    from textkit.text.tokenizers import Tokenizer, tokenizer
    from textkit.text.vocabulary import Vocabulary
    from textkit.training.language_model import train_language_model
    from textkit.training.language_model_run import LanguageModelReport
    from textkit.training.settings import LanguageModelSettings
    from textkit.training.word2vec import train_word2vec
    from textkit.training.word2vec_run import EpochReport
    from textkit.vectors.word_vectors import WordVectors

__version__ = "0.1.0"

_PUBLIC = {
    "AnalogyReport": "textkit.evaluation.analogies",
    "Corpus": "textkit.text.corpus",
    "EncodedCorpus": "textkit.text.encoding",
    "EpochReport": "textkit.training.word2vec_run",
    "LanguageModel": "textkit.generation.language_model",
    "LanguageModelReport": "textkit.training.language_model_run",
    "LanguageModelScore": "textkit.evaluation.perplexity",
    "LanguageModelSettings": "textkit.training.settings",
    "RnnLanguageModelConfig": "textkit.models.rnn_language_model",
    "SimilarityReport": "textkit.evaluation.similarity",
    "Tokenizer": "textkit.text.tokenizers",
    "Vocabulary": "textkit.text.vocabulary",
    "WordVectors": "textkit.vectors.word_vectors",
    "corpus": "textkit.text.corpus",
    "encode_corpus": "textkit.text.encoding",
    "evaluate_analogies": "textkit.evaluation.analogies",
    "evaluate_similarity": "textkit.evaluation.similarity",
    "load": "textkit.loading",
    "tokenizer": "textkit.text.tokenizers",
    "train_language_model": "textkit.training.language_model",
    "train_word2vec": "textkit.training.word2vec",
}

__all__ = [
    "AnalogyReport",
    "Corpus",
    "EncodedCorpus",
    "EpochReport",
    "LanguageModel",
    "LanguageModelReport",
    "LanguageModelScore",
    "LanguageModelSettings",
    "RnnLanguageModelConfig",
    "SimilarityReport",
    "Tokenizer",
    "Vocabulary",
    "WordVectors",
    "corpus",
    "encode_corpus",
    "evaluate_analogies",
    "evaluate_similarity",
    "load",
    "tokenizer",
    "train_language_model",
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
