"""The names of torchtext that are not here, and what to use in their place."""

_GLUE = 'use datasets.load_dataset("nyu-mll/glue", "{}")'
_NN = "use torch.nn.MultiheadAttention"
_MODELS = "use a model of transformers, or textkit.TextClassifier(language_model) on one of your own"

LEFT_OUT = {
    "torchtext.datasets.CC100": 'use datasets.load_dataset("statmt/cc100", language, streaming=True)',
    "torchtext.datasets.CNNDM": 'use datasets.load_dataset("abisee/cnn_dailymail", "3.0.0")',
    "torchtext.datasets.CoLA": _GLUE.format("cola"),
    "torchtext.datasets.IWSLT2016": "get the files from https://wit3.fbk.eu, and read them in pairs of lines",
    "torchtext.datasets.IWSLT2017": 'use datasets.load_dataset("IWSLT/iwslt2017", "iwslt2017-de-en")',
    "torchtext.datasets.MNLI": _GLUE.format("mnli"),
    "torchtext.datasets.MRPC": _GLUE.format("mrpc"),
    "torchtext.datasets.QNLI": _GLUE.format("qnli"),
    "torchtext.datasets.QQP": _GLUE.format("qqp"),
    "torchtext.datasets.RTE": _GLUE.format("rte"),
    "torchtext.datasets.SQuAD1": 'use datasets.load_dataset("rajpurkar/squad")',
    "torchtext.datasets.SQuAD2": 'use datasets.load_dataset("rajpurkar/squad_v2")',
    "torchtext.datasets.STSB": _GLUE.format("stsb"),
    "torchtext.datasets.WNLI": _GLUE.format("wnli"),
    "torchtext.experimental": "use textkit.compat.torchtext.transforms and vocab, its later form",
    "torchtext.models": _MODELS,
    "torchtext.nn": _NN,
    "torchtext.prototype": _MODELS,
    "torchtext.utils": "use pooch.retrieve to download, shutil.unpack_archive to unpack, and csv.reader",
    "torchtext.vocab.Vectors.cache": "the constructor reads, downloads and keeps the file",
}


def remedy(name: str) -> str:
    """Return what to use in place of a name.

    >>> remedy("torchtext.models.ROBERTA_BASE_ENCODER").split(",")[0]
    'use a model of transformers'
    """
    while name:
        if name in LEFT_OUT:
            return LEFT_OUT[name]
        name = name.rpartition(".")[0]
    return "see docs/torchtext.md for what there is"
