"""The directive ``command-reference``: all commands with their arguments and options, as ``--help`` has them."""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import typer
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from textkit.__main__ import COMMANDS

_SPECIAL = re.compile(r"[*`|_\\]")  # in reStructuredText
_OPTION = re.compile(r"--\w[\w-]*")
_NOTE = re.compile(r" +\[(default: )?(.*)\]$")


def subcommands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield the commands below a command by their full names, or the command itself if there are none."""
    if not getattr(command, "commands", None):
        yield name, command
        return
    for part, subcommand in command.commands.items():
        yield from subcommands(f"{name} {part}", subcommand)


def plain(text: str) -> str:
    """Return text that reStructuredText shows as it is, with options set as code."""
    return _OPTION.sub(r"``\g<0>``", _SPECIAL.sub(r"\\\g<0>", text))


def sentence(text: str) -> str:
    """Return the description of an option, with what stands in brackets as a sentence."""
    note = _NOTE.search(text)
    if note is None:
        return plain(text)
    default, value = note.groups()
    value = re.sub(r"^\((.*)\)(?=$|;)", r"\1", value)
    return plain(f"{text[: note.start()]} {f'Default: {value}' if default else value.capitalize()}.")


def described(name: str, command: Any) -> Iterator[str]:
    """Yield the lines of a command in reStructuredText."""
    context = command.context_class(command, info_name=name)
    yield from (name, "-" * len(name), "", plain(command.help), "")
    yield from (
        "::",
        "",
        f"    {name} {' '.join(command.collect_usage_pieces(context))}",
        "",
        f".. program:: {name}",
        "",
    )
    for parameter in command.params:
        if parameter.name == "help":
            continue
        title, text = parameter.get_help_record(context)
        if parameter.param_type_name == "option":
            yield from (f".. option:: {title}", "", f"    {sentence(text)}", "")
        else:
            yield from (f"``{title.split()[0]}``", f"    {sentence(text)}", "")
    heading, _, examples = (command.epilog or "").partition("\n\n")
    if examples:
        yield from (heading, "", "::", "", *(f"    {line}" for line in examples.split("\n\n")), "")


class CommandReference(SphinxDirective):
    """Sections for all commands."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        lines: list[str] = []
        for name, (module, _) in COMMANDS.items():
            command = typer.main.get_command(import_module(module).app)
            for part, subcommand in subcommands(f"textkit {name}", command):
                lines += described(part, subcommand)
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("command-reference", CommandReference)
    return {"parallel_read_safe": True}
