import pytest
import typer

from textkit.commands import command_line


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
