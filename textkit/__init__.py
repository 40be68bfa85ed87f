"""textkit: word vectors, language models and text classifiers, trained on your own text.

The parts of the package, in the order in which text flows through it:

    progress.py      progress bars and lines on stderr
    files/           atomic files and folders, compressed files, lines
    checks.py        validation of numbers and choices
    data/            sources of texts and labels: corpora, tables, the catalog, downloads
    hub/             sharing on the Hugging Face Hub: upload, download, model cards
    text/            tokenizers, vocabularies, token ids
    fasttext/        the model files of fastText: their fields, words, matrices and n-grams
    vectors/         word vectors; formats/ has one module per file format
    batches/         batches of ids for the models
    models/          the networks, plain and readable; saving and export
    kernels/         inner loops optimized for speed
    display/         terminal columns
    plots/           pictures of all results, on the axes of matplotlib
    evaluation/      similarity, analogies, perplexity, classification, explanation, calibration
    generation/      sampling text from a language model
    training/        the training loop, schedules, optimizers, checkpoints: independent of the model
    phrases/         pairs of words that occur together more often than by chance
    word2vec/  language_model/  classifier/    settings, data and training runs of each kind of model
    compat/          interfaces of other libraries, for old programs
    explore/         the page in the browser: its server, what it asks, and its static files
    commands/        options and subcommands of the command line
    train.py  evaluate.py  generate.py  predict.py    the commands: python -m textkit.generate --help
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textkit.batches.bptt import BpttBatches
    from textkit.batches.bucketing import BucketBatches
    from textkit.batches.padding import PaddingCollator
    from textkit.classifier.fasttext_classifier import FastTextClassifier
    from textkit.classifier.run import ClassifierReport
    from textkit.classifier.search import search_classifier
    from textkit.classifier.search_report import SearchReport, SearchTrial
    from textkit.classifier.settings import ClassifierSettings
    from textkit.classifier.text_classifier import TextClassifier
    from textkit.classifier.text_features import TextFeatures
    from textkit.data.corpus import Corpus, corpus
    from textkit.data.labeled import LabeledTexts, LabelledTexts, read_labeled, read_labelled
    from textkit.data.splits import read_splits
    from textkit.evaluation.adaptation import DynamicEvaluation, NeuralCache
    from textkit.evaluation.analogies import AnalogyReport, evaluate_analogies
    from textkit.evaluation.classification import ClassificationReport
    from textkit.evaluation.explanation import Explanation
    from textkit.evaluation.perplexity import LanguageModelScore
    from textkit.evaluation.similarity import SimilarityReport, evaluate_similarity
    from textkit.language_model.language_model import LanguageModel
    from textkit.language_model.run import LanguageModelReport
    from textkit.language_model.settings import LanguageModelSettings
    from textkit.language_model.train import train_language_model
    from textkit.loading import load
    from textkit.models.bidirectional_language_model import BidirectionalLanguageModelConfig
    from textkit.models.cnn import CnnConfig
    from textkit.models.masked_language_model import MaskedLanguageModelConfig
    from textkit.models.pretrained_classifier import PretrainedClassifierConfig
    from textkit.models.rnn_classifier import RnnClassifierConfig
    from textkit.models.rnn_language_model import RnnLanguageModelConfig
    from textkit.models.transformer_language_model import TransformerLanguageModelConfig
    from textkit.models.word_avg import WordAvgConfig
    from textkit.phrases.find import ENGLISH_CONNECTORS, find_phrases
    from textkit.text.encoded_corpus import EncodedCorpus
    from textkit.text.encoding import encode_corpus
    from textkit.text.phrases import Phrase, Phrases
    from textkit.text.tokenizers import Tokenizer, tokenizer
    from textkit.text.vocabulary import Vocabulary
    from textkit.training.tracking import TensorBoard, log_to
    from textkit.vectors.subword_vectors import SubwordVectors
    from textkit.vectors.word_vectors import WordVectors
    from textkit.word2vec.run import EpochReport, Word2VecReport
    from textkit.word2vec.train import train_word2vec

__version__ = "0.1.0"

_PUBLIC = {
    "ENGLISH_CONNECTORS": "textkit.phrases.find",
    "AnalogyReport": "textkit.evaluation.analogies",
    "BidirectionalLanguageModelConfig": "textkit.models.bidirectional_language_model",
    "BpttBatches": "textkit.batches.bptt",
    "BucketBatches": "textkit.batches.bucketing",
    "ClassificationReport": "textkit.evaluation.classification",
    "ClassifierReport": "textkit.classifier.run",
    "ClassifierSettings": "textkit.classifier.settings",
    "CnnConfig": "textkit.models.cnn",
    "Corpus": "textkit.data.corpus",
    "DynamicEvaluation": "textkit.evaluation.adaptation",
    "EncodedCorpus": "textkit.text.encoded_corpus",
    "EpochReport": "textkit.word2vec.run",
    "Explanation": "textkit.evaluation.explanation",
    "FastTextClassifier": "textkit.classifier.fasttext_classifier",
    "LabeledTexts": "textkit.data.labeled",
    "LabelledTexts": "textkit.data.labeled",
    "LanguageModel": "textkit.language_model.language_model",
    "LanguageModelReport": "textkit.language_model.run",
    "LanguageModelScore": "textkit.evaluation.perplexity",
    "LanguageModelSettings": "textkit.language_model.settings",
    "MaskedLanguageModelConfig": "textkit.models.masked_language_model",
    "NeuralCache": "textkit.evaluation.adaptation",
    "PaddingCollator": "textkit.batches.padding",
    "Phrase": "textkit.text.phrases",
    "Phrases": "textkit.text.phrases",
    "PretrainedClassifierConfig": "textkit.models.pretrained_classifier",
    "RnnClassifierConfig": "textkit.models.rnn_classifier",
    "RnnLanguageModelConfig": "textkit.models.rnn_language_model",
    "SearchReport": "textkit.classifier.search_report",
    "SearchTrial": "textkit.classifier.search_report",
    "SimilarityReport": "textkit.evaluation.similarity",
    "SubwordVectors": "textkit.vectors.subword_vectors",
    "TensorBoard": "textkit.training.tracking",
    "TextClassifier": "textkit.classifier.text_classifier",
    "TextFeatures": "textkit.classifier.text_features",
    "Tokenizer": "textkit.text.tokenizers",
    "TransformerLanguageModelConfig": "textkit.models.transformer_language_model",
    "Vocabulary": "textkit.text.vocabulary",
    "Word2VecReport": "textkit.word2vec.run",
    "WordAvgConfig": "textkit.models.word_avg",
    "WordVectors": "textkit.vectors.word_vectors",
    "corpus": "textkit.data.corpus",
    "encode_corpus": "textkit.text.encoding",
    "evaluate_analogies": "textkit.evaluation.analogies",
    "evaluate_similarity": "textkit.evaluation.similarity",
    "find_phrases": "textkit.phrases.find",
    "load": "textkit.loading",
    "log_to": "textkit.training.tracking",
    "read_labeled": "textkit.data.labeled",
    "read_labelled": "textkit.data.labeled",
    "read_splits": "textkit.data.splits",
    "search_classifier": "textkit.classifier.search",
    "tokenizer": "textkit.text.tokenizers",
    "train_language_model": "textkit.language_model.train",
    "train_word2vec": "textkit.word2vec.train",
}

__all__ = [
    "ENGLISH_CONNECTORS",
    "AnalogyReport",
    "BidirectionalLanguageModelConfig",
    "BpttBatches",
    "BucketBatches",
    "ClassificationReport",
    "ClassifierReport",
    "ClassifierSettings",
    "CnnConfig",
    "Corpus",
    "DynamicEvaluation",
    "EncodedCorpus",
    "EpochReport",
    "Explanation",
    "FastTextClassifier",
    "LabeledTexts",
    "LabelledTexts",
    "LanguageModel",
    "LanguageModelReport",
    "LanguageModelScore",
    "LanguageModelSettings",
    "MaskedLanguageModelConfig",
    "NeuralCache",
    "PaddingCollator",
    "Phrase",
    "Phrases",
    "PretrainedClassifierConfig",
    "RnnClassifierConfig",
    "RnnLanguageModelConfig",
    "SearchReport",
    "SearchTrial",
    "SimilarityReport",
    "SubwordVectors",
    "TensorBoard",
    "TextClassifier",
    "TextFeatures",
    "Tokenizer",
    "TransformerLanguageModelConfig",
    "Vocabulary",
    "Word2VecReport",
    "WordAvgConfig",
    "WordVectors",
    "corpus",
    "encode_corpus",
    "evaluate_analogies",
    "evaluate_similarity",
    "find_phrases",
    "load",
    "log_to",
    "read_labeled",
    "read_labelled",
    "read_splits",
    "search_classifier",
    "tokenizer",
    "train_language_model",
    "train_word2vec",
]


def __getattr__(name: str) -> object:
    """Import a public name on first access (PEP 562), so that ``import textkit`` is fast.

    Raises:
        AttributeError: If there is no such public name.
    """
    if name not in _PUBLIC:
        raise AttributeError(f"module 'textkit' has no attribute {name!r}; it has {', '.join(__all__)}")
    # A library may draw random numbers while it is imported; those of the program must not depend on it.
    import random

    state = random.getstate()
    try:
        value = getattr(import_module(_PUBLIC[name]), name)
    finally:
        random.setstate(state)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
