"""What one file defines, before packs are put together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from zhikun.engine.packs.model import (
    FIRST_DAY,
    LAST_DAY,
    Fact,
    Period,
    Place,
    Ranking,
    Rule,
    Source,
    Standard,
    Table,
)
from zhikun.engine.packs.problems import Problems
from zhikun.engine.packs.shape import Record
from zhikun.wording import _

EVERYWHERE = ""

_QUOTED = re.compile(r"'[^']*'")
_WORD = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?")


@dataclass(frozen=True, slots=True)
class RawRows:
    """A score table's file as text: the heading and the rows, each with its line."""

    at: Place
    heading: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(slots=True)
class Defined:
    """One named thing of a pack: where it stands, what it uses, what it replaces."""

    pack: str
    programme: str  # '' for facts.yaml and standards.yaml
    entity: str  # EVERYWHERE for standards and tables
    name: str
    at: Place
    value: Fact | Standard | Table | Rule | Ranking
    replaces: str = ""
    replaces_at: Place | None = None
    choices_of: str = ""
    choices_at: Place | None = None
    uses: frozenset[tuple[str, str]] = frozenset()
    raw: tuple[RawRows | None, ...] = ()  # of tables: one for each version
    optional: bool = False  # taken only when something taken uses it

    @property
    def key(self) -> tuple[str, str]:
        return (self.entity, self.name)


@dataclass(slots=True)
class Part:
    """Everything one file or programme folder defines."""

    defined: list[Defined] = field(default_factory=list)
    samples: list[Place] = field(default_factory=list)


def words(entity: str, *formulas: str) -> frozenset[tuple[str, str]]:
    """The names that formulas of an entity use, as (entity, name): bare ones on it or everywhere, dotted ones there."""
    found: set[tuple[str, str]] = set()
    for formula in formulas:
        for word in _WORD.findall(_QUOTED.sub(" ", formula)):
            owner, dot, name = word.partition(".")
            if dot:
                found.add((owner, name))
            else:
                found.add((entity, word))
                found.add((EVERYWHERE, word))
                found.add((word, ""))  # the word may name an entity, as in COUNT(supporter)
    # A table's name stands in quotes: LOOKUP('labour_coefficient', ...).
    for formula in formulas:
        for quoted in _QUOTED.findall(formula):
            found.add((EVERYWHERE, quoted[1:-1]))
    return frozenset(found)


def source_of(record: Record, problems: Problems, parent: Source | None = None, required: bool = True) -> Source:
    """A mapping's source. Without one of its own the parent's holds; without any it is a fault if `required`."""
    reference, reason = record.text("reference"), record.text("reason")
    grade, sample = record.text("grade"), record.flag("sample")
    if record.values.get("sample") is False:
        problems.add(
            record.place("sample"),
            _("真实数据不写 sample。请删去这一行；若数字是自拟的，写 sample: true 并写明 reason。"),
        )
    if sample and not record.has("reason"):
        text = _("标为示例（sample: true）却没有写 reason。请写明为什么取这个数而不是别的，好让填报的人判断。")
        problems.add(record.place("sample"), text)
    if reason and not record.has("sample"):
        text = _("写了 reason 却没有写 sample: true。真实数据不要 reason；若数字是自拟的，请补上 sample: true。")
        problems.add(record.place("reason"), text)
    if record.has("reference") or record.has("sample"):
        return Source(reference, grade, sample, reason)
    if parent is not None and (parent.reference or parent.sample):
        return Source(parent.reference, grade or parent.grade, parent.sample, parent.reason)
    if required:
        text = _("没有依据。请写 reference（哪个文件第几条）；若数字是自拟的，写 sample: true 和 reason。")
        problems.add(record.at, text)
    return Source("", grade, False, "")


def period_of(record: Record, problems: Problems) -> Period:
    """From-until of a mapping; a fault when it ends before it begins."""
    first, last = record.day("from", FIRST_DAY), record.day("until", LAST_DAY)
    if last < first:
        text = _("until（{last}）早于 from（{first}），这一条一天也不生效。until 是最后生效日，请核对两个日期。")
        problems.add(record.place("until"), text.format(first=first, last=last))
        return Period(first, LAST_DAY)
    return Period(first, last)


def check_overlaps(versions: list[tuple[Period, Place]], problems: Problems) -> None:
    """A fault for every version that is in force on a day on which an earlier one is too."""
    ordered = sorted(versions, key=lambda v: (v[0].first, v[0].last))
    for (before, before_at), (after, after_at) in pairwise(ordered):
        if after.first > before.last:
            continue
        if after.first > before.first:
            text = _("有效期与 {other} 的重叠：{day} 这天两条都有效，不知道用哪条。请给前一条写 until: {until}。")
            until = (after.first - timedelta(days=1)).isoformat()
            problems.add(after_at, text.format(other=before_at, day=after.first, until=until))
        else:
            text = _("与 {other} 从同一天起生效，不知道用哪条。请改其中一条的 from。")
            problems.add(after_at, text.format(other=before_at))
