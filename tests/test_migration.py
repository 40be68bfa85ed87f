"""docs/migration.md has a place for all that is public in gensim and fastText, as listed by the packages themselves."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.oracle

GUIDE = Path(__file__).parent.parent / "docs" / "migration.md"
# Functions, classes, their methods, and all arguments that have a default.
LIST = """
import inspect, json
def listed(modules, found=()):
    found = set(found)
    def add(name, member):
        found.add(name)
        try:
            parameters = inspect.signature(member).parameters.items()
        except (TypeError, ValueError):
            return
        found.update(name for name, parameter in parameters if parameter.default is not parameter.empty)
    for module in modules:
        for name, member in vars(module).items():
            own = getattr(member, "__module__", None) == module.__name__
            if own and not name.startswith("_") and (inspect.isclass(member) or inspect.isroutine(member)):
                add(name, member)
                for inner, function in inspect.getmembers(member) if inspect.isclass(member) else ():
                    if not inner.startswith("_"):
                        add(inner, function)
    return found
"""
GENSIM = """
import gensim.downloader
from gensim.models import fasttext, keyedvectors, phrases, word2vec
print(json.dumps(sorted(listed([word2vec, fasttext, keyedvectors, phrases, gensim.downloader]))))
"""
# The options of the command line are those in the help text that is compiled into the package.
FASTTEXT = """
import re, fasttext, fasttext.FastText, fasttext.util.util, fasttext_pybind
help_text = open(fasttext_pybind.__file__, "rb").read()
options = {name.decode() for name in re.findall(rb"  -([A-Za-z-]+) {2,}", help_text)}
assert len(options) > 20
options |= set(fasttext.FastText.unsupervised_default)
print(json.dumps(sorted(listed([fasttext, fasttext.FastText, fasttext.util.util], options))))
"""
# These are compiled into the command alone, which the package does not bring.
COMMANDS = ["supervised", "quantize", "test", "test-label", "predict", "predict-prob", "skipgram", "cbow", "nn", "dump"]
COMMANDS += ["analogies", "print-word-vectors", "print-sentence-vectors", "print-ngrams"]


@pytest.mark.parametrize(
    ("peer", "code", "more"), [("gensim", GENSIM, []), ("fastText", FASTTEXT, COMMANDS)], ids=["gensim", "fastText"]
)
def test_every_name_has_its_place(peer, code, more):
    module = peer.lower()
    python = os.environ.get("TEXTKIT_ORACLE") or (sys.executable if find_spec(module) else None)
    if python is None or subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode:
        pytest.skip(f"TEXTKIT_ORACLE names no Python that has {peer}")
    done = subprocess.run([python, "-c", LIST + code], check=True, stdout=subprocess.PIPE, text=True)
    names = [*json.loads(done.stdout.splitlines()[-1]), *more]
    assert len(names) > 50
    section = GUIDE.read_text(encoding="utf-8").split(f"## From {peer}\n")[1].split("\n## ")[0]
    # The left column, without what is textkit's.
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    written = {word for cell in cells for code in re.findall("`([^`]*)`", cell) for word in re.findall(r"[\w-]+", code)}
    assert sorted(set(names) - written) == []
