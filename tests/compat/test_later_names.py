"""docs/torchtext_later.md has a place for every public name of torchtext 0.18, and what it says is there is."""

import re
from pathlib import Path

import pytest

from textkit.compat.left_out import LEFT_OUT, remedy
from textkit.compat.unsupported import _found

GUIDE = Path(__file__).parents[2] / "docs" / "torchtext_later.md"
# As `__all__` of torchtext 0.18's modules lists them, and three transforms that it does not list.
NAMES = {
    "vocab": "Vocab vocab build_vocab_from_iterator GloVe FastText CharNGram pretrained_aliases Vectors",
    "transforms": """SentencePieceTokenizer VocabTransform ToTensor LabelToIndex Truncate AddToken PadTransform
        StrToIntTransform GPT2BPETokenizer CharBPETokenizer RegexTokenizer Sequential BERTTokenizer CLIPTokenizer
        MaskTransform""",
    "functional": "to_tensor truncate add_token str_to_int",
    "data": """bleu_score get_tokenizer generate_sp_model load_sp_model sentencepiece_numericalizer custom_replace
        sentencepiece_tokenizer simple_space_split numericalize_tokens_from_iterator filter_wikipedia_xml
        to_map_style_dataset""",
    "datasets": """AG_NEWS AmazonReviewFull AmazonReviewPolarity CC100 CNNDM CoLA CoNLL2000Chunking DBpedia EnWik9 IMDB
        IWSLT2016 IWSLT2017 MNLI MRPC Multi30k PennTreebank QNLI QQP RTE SQuAD1 SQuAD2 SST2 STSB SogouNews UDPOS WNLI
        WikiText103 WikiText2 YahooAnswers YelpReviewFull YelpReviewPolarity""",
}


def table():
    """The names of each row, and what the right column says about them."""
    rows = [line.split("|")[1:3] for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    return [(re.findall("`([^`]+)`", names), place.strip()) for names, place in rows]


def test_every_name_has_its_place():
    named = {name for names, _ in table() for name in names}
    assert {f"{module}.{name}" for module, names in NAMES.items() for name in names.split()} <= named
    assert {"models", "nn", "utils", "experimental", "prototype", "data.utils.ngrams_iterator"} <= named


@pytest.mark.parametrize(("names", "place"), table(), ids=lambda value: value[0] if isinstance(value, list) else "")
def test_what_is_said_to_be_here_is_here(names, place):
    assert place.startswith(("the same", "no: "))
    for name in names:
        assert (_found(f"torchtext.{name}") is not None) == place.startswith("the same"), name
        assert place.startswith("the same") or f"torchtext.{name}" in LEFT_OUT, name


def test_methods_of_the_vocabulary():
    methods = """__len__ __getitem__ __contains__ __call__ forward lookup_token lookup_tokens lookup_indices get_stoi
        get_itos set_default_index get_default_index insert_token append_token"""
    from textkit.compat.torchtext.later_vocab import Vocab

    assert [name for name in methods.split() if not hasattr(Vocab, name)] == []


def test_what_is_left_out_has_a_remedy():
    assert all(_found(name) is None for name in LEFT_OUT)
    assert remedy("torchtext.models.ROBERTA_BASE_ENCODER") == LEFT_OUT["torchtext.models"]
    assert remedy("torchtext.nothing") == "see docs/torchtext.md for what there is"
