import json
import lzma
import os
import subprocess

import pytest

from textkit.compat.torchtext import data, datasets, traps


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def root(tmp_path):
    """Write small data sets where torchtext put the real ones."""
    for name, files in {
        "wikitext-2/wikitext-2": ["wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens"],
        "penn-treebank": ["ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"],
    }.items():
        for file in files:
            write(tmp_path / name / file, f" a {file} \n\n b\n")
    for split in ("train", "test"):
        for label in ("pos", "neg"):
            for number in (2, 1):
                write(tmp_path / "imdb/aclImdb" / split / label / f"{number}_9.txt", f"{label} {number}\nsecond line")
    for split in ("train", "dev", "test"):
        write(tmp_path / f"sst/trees/{split}.txt", "(4 (2 very) (3 good))\n(0 bad)\n(2 film)\n")
    (tmp_path / "trec").mkdir()
    lines = b"NUM:date When \xf0 was it ?\nLOC:city Where ?\n"
    (tmp_path / "trec/train_5500.label").write_bytes(lines)
    (tmp_path / "trec/TREC_10.label").write_bytes(lines[:24])
    for split in ("train", "val", "test2016"):
        write(tmp_path / f"multi30k/{split}.de", "ein Hund\n\nMann\n")
        write(tmp_path / f"multi30k/{split}.en", "a dog\nnothing\nman\n")
    for split in ("train", "dev", "test"):
        write(tmp_path / f"udpos/en-ud-v2/en-ud-tag.v2.{split}.txt", "I\tPRON\tPRP\nsee\tVERB\tVBP\n\n\nme\tPRON\tPRP")
    write(tmp_path / "conll2000/train.txt", "".join(f"w{n} N B-NP\n\n" for n in range(20)))
    write(tmp_path / "conll2000/test.txt", "I PRP B-NP\n. . O\n")
    pairs = [
        {"gold_label": label, "sentence1": "A b", "sentence2": "c", "genre": "fiction", "language": "de",
         "sentence1_binary_parse": "( A b )", "sentence2_binary_parse": "c"}
        for label in ("entailment", "-", "neutral")
    ]  # fmt: skip
    text = "".join(json.dumps(pair) + "\n" for pair in pairs)
    for split in ("train", "dev", "test"):
        write(tmp_path / f"snli/snli_1.0/snli_1.0_{split}.jsonl", text)
        write(tmp_path / f"xnli/XNLI-1.0/xnli.{split}.jsonl", text)
    for split in ("train", "dev_matched", "dev_mismatched"):
        write(tmp_path / f"multinli/multinli_1.0/multinli_1.0_{split}.jsonl", text)
    folder = tmp_path / "iwslt/de-en"
    for language in ("de", "en"):
        write(
            folder / f"train.tags.de-en.{language}", f"<url>x</url>\n{language} one\n<title>y</title>\n{language} two\n"
        )
        for year in ("2013", "2014"):
            xml = f"<mteval><srcset><doc><seg id='1'> {language} a </seg><seg>b</seg></doc></srcset></mteval>"
            write(folder / f"IWSLT16.TED.tst{year}.de-en.{language}.xml", xml)
    return str(tmp_path)


# What each program does with both libraries, as lists.
PROGRAMS = {
    "language modeling": "[s[0].text for c in (datasets.WikiText2, datasets.PennTreebank) "
    "for s in c.splits(F(), root=root)]",
    "without ends of lines": "[s[0].text for s in "
    "datasets.WikiText2.splits(F(), root=root, test=None, newline_eos=False)]",
    "imdb": "[sorted((e.text, e.label) for e in s) for s in datasets.IMDB.splits(F(), L(), root=root)]",
    "one split": "[len(s) for s in datasets.IMDB.splits(F(), L(), root=root, train=None)]",
    "sst": "[[(e.text, e.label) for e in s] for s in datasets.SST.splits(F(), L(), root=root)]",
    "sst phrases": "[[(e.text, e.label) for e in s] for s in datasets.SST.splits(F(), L(), root=root, "
    "train_subtrees=True, fine_grained=True, filter_pred=lambda e: e.label != 'neutral')]",
    "trec": "[[(e.text, e.label) for e in s] for s in datasets.TREC.splits(F(), L(), root=root)]",
    "trec, fine": "[[(e.text, e.label) for e in s] for s in "
    "datasets.TREC.splits(F(), L(), root=root, fine_grained=True)]",
    "multi30k": "[[(e.src, e.trg, s.sort_key(e)) for e in s] for s in "
    "datasets.Multi30k.splits(('.de', '.en'), (F(), F()), root=root)]",
    "named fields": "[[(e.a, e.b) for e in s] for s in "
    "datasets.Multi30k.splits(('.en', '.de'), (('a', F()), ('b', F())), root=root, train=None)]",
    "iwslt": "[[(e.src, e.trg) for e in s] for s in datasets.IWSLT.splits(('.de', '.en'), (F(), F()), root=root)]",
    "udpos": "[[(e.w, e.t, s.sort_key(e)) for e in s] for s in "
    "datasets.UDPOS.splits([('w', F()), ('t', F()), ('x', None)], root=root)]",
    "conll": "[[e.w for e in s] for s in "
    "datasets.CoNLL2000Chunking.splits([('w', F()), ('t', F()), ('c', F())], root=root)]",
    "snli": "[[(e.premise, e.hypothesis, e.label, s.sort_key(e)) for e in s] for s in "
    "datasets.SNLI.splits(F(), L(), root=root)]",
    "snli parses": "[[(e.premise, e.premise_transitions) for e in s] for s in "
    "datasets.SNLI.splits(nli.ParsedTextField(), L(), nli.ShiftReduceField(), root=root)]",
    "multinli": "[[(e.premise, e.genre) for e in s] for s in "
    "datasets.MultiNLI.splits(F(), L(), genre_field=F(), root=root)]",
    "xnli": "[[(e.premise, e.language) for e in s] for s in "
    "datasets.XNLI.splits(F(), L(), language_field=F(), root=root)]",
    "iterators": "[[sorted(b.label.tolist()) for b in i] for c in (datasets.IMDB, datasets.TREC, datasets.SST) "
    "for i in c.iters(batch_size=3, root=root)]",
    "windows": "[[b.text.tolist() for b in i] for i in "
    "datasets.PennTreebank.iters(batch_size=2, bptt_len=2, root=root)]",
}
SETUP = "import random; random.seed(1); F, L = data.Field, lambda: data.Field(sequential=False)\n"


def run(program, root):
    from textkit.compat.torchtext.datasets import nli

    names = {"data": data, "datasets": datasets, "root": root, "nli": nli}
    exec(SETUP, names)
    return json.loads(json.dumps(eval(program, names)))


EXPECTED = {
    "language modeling": [
        ["a", name, "<eos>", "<eos>", "b", "<eos>"]
        for name in ("wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens",
                     "ptb.train.txt", "ptb.valid.txt", "ptb.test.txt")
    ],
    "without ends of lines": [["a", "wiki.train.tokens", "b"], ["a", "wiki.valid.tokens", "b"]],
    "imdb": 2 * [[[["neg", "1"], "neg"], [["neg", "2"], "neg"], [["pos", "1"], "pos"], [["pos", "2"], "pos"]]],
    "one split": [4],
    "sst": 3 * [[[["very", "good"], "positive"], [["bad"], "negative"], [["film"], "neutral"]]],
    "sst phrases": [
        [[["very", "good"], "very positive"], [["good"], "positive"], [["bad"], "very negative"]],
        *2 * [[[["very", "good"], "very positive"], [["bad"], "very negative"]]],
    ],
    "trec": [[[["When", "was", "it", "?"], "NUM"], [["Where", "?"], "LOC"]], [[["When", "was", "it", "?"], "NUM"]]],
    "multi30k": 3 * [[[["ein", "Hund"], ["a", "dog"], 12], [["Mann"], ["man"], 3]]],
    "named fields": 2 * [[[["a", "dog"], ["ein", "Hund"]], [["man"], ["Mann"]]]],
    "iwslt": [
        [[["de", "one"], ["en", "one"]], [["de", "two"], ["en", "two"]]],
        *2 * [[[["de", "a"], ["en", "a"]], [["b"], ["b"]]]],
    ],
    "udpos": 3 * [[[["I", "see"], ["PRON", "VERB"], 2], [["me"], ["PRON"], 1]]],
    "snli": 3 * [[[["A", "b"], ["c"], "entailment", 9], [["A", "b"], ["c"], "neutral", 9]]],
    "snli parses": 3 * [2 * [[["A", "b"], ["shift", "shift", "reduce"]]]],
    "multinli": 3 * [2 * [[["A", "b"], ["fiction"]]]],
    "xnli": 2 * [2 * [[["A", "b"], ["de"]]]],
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_splits(root, name):
    assert run(PROGRAMS[name], root) == EXPECTED[name]


@pytest.mark.filterwarnings("ignore::textkit.compat.torchtext.traps.TorchtextTrapWarning")
@pytest.mark.parametrize("name", ["iterators", "windows"])
def test_iterators(root, name):
    found = run(PROGRAMS[name], root)
    assert all(len(batches) for batches in found)


def test_validation_data_are_a_part_of_the_training_data(root):
    train, validation, test = run(PROGRAMS["conll"], root)
    assert (len(train), len(validation), len(test)) == (18, 2, 1)
    assert sorted(train + validation) == sorted([f"w{number}"] for number in range(20))


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore::textkit.compat.torchtext.traps.TorchtextTrapWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_splits_are_those_of_torchtext(root, name):
    python = os.environ.get("TEXTKIT_TORCHTEXT_ORACLE")
    if python is None:
        pytest.skip("TEXTKIT_TORCHTEXT_ORACLE names no Python")
    if "SST" in PROGRAMS[name]:
        pytest.skip("torchtext needs nltk for trees")
    code = "import json, sys\nfrom torchtext import data, datasets\nfrom torchtext.datasets import nli\n"
    code += f"root = sys.argv[1]\n{SETUP}"
    done = subprocess.run(
        [python, "-c", f"{code}print(json.dumps({PROGRAMS[name]}))", root], capture_output=True, text=True, cwd=root
    )
    assert done.returncode == 0, done.stderr
    assert run(PROGRAMS[name], root) == json.loads(done.stdout.splitlines()[-1])


def test_a_missing_data_set_names_the_file(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"root must have the file .*snli_1\.0_train\.jsonl.*; get it from https"
    ):
        datasets.SNLI.splits(data.Field(), data.LabelField(), root=str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"root must have the data set in .*multi30k"):
        datasets.Multi30k.splits((".de", ".en"), (data.Field(), data.Field()), root=str(tmp_path))
    with pytest.raises(NotImplementedError, match="no training data"):
        datasets.XNLI.iters()


def test_the_catalog_is_read_where_there_are_no_files(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    write(folder / "lm/ptb/ptb.train.txt", "x")
    found = {}
    monkeypatch.setattr("textkit.data.catalog.locate", lambda name, split: found.setdefault((name, split), packed))
    packed = tmp_path / "packed.txt.xz"
    packed.write_bytes(lzma.compress(b"a b\n"))
    (train,) = datasets.PennTreebank.splits(data.Field(), root=str(tmp_path), validation=None, test=None)
    assert train[0].text == ["a", "b", "<eos>"]
    assert list(found) == [("ptb", "train")]


def test_the_table_of_reviews_is_that_of_the_folder(tmp_path, monkeypatch):
    table = tmp_path / "imdb.tsv"
    table.write_text("label\trating\tid\ttext\n0\t1\t7\tA dull film\n1\t9\t8\tFine\n", encoding="utf-8")
    monkeypatch.setattr("textkit.data.catalog.locate", lambda name, split: table)
    (train,) = datasets.IMDB.splits(data.Field(), data.LabelField(), root=str(tmp_path), test=None)
    assert [(row.text, row.label) for row in train] == [(["A", "dull", "film"], "neg"), (["Fine"], "pos")]


@pytest.mark.data
def test_questions_of_the_catalog(tmp_path):
    train, test = datasets.TREC.splits(data.Field(), data.LabelField(), root=str(tmp_path))
    assert (len(train), len(test)) == (5452, 500)
    assert set(train.label) == {"ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"}
    assert [row.text for row in train if "sister" in row.text and "city" in row.text]


def test_lines_without_a_translation_are_left_out(tmp_path):
    write(tmp_path / "a.x", "1\n2\n")
    write(tmp_path / "a.y", "1\n")
    traps.forget()
    with pytest.warns(traps.TorchtextTrapWarning, match="differ in length"):
        pairs = datasets.TranslationDataset(str(tmp_path / "a"), (".x", ".y"), (data.Field(), data.Field()))
    assert [(pair.src, pair.trg) for pair in pairs] == [(["1"], ["1"])]


def test_wrong_bytes_name_the_line(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"fine\n\xff\n")
    with pytest.raises(ValueError, match=r"a\.txt, line 2: text must be utf-8"):
        datasets.LanguageModelingDataset(str(tmp_path / "a.txt"), data.Field())


def test_wrong_trees_name_the_line(tmp_path):
    write(tmp_path / "a.txt", "(2 a)\n(2 b\n")
    with pytest.raises(ValueError, match=r"a\.txt, line 2: brackets of a tree must match"):
        datasets.SST(str(tmp_path / "a.txt"), data.Field(), data.LabelField())
