"""The later interface beside torchtext itself.

TEXTKIT_TORCHTEXT_ORACLE names a Python with torchtext 0.6.0, the last that runs with today's torch, and
TEXTKIT_TORCHTEXT_LATER_ORACLE one with 0.18, whose compiled part cannot be loaded, but whose Python can: what it does
without that part is compared.
"""

import json
import os
import subprocess

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textkit.compat.torchtext import functional as F
from textkit.compat.torchtext.data import functional as texts
from textkit.compat.torchtext.data.metrics import bleu_score
from textkit.compat.torchtext.data.utils import get_tokenizer, ngrams_iterator
from textkit.compat.torchtext.pretrained_vectors import CharNGram, Vectors
from textkit.compat.torchtext.transforms import PadTransform
from textkit.compat.torchtext.vocab import build_vocab_from_iterator, vocab

pytestmark = pytest.mark.oracle

SERVER = """
import json, sys, types, warnings
warnings.simplefilter("ignore")
import torch
if sys.argv[1] == "0.18":
    class Compiled(types.ModuleType):
        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return type(name, (), {"__init__": lambda self, tokens=(), default=None: setattr(self, "tokens", tokens)})
    sys.modules["torchtext._extension"] = types.ModuleType("torchtext._extension")
    sys.modules["torchtext._torchtext"] = Compiled("torchtext._torchtext")
    import torchtext
    torchtext.disable_torchtext_deprecation_warning()
    import torchtext.functional as F, torchtext.transforms as T
    from torchtext.vocab import vocab_factory
from collections import OrderedDict
from torchtext.data import functional as texts
from torchtext.data.metrics import bleu_score
from torchtext.data.utils import get_tokenizer, ngrams_iterator
from torchtext.vocab import CharNGram, Vectors
def tokens(made):
    found = list(made.vocab.tokens)
    if len(set(found)) < len(found):
        raise RuntimeError("as the compiled part")
    return found
calls = {
    "bleu": lambda c, r, n, w: bleu_score(c, r, max_n=n, weights=w),
    "ngrams": lambda t, n: list(ngrams_iterator(t, n)),
    "tokens": lambda name, text: get_tokenizer(name)(text),
    "xml": lambda lines: list(texts.filter_wikipedia_xml(lines)),
    "truncate": lambda x, n: F.truncate(x, n),
    "add": lambda x, t, b: F.add_token(x, t, b),
    "tensor": lambda x, p: F.to_tensor(x, p).tolist(),
    "pad": lambda x, n, v: T.PadTransform(n, v)(torch.tensor(x)).tolist(),
    "vocab": lambda c, m, s, f: tokens(vocab_factory.vocab(OrderedDict(c), m, s, f)),
    "build": lambda t, m, s, f, n: tokens(vocab_factory.build_vocab_from_iterator(t, m, s, f, n)),
    "vectors": lambda path, cache, words, lower: Vectors(path, cache=cache).get_vecs_by_tokens(words, lower).tolist(),
    "char": lambda cache, words: CharNGram(cache=cache).get_vecs_by_tokens(words).tolist(),
}
for line in sys.stdin:
    name, arguments = json.loads(line)
    try:
        print(json.dumps([calls[name](*arguments), None]), flush=True)
    except Exception as error:
        print(json.dumps([None, type(error).__name__]), flush=True)
"""
many = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
word = st.sampled_from(["a", "b", "c", "<unk>", "é"])
words = st.lists(word, max_size=7)
batch = st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=4)
flat_or_batch = st.one_of(batch, st.lists(st.integers(0, 9), max_size=5), st.lists(words, max_size=4), words)


def oracle(version, variable):
    """A function that calls one of the server's; None for an error."""
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"{variable} names no Python that has torchtext {version}")
    server = subprocess.Popen(
        [python, "-c", SERVER, version],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )

    def call(name, *arguments):
        server.stdin.write(json.dumps([name, arguments]) + "\n")
        server.stdin.flush()
        while not (line := server.stdout.readline()).startswith("["):
            assert line, "torchtext could not be loaded"
        value, error = json.loads(line)
        return None if error else value

    yield call
    server.stdin.close()
    server.wait(60)
    server.stdout.close()


@pytest.fixture(scope="module")
def early():
    yield from oracle("0.6", "TEXTKIT_TORCHTEXT_ORACLE")


@pytest.fixture(scope="module")
def late():
    yield from oracle("0.18", "TEXTKIT_TORCHTEXT_LATER_ORACLE")


@pytest.fixture(params=["early", "late"])
def either(request):
    return request.getfixturevalue(request.param)


def ours(function, *arguments):
    """What a function returns; None for an error."""
    try:
        return function(*arguments)
    except (ValueError, TypeError, RuntimeError):
        return None


@many
@given(data=st.data(), n=st.integers(1, 4))
def test_bleu(either, data, n):
    candidates = data.draw(st.lists(words, max_size=5))
    references = [data.draw(st.lists(words, min_size=1, max_size=3)) for _ in candidates]
    weights = data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))
    expected = either("bleu", candidates, references, n, weights)
    assert bleu_score(candidates, references, n, weights) == pytest.approx(expected, abs=1e-5)


@many
@given(tokens=words, n=st.integers(-1, 8))
def test_ngrams(either, tokens, n):
    assert list(ngrams_iterator(tokens, n)) == either("ngrams", tokens, n)


@many
@given(st.text(st.one_of(st.sampled_from("ab<br />\"'.,()!?;:\n\tİ\x1c"), st.characters(codec="utf-8")), max_size=40))
def test_tokenizers(either, text):
    assert get_tokenizer("basic_english")(text) == either("tokens", "basic_english", text)
    assert get_tokenizer(None)(text) == either("tokens", None, text)


MARKUP = """<text xml:space="preserve">|</text>|#REDIRECT |[[|]]|Category:|image:|Image:|{{|}}|{|}|[http:|//x.y |
&amp;|&lt;|&gt;|&nbsp;|<ref>|</ref>|<br />|<|>|a|B|foo |12 |é|fr:|-|:|;|"|'|İ""".replace("\n", "").split("|")


@many
@given(
    st.lists(st.lists(st.sampled_from([*MARKUP, "|thumb", "|left", "|Right", "|20px", "|"]), max_size=12), max_size=3)
)
def test_wikipedia(late, lines):
    lines = ["".join(line) for line in lines]
    assert list(texts.filter_wikipedia_xml(lines)) == late("xml", lines)


@many
@given(flat_or_batch, st.integers(0, 4))
def test_truncate(late, value, length):
    assert ours(F.truncate, value, length) == late("truncate", value, length)


@many
@given(flat_or_batch, st.one_of(st.integers(0, 9), word), st.booleans())
def test_added_tokens(late, value, token, begin):
    assert ours(F.add_token, value, token, begin) == late("add", value, token, begin)


@many
@given(flat_or_batch, st.one_of(st.none(), st.integers(0, 9)))
def test_tensors(late, value, padding):
    found = ours(F.to_tensor, value, padding)
    if found is None and padding is None and [] in value:
        return  # torch.tensor([[], [1]]) drops the 1; ours is an error
    assert (None if found is None else found.tolist()) == late("tensor", value, padding)


@many
@given(st.lists(st.integers(0, 9), max_size=6), st.integers(1, 8), st.integers(0, 9))
def test_padding(late, ids, length, value):
    assert PadTransform(length, value)(torch.tensor(ids)).tolist() == late("pad", ids, length, value)


@many
@given(st.dictionaries(word, st.integers(0, 3)), st.integers(0, 3), st.one_of(st.none(), words), st.booleans())
def test_vocab(late, counts, least, specials, first):
    found = ours(vocab, counts, least, specials, first)
    assert (None if found is None else found.get_itos()) == late("vocab", list(counts.items()), least, specials, first)


@many
@given(
    st.lists(words, max_size=4),
    st.integers(0, 3),
    st.one_of(st.none(), st.lists(word, max_size=3)),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 6)),
)
def test_vocab_of_texts(late, tokens, least, specials, first, most):
    found = ours(build_vocab_from_iterator, tokens, least, specials, first, most)
    assert (None if found is None else found.get_itos()) == late("build", tokens, least, specials, first, most)


def test_vectors(either, tmp_path):
    (tmp_path / "v.txt").write_text("the 1 2 0\ncat 3 4.5 0\nThe 5 6 0\n")
    (tmp_path / "charNgram.txt").write_text(
        "2gram-ab 1 0 4\n2gram-#BEGIN#a 3 0 4\n4gram-#BEGIN#ab#END# 7 8 4\n3gram-b#END# 9 9 4\n"
    )
    for tokens in ("cat", ["The", "CAT", "dog"]):
        for lower in (False, True):
            expected = either("vectors", str(tmp_path / "v.txt"), str(tmp_path / "theirs"), tokens, lower)
            found = Vectors(tmp_path / "v.txt", cache=tmp_path / "ours")
            assert found.get_vecs_by_tokens(tokens, lower).tolist() == expected
    tokens = ["ab", "b", "", "<unk>", "cab"]
    expected = either("char", str(tmp_path), tokens)
    assert CharNGram(cache=tmp_path).get_vecs_by_tokens(tokens).tolist() == expected
