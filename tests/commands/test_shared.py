import io
import subprocess
import sys

import pytest
import typer

from textkit.commands.shared import STDIN, command_line, loaded


def interrupted():
    raise KeyboardInterrupt


def interrupted_within_typer():
    app = typer.Typer()
    app.command()(interrupted)
    app([])


@pytest.mark.parametrize("app", [interrupted, interrupted_within_typer])
def test_ctrl_c_is_one_line(capsys, app):
    with pytest.raises(SystemExit) as end:
        command_line(app)
    assert end.value.code == 130
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "interrupted\n")


def test_other_ends_say_nothing(capsys):
    app = typer.Typer()

    @app.command()
    def stop():
        raise typer.Exit(3)

    with pytest.raises(SystemExit) as end:
        command_line(lambda: app([]))
    assert end.value.code == 3
    assert capsys.readouterr().err == ""


def test_remedies_name_options_where_there_are_such(capsys, monkeypatch):
    app = typer.Typer()

    @app.command()
    def read(min_count: int = 1, errors: str = "strict"):
        raise ValueError(f"got {min_count}: min_count=2, or errors='replace', or format='word2vec'")

    app.command()(interrupted)
    monkeypatch.setattr(sys, "argv", ["textkit", "read"])
    with pytest.raises(SystemExit):
        command_line(app)
    assert capsys.readouterr().err == "error: got 1: --min-count 2, or --errors replace, or format='word2vec'\n"


def test_what_the_output_cannot_show(capsys):
    def show():
        print("gr\xfc\xdf dich", file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"))

    with pytest.raises(SystemExit):
        command_line(show)
    assert (
        capsys.readouterr().err
        == "error: stdout must be able to encode '\\xfc\\xdf', got ascii; set PYTHONIOENCODING=utf-8\n"
    )


def test_a_model_of_another_kind_is_named_with_its_command(bigrams, tmp_path):
    bigrams({"\n": {"a": 1}, "a": {"\n": 1}}).save(tmp_path / "model")
    with pytest.raises(ValueError, match=r"FOLDER must contain a classifier, got a language model .*textkit\.generate"):
        loaded(tmp_path / "model", "text-classifier")
    (tmp_path / "note.txt").write_text("a note")
    with pytest.raises(ValueError, match=r"^folder must be that of a saved model, got the file .*note\.txt'"):
        loaded(tmp_path / "note.txt", "language-model", "--model")
    assert loaded(tmp_path / "model", "language-model").generate("a", length=1) == "a\n"


@pytest.mark.parametrize("name", ["train", "evaluate", "predict"])
def test_a_command_starts_without_torch(python, name):
    assert python("-c", f"import sys, textkit.{name}; sys.exit('torch' in sys.modules)") == (0, "", "")


@pytest.mark.parametrize(
    ("error", "arguments", "message"),
    [
        (
            MemoryError("Unable to allocate 15.7 GiB for an array with shape (3,)"),
            ["--dim", "9"],
            "needs 15.7 GiB; lower --dim",
        ),
        (
            RuntimeError("[enforce fail] you tried to allocate 2147483648 bytes. Error 12"),
            ["--hidden=9"],
            "needs 2.0 GiB; lower --hidden",
        ),
        (
            RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0"),
            [],
            "needs 20.00 MiB; lower --dim or --hidden",
        ),
        (MemoryError(), [], "memory must suffice, but it does not; lower --dim or --hidden"),
    ],
)
def test_too_little_memory_is_one_line(capsys, monkeypatch, error, arguments, message):
    app = typer.Typer()

    @app.command()
    def train(dim: int = 1, hidden: int = 2):
        raise error

    monkeypatch.setattr(sys, "argv", ["textkit", *arguments])
    with pytest.raises(SystemExit) as end:
        command_line(app)
    assert end.value.code == 1
    err = capsys.readouterr().err
    assert err.startswith("error: memory must suffice, but")
    assert err.endswith(f"{message}\n")
    assert err.count("\n") == 1


def test_an_error_of_the_program_keeps_its_traceback():
    def fail():
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        command_line(fail)


@pytest.mark.skipif(not STDIN.exists(), reason="this system has no /dev/stdin")
def test_a_corpus_is_read_from_stdin():
    code = "from textkit.commands.shared import opened_corpus as o; print(ascii(list(o(['-'], encoding='latin-1'))))"
    done = subprocess.run(
        [sys.executable, "-c", code], input="to be\ncaf\xe9\n".encode("latin-1"), capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().strip() == ascii(["to be", "caf\xe9"])
