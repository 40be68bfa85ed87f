import json
import pickle
import re

import pytest
import spacy
from spacy.attrs import ORTH

from textkit.text.saved_tokenizer import saved_name
from textkit.text.spacy_rules import SpacyRulesTokenizer, spacy_rules
from textkit.text.tokenizers import FunctionTokenizer, tokenizer

TEXTS = [
    "Don't go to New-York, Mr. O'Neill! :-) http://a.b.com/x?y=1 e.g. 3.5km",
    "  \n",
    "",
    "C'est-à-dire qu'aujourd'hui…  gimme a\nb",
]


def words(nlp, text):
    return [token.text for token in nlp(text) if not token.is_space]


@pytest.fixture
def nlp():
    """Make a pipeline with an exception and a pattern of its own, and a component that must not run."""
    made = spacy.blank("en")
    made.tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {ORTH: "me", "NORM": "to me"}])
    made.tokenizer.token_match = re.compile("NEW-york", re.IGNORECASE).match
    return made


@pytest.mark.parametrize("lang", ["en", "de", "hu", "xx"])
def test_a_pipeline_splits_as_it_does_itself(lang):
    pipeline = spacy.blank(lang)
    found = tokenizer(pipeline)
    assert list(found.pipe(TEXTS)) == [words(pipeline, text) for text in TEXTS] == [found(text) for text in TEXTS]


def test_own_rules_are_kept(nlp):
    found = tokenizer(nlp)
    expected = [words(nlp, text) for text in TEXTS]
    nlp.add_pipe("sentencizer")
    nlp.tokenizer.rules = {}  # a copy was taken
    assert [found(text) for text in TEXTS] == expected
    assert {"New-York,", "New-York"} & set(expected[0])
    assert expected[3][-4:] == ["gim", "me", "a", "b"]
    copy = pickle.loads(pickle.dumps(found))
    assert copy == found
    assert copy(TEXTS[0]) == found(TEXTS[0])
    assert tokenizer(nlp) == tokenizer(nlp.tokenizer) != found


def test_nothing_else_than_the_tokenizer_runs(nlp):
    @spacy.Language.component("fails_always")
    def fails(doc):
        raise AssertionError

    nlp.add_pipe("fails_always")
    assert tokenizer(nlp)("to be") == ["to", "be"]


def test_a_tokenizer_without_rules_works_but_is_not_saved(nlp):
    for pipeline in (spacy.blank("zh"), nlp):
        nlp.tokenizer.infix_finditer = lambda text: iter(())
        found = tokenizer(pipeline)
        assert isinstance(found, FunctionTokenizer)
        assert found("北 a") == words(pipeline, "北 a")
        assert saved_name(pipeline) == "custom"


def test_damaged_rules(nlp):
    state = json.loads(spacy_rules(nlp.tokenizer))
    wrong = [{"exceptions": 3}, {"url_match": ["(", 0]}, {"prefix_search": "ab"}, {"exceptions": {"a b": ["a", "c"]}}]
    for text in ("", "[]", *(json.dumps(state | changes) for changes in wrong)):
        with pytest.raises(ValueError, match="rules of a spaCy tokenizer must be whole"):
            SpacyRulesTokenizer(text)
