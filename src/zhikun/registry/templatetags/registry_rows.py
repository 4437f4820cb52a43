"""Rows and lines that stand on a page fifty or a hundred times, drawn without a template for each: `{% load registry_rows %}`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from django import template
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from zhikun.pages import formats
from zhikun.pages.formats import drawn
from zhikun.privacy.templatetags.privacy import masked
from zhikun.registry.models import Person
from zhikun.registry.selectors.known import FactGroup, FactLine, Told
from zhikun.registry.selectors.search import Hit
from zhikun.registry.templatetags.registry import category_title, household_status, sex_and_age

register = template.Library()

#: In the place of a household in an address: a list works its addresses out once.
_NOBODY = UUID(int=0)
_CELL = '<td data-label="{}"><span>{}</span></td>'


@register.simple_tag
def hit_rows(hits: Sequence[Hit], with_found: bool) -> SafeString:
    """The households of a list, one row each; with the person who was found where somebody was looked for."""
    number, head, found, people = _("户编号"), _("户主"), _("查到的人"), _("人数")
    place, category, state, changed = _("所在地"), _("救助类别"), _("状态"), _("最近变动")
    address = reverse("registry:household", args=[_NOBODY])
    states: dict[tuple[str, int], SafeString] = {}
    rows = []
    for hit in hits:
        one = hit.household
        marks = (one.state, one.open_contradictions)
        if marks not in states:
            states[marks] = household_status(one)
        parent = one.area.parent.name if one.area.parent else ""
        rows.append(
            drawn(
                '<tr><th scope="row" data-label="{}"><span><a href="{}">{}</a></span></th>{}{}'
                '<td class="zk-right" data-label="{}"><span>{}</span></td>{}{}{}{}</tr>\n',
                number, address.replace(str(_NOBODY), str(one.pk)), one.number,
                _cell(head, masked(one.head, "name")),
                _cell(found, _found(hit)) if with_found else "",
                people, formats.count(one.people),
                _cell(place, f"{parent} {one.area.name}"),
                _cell(category, category_title(one.category)),
                _cell(state, states[marks]),
                _cell(changed, formats.day(one.changed_at)),
            )
        )  # fmt: skip
    return mark_safe("".join(rows))  # noqa: S308 - each row has been through drawn


@register.simple_tag
def fact_groups(groups: Sequence[FactGroup], edit_url: str = "") -> SafeString:
    """What is known, by dimension, and what nobody has told; with `edit_url` a way to change each dimension."""
    drawn = (_group(group, edit_url) for group in groups if group.lines or group.unknown)
    return mark_safe("".join(drawn))  # noqa: S308 - each group has been through drawn


@register.simple_tag
def fact_lines(lines: Sequence[FactLine], said: SafeString | None = None) -> SafeString:
    """Facts, one line each: title, value, who said so and when (unless `said` above all of them), what other sources say."""
    return _join("<div><dt>{}</dt><dd>{}</dd></div>", ((line.title, _told(line, said)) for line in lines))


def _join(pattern: str, rows: Iterable[tuple[object, ...]]) -> SafeString:
    return mark_safe("".join(drawn(pattern, *row) for row in rows))  # noqa: S308 - each has been through drawn


def _cell(label: str, shown: str) -> SafeString:
    return drawn(_CELL, label, shown)


def _found(hit: Hit) -> str:
    person: Person | None = hit.person
    if person is None:
        return "—"
    left = formats.status("neutral", _("已离开这一户")) if hit.left else ""
    return drawn("{} {}{}{}", masked(person, "name"), sex_and_age(person), " " if left else "", left)


def _group(group: FactGroup, edit_url: str) -> SafeString:
    lines = unknown = change = SafeString("")
    said = _said_of_all(group.lines)
    if edit_url:
        address = f"{edit_url}?{urlencode({'dimension': group.title})}"
        change = drawn(
            ' <a class="zk-inline-action zk-screen-only" href="{}">{}{}<span class="zk-for-readers">{}</span></a>',
            address, formats.icon("edit"), _("修改"), group.title,
        )  # fmt: skip
    if group.lines:
        lines = drawn('<dl class="zk-details zk-details-2">{}</dl>', fact_lines(group.lines, said))
    if group.unknown:
        unknown = drawn('<p class="zk-quiet">{}{}</p>', _("还不知道："), "、".join(group.unknown))
    return drawn("<h3>{}{}</h3>{}{}{}", group.title, change, said or "", lines, unknown)


def _said_of_all(lines: Sequence[FactLine]) -> SafeString | None:
    """Where every fact of a dimension comes from, if it is one and the same: read once, not under each of ten values."""
    origins = {_origin_of(line) for line in lines}
    return origins.pop() if len(lines) > 1 and len(origins) == 1 else None


def _origin_of(line: FactLine) -> SafeString:
    told = line.told
    return _origin(str(told.source), told.text, told.observed_on, told.by, told.recorded_at if told.by else None)


def _told(line: FactLine, said: SafeString | None) -> SafeString:
    clash = drawn(" {}", formats.status("warning", _("来源不一致"))) if line.contradicted else ""
    told = line.told
    origin = "" if said else _origin_of(line)
    if not line.others:
        return drawn("{}{}{}", told.value, clash, origin)
    return drawn(
        '{}{}{}<details class="zk-others"><summary>{}</summary><ul>{}</ul></details>',
        told.value, clash, origin, _("另有 {n} 个来源").format(n=len(line.others)),
        _join("<li>{}</li>", ((_other(one),) for one in line.others)),
    )  # fmt: skip


def _other(one: Told) -> SafeString:
    clash = drawn(" {}", formats.status("warning", _("不一致"))) if one.contradicts else ""
    text = _("（{text}）").format(text=one.text) if one.text else ""
    return drawn(
        '{}{} <span class="zk-quiet">{}{} {} {}</span>',
        one.value, clash, one.source, text, formats.day(one.observed_on), one.by,
    )  # fmt: skip


@lru_cache(
    maxsize=256
)  # one recording is behind a hundred lines; who said so and when is no household's own particular
def _origin(source: str, text: str, on: date, by: str, recorded_at: datetime | None) -> SafeString:
    told = _("（{text}）").format(text=text) if text else ""
    noted = (
        drawn(" · {} {} {}", by, formats.day(recorded_at), _("录入")) if by else ""
    )  # the first day is of what is told
    return drawn('<span class="zk-origin">{}{} {}{}</span>', source, conditional_escape(told), formats.day(on), noted)
