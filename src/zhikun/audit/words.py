"""What the keys and codes in the details of entries are called. Each room tells its own, in its events.py:

    DETAILS = {"households": _("户数")}                    what a key means
    VALUES = {"source": dict(SourceKind.choices)}          how its value is said: a mapping, or a function

A key or code that no room tells (any more) is shown as it stands: the record outlives the code that wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Says = Mapping[Any, str | Promise] | Callable[[str], str]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")


@dataclass(frozen=True)
class Told:
    """One line of the details: what it is, and what it says. `known`: a room has told what the key means."""

    label: str
    text: str
    known: bool


@dataclass
class _Words:
    """What one room tells."""

    labels: Mapping[str, str | Promise] = field(default_factory=dict)
    values: Mapping[str, Says] = field(default_factory=dict)


_ROOMS: dict[str, _Words] = {}
#: What several rooms mean by the same key.
_COMMON: dict[str, str | Promise] = {
    "households": gettext_lazy("户数"),
    "rows": gettext_lazy("行数"),
    "files": gettext_lazy("文件数"),
    "kind": gettext_lazy("种类"),
    "people": gettext_lazy("人数"),
    "batch": gettext_lazy("导入批次编号"),
    "version": gettext_lazy("版本"),
}


def tell(room: str, labels: Mapping[str, str | Promise], values: Mapping[str, Says]) -> None:
    """A room's words; `room` is what its codes begin with."""
    _ROOMS[room] = _Words(labels, values)


def lines(event: str, details: Mapping[str, Any]) -> list[Told]:
    """The details of one entry in words: what its room has a name for in the room's order, then the rest."""
    words = _ROOMS.get(event.partition(".")[0], _Words())
    order = [*words.labels, *(key for key in _COMMON if key not in words.labels)]
    listed = sorted(details.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))
    return [line for key, value in listed for line in _lines(words, key, value, details)]


def _lines(words: _Words, key: str, value: Any, details: Mapping[str, Any]) -> Iterator[Told]:
    if key == "before" and isinstance(value, dict) and isinstance(details.get("after"), dict):
        yield from _changes(words, value, details["after"])
    elif key == "after" and isinstance(value, dict) and isinstance(details.get("before"), dict):
        return
    elif isinstance(value, dict) and key not in words.values:
        for inner, one in value.items():
            label, known = _label(words, inner)
            yield Told(f"{_label(words, key)[0]} · {label}", _said(words, inner, one), known)
    else:
        label, known = _label(words, key)
        yield Told(label, _said(words, key, value), known)


def _changes(words: _Words, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Told]:
    """What was otherwise before; what stayed is not said."""
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            label, known = _label(words, key)
            old, new = _said(words, key, before.get(key)), _said(words, key, after.get(key))
            yield Told(label, _("由“{old}”改为“{new}”").format(old=old, new=new), known)


def _label(words: _Words, key: str) -> tuple[str, bool]:
    found = words.labels.get(key) or _COMMON.get(key)
    return (str(found), True) if found else (key, False)


def _said(words: _Words, key: str, value: Any) -> str:
    if isinstance(value, list):
        return "、".join(_said(words, key, one) for one in value) or _("没有")
    if isinstance(value, dict):
        return "；".join(f"{_label(words, inner)[0]} {_said(words, inner, one)}" for inner, one in value.items())
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if value is None or value == "":
        return _("没有")
    says = words.values.get(key)
    if says is not None:
        return _by(says, value)
    if isinstance(value, int):
        return f"{value:,}"
    return _moment(str(value))


def _by(says: Says, value: Any) -> str:
    if isinstance(says, Mapping):
        return str(says.get(value, value))
    return says(str(value))


def _moment(text: str) -> str:
    at = parse_datetime(text) if _MOMENT.match(text) else None
    return f"{localtime(at):%Y-%m-%d %H:%M}" if at is not None and at.tzinfo is not None else text


def spoken(subject: str) -> str:
    """The object of an entry as it follows a sentence: of a long number that nobody can say, the beginning."""
    return _("（编号 {n}）").format(n=subject[:8]) if _UUID.fullmatch(subject) else subject
