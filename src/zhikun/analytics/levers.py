"""What of a pack may be tried otherwise: its standards in force on a day, and the rows of its score tables.

    line_rural                                   a standard, where no place has a value of its own
    dibao_standard_rural@990101003               the value of a place
    labour_coefficient_table[full,16]            a row: a code, or the first number of its band (`<` stands for: from below)

These names stand in addresses and are kept with a trial. Formulas themselves are not tried: they are the pack's text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from zhikun.analytics.errors import CannotTry
from zhikun.documents.values import number_text
from zhikun.engine.packs.model import Pack, Source, Standard, Table, TableKey
from zhikun.engine.plan import Plan, PlanErrors, make_plan
from zhikun.engine.plan.scope import value_for, values_in_force, version_in_force
from zhikun.engine.run.display import number
from zhikun.engine.run.whatif import LARGEST, ChangeError, with_standard, with_table_value
from zhikun.places.models import AreaRange
from zhikun.wording import amount_text, is_money

#: Marks the value of a standard for a place, and the band of a table that has no lower end.
AT, BELOW = "@", "<"
STANDARDS = "-"
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True)
class Lever:
    """One figure that may be moved. `where`: the place or the row; `table` is empty for a standard."""

    name: str
    title: str
    where: str
    type: str
    value: object
    source: Source
    unit: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    table: str = ""

    @property
    def now(self) -> str:
        """The value in force, in words."""
        return self.words(self.value)

    def words(self, value: object) -> str:
        """A value of it as people read it, with its unit."""
        if isinstance(value, bool):
            return _("是") if value else _("否")
        if isinstance(value, int | float):
            return number(value, self.unit)
        return self.choices.get(str(value), str(value))

    def read(self, text: str) -> object:
        """What an officer typed, as the value that it is. Raises CannotTry, with the limits."""
        text = text.strip()
        if self.type == "number":
            return self._number(text)
        if self.type == "boolean":
            truths = {"true": True, "false": False}
            if text not in truths:
                raise CannotTry(_("“{t}”只能选是或否。").format(t=self.title), field="value")
            return truths[text]
        if text not in self.choices:
            known = "、".join(self.choices.values())
            raise CannotTry(_("“{t}”只能是：{c}。").format(t=self.title, c=known), field="value")
        return text

    def written(self, value: object) -> str:
        """A value as it stands in an address."""
        if isinstance(value, bool):
            return "true" if value else "false"
        return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, int | float) else str(value)

    def _number(self, text: str) -> float:
        told = _("“{t}”是数字，最多六位小数，不能换成“{v}”。").format(t=self.title, v=text[:40])
        try:
            # A comma that does not part thousands may have been meant as a point: 2，5 is not 25.
            plain = text.strip().replace("，", ",")
            number = float(plain.replace(",", "") if _THOUSANDS.fullmatch(plain) else plain)
        except ValueError:
            raise CannotTry(told, remedy=_("请只写数字，如 650 或 0.05。"), field="value") from None
        if not abs(number) <= LARGEST or round(number, 6) != number:
            raise CannotTry(told, remedy=_("请只写数字，如 650 或 0.05。"), field="value")
        if number < 0 and isinstance(self.value, int | float) and self.value >= 0:
            raise CannotTry(_("“{t}”不能小于 0。").format(t=self.title), field="value")
        return number + 0.0


@dataclass(frozen=True)
class Change:
    """A figure moved: what it is, and what it is to be."""

    lever: Lever
    new: object

    @property
    def text(self) -> str:
        """As it stands in an address."""
        return f"{self.lever.name}={self.lever.written(self.new)}"

    @property
    def was(self) -> str:
        """The value in force, in words."""
        return self.lever.words(self.lever.value)

    @property
    def now(self) -> str:
        """The value tried, in words."""
        return self.lever.words(self.new)


def levers(pack: Pack, on: date, area: AreaRange | None = None) -> dict[str, Lever]:
    """Everything of a pack that may be moved as of a day, by name: standards first, then table after table.

    `area`: values of places elsewhere are left out.
    """
    found: dict[str, Lever] = {}
    for standard in pack.standards.values():
        found |= {lever.name: lever for lever in _of_standard(pack, standard, on, area)}
    for table in pack.tables.values():
        found |= {lever.name: lever for lever in _of_table(pack, table, on)}
    return found


def parts(pack: Pack, on: date) -> list[tuple[str, str]]:
    """Where to look: the standards, and each table."""
    tables = [(table.name, table.title) for table in pack.tables.values() if version_in_force(table, on) is not None]
    return [*([(STANDARDS, _("标准、权重和界线"))] if pack.standards else []), *tables]


def matching(known: Mapping[str, Lever], part: str, words: str) -> list[Lever]:
    """Those of a part that have all these words in what they are called."""
    wanted = words.lower().split()
    told = []
    for lever in known.values():
        if part and lever.table != (part if part != STANDARDS else ""):
            continue
        text = f"{lever.name} {lever.title} {lever.where} {lever.unit}".lower()
        if all(word in text for word in wanted):
            told.append(lever)
    return told


def read(known: Mapping[str, Lever], texts: Sequence[str]) -> list[Change]:
    """The changes that an address names; the later of two of the same figure counts. Raises CannotTry."""
    found: dict[str, Change] = {}
    for text in texts:
        name, sign, value = text.rpartition("=")
        lever = known.get(name)
        if lever is None or not sign:
            told = _("政策包里没有“{n}”这一项，或它在评估日没有值。").format(n=(name or text)[:80])
            raise CannotTry(told, remedy=_("请在下面的清单里选择要改的一项。"))
        new = lever.read(value)
        if new == lever.value:
            told = _("“{t}”现在就是 {v}，没有改动。").format(t=lever.title, v=lever.words(new))
            raise CannotTry(told, remedy=_("请写一个不同的值。"), field="value")
        found.pop(name, None)
        found[name] = Change(lever, new)
    return list(found.values())


def variant(plan: Plan, changes: Sequence[Change]) -> Plan:
    """The plan with these figures moved. Raises CannotTry where the pack does not hold together with them."""
    pack = plan.pack
    try:
        for change in changes:
            pack = _changed(pack, change, plan.day)
        return make_plan(pack, plan.day, plan.place)
    except ChangeError as error:
        raise CannotTry(str(error)) from None
    except PlanErrors as errors:
        told = "；".join(text for _place, text in errors.errors[:3])
        raise CannotTry(_("这样改后，规则算不下去。"), why=told, remedy=_("请换一个值。")) from None


def _changed(pack: Pack, change: Change, on: date) -> Pack:
    lever = change.lever
    if not lever.table:
        name, _at, place = lever.name.partition(AT)
        return with_standard(pack, name, change.new, on, place)
    keys = lever.name.partition("[")[2].removesuffix("]").split(",")
    version = version_in_force(pack.tables[lever.table], on)
    rows = version.rows if version is not None else ()
    inside = next(row for row, _value in rows if [_key(one) for one in row] == keys)
    return with_table_value(pack, lever.table, [_within(one) for one in inside], change.new)


def _of_standard(pack: Pack, standard: Standard, on: date, area: AreaRange | None) -> list[Lever]:
    """A lever for the value that the pack's own place has, and one for each place below it that has another."""
    place = pack.place or ""
    own = value_for(standard, on, place)
    inside = [v for v in values_in_force(standard, on, place) if v.place.startswith(place) and v.place != place]
    inside = [v for v in inside if area is None or _reaches(v.place, area)]
    told = [] if own is None else [own]
    found = []
    for value in [*told, *sorted(inside, key=lambda one: one.place)]:
        where = pack.places.get(value.place, value.place) if value.place and value is not own else ""
        if value is own and inside:
            where = _("没有自己标准的地方")
        name = f"{standard.name}{AT}{value.place}" if value.place else standard.name
        found.append(
            Lever(
                name, standard.title, where, standard.type, value.value, value.source, standard.unit or "",
                standard.choices,
            )
        )  # fmt: skip
    return found


def _reaches(place: str, area: AreaRange) -> bool:
    """Whether a value of this place is that of a household in the area."""
    return int(place.ljust(12, "0")) <= area.last and area.first <= int(place.ljust(12, "9"))


def _of_table(pack: Pack, table: Table, on: date) -> list[Lever]:
    version = version_in_force(table, on)
    if version is None:
        return []
    return [
        Lever(
            f"{table.name}[{','.join(map(_key, row))}]", table.title,
            "，".join(_row_words(pack, key, part) for key, part in zip(table.keys, row, strict=True)),
            table.type, value, version.source, table.unit or "", table.choices, table.name,
        )
        for row, value in version.rows
    ]  # fmt: skip


def _key(part: object) -> str:
    """A key of a row as it stands in an address: the code, or where its band begins."""
    if not isinstance(part, tuple):
        return str(part)
    return BELOW if part[0] is None else f"{float(part[0]):g}"


def _within(part: object) -> object:
    """A key as the engine looks for its row: the code, or a number inside the band."""
    if not isinstance(part, tuple):
        return part
    low, below = part
    if low is not None:
        return float(low)
    return 0.0 if below is None else float(below) - 1


def _row_words(pack: Pack, key: TableKey, part: object) -> str:
    """A key of a row in words: 健康 健康, or 年龄 16 以上、不满 60 岁."""
    if not isinstance(part, tuple):
        entity, _dot, name = key.choices_of.partition(".")
        fact, rule = pack.facts.get((entity, name)), pack.rules.get((entity, name))
        choices = fact.choices if fact is not None else rule.choices if rule is not None else {}
        title = fact.title if fact is not None else rule.title if rule is not None else key.column
        return f"{title}：{choices.get(str(part), str(part))}"
    unit = key.unit or ""
    written = amount_text if is_money(unit) else number_text
    low, below = (None if one is None else written(float(one)) for one in part)
    title = _title(pack, key)
    if low is None and below is None:
        return _("{t}：不限").format(t=title)
    if low is None:
        return _("{t}：不满 {b} {u}").format(t=title, b=below, u=unit).strip()
    if below is None:
        return _("{t}：{a} {u}及以上").format(t=title, a=low, u=unit)
    return _("{t}：{a} 以上、不满 {b} {u}").format(t=title, a=low, b=below, u=unit).strip()


def _title(pack: Pack, key: TableKey) -> str:
    """What a column of numbers is called, where a fact or value of the same name says so."""
    titles = [fact.title for fact in pack.facts.values() if fact.name == key.column]
    titles += [rule.title for rule in pack.rules.values() if rule.name == key.column]
    return titles[0] if titles else key.column
