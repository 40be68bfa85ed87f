"""HTML for notebooks: small tables, in which words and texts are escaped."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

ROWS = 20
"""Largest number of rows of a table."""

_BAR = "background:#0072B2;height:0.7em"
_BAR_WIDTH = 8  # em


class Html(str):
    """HTML that is shown as it is."""

    __slots__ = ()


def block(title: str, *parts: str) -> str:
    """Return a title and what is below it. Dollar signs start no formula.

    Args:
        title: The title, as plain text.
        parts: HTML.
    """
    return (
        f'<div class="tex2jax_ignore mathjax_ignore"><p style="margin:0 0 0.3em"><b>{html.escape(title)}</b></p>'
        f"{''.join(parts)}</div>"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table of at most `ROWS` rows, with the number of others below it.

    Args:
        header: Names of the columns; empty for none.
        rows: Values, each written as plain text unless it is `Html`; numbers are aligned to the right.

    >>> table([], [[Html("<b>tea</b>"), "<b>"]])
    '<table><tr><td><b>tea</b></td><td dir="auto" style="text-align:left">&lt;b&gt;</td></tr></table>'
    """
    rows = list(rows)
    numbers = [isinstance(value, int | float) for value in rows[0]] if rows else [False] * len(header)
    head = "".join(
        f'<th style="text-align:{"right" if number else "left"}">{html.escape(name)}</th>'
        for name, number in zip(header, numbers, strict=False)
    )
    lines = [f"<tr>{head}</tr>"] if header else []
    lines += [f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows[:ROWS]]
    others = f"<p>and {len(rows) - ROWS:,} more</p>" if len(rows) > ROWS else ""
    return f"<table>{''.join(lines)}</table>{others}"


def bar(fraction: float) -> Html:
    """Return a bar, as long as a fraction of the column from 0 to 1."""
    return Html(f'<div style="{_BAR};width:{_BAR_WIDTH * min(max(fraction, 0.0), 1.0):.2f}em"></div>')


def fields_block(report: Any) -> str:
    """Return the fields of a dataclass as a table; values that nobody measured are left out."""
    values = [(field.name.replace("_", " "), getattr(report, field.name)) for field in fields(report)]
    shown = [(name, value) for name, value in values if value is not None and value != ()]
    return block(type(report).__name__, table([], shown))


class ShownAsTable:
    """Mixin of a dataclass that a notebook shows as a table of its fields."""

    def _repr_html_(self) -> str:
        return fields_block(self)


def _cell(value: Any) -> str:
    if isinstance(value, Html):
        return f"<td>{value}</td>"
    if isinstance(value, int | float):
        digits = ".4f" if 0.001 <= abs(value) < 10 else ".4g"
        text = f"{value:,}" if isinstance(value, int) else format(value, digits)
        return f'<td style="text-align:right">{text}</td>'
    # Arabic and Hebrew are read from right to left.
    return f'<td dir="auto" style="text-align:left">{html.escape(str(value))}</td>'
