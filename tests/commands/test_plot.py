"""``--plot`` of all commands but ``evaluate classifier``, which has its own test."""

import numpy as np
import pytest

import textkit

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "v.safetensors"
    words = ["king", "queen", "man", "woman", "sea", "lake"]
    matrix = np.repeat(np.eye(3), 2, axis=0) + 0.1 * np.random.default_rng(1).normal(size=(6, 3))
    textkit.WordVectors(words, matrix, counts=[9, 8, 7, 6, 5, 4]).save(path)
    return path


@pytest.fixture
def picture(run, tmp_path, monkeypatch):
    """Run a command with ``--plot``, and return the axes that it has drawn."""
    from textkit.plots import axes

    figures = []
    save = axes.save_figure

    def save_and_keep(figure, *arguments):
        figures.append(figure)
        save(figure, *arguments)

    monkeypatch.setattr(axes, "save_figure", save_and_keep)

    def picture(*command):
        path = tmp_path / "picture.png"
        done = run(*command, "--plot", path)
        assert done.code == 0, done.err
        assert done.out
        assert path.read_bytes().startswith(b"\x89PNG")
        return figures[-1].axes

    return picture


@pytest.mark.parametrize(
    ("arguments", "curves"),
    [
        ("word2vec TEXT -o v.txt --dim 2 --min-count 1 --epochs 2 --subsample 0", 1),
        ("word2vec TEXT -o v.txt --dim 2 --min-count 1 --epochs 2 --subsample 0 --valid TEXT", 2),
        ("language-model TEXT -o m --dim 2 --hidden 2 --epochs 2 --window 5 --batch-size 2 --valid-share 0.3", 2),
        ("classifier TABLE -o m --model cnn --dim 2 --filters 1 --epochs 2 --min-steps 0 --patience 0", 2),
    ],
)
def test_training_draws_learning_curves(picture, tmp_path, monkeypatch, arguments, curves):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("the sea is near the lake\nthe king is old\n" * 9)
    (tmp_path / "table.csv").write_text("text,label\n" + "good film,1\nbad film,0\n" * 10)
    (ax,) = picture(
        "textkit.train", *arguments.replace("TEXT", "text.txt").replace("TABLE", "table.csv").split(), "--quiet"
    )
    lines = [line for line in ax.lines if line.get_label() in ("training", "validation")]
    assert [line.get_xdata().tolist() for line in lines] == [[1, 2]] * curves


def test_evaluation_of_word_vectors(picture, vectors, tmp_path):
    (tmp_path / "a.tsv").write_text("king\tqueen\t9\nking\tsea\t1\nman\twoman\t8\nman\tzebra\t2\n")
    (tmp_path / "b.tsv").write_text("sea\tlake\t9\nman\tsea\t1\n")
    pairs = ["--pairs", tmp_path / "a.tsv", "--pairs", tmp_path / "b.tsv"]
    titles = [ax.get_title() for ax in picture("textkit.evaluate", "similarity", vectors, *pairs)]
    assert [title.split(", ")[1] for title in titles] == ["3 of 4 pairs", "2 of 2 pairs"]
    (tmp_path / "q.txt").write_text(": family\nking queen man woman\n")
    (ax,) = picture("textkit.evaluate", "analogies", vectors, "--questions", tmp_path / "q.txt")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["family (1)"]
    panels = picture("textkit.evaluate", "neighbors", vectors, "king", "sea", "-k", "2")
    assert [ax.texts[0].get_text() for ax in panels] == ["king", "sea"]


def test_the_pairs_are_not_in_the_json(run, vectors, tmp_path):
    (tmp_path / "a.tsv").write_text("king\tqueen\t9\nking\tsea\t1\n")
    done = run("textkit.evaluate", "similarity", vectors, "--pairs", tmp_path / "a.tsv", "--json")
    assert '"usable": 2' in done.out
    assert "compared" not in done.out


def test_prediction_draws_the_words_that_decided(picture, run, tmp_path):
    classifier = textkit.TextClassifier("word_avg").fit(["good film", "bad film"] * 10, ["+", "-"] * 10)
    classifier.save(tmp_path / "m")
    first, second = picture("textkit.predict", tmp_path / "m", "a good film", "bad")
    assert [label.get_text() for label in first.get_yticklabels()] == ["a", "good", "film"]
    assert second.get_title().startswith("-: probability")
    done = run("textkit.predict", tmp_path / "m", "--file", "-", "--plot", tmp_path / "a.png", stdin=b"good\n")
    assert (done.code, done.out) == (1, "")
    assert "--plot must be left out with --file" in done.err


def test_info_draws_what_is_saved(picture, run, vectors, tmp_path):
    (ax,) = picture("textkit.commands.info", vectors)
    assert ax.get_title() == "6 words cover 100.0 % of 39 tokens"
    model = textkit.train_language_model(
        ["to be or not to be"] * 9,
        config=textkit.RnnLanguageModelConfig(dim=3, hidden=4),
        settings=textkit.LanguageModelSettings(batch_size=2, window=5, epochs=2),
        progress=False,
    )
    model.save(tmp_path / "m")
    curves, coverage = picture("textkit.commands.info", tmp_path / "m")
    assert curves.lines[0].get_xdata().tolist() == [1, 2]
    assert coverage.get_xlabel() == "most frequent words"
    textkit.WordVectors(["a"], [[1.0]]).save(tmp_path / "v.txt")
    done = run("textkit.commands.info", tmp_path / "v.txt", "--plot", tmp_path / "a.png")
    assert done.code == 1
    assert "must have a history or counts of words to be plotted" in done.err


@pytest.mark.parametrize("name", ["picture.doc", "none/picture.png"])
def test_a_plot_that_cannot_be_written_stops_before_training(run, tmp_path, name):
    (tmp_path / "text.txt").write_text("the sea is near the lake\n" * 9)
    done = run("textkit.train", "word2vec", tmp_path / "text.txt", "-o", tmp_path / "v.txt", "--plot", tmp_path / name)
    assert done.code == 1
    assert not (tmp_path / "v.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ("word2vec TEXT -o v.txt --dim 2 --min-count 1 --epochs 2 --subsample 0", "vectors_metadata.tsv"),
        ("language-model TEXT -o m --dim 2 --hidden 2 --epochs 2 --window 5 --batch-size 2", None),
        ("classifier TABLE -o m --model cnn --dim 2 --filters 1 --epochs 2 --min-steps 0 --patience 0", None),
    ],
)
def test_training_writes_a_log_for_tensorboard(run, tmp_path, monkeypatch, arguments, written):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("the sea is near the lake\nthe king is old\n" * 9)
    (tmp_path / "table.csv").write_text("text,label\n" + "good film,1\nbad film,0\n" * 10)
    command = arguments.replace("TEXT", "text.txt").replace("TABLE", "table.csv").split()
    done = run("textkit.train", *command, "--quiet", "--log-dir", "log")
    assert done.code == 0, done.err
    assert "epoch" not in done.err
    read = EventAccumulator("log").Reload()
    assert [event.step for event in read.Scalars("loss")] == [1, 2]
    assert bool(read.Tags()["tensors"]) == (command[0] == "language-model")  # generated texts
    assert written is None or (tmp_path / "log" / written).exists()
