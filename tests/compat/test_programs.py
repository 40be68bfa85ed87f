"""Programs of 2019 run with one import changed, and print what they print with torchtext."""

import contextlib
import io
import json
import os
import random
import subprocess
import warnings
from pathlib import Path

import pytest

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
# In torchtext, reviews are in the order of the file system.
ORACLE = "import glob, sys; found = glob.iglob; glob.iglob = lambda *a, **k: iter(sorted(found(*a, **k)));"
RUN = "exec(compile(sys.stdin.read(), 'program', 'exec'), {'__name__': '__main__'})"
NOUNS = ["film", "plot", "cast", "scene", "script", "music"]
GOOD, BAD = ["good", "great", "fine"], ["bad", "awful", "dull"]


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write small data sets where torchtext would have put the real ones."""
    random.seed(0)
    folder = tmp_path_factory.mktemp("programs")
    root = folder / ".data"

    def sentence(words, shortest=3, longest=9):
        return " ".join(random.choice(words) for _ in range(random.randint(shortest, longest)))

    for split, count in (("train", 40), ("valid", 10), ("test", 10)):
        write(root / "penn-treebank" / f"ptb.{split}.txt", (f" the {sentence(NOUNS)} is N " for _ in range(count)))
    for split in ("train", "test"):
        for label, words in (("pos", GOOD), ("neg", BAD)):
            for number in range(20):
                text = sentence([*NOUNS, *words, "the", "This"], 4, 14)
                write(root / "imdb" / "aclImdb" / split / label / f"{number}_8.txt", [text])
    trees = [
        "(3 (2 the) (3 (2 film) (4 good)))",
        "(1 (1 bad) (2 plot))",
        "(0 (2 a) (0 (0 awful) (2 cast)))",
        "(2 film)",
    ]
    for split, count in (("train", 40), ("dev", 12), ("test", 12)):
        write(root / "sst" / "trees" / f"{split}.txt", (random.choice(trees) for _ in range(count)))
    questions = {"NUM:date When was the": "built", "LOC:city Where is the": "held", "HUM:ind Who made the": "?"}
    for name, count in (("train_5500", 48), ("TREC_10", 12)):
        kinds = [random.choice(list(questions)) for _ in range(count)]
        write(root / "trec" / f"{name}.label", (f"{kind} {sentence(NOUNS, 1, 4)} {questions[kind]}" for kind in kinds))
    words = {"ein": "a", "hund": "dog", "mann": "man", "rennt": "runs", "baum": "tree"}
    for split, count in (("train", 36), ("val", 9), ("test2016", 9)):
        lines = [sentence(list(words), 2, 6) for _ in range(count)]
        write(root / "multi30k" / f"{split}.de", lines)
        write(root / "multi30k" / f"{split}.en", (" ".join(words[word] for word in line.split()) for line in lines))
    for split, count in (("train", 40), ("dev", 12), ("test", 12)):
        pairs = []
        for _ in range(count):
            first = sentence(NOUNS, 2, 5)
            label = random.choice(["entailment", "contradiction", "-"])
            second = first if label == "entailment" else sentence(BAD, 2, 5)
            pairs.append(json.dumps({"gold_label": label, "sentence1": first, "sentence2": second}))
        write(root / "snli" / "snli_1.0" / f"snli_1.0_{split}.jsonl", pairs)
    tags = {"the": "DET", "dog": "NOUN", "sees": "VERB", "a": "DET", "old": "ADJ", "Tree": "NOUN"}
    for split, count in (("train", 30), ("dev", 8), ("test", 8)):
        chosen = [random.choices(list(tags), k=random.randint(2, 6)) for _ in range(count)]
        rows = ["\n".join(f"{word}\t{tags[word]}\tX" for word in words) + "\n" for words in chosen]
        write(root / "udpos" / "en-ud-v2" / f"en-ud-tag.v2.{split}.txt", rows)
    endings = {"Italian": ["ini", "elli"], "Russian": ["ovsky", "enko"], "German": ["mann", "berg"]}
    names = [
        (
            sentence(["ka", "ro", "mi", "ste"], 1, 3).replace(" ", "").title() + random.choice(endings[language]),
            language,
        )
        for language in random.choices(list(endings), k=90)
    ]
    write(folder / "names.csv", ["id,name,language", *(f'{i},"{name}",{kind}' for i, (name, kind) in enumerate(names))])
    return folder


def ours(program, folder, monkeypatch):
    """Run a program in this process, and return what it prints."""
    monkeypatch.chdir(folder)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(program, "program", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


def theirs(python, program, folder):
    """Run a program with torchtext."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    command = [python, "-c", f"{ORACLE} {RUN}"]
    done = subprocess.run(command, input=program, capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", PROGRAMS, ids=[path.stem for path in PROGRAMS])
def test_program_runs_as_with_torchtext(path, folder, monkeypatch, one_thread):
    program = path.read_text(encoding="utf-8")
    assert "import torch" in program
    changed = program.replace("torchtext", "textkit.compat.torchtext")
    assert program.count("torchtext") == changed.count("textkit") <= 2  # nothing but the imports
    printed = ours(changed, folder, monkeypatch)
    assert len(printed.splitlines()) > 2
    oracle = os.environ.get("TEXTKIT_TORCHTEXT_ORACLE")
    if oracle:
        assert printed == theirs(oracle, program, folder)
