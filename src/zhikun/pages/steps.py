"""An explanation as HTML: results that open into what they were worked out from.

A household's explanation has hundreds of values. Drawn here, as the rows of long lists are, it takes a small part of the time
that a template for each value took, which was most of its page's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhikun.pages import formats
from zhikun.pages.formats import drawn
from zhikun.pages.parts import Step

_NOTHING = SafeString("")
_OPEN = SafeString(" open")
_AGAIN = SafeString(' class="zk-again"')
_CODE = "<code>{}</code>"


def as_html(steps: Sequence[Step], opened: bool) -> SafeString:
    """The steps as a list, each with all below it; `opened`: those at the top are open."""
    return drawn('<ul class="zk-tree">{}</ul>', _items(steps, opened))


def _items(steps: Iterable[Step], opened: bool = False) -> SafeString:
    return _together(drawn("<li>{}</li>", _step(one, opened)) for one in steps)


def _step(step: Step, opened: bool) -> SafeString:
    anchor = drawn(' id="step-{}"', step.id) if step.id and not step.again else _NOTHING
    below = drawn("<ul>{}</ul>", _items(step.children)) if step.children else _NOTHING
    return drawn(
        '<details{}{}>\n<summary>{}</summary>\n<div class="zk-step-body"{}>{}{}</div>\n</details>',
        _OPEN if opened else _NOTHING, _AGAIN if step.again else _NOTHING, _summary(step), anchor, _together(_lines(step)),
        below,
    )  # fmt: skip


def _summary(step: Step) -> SafeString:
    """What stands on a step that is closed: what it is, how much, and what it was worked out as."""
    known = drawn("{} {}" if step.unit else "{}", step.display, step.unit)
    value = formats.status("unknown", step.display) if step.undetermined else known
    return drawn(
        '<span class="zk-step-title">{}</span> <span class="zk-step-value">{}</span>{}{}{}', step.title, value,
        drawn(' <span class="zk-quiet">{}</span>', step.kind) if step.kind else _NOTHING,
        drawn(" {}", formats.sample_mark()) if step.sample else _NOTHING,
        drawn(' <span class="zk-print-only">{}</span>', _("见上文")) if step.again else _NOTHING,
    )  # fmt: skip


def _lines(step: Step) -> Iterable[SafeString]:
    """What a step that is open says of itself, line by line."""
    if step.formula:
        yield _line(_("算式"), drawn(_CODE, step.formula))
    if step.filled and step.filled != step.formula:
        yield _line(_("代入"), drawn(_CODE, step.filled))
    if step.rounding:
        yield _line(_("取整"), step.rounding)
    if step.reason:
        yield _line(_("说明"), step.reason)
    if step.reference:
        yield _line(_("依据"), step.reference)
    if step.origin:
        yield _line(_("来源"), step.origin)
    if step.question:
        yield _line(_("要问"), drawn("{}{}", step.question, _asked(step)))
    if step.told_above:
        words = _("算法见上文同名一项。")
        found = drawn('<a href="#step-{}">{}</a>', step.id, words) if step.id else words
        yield drawn('<p class="zk-quiet">{}</p>\n', found)


def _line(label: str, words: formats.Text) -> SafeString:
    return drawn('<p><span class="zk-quiet">{}</span> {}</p>\n', label, words)


def _asked(step: Step) -> SafeString:
    if not step.ask_url:
        return _NOTHING
    return drawn(' <a href="{}">{}<span class="zk-for-readers">{}</span></a>', step.ask_url, _("去填写"), step.title)


def _together(parts: Iterable[SafeString]) -> SafeString:
    return SafeString("".join(parts))
