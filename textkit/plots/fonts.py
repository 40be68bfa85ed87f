"""Fonts for words in any script: matplotlib's default font has no Chinese, for example."""

import unicodedata
import warnings
from collections.abc import Iterable
from functools import cache
from typing import Any

_WARNED_CHARACTERS = 8  # shown in a warning

# Tried before other installed fonts, as they are made for reading.
_PREFERRED = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Source Han Sans SC",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "Noto Sans",
    "Noto Naskh Arabic",
)
_CJK = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH", "IDEOGRAPHIC")
_UNREADABLE = ("Last Resort", "Emoji", "LastResort")  # boxes with numbers, or pictures that matplotlib cannot draw


def text_style(texts: Iterable[str]) -> dict[str, Any]:
    """Return properties of a matplotlib Text for words: fonts with all their characters, and no formulas.

    Args:
        texts: All words to be drawn.

    Warns:
        UserWarning: If no installed font has a character, or a script is drawn without joining its letters.
    """
    characters = {character for text in texts for character in text if _is_drawn(character)}
    _warn_of_shaping(characters)
    return {"fontfamily": _families(characters), "parse_math": False}


def _families(characters: set[str]) -> list[str]:
    """Return the configured font families, and further ones for the characters that these lack."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties, findfont

    families = list(mpl.rcParams["font.family"])
    missing = {ord(character) for character in characters}
    for family in families:
        missing -= _glyphs(findfont(FontProperties(family=[family])))
    fonts = _installed() if missing else {}
    while missing and fonts:
        family = max(fonts, key=lambda name: len(missing & fonts[name]))
        if not missing & fonts[family]:
            break
        families.append(family)
        missing -= fonts[family]
    if missing:
        _warn_of_missing(missing)
    return families


def _installed() -> dict[str, frozenset[int]]:
    """Return the characters of each upright installed font, of fonts with as many characters the best one first."""
    from matplotlib.font_manager import fontManager

    fonts = {
        font.name: font.fname
        for font in fontManager.ttflist
        if font.style == "normal" and not any(part in font.name for part in _UNREADABLE)
    }
    order = sorted(fonts, key=lambda name: (_PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED), name))
    return {name: _glyphs(fonts[name]) for name in order}


@cache
def _glyphs(path: str) -> frozenset[int]:
    """Return the code points that a font has."""
    from matplotlib.font_manager import get_font

    try:
        return frozenset(get_font(path).get_charmap())
    except (OSError, RuntimeError):  # a damaged font, or one of bitmaps
        return frozenset()


def _is_drawn(character: str) -> bool:
    return character.isprintable() and not character.isspace() and unicodedata.category(character) not in ("Cf", "Mn")


def _warn_of_missing(code_points: set[int]) -> None:
    characters = [chr(code) for code in sorted(code_points)]
    shown = " ".join(characters[:_WARNED_CHARACTERS]) + " ..." * (len(characters) > _WARNED_CHARACTERS)
    fonts = sorted(set(map(_font_for, characters)))
    packages = sorted({"fonts-noto-cjk" if font.endswith("CJK") else "fonts-noto-core" for font in fonts})
    warnings.warn(
        f"no installed font has {shown}, drawn as boxes; install {' and '.join(fonts)} (on Debian and Ubuntu: apt "
        f"install {' '.join(packages)}), and delete fontlist-*.json in the folder matplotlib.get_cachedir()",
        stacklevel=4,
    )


def _font_for(character: str) -> str:
    """Return the name of a font that has a character.

    >>> _font_for("茶"), _font_for("ก")
    ('Noto Sans CJK', 'Noto Sans Thai')
    """
    script = unicodedata.name(character, "").replace("-", " ").split(" ")[0]
    if script in _CJK:
        return "Noto Sans CJK"
    return f"Noto Sans {script.title()}" if unicodedata.category(character)[0] in "LM" else "Noto Sans Symbols2"


def _warn_of_shaping(characters: set[str]) -> None:
    """Warn if letters would stand apart or in the wrong order: before version 3.11, matplotlib draws one by one."""
    from matplotlib import ft2font

    if hasattr(ft2font, "__libraqm_version__"):
        return
    for character in sorted(characters):
        is_right_to_left = unicodedata.bidirectional(character) in ("R", "AL")
        if is_right_to_left or "ऀ" <= character <= "႟" or "ក" <= character <= "៿":
            script = unicodedata.name(character, "this script").split(" ")[0].title()
            warnings.warn(
                f"matplotlib draws the letters of {script} apart, from left to right; upgrade to matplotlib 3.11 or "
                "newer, which needs Python 3.11",
                stacklevel=4,
            )
            return
