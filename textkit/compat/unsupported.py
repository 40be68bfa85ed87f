"""Finds what a program uses of torchtext that is not in `textkit.compat.torchtext`."""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from types import FunctionType, ModuleType
from typing import NamedTuple

from textkit.compat.left_out import remedy
from textkit.compat.rewriting import NEW, OLD, is_torchtext

_NAME = re.compile(rf"{OLD}(\.\w+)*")


class Finding(NamedTuple):
    """Something to change by hand.

    Attributes:
        line: Line of the source, from 1.
        text: What it is, and the remedy.
    """

    line: int
    text: str


def findings(trees: Sequence[ast.Module]) -> list[list[Finding]]:
    """Find what is not there, and what may import torchtext by another way than an import statement.

    Args:
        trees: The syntax tree of a file, or those of the cells of a notebook, which share their names.

    Returns:
        The findings of each tree, in the order of the lines.
    """
    bound: dict[str, str] = {}
    found: list[set[Finding]] = [set() for _ in trees]
    for tree, its_findings in zip(trees, found, strict=True):
        for node in ast.walk(tree):
            its_findings.update(_imported(node, bound))
    # The attributes of a variable that is called like a module, such as data, are its own.
    reused = {name for tree in trees for node in ast.walk(tree) for name in _assigned(node)}
    modules = {name: path for name, path in bound.items() if name not in reused}
    for tree, its_findings in zip(trees, found, strict=True):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and (path := _path(node, modules)) and (text := _missing(path)):
                its_findings.add(Finding(node.lineno, text))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _NAME.fullmatch(node.value):
                its_findings.add(
                    Finding(node.lineno, f"{node.value!r} is a string; write {_new(node.value)!r} if it is imported")
                )
    return [sorted(its_findings) for its_findings in found]


def is_module(name: str) -> bool:
    """Whether a module of torchtext is in textkit, such as "torchtext.data".

    >>> is_module("torchtext.legacy.data"), is_module("torchtext.models")
    (True, False)
    """
    return isinstance(_found(name), ModuleType)


def _imported(node: ast.AST, bound: dict[str, str]) -> Iterator[Finding]:
    """Note the names that an import binds, and yield what is missing of it."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            name = _old(alias.name)
            if name is None:
                continue
            bound[alias.asname or OLD] = name if alias.asname else OLD
            if text := _missing(name):
                yield Finding(node.lineno, text)
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and (module := _old(node.module or "")):
        if text := _missing(module):
            yield Finding(node.lineno, text)
            return
        for alias in node.names:
            if alias.name == "*":
                yield Finding(node.lineno, f"the names of {module} that an import of * binds are not checked")
                continue
            bound[alias.asname or alias.name] = f"{module}.{alias.name}"
            if text := _missing(f"{module}.{alias.name}"):
                yield Finding(alias.lineno, text)


def _assigned(node: ast.AST) -> Iterator[str]:
    """Yield the names that are bound by anything but an import."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name


def _path(node: ast.Attribute, modules: dict[str, str]) -> str | None:
    """Return the dotted name of torchtext that an expression stands for; None for any other expression."""
    names = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        names.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name) or inner.id not in modules:
        return None
    return ".".join([modules[inner.id], *reversed(names)])


def _missing(name: str) -> str | None:
    """Describe a name of torchtext that is not in textkit; None if it is there, or a part of it is not."""
    if _found(name) is not None:
        return None
    outer = name.rpartition(".")[0]
    if outer and _found(outer) is None:
        return None  # that is reported for itself
    return f"{name} is not in textkit; {remedy(name)}"


@lru_cache(maxsize=1024)
def _found(name: str) -> object | None:
    """Return the object of textkit for a dotted name of torchtext; None if there is none."""
    found: object = import_module(NEW)
    path = NEW
    for part in name.split(".")[1:]:
        path = f"{path}.{part}"
        if hasattr(found, part):
            found = getattr(found, part)
        elif isinstance(found, ModuleType) and _importable(path):
            found = import_module(path)
        elif isinstance(found, ModuleType | type | FunctionType):
            return None
        else:
            return found  # an attribute of an object, which cannot be known
    return found


def _importable(path: str) -> bool:
    try:
        import_module(path)
    except ModuleNotFoundError:
        return False
    return True


def _old(name: str) -> str | None:
    """Return the name of torchtext of a module, also of one that has been rewritten; None for any other module."""
    if name == NEW or name.startswith(f"{NEW}."):
        return OLD + name.removeprefix(NEW)
    return name if is_torchtext(name) else None


def _new(name: str) -> str:
    return NEW + name.removeprefix(OLD)
