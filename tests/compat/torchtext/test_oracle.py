"""textkit.compat does what torchtext 0.6.0 does, where TEXTKIT_TORCHTEXT_ORACLE names a Python that has it."""

import importlib.util
import json
import os
import subprocess
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textkit.compat.torchtext import data

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]

SCRIPT = Path(__file__).with_name("cases.py")
spec = importlib.util.spec_from_file_location("torchtext_cases", SCRIPT)
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)

# For 10,000 cases: TEXTKIT_TORCHTEXT_CASES=10000
EXAMPLES = max(1, int(os.environ.get("TEXTKIT_TORCHTEXT_CASES", "400")) // 8)
settings.register_profile(
    "torchtext", max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
many = settings(settings.get_profile("torchtext"))

WORDS = st.sampled_from(["a", "b", "c", "dd", "E", "<unk>", "<pad>", "x1", "ä", "中"])
TEXTS = st.lists(st.lists(WORDS, max_size=7), min_size=1, max_size=9)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "init_token": st.just("<s>"),
        "eos_token": st.sampled_from(["</s>", "a"]),
        "fix_length": st.integers(3, 8),
        "lower": st.booleans(),
        "include_lengths": st.booleans(),
        "batch_first": st.booleans(),
        "pad_first": st.booleans(),
        "truncate_first": st.booleans(),
        "stop_words": st.just(["b"]),
        "pad_token": st.sampled_from(["<pad>", "_"]),
    },
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "max_size": st.integers(0, 6),
        "min_freq": st.integers(0, 3),
        "specials": st.lists(st.sampled_from(["<q>", "a", "<pad>"]), unique=True, max_size=2),
        "specials_first": st.booleans(),
    },
)
ROWS = st.lists(
    st.tuples(st.lists(WORDS, min_size=1, max_size=6), st.sampled_from(["pos", "neg", "mid"]), st.integers(0, 3)),
    min_size=1,
    max_size=40,
)
ITERATORS = st.fixed_dictionaries(
    {}, optional={name: st.booleans() for name in ("shuffle", "sort", "sort_within_batch")}
)
SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def same():
    """Return a function that runs a case in both, and compares."""
    python = os.environ.get("TEXTKIT_TORCHTEXT_ORACLE")
    if python is None or subprocess.run([python, "-c", "import torchtext"], capture_output=True).returncode:
        pytest.skip("TEXTKIT_TORCHTEXT_ORACLE names no Python that has torchtext")
    process = subprocess.Popen([python, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def check(case):
        process.stdin.write(json.dumps(case) + "\n")
        process.stdin.flush()
        expected = json.loads(process.stdout.readline())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert json.loads(json.dumps(cases.run(json.loads(json.dumps(case)), data))) == expected

    with process:
        yield check


@many
@given(
    field=FIELDS,
    texts=TEXTS,
    options=OPTIONS,
    asked=st.lists(st.sampled_from(["a", "zz", "dd", "q"])),
    sort=st.booleans(),
)
def test_vocabularies(same, field, texts, options, asked, sort):
    same({"kind": "vocabulary", "field": field, "texts": texts, "options": options, "asked": asked, "sort": sort})


@many
@given(field=FIELDS, texts=TEXTS, options=OPTIONS, batch=TEXTS)
def test_tensors(same, field, texts, options, batch):
    same({"kind": "tensors", "field": field, "texts": texts, "options": options, "batch": batch})


@many
@given(
    inner=st.fixed_dictionaries(
        {},
        optional={
            "init_token": st.just("<w>"),
            "eos_token": st.just("</w>"),
            "fix_length": st.integers(3, 6),
            "pad_token": st.just("_"),
            "lower": st.booleans(),
            "pad_first": st.booleans(),
            "truncate_first": st.booleans(),
        },
    ),
    field=st.fixed_dictionaries(
        {},
        optional={
            "init_token": st.just("<s>"),
            "eos_token": st.just("</s>"),
            "fix_length": st.integers(3, 6),
            "include_lengths": st.booleans(),
            "pad_first": st.booleans(),
            "truncate_first": st.booleans(),
        },
    ),
    texts=st.lists(st.lists(st.text("abC", min_size=1, max_size=5), min_size=1, max_size=6), min_size=1, max_size=6),
)
def test_nested_fields(same, inner, field, texts):
    same({"kind": "nested", "inner": inner, "field": field, "texts": texts})


@many
@given(
    name=st.sampled_from(["Iterator", "BucketIterator"]),
    field=FIELDS,
    rows=ROWS,
    options=ITERATORS,
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=2),
    tokens=st.booleans(),
    epochs=st.integers(1, 2),
    max_size=st.none() | st.integers(1, 5),
    seed=SEEDS,
)
def test_iterators(same, name, field, rows, options, sizes, tokens, epochs, max_size, seed):
    if tokens:  # torchtext makes empty batches before examples that are too large, and cannot make tensors of them
        sizes = [size + 20 for size in sizes]
    case = {"kind": "iterator", "iterator": name, "field": field, "rows": rows, "options": options, "sizes": sizes}
    same({**case, "tokens": tokens, "epochs": epochs, "max_size": max_size, "seed": seed})


@many
@given(
    name=st.sampled_from(["Iterator", "BucketIterator"]),
    rows=ROWS,
    options=ITERATORS,
    size=st.integers(1, 9),
    epochs=st.integers(1, 4),
    seed=SEEDS,
)
def test_states_of_iterators(same, name, rows, options, size, epochs, seed):
    case = {"kind": "restored", "iterator": name, "field": {}, "rows": rows, "options": options}
    same({**case, "sizes": [size], "epochs": epochs, "seed": seed})


@many
@given(
    rows=ROWS,
    ratio=st.floats(0.05, 0.95) | st.lists(st.integers(1, 9), min_size=2, max_size=3),
    stratified=st.booleans(),
    state=st.booleans(),
    seed=SEEDS,
)
def test_splits(same, rows, ratio, stratified, state, seed):
    rows = sorted(rows, key=lambda row: row[2])  # numbers in a set are in this order, in torchtext too
    same(
        {
            "kind": "split",
            "field": {},
            "rows": rows,
            "ratio": ratio,
            "stratified": stratified,
            "state": state,
            "seed": seed,
        }
    )


@many
@given(
    field=st.fixed_dictionaries(
        {}, optional={"eos_token": st.just("<eos>"), "init_token": st.just("<s>"), "batch_first": st.booleans()}
    ),
    text=st.lists(WORDS, min_size=1, max_size=60),
    size=st.integers(1, 9),
    bptt=st.integers(1, 12),
    max_size=st.none() | st.integers(1, 5),
)
def test_windows(same, field, text, size, bptt, max_size):
    same({"kind": "bptt", "field": field, "text": text, "size": size, "bptt": bptt, "max_size": max_size})


@many
@given(texts=TEXTS, size=st.integers(1, 12), sort=st.booleans(), words=st.lists(WORDS))
def test_functions(same, texts, size, sort, words):
    same({"kind": "functions", "texts": texts, "size": size, "sort": sort, "words": words})
