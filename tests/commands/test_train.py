import json
from types import SimpleNamespace

import numpy as np
import pytest

from textkit.data.catalog import corpora_folder
from textkit.text.vocabulary import Vocabulary
from textkit.vectors.word_vectors import WordVectors

TALES = str(corpora_folder() / "tales.txt")


@pytest.fixture(scope="module")
def trained(run, tmp_path_factory):
    """Vectors of the tales, trained by the command."""
    path = tmp_path_factory.mktemp("vectors") / "tales.safetensors"
    done = run("textkit.train", "word2vec", TALES, "-o", path, "--dim", "16", "--tokenizer", "word-lower")
    assert done.code == 0, done.err
    return path, done


def test_training_prints_the_result_on_stdout_and_progress_on_stderr(trained):
    path, done = trained
    assert done.out == f"{path}: 954 words, 16 dimensions\n"
    assert "epoch 5: loss" in done.err
    assert "words/s" in done.err
    assert len(WordVectors.load(path)) == 954


def test_a_catalog_name_and_every_option(run, trained, tmp_path):
    path, _ = trained
    out = tmp_path / "more.txt"
    options = (
        "--dim 16 --window 2 --negatives 3 --min-count 2 --max-vocab 300 --subsample 0.01 --epochs 1 --workers 2 "
        "--learning-rate 0.05 --seed 3 --hogwild --tokenizer word-lower --encoding utf-8 --errors replace"
    )
    done = run(
        "textkit.train", "word2vec", "tales", "-o", out, *options.split(), "--init", path,
        "--valid", TALES, "--checkpoint", tmp_path / "state",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "validation loss" in done.err
    assert len(WordVectors.load(out)) == 954  # the 300 of the corpus, and all that init had
    assert not (tmp_path / "state").exists()


def test_cbow_with_subwords(run, tmp_path):
    arguments = ["textkit.train", "word2vec", TALES, "--dim", "8", "--epochs", "1", "--model", "cbow"]
    subwords = ["--loss", "hierarchical", "--subwords", "3,6", "--buckets", "500"]
    done = run(*arguments, *subwords, "-o", tmp_path / "tales.bin")
    assert done.code == 0, done.err
    assert WordVectors.load(tmp_path / "tales.bin").subwords == (3, 6)
    done = run(*arguments, *subwords, "-o", tmp_path / "tales.vec")
    assert "tales.vec: has the vectors of the known words only; n-grams are saved in .bin" in done.err
    done = run(*arguments, "-o", tmp_path / "none.bin", "--subwords", "3-6")
    assert done.code == 1
    assert "--subwords must be two numbers such as 3,6, got '3-6'" in done.err


def test_words_to_keep_and_a_given_vocabulary(run, tmp_path):
    (tmp_path / "corpus.txt").write_text("a b c\n" * 5 + "a rare b\n")
    (tmp_path / "words.txt").write_text("rare\r\nabsent\n\n")
    arguments = ["textkit.train", "word2vec", tmp_path / "corpus.txt", "--dim", "8", "--subsample", "0"]
    done = run(*arguments, "-o", tmp_path / "kept.txt", "--keep-words", tmp_path / "words.txt")
    assert done.code == 0, done.err
    assert set(WordVectors.load(tmp_path / "kept.txt")) == {"a", "b", "c", "rare"}
    Vocabulary(["b", "a"], [0, 0]).save(tmp_path / "vocabulary")
    given = ["--vocabulary", tmp_path / "vocabulary"]
    done = run(*arguments, "-o", tmp_path / "given.txt", *given)
    assert done.code == 0, done.err
    assert WordVectors.load(tmp_path / "given.txt").words == ("b", "a")
    done = run(*arguments, "-o", tmp_path / "x.txt", *given, "--keep-words", tmp_path / "words.txt")
    assert "keep_words must be left out with vocabulary" in done.err


def test_a_column_of_a_table(run, tmp_path):
    out = tmp_path / "reviews.vec"
    reviews = str(corpora_folder() / "reviews.csv")
    done = run("textkit.train", "word2vec", reviews, "--column", "text", "-o", out, "--epochs", "1", "--dim", "8")
    assert done.code == 0, done.err
    assert "film" in WordVectors.load(out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-file.txt", "-o", "x.txt"], "no-such-file.txt"),
        ([TALES, "-o", "x.docx"], "must end in one of"),
        ([TALES, "-o", "no/such/folder/x.txt"], "create it first"),
        ([TALES, "-o", "x.txt", "--window", "0"], "window must be an integer of at least 1"),
        ([TALES, "-o", "x.txt", "--tokenizer", "magic"], "tokenizer must be"),
        ([TALES, "-o", "x.txt", "--min-count", "100000"], "min_count"),
        ([TALES, "-o", "x.txt", "--column", "text"], "column"),
        (["corpora", "-o", "x.txt"], "error"),
        ([TALES, "-o", "."], "must be a file, got the folder"),
        ([TALES, "-o", "x.txt", "--init", "none.txt"], "none.txt: No such file or directory"),
        ([TALES, "-o", "/dev/null"], "must be a file or a new name, got the device or pipe /dev/null"),
        ([TALES, "-o", "x.txt", "--checkpoint", "x.txt"], "--output must not be used by another option"),
    ],
)
def test_a_mistake_is_one_line_and_no_traceback(run, arguments, message, tmp_path):
    done = run("textkit.train", "word2vec", *arguments, cwd=tmp_path)
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err
    assert [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ["textkit.train"],
        ["textkit.train", "word2vec"],
        ["textkit.evaluate"],
        ["textkit.evaluate", "similarity"],
        ["textkit.evaluate", "analogies"],
        ["textkit.evaluate", "neighbors"],
        ["textkit.evaluate", "analogy"],
    ],
)
def test_help_fits_80_columns(run, command):
    done = run(*command, "--help")
    assert done.code == 0
    assert max(len(line) for line in done.out.splitlines()) <= 80
    assert "Usage" in done.out


def test_neighbors(run, trained):
    path, _ = trained
    done = run("textkit.evaluate", "neighbors", path, "sea", "boat", "-k", "3")
    assert done.code == 0, done.err
    vectors = WordVectors.load(path)
    blocks = [block.splitlines() for block in done.out.split("\n\n")]
    assert [block[0] for block in blocks] == ["sea", "boat"]
    for word, *lines in blocks:
        shown = [(line.split()[0], float(line.split()[1])) for line in lines]
        assert shown == [(near, round(cosine, 3)) for near, cosine in vectors.most_similar(word, 3)]
    done = run("textkit.evaluate", "neighbors", path, "seaa")
    assert done.code == 1
    assert "did you mean 'sea'" in done.err


def test_similarity_and_analogies(run, trained, tmp_path):
    path, _ = trained
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("sea\tboat\t9\nking\tqueen\t8\nold\tmoon\t2\nwind\tsea\t5\n")
    done = run("textkit.evaluate", "similarity", path, "--pairs", pairs)
    assert done.code == 0, done.err
    assert "3 of 4" in done.out  # there is no king in the tales
    as_json = run("textkit.evaluate", "similarity", path, "--pairs", pairs, "--json")
    assert json.loads(as_json.out)["results"][0]["usable"] == 3
    questions = tmp_path / "questions.txt"
    questions.write_text(": water\nsea boat road cart\nsea boat king queen\n")
    done = run("textkit.evaluate", "analogies", path, "--questions", questions, "--method", "3cosmul")
    assert done.code == 0, done.err
    assert "water" in done.out
    done = run("textkit.evaluate", "similarity", tmp_path / "none.txt")
    assert done.code == 1
    assert "none.txt" in done.err


def test_the_command_and_the_function_give_the_same_bytes(trained):
    from textkit.word2vec.train import train_word2vec

    path, _ = trained
    direct = train_word2vec(TALES, dim=16, tokenizer="word-lower", progress=False, workers=1)
    np.testing.assert_array_equal(WordVectors.load(path).matrix, direct.matrix)


def test_the_corpus_is_never_written_over(run, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("to be or not to be\n" * 20)
    done = run("textkit.train", "word2vec", corpus, "-o", corpus)
    assert done.code == 1
    assert "--output must not be an input file" in done.err
    assert corpus.read_text() == "to be or not to be\n" * 20


def test_a_full_disk_while_saving_leaves_the_checkpoint(python, tmp_path):
    out, checkpoint = tmp_path / "big.txt", tmp_path / "state"
    code = (
        "import resource, runpy, signal, sys\n"
        "from textkit.vectors.word_vectors import WordVectors\n"
        "save = WordVectors.save\n"
        "def full(self, path):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); save(self, path)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); WordVectors.save = full\n"
        f"sys.argv = ['train', 'word2vec', {TALES!r}, '-o', {str(out)!r}, '--checkpoint', {str(checkpoint)!r}]\n"
        "runpy.run_module('textkit.train', run_name='__main__')\n"
    )
    done = python("-c", code)
    assert done.code == 1
    assert "error: " in done.err
    assert checkpoint.exists()
    assert not out.exists()


def test_neighbors_of_the_only_word(run, tmp_path):
    path = tmp_path / "one.txt"
    path.write_text("1 2\nalone 1 2\n")
    assert run("textkit.evaluate", "neighbors", path, "alone").out == "alone\n"


@pytest.mark.parametrize("column", ["--column", "--text"])
def test_tables_as_they_come(run, tmp_path, column):
    """Semicolons, rows without a text, and either name of the column, for the corpus and its validation."""
    (tmp_path / "t.csv").write_text("nr;text\n" + "1;sea, ship and fox\n2;\n" * 40)
    (tmp_path / "u.jsonl").write_text('{"nr": 1, "text": null}\n{"text": "sea ship fox"}\n{"nr": 2}\n' * 10)
    options = f"{column} text --missing skip --subsample 0 --dim 4 --epochs 1 --min-count 1 --patience 0"
    options = [*options.split(), "--valid", tmp_path / "u.jsonl"]
    done = run("textkit.train", "word2vec", tmp_path / "t.csv", "-o", tmp_path / "v.txt", *options)
    assert done.code == 0, done.err
    assert done.out.endswith("v.txt: 4 words, 4 dimensions\n")
    done = run("textkit.train", "word2vec", tmp_path / "u.jsonl", "-o", tmp_path / "v.txt", "--text", "text")
    assert done.code == 1
    assert "remove it or fill it in (files and tables: --missing skip or --missing empty)" in done.err


@pytest.mark.parametrize(
    ("arguments", "message", "never"),
    [
        (["evaluate", "neighbors", ".", "x"], "path must be a file of word vectors, got the folder '.'", "suffix"),
        (["evaluate", "neighbors", "x.docx", "x"], "path must end in one of", "format="),
        (["train", "classifier", ".", "-o", "m"], "must have a folder for each class in it, got none", "sorted("),
    ],
)
def test_commands_do_not_speak_python(run, tmp_path, monkeypatch, arguments, message, never):
    monkeypatch.setattr("textkit.evaluate.loaded", lambda *_, **__: SimpleNamespace(multi_label=False))
    command, *rest = arguments
    done = run(f"textkit.{command}", *rest, cwd=tmp_path)
    assert done.code == 1
    assert message in done.err
    assert never not in done.err


def test_chinese_neighbors_are_aligned(run, tmp_path):
    path = tmp_path / "chinese.txt"
    path.write_text("3 2\n\u8336 1 0\n\u8336\u58f6 1 1\ntea 1 2\n", encoding="utf-8")
    _, *lines = run("textkit.evaluate", "neighbors", path, "\u8336").out.splitlines()
    assert lines == ["  \u8336\u58f6   0.707", "  tea    0.447"]


def test_an_unknown_word_does_not_hide_the_others(run, tmp_path):
    path = tmp_path / "two.txt"
    path.write_text("2 2\nsea 1 2\nboat 2 1\n")
    done = run("textkit.evaluate", "neighbors", path, "sea", "seaa", "boat", "--json")
    assert done.code == 0
    assert list(json.loads(done.out)) == ["sea", "boat"]
    assert done.err.startswith("warning: ")
    assert "seaa" in done.err
    assert run("textkit.evaluate", "neighbors", path, "seaa").code == 1


def test_no_usable_question_is_an_error(run, trained, tmp_path):
    path, _ = trained
    questions = tmp_path / "questions.txt"
    questions.write_text(": royalty\nking queen prince princess\n")
    done = run("textkit.evaluate", "analogies", path, "--questions", questions)
    assert (done.code, done.out) == (1, "")
    assert "--questions must have one whose four words are among the first 30000" in done.err


def test_only_the_first_process_prints_and_saves(run, tmp_path, monkeypatch):
    checkpoint = tmp_path / "state"
    arguments = ["textkit.train", "word2vec", "tales", "--epochs", "1", "--dim", "8", "--checkpoint", checkpoint]
    monkeypatch.setenv("RANK", "1")
    done = run(*arguments, "-o", tmp_path / "second.txt")
    assert done.code == 0, done.err
    assert not done.out
    assert "epoch 1" not in done.err.replace("epoch 1/1", "")
    assert checkpoint.exists()  # it is the first one's to delete
    assert not (tmp_path / "second.txt").exists()
    monkeypatch.setenv("RANK", "0")
    assert run(*arguments, "-o", tmp_path / "first.txt").code == 0
    assert (tmp_path / "first.txt").exists()
    assert not checkpoint.exists()
