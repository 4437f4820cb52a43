"""What users read: every visible sentence passes through `_`.

Messages are written in Chinese, the language of the product's users, and are the gettext ids
(docs/decisions/0002). Another language is a catalogue beside this file; nothing else changes.
"""

from __future__ import annotations

import difflib
import gettext
import re
import unicodedata
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

_CATALOGUE = gettext.translation("zhikun", Path(__file__).parent / "locale", fallback=True)

# Control characters but line break and tab, and the marks that turn the direction of writing.
_UNSHOWN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]")

_CENT = Decimal("0.01")
_FINEST = 6  # decimals of the engine's grid

_NEAR = 0.6  # how alike two words must be, from 0 to 1, for one to be offered for the other
_MOST_NEAR = 3  # more are no help: the reader is shown the list instead

SAMPLE_MARK = "示例参数，须由本地填报"


def _(message: str) -> str:
    """The message in the user's language."""
    return _CATALOGUE.gettext(message)


def shown(text: str) -> str:
    """The text for a screen or a page: what could steer a terminal or hide words is told as �. Data keep it."""
    return _UNSHOWN.sub("\ufffd", text)


def with_unit(title: str, unit: str | None) -> str:
    """A title with its unit behind it, said once: 工资性收入（年） in 元/年 is 工资性收入（元/年）."""
    if not unit:
        return title
    stem, opened, last = title.rpartition("（")
    said = last.removesuffix("）") if opened and last.endswith("）") else ""
    if said == unit:
        return title
    return f"{stem if said and unit.endswith('/' + said) else title}（{unit}）"


def is_money(unit: str | None) -> bool:
    """Whether values of the unit are amounts of money: 元, 元/月, 元/人."""
    return unit is not None and "元" in unit


def amount_text(value: float | Decimal, *, in_column: bool = False) -> str:
    """An amount of money, without its unit: the one rule of pages, explanations, reports and lists.

    Thousands separators; a whole amount without decimals (1,234), any other with two, rounded half up (1,234.50). Below one
    yuan what is finer than a cent is told as it is (0.005): no difference that decided reads 0.00.
    In a column of a table amounts stand under one another and all have two decimals (`in_column`), so that none is mixed.
    """
    if not in_column and value % 1 == 0:
        return f"{value + 0:,.0f}"  # what counts as equal must read alike: no minus before a zero
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    rounded = exact.quantize(_CENT, ROUND_HALF_UP) + 0
    if in_column:
        return f"{rounded:,.2f}"
    if -1 < exact < 1 and rounded != exact:
        return f"{round(exact, _FINEST) + 0:,.{_FINEST}f}".rstrip("0").rstrip(".")
    return f"{rounded:,.0f}" if rounded % 1 == 0 else f"{rounded:,.2f}"


def change_text(value: float | Decimal) -> str:
    """By how much an amount changes, with its sign: +1,234.50, -80, +0."""
    text = amount_text(value)
    return text if text.startswith("-") else f"+{text}"


def did_you_mean(word: str, known: Iterable[str], *, shortened: bool = False) -> str:
    """'您是不是想写“…”？' for the nearest known word, or an empty string when none is near.

    With `shortened`, for what people fill in: a word also stands for those it abbreviates (低保: 最低生活保障) and for those it
    says more about (务农 in 在家务农), and up to three that are equally near are all named.
    """
    words = list(known)
    near = _near(word, words) if shortened else difflib.get_close_matches(word, words, n=1, cutoff=_NEAR)
    return (
        _("您是不是想写{words}？").format(words=_("或").join(_("“{word}”").format(word=w) for w in near))
        if near
        else ""
    )


def _near(word: str, known: Iterable[str]) -> list[str]:
    """The words that may be meant: those that contain the word or that it contains, else the most alike; of many, none."""
    plain = _folded(word)
    others = {other: _folded(other) for other in known if _denies(other) == _denies(word)}
    found = [
        other for other, folded in others.items() if _shortens(plain, folded) or (len(folded) > 1 and folded in plain)
    ]
    if len(found) > _MOST_NEAR:
        shortest = min(len(others[other]) for other in found)
        found = [other for other in found if len(others[other]) == shortest]
    if not found:
        alike = {other: difflib.SequenceMatcher(None, folded, plain).ratio() for other, folded in others.items()}
        best = max(alike.values(), default=0.0)
        found = [other for other, ratio in alike.items() if ratio == best >= _NEAR]
    return found if len(found) <= _MOST_NEAR else []


def _shortens(word: str, other: str) -> bool:
    """Whether the word's characters stand in the other in their order; Latin letters and digits only beside each other."""
    if word and word in other:
        return True
    letters = iter(other)
    return len(word) > 1 and not word.isascii() and all(letter in letters for letter in word)


def _denies(word: str) -> bool:
    return any(letter in word for letter in "不无没未非")


def _folded(word: str) -> str:
    return "".join(unicodedata.normalize("NFKC", word).lower().split())
