"""Values as people read them. What is not known is told as 未知, never as zero and never as an empty place.

Each function answers with safe HTML, so that tables can draw hundreds of cells without a template for each.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from html import escape
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhikun.pages.assets import vendor_url
from zhikun.wording import SAMPLE_MARK, amount_text

Text = str | Promise
Number = Decimal | float | int

MILLIONTH = Decimal("0.000001")

#: What a status means at a glance; each has a shape of its own, so that colour is never the only sign.
TONES = {
    "neutral": "minus",
    "info": "info-circle",
    "progress": "progress",
    "success": "circle-check",
    "warning": "alert-triangle",
    "danger": "exclamation-circle",
    "unknown": "help-circle",
    "red": "exclamation-circle",
    "orange": "alert-triangle",
    "yellow": "bell",
    "blue": "info-circle",
}


def drawn(pattern: str, *parts: object) -> SafeString:
    """Django's `format_html` for what a page draws by the hundred: the same text in a third of the time.

    Words and finished HTML, which nearly all parts are, go the short way; whatever else there is goes Django's.
    """
    return SafeString(pattern.format(*[_escaped(part) for part in parts]))


def _escaped(part: Any) -> str:
    kind = type(part)
    if kind is SafeString:
        return part
    return escape(part) if kind is str else conditional_escape(part)


def is_unknown(value: object) -> bool:
    """Whether nothing is known: None, an empty text, not a number. Zero and 否 are known."""
    return value is None or value == "" or (isinstance(value, float | Decimal) and math.isnan(value))


def unknown(text: Text = "") -> SafeString:
    """The mark of what is not known. Another word may be more exact: 未登记, 待核对."""
    return drawn('<span class="zk-unknown">{}</span>', text or _("未知"))


def text(value: object) -> SafeString:
    """Words as they are."""
    return (
        unknown() if is_unknown(value) else conditional_escape(value if isinstance(value, SafeString) else str(value))
    )


def money(value: Number | None, unit: Text = "") -> SafeString:
    """An amount, in 元 unless another unit is named (元/月): 1,234 元, 1,234.50 元. The rule is `wording.amount_text`.

    It is the same on pages, in explanations, reports and lists: a whole amount has no decimals, any other two. Standing
    under one another in a column of a table all have two (`money_in_column`, which tables use of themselves).
    """
    if is_unknown(value):
        return unknown()
    return drawn('<span class="zk-number">{}</span>&nbsp;{}', amount_text(_known(value)), unit or _("元"))


def money_in_column(value: Number | None) -> SafeString:
    """An amount among others in a column of a table, where all have two decimals: 1,234.00 元."""
    return unknown() if is_unknown(value) else drawn("{}&nbsp;{}", amounts(value), _("元"))


def amounts(value: Number | None) -> SafeString:
    """The digits alone of an amount in a column of a table, which says the unit in its heading: 1,234.00."""
    if is_unknown(value):
        return unknown()
    return drawn('<span class="zk-number">{}</span>', amount_text(_known(value), in_column=True))


def count(value: Number | None, unit: Text = "") -> SafeString:
    """A number with thousands separators and as many decimals as it has, at most six, with its unit."""
    if is_unknown(value):
        return unknown()
    if type(value) is int and not unit:  # most numbers of a page of statistics
        return SafeString(f'<span class="zk-number">{value:,}</span>')
    rounded = value if type(value) is int else _decimal(value).quantize(MILLIONTH, ROUND_HALF_UP)
    whole, _dot, decimals = f"{rounded:,f}".partition(".")
    decimals = decimals.rstrip("0")
    shown = f"{whole}.{decimals}" if decimals else whole
    shown = "0" if shown == "-0" else shown
    if not unit:
        return drawn('<span class="zk-number">{}</span>', shown)
    return drawn('<span class="zk-number">{}</span>&nbsp;{}', shown, unit)


def percent(value: Number | None) -> SafeString:
    """A share (0.125) in per cent with one decimal: 12.5%."""
    if is_unknown(value):
        return unknown()
    rounded = (_decimal(value) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return drawn('<span class="zk-number">{}%</span>', f"{rounded:,}")


def day(value: date | None) -> SafeString:
    """A day: 2026-11-22. Of a moment, the day on which it fell in this office's time."""
    if value is None:
        return unknown()
    shown = timezone.localdate(value) if isinstance(value, datetime) and timezone.is_aware(value) else value
    return drawn('<time datetime="{0}">{0}</time>', shown.strftime("%Y-%m-%d"))


def moment(value: datetime | None) -> SafeString:
    """A moment in this office's time: 2026-11-22 09:30."""
    if value is None:
        return unknown()
    shown = timezone.localtime(value) if timezone.is_aware(value) else value
    return drawn('<time datetime="{}">{}</time>', shown.isoformat(timespec="seconds"), shown.strftime("%Y-%m-%d %H:%M"))


def yes_no(value: bool | None) -> SafeString:
    """是, 否 or 未知."""
    return unknown() if value is None else conditional_escape(_("是") if value else _("否"))


def masked(value: str | None) -> SafeString:
    """What is shown of an identity number, account or phone. It must come masked: this only sets its letters."""
    return unknown(_("未登记")) if is_unknown(value) else drawn('<span class="zk-masked">{}</span>', value)


def icon(name: str, label: Text = "") -> SafeString:
    """One icon of the sprite. Without a label it is decoration and screen readers pass over it."""
    address = vendor_url("icons.svg")
    return _drawn_icon(address, name, str(label)) if address else SafeString("")


@lru_cache(maxsize=1000)  # a household's page has fifty of them, mostly the same
def _drawn_icon(address: str, name: str, label: str) -> SafeString:
    if label:
        return drawn(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"></use></svg>', label, address, name
        )
    return drawn('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', address, name)


def status(tone: str, words: Text) -> SafeString:
    """A status mark: the words, a colour and a shape. `tone` is one of `TONES`."""
    return drawn('<span class="zk-status zk-tone-{}">{}{}</span>', tone, icon(TONES[tone]), words)


def sample_mark(reason: Text = "") -> SafeString:
    """Says that a figure is an example of ours; `reason`: why it was chosen."""
    why = drawn(' <span class="zk-quiet">{}</span>', reason) if reason else SafeString("")
    return drawn('<span class="zk-sample">{}</span>{}', status("warning", SAMPLE_MARK), why)


#: How a column of a table, or a row of a list of facts, draws its values.
KINDS: dict[str, Callable[[Any], SafeString]] = {
    "text": text,
    "money": money,
    "count": count,
    "percent": percent,
    "day": day,
    "moment": moment,
    "yes_no": yes_no,
    "masked": masked,
    "status": lambda pair: unknown() if pair is None else status(*pair),
}


#: The same in the columns of tables.
COLUMNS = {**KINDS, "money": money_in_column}


def _known(value: Number | None) -> Number:
    return 0 if value is None else value


def _decimal(value: Number | None) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))
