"""``textkit migrate``: make programs that were written for torchtext import textkit instead."""

import ast
import difflib
from codecs import BOM_UTF8
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from textkit.commands.shared import examples
from textkit.compat.notebooks import code_cells, without_magics
from textkit.compat.rewriting import Edit, applied, decoded, edits, parsed
from textkit.compat.unsupported import Finding, findings, is_module
from textkit.files.atomic import atomic_path

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class _Plan:
    """What is to be done in a file: the replacements in its text, and what must be changed by hand, with its place."""

    path: Path
    encoding: str
    before: str
    edits: list[Edit]
    findings: list[str]

    @property
    def after(self) -> str:
        return applied(self.before, self.edits)


@app.command(
    no_args_is_help=True, epilog=examples("textkit migrate train.py", "textkit migrate --diff *.py notebooks/*.ipynb")
)
def migrate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Python files and Jupyter notebooks.")],
    diff: Annotated[bool, typer.Option("--diff", help="Print the changes, and write nothing.")] = False,
) -> None:
    """Rewrite imports of torchtext to textkit.compat.torchtext, in place.

    Nothing else in the files changes. What cannot be rewritten is listed with its file and line. All files are read
    before one is written.
    """
    plans = [_planned(path) for path in files]
    for plan in plans:
        if diff:
            before, after = (text.splitlines(keepends=True) for text in (plan.before, plan.after))
            changes = difflib.unified_diff(before, after, str(plan.path), str(plan.path))
            print("".join(line if line.endswith("\n") else f"{line}\n" for line in changes), end="")
        elif plan.edits:
            with atomic_path(plan.path) as temporary:
                temporary.write_bytes(plan.after.encode(plan.encoding))
    for plan in plans:
        count = len(plan.edits)
        done = f"{count} import{'s' * (count != 1)} {'to rewrite' if diff else 'rewritten'}"
        print(f"{plan.path}: {done if count else 'nothing to rewrite'}")
        for finding in plan.findings:
            print(f"{plan.path}:{finding}")


def _planned(path: Path) -> _Plan:
    """Read a file, and find what to change.

    Raises:
        FileNotFoundError: If it does not exist.
        IsADirectoryError: If it is a folder.
        ValueError: If it is neither Python nor a notebook.
    """
    if path.is_dir():
        raise IsADirectoryError(f"FILE must be a file, got the folder {path}; pass its files: {path}/*.py")
    if not path.exists():
        raise FileNotFoundError(f"FILE must exist, got {path}; check its spelling")
    raw = path.read_bytes()
    if path.suffix != ".ipynb":
        before, encoding = decoded(raw, str(path))
        changes, found = _analyzed([before], [parsed(before, str(path))])
        return _Plan(path, encoding, before, changes[0], [f"{line}: {text}" for line, text in found[0]])
    encoding = "utf-8-sig" if raw.startswith(BOM_UTF8) else "utf-8"
    try:
        before = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be UTF-8, as notebooks are, got {error}; save it again in Jupyter") from error
    return _planned_notebook(path, before, encoding)


def _planned_notebook(path: Path, before: str, encoding: str) -> _Plan:
    lines: list[str] = []
    cells, sources, trees = [], [], []
    for cell in code_cells(before, str(path)):
        source = without_magics(cell.source)
        try:
            trees.append(parsed(source, f"cell {cell.number}"))
        except ValueError as error:
            lines.append(str(error))
        else:
            cells.append(cell)
            sources.append(source)
    changes, found = _analyzed(sources, trees)
    in_notebook: list[Edit] = []
    for cell, its_changes, its_findings in zip(cells, changes, found, strict=True):
        in_notebook += [edit for change in its_changes if (edit := cell.edit(change)) is not None]
        lines += [f"cell {cell.number}:{line}: {text}" for line, text in its_findings]
    return _Plan(path, encoding, before, in_notebook, lines)


def _analyzed(sources: list[str], trees: list[ast.Module]) -> tuple[list[list[Edit]], list[list[Finding]]]:
    """Find the replacements in sources, and what must be changed by hand."""
    changes = [list(edits(source, tree, is_module)) for source, tree in zip(sources, trees, strict=True)]
    return changes, findings(trees)
