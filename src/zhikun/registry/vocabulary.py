"""What may be recorded: the facts of the pack in force, and those the file itself knows of things a household owns.

`said_badly` answers a set of facts with one message for each that does not fit, so that nothing is stored half-checked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from zhikun.engine.packs import load
from zhikun.engine.packs.model import Fact, Pack
from zhikun.registry.facts import REMOVED, Facts, walk
from zhikun.registry.holdings import HOLDINGS

#: Facts of the pack that are particulars of a person or an address: they live sealed, not among the facts.
PERSONAL_FORMATS = frozenset({"name", "id_number", "phone", "address", "bank_account"})


#: Facts of the pack that the file itself keeps, with their history: where the household lives, who its members are.
KEPT_BY_FILE = frozenset({("household", "place"), ("member", "relation"), ("member", "birth_date"), ("member", "sex")})


@dataclass(frozen=True)
class Known:
    """One thing that may be recorded: of what, its title, type and limits."""

    entity: str
    name: str
    title: str
    type: str
    unit: str = ""
    decimals: int = 2
    min: float | None = None
    max: float | None = None
    choices: Mapping[str, str] | None = None
    personal: bool = False
    question: str = ""
    dimension: str = ""


@dataclass(frozen=True)
class Misfit:
    """A fact that cannot be recorded, and why."""

    entity: str
    row: str
    fact: str
    title: str
    found: str
    expected: str


class PacksDisagree(ValueError):
    """Two packs of one platform understand a fact differently: one recording cannot answer both."""

    def __init__(self, pack: Pack, known: Fact, fact: Fact) -> None:
        super().__init__(
            _(
                "政策包 {p} 与平台使用的政策包对“{t}”（{e}.{n}）的规定不同（类型 {a} 与 {b}，或选项不同），不能用同一份记录评估。"
                "请统一两个政策包的 facts.yaml，或从 ZHIKUN_FURTHER_PACKS 中去掉 {p}。"
            ).format(p=pack.id, t=fact.title, e=fact.entity, n=fact.name, a=known.type, b=fact.type)
        )


@cache
def pack_in_force() -> Pack:
    """The pack that the platform works with."""
    return load(settings.ZHIKUN_PACK)


@cache
def packs_in_force() -> dict[str, Pack]:
    """Every pack by which households may be assessed: the platform's own first, then those that the office added.

    Survey, import and categories held follow the platform's own; the others read the same facts. Raises PacksDisagree where
    one of them understands a fact otherwise.
    """
    own = pack_in_force()
    found = {own.id: own}
    for name in settings.ZHIKUN_FURTHER_PACKS:
        pack = load(name)
        found.setdefault(pack.id, pack)
    facts = dict(own.facts)
    for pack in found.values():
        for key, fact in pack.facts.items():
            known = facts.setdefault(key, fact)
            if known.type != fact.type or not set(fact.choices or ()) >= set(known.choices or ()):
                raise PacksDisagree(pack, known, fact)
    return found


@cache
def vocabulary() -> dict[tuple[str, str], Known]:
    """Everything that may be recorded, by entity and name."""
    found: dict[tuple[str, str], Known] = {}
    for pack in packs_in_force().values():
        for fact in (fact for entity in pack.entities for fact in pack.facts_of(entity)):
            found.setdefault((fact.entity, fact.name), _of_pack(fact))
    for entity, facts in HOLDINGS.items():
        for name, given in facts.items():
            found.setdefault((entity, name), Known(entity=entity, name=name, **given))
    return found


def asked_of(entity: str) -> dict[str, list[Known]]:
    """What officers record of an entity, by dimension, in the pack's order: neither particulars nor what the file keeps."""
    groups: dict[str, list[Known]] = {}
    for (of, name), known in vocabulary().items():
        if of == entity and not known.personal and (of, name) not in KEPT_BY_FILE:
            groups.setdefault(known.dimension, []).append(known)
    return groups


def personal_of(entity: str) -> list[Known]:
    """The particulars that are recorded with a thing (the number of an account, the name of a supporter): they live sealed."""
    return [known for (of, _name), known in vocabulary().items() if of == entity and known.personal]


@cache
def categories() -> dict[str, str]:
    """The categories of assistance that a household may hold, as the pack asks for them."""
    known = vocabulary().get(("household", "current_assistance"))
    return {code: title for code, title in (known.choices if known and known.choices else {}).items() if code != "none"}


def entity_title(entity: str) -> str:
    """What an entity is called on a page."""
    from zhikun.registry.holdings import TITLES  # noqa: PLC0415 - beside the table it belongs to

    known = next((pack.entities[entity] for pack in packs_in_force().values() if entity in pack.entities), None)
    return known.title if known else str(TITLES.get(entity, entity))


def title_of(entity: str, fact: str) -> str:
    """What a fact is called on a page; its name where the pack of today no longer knows it."""
    known = vocabulary().get((entity, fact))
    return known.title if known else fact


def said_badly(facts: Facts) -> list[Misfit]:
    """What of these facts cannot be recorded. null is a statement too: asked, and not known."""
    known = vocabulary()
    bad = []
    for (entity, row, fact), value in walk(facts):
        if fact == REMOVED:
            continue
        what = known.get((entity, fact))
        if what is None:
            bad.append(Misfit(entity, row, fact, fact, "", _("政策包里没有这一项")))
        elif what.personal:
            bad.append(Misfit(entity, row, fact, what.title, "", _("个人信息不能作为普通事实记录")))
        elif value is not None and (expected := _misfit(what, value)):
            bad.append(Misfit(entity, row, fact, what.title, str(value)[:40], expected))
    return bad


def _of_pack(fact: Fact) -> Known:
    return Known(
        fact.entity, fact.name, fact.title, fact.type, fact.unit or "", fact.decimals, fact.min, fact.max,
        dict(fact.choices) if fact.choices else None, fact.format in PERSONAL_FORMATS, fact.question, fact.dimension,
    )  # fmt: skip


def _misfit(known: Known, value: Any) -> str:
    """What was expected, when the value does not fit; else nothing."""
    check = _CHECKS.get(known.type)
    return check(known, value) if check else ""


def _number(known: Known, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return _("应为数字")
    if known.min is not None and value < known.min:
        return _("不能小于 {n:g}").format(n=known.min)
    if known.max is not None and value > known.max:
        return _("不能大于 {n:g}").format(n=known.max)
    if round(value, known.decimals) != value:
        return _("最多 {n} 位小数").format(n=known.decimals)
    return ""


def _boolean(known: Known, value: Any) -> str:
    return "" if isinstance(value, bool) else _("应为是或否")


def _choice(known: Known, value: Any) -> str:
    return "" if value in (known.choices or {}) else _("应为所列选项之一")


def _choices(known: Known, value: Any) -> str:
    fits = isinstance(value, list) and all(isinstance(one, str) and one in (known.choices or {}) for one in value)
    return "" if fits and len(set(value)) == len(value) else _("应为所列选项中的若干项")


def _date(known: Known, value: Any) -> str:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        return _("应为日期，如 2026-11-22")
    return ""


def _text(known: Known, value: Any) -> str:
    return "" if isinstance(value, str) and len(value) <= 500 else _("应为文字，不超过 500 字")


_CHECKS = {
    "number": _number,
    "boolean": _boolean,
    "choice": _choice,
    "choices": _choices,
    "date": _date,
    "text": _text,
    "place": _text,
}
