"""How a pack's facts are laid out in a survey workbook: sheets, headings, the order of columns."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from zhikun.engine.packs.model import Fact, Pack
from zhikun.wording import _

HOUSEHOLD_COLUMN = "household"
ROW_COLUMN = "row"
PLACE_FACT = "place"
SHARED_LIFE_FACT = "lives_together"
_SHEETS = {"household": "家庭", "member": "成员"}
_DROPPED = re.compile(r"[\s*＊★:：]|\(必填\)|\(选填\)")


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """One sheet of the survey: what it is about, its key headings and its facts, grouped by dimension."""

    entity: str
    title: str
    facts: tuple[Fact, ...]

    @property
    def row_heading(self) -> str:
        """成员序号; empty for the household sheet, which has one row for each household."""
        return "" if self.entity == "household" else _("{sheet}序号").format(sheet=self.title)

    def keys(self) -> list[str]:
        return [household_heading(), self.row_heading] if self.row_heading else [household_heading()]

    def headings(self) -> list[str]:
        return [*self.keys(), *(fact.title for fact in self.facts)]


def household_heading() -> str:
    return _("户编号")


def problem_heading() -> str:
    """The column that a rejects workbook adds; it is ignored when the file is read again."""
    return _("问题")


def example_mark() -> str:
    """A row whose household begins with this word is an example and is not read."""
    return _("示例")


def guide_title() -> str:
    return _("填表说明")


def options_title() -> str:
    """The hidden sheet with the long drop-down lists."""
    return _("选项")


def layouts(pack: Pack) -> list[SheetLayout]:
    """The sheets of the pack's survey, household first, members second; entities without facts have none."""
    found = []
    for name in ["household", "member", *(e for e in pack.entities if e not in {"household", "member"})]:
        entity = pack.entities.get(name)
        title = (entity.sheet or entity.title) if entity else _SHEETS[name]
        facts = pack.facts_of(name)
        if facts or name in _SHEETS:
            found.append(SheetLayout(name, title, tuple(_grouped(facts))))
    return found


def heading_key(text: str) -> str:
    """Headings are compared without spaces, line breaks, marks of required columns, case and width of characters."""
    return _DROPPED.sub("", unicodedata.normalize("NFKC", text)).lower()


def _grouped(facts: tuple[Fact, ...]) -> list[Fact]:
    """By dimension, dimensions in the order of their first fact: a questionnaire asks one thing after another."""
    order: dict[str, int] = {}
    for fact in facts:
        order.setdefault(fact.dimension, len(order))
    return sorted(facts, key=lambda fact: order[fact.dimension])
