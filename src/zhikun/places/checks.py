"""What an import of areas would do, and what is wrong with it: worked out in full before anything is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from zhikun.places.codes import above, in_ranges, level_of, parent_of, short
from zhikun.places.files import AreaRow, ChangeRow, Table
from zhikun.places.models import Area, AreaChange, AreaRange, Level
from zhikun.places.uses import uses
from zhikun.tables import RowMessage, Severity

Kind = AreaChange.Kind
_NAMED = 3


@dataclass
class Plan:
    """What will be written when there is no fault. `ended` are codes with their last day."""

    new: list[Area] = field(default_factory=list)
    changed: list[Area] = field(default_factory=list)
    changes: list[AreaChange] = field(default_factory=list)
    ended: dict[int, date] = field(default_factory=dict)
    #: Known codes that became another; of those where rows stand, how many follow.
    succeeded: list[int] = field(default_factory=list)
    followed: dict[int, int] = field(default_factory=dict)
    unchanged: int = 0
    messages: list[RowMessage] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """How many messages keep the import out."""
        return sum(1 for one in self.messages if one.severity is Severity.ERROR)

    @property
    def does_nothing(self) -> bool:
        """Whether everything in the files is known already."""
        return not (self.new or self.changed or self.changes or self.ended or self.followed)

    @property
    def codes(self) -> list[int]:
        """Every code that will be touched."""
        touched = (
            *(one.code for one in (*self.new, *self.changed)),
            *(one.new_id for one in self.changes),
            *self.ended,
            *self.followed,
        )
        return sorted(set(touched))


@dataclass
class Check:
    """One import under examination: the files, the areas as they are, the officer's reach (None: a command)."""

    areas: Table[AreaRow]
    changes: Table[ChangeRow]
    on: date
    reach: list[AreaRange] | None
    known: dict[int, Area] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)

    def run(self) -> Plan:
        """The plan, with the messages of reading and of checking in the order of the rows."""
        self.known = {area.code: area for area in Area.objects.all()}
        by_code = {row.code: row for row in self.areas.rows}
        for row in self.areas.rows:
            self._area(row, by_code)
        changed_once: dict[int, ChangeRow] = {}
        for change in self.changes.rows:
            self._change(change, by_code, changed_once)
        self._endings()
        self._left_out(by_code)
        order = sorted((*self.areas.messages, *self.changes.messages), key=lambda one: (one.sheet, one.row))
        self.plan.messages = order
        return self.plan

    def _area(self, row: AreaRow, by_code: dict[int, AreaRow]) -> None:
        level, parent = level_of(row.code), parent_of(row.code)
        if row.level is not None and row.level != level:
            found = _("写的是“{l}”，但代码 {c} 是{x}").format(l=row.level.label, c=short(row.code), x=level.label)
            self.areas.fault(row.row, "level", found, remedy=_("请核对代码或级别；级别可以空着"))
        if row.parent is not None and row.parent != parent:
            found = _("上级 {p} 与代码 {c} 不符").format(p=short(row.parent), c=short(row.code))
            way = _("代码的前几位就是上级的代码；请核对，或让这一格空着")
            self.areas.fault(row.row, "parent", found, short(parent) if parent else _("空着（省级没有上级）"), way)
        if parent is not None and parent not in by_code and parent not in self.known:
            found = _("没有上级 {p}").format(p=short(parent))
            self.areas.fault(row.row, "code", found, remedy=_("请把上级也写进文件，或先导入上级"))
        if row.valid_from and row.valid_until and row.valid_until <= row.valid_from:
            self.areas.fault(row.row, "valid_until", _("停用日期不晚于启用日期"), remedy=_("请核对两个日期"))
        before = self.known.get(row.code)
        if before is None:
            self._permitted(self.areas, row.row, row.code)
            self.plan.new.append(
                Area(
                    code=row.code,
                    name=row.name,
                    level=level,
                    parent_id=parent,
                    valid_from=row.valid_from,
                    valid_until=row.valid_until,
                    source=row.source,
                )
            )
        elif self._differs(row, before):
            self._permitted(self.areas, row.row, row.code)
            self.plan.changed.append(before)
        else:
            self.plan.unchanged += 1

    def _differs(self, row: AreaRow, before: Area) -> bool:
        """Put what the row says into the area; a blank cell leaves it as it is. Whether anything is new."""
        if row.name and row.name != before.name:
            told = any(change.old == change.new == row.code for change in self.changes.rows)
            way = "" if told else _("将记一条更名，日期为 {d}；名称不该变的请改回").format(d=self.on)
            found = _("名称由“{a}”改为“{b}”").format(a=before.name, b=row.name)
            self.areas.say(row.row, "name", found, way, Severity.WARNING)
            if not told:
                source = row.source or self.areas.name
                self.plan.changes.append(
                    AreaChange(
                        old=row.code,
                        old_name=before.name,
                        new_id=row.code,
                        kind=Kind.RENAMED,
                        on=self.on,
                        source=source,
                    )
                )
        if row.valid_until and row.valid_until != before.valid_until:
            self.plan.ended[row.code] = row.valid_until
        values = {
            "name": row.name or before.name,
            "valid_from": row.valid_from or before.valid_from,
            "valid_until": row.valid_until or before.valid_until,
            "source": row.source or before.source,
        }
        same = all(getattr(before, key) == value for key, value in values.items())
        for key, value in values.items():
            setattr(before, key, value)
        return not same

    def _change(self, row: ChangeRow, by_code: dict[int, AreaRow], once: dict[int, ChangeRow]) -> None:
        faults = len(self.changes.messages)
        if (row.old == row.new) is not (row.kind is Kind.RENAMED):
            found = _("{k}，但原代码和现代码{s}").format(
                k=row.kind.label, s=_("相同") if row.old == row.new else _("不同")
            )
            self.changes.fault(row.row, "kind", found, remedy=_("更名不改代码，其他变更都改代码；请核对"))
        if row.new not in by_code and row.new not in self.known:
            found = _("没有现代码 {c}").format(c=short(row.new))
            self.changes.fault(row.row, "new_code", found, remedy=_("请在区划文件里写上它"))
        if row.on > self.on:
            found = _("{d} 还没有到").format(d=row.on)
            self.changes.fault(row.row, "date", found, remedy=_("请到生效那天再导入"))
        self._overlaps(row, by_code, once)
        self._permitted(self.changes, row.row, row.new)
        if row.old in self.known:
            self._permitted(self.changes, row.row, row.old)
        if len(self.changes.messages) > faults:
            return
        done = AreaChange.objects.filter(old=row.old, new_id=row.new, on=row.on).first()
        if done is None:
            self.plan.changes.append(
                AreaChange(
                    old=row.old, old_name=row.old_name, new_id=row.new, kind=row.kind, on=row.on, source=row.source
                )
            )
        else:
            self.plan.unchanged += 1
        area = self.known.get(row.old)
        if area is not None and row.kind in AreaChange.ENDING and area.valid_until is None:
            self.plan.ended[row.old] = row.on

    def _overlaps(self, row: ChangeRow, by_code: dict[int, AreaRow], once: dict[int, ChangeRow]) -> None:
        """A code that has become another cannot become a third one; an area cannot take over after its own end."""
        if row.kind in AreaChange.ENDING:
            earlier = once.setdefault(row.old, row)
            stored = AreaChange.objects.filter(old=row.old, kind__in=AreaChange.ENDING).exclude(new_id=row.new)
            other = short(earlier.new) if earlier.new != row.new else ""
            other = other or next((short(one.new_id) for one in stored), "")
            if other:
                found = _("原代码 {c} 已经变为 {o}").format(c=short(row.old), o=other)
                way = _("两次变更的时间重叠；拆到几处的请都写“析出”，先变后再变的请以中间的代码作原代码")
                self.changes.fault(row.row, "old_code", found, remedy=way)
        end = by_code[row.new].valid_until if row.new in by_code else None
        known = self.known.get(row.new)
        end = end or (known.valid_until if known else None)
        if end is not None and end <= row.on:
            found = _("现代码 {c} 在 {d} 已停用").format(c=short(row.new), d=end)
            self.changes.fault(row.row, "date", found, remedy=_("请核对日期，或写变更后仍有效的代码"))

    def _endings(self) -> None:
        """Nobody is left behind: an area that ends has nobody in it, or somewhere to go, and nothing in force below it."""
        ending = dict(self.plan.ended)
        ending |= {area.code: area.valid_until for area in self.plan.new if area.valid_until is not None}
        successions = self._successions(ending)
        self.plan.succeeded = sorted(successions)
        if not ending and not successions:
            return
        below = defaultdict(list)
        for area in (*self.known.values(), *self.plan.new):
            if area.valid_until is None and area.code not in ending:
                for code in ending.keys() & set(above(area.code)):
                    below[code].append(area)
        counts = uses({*ending, *successions})
        lived_in = uses(new for new, _kind in successions.values())
        merged = [code for code, (new, kind) in successions.items() if kind is Kind.MERGED or new in lived_in]
        following = counts | dict.fromkeys(merged, 0) | uses(merged, merged=True)
        for code in sorted(ending):
            self._ending(code, counts.get(code, 0), code in successions, below.get(code, []))
        for code in sorted(successions.keys() & counts.keys()):
            self._following(code, following[code], counts[code], successions[code][0])

    def _successions(self, ending: Iterable[int]) -> dict[int, tuple[int, AreaChange.Kind]]:
        """The known codes of these files that became another, now or long ago, with the first that each became and how."""
        told = {
            row.old: (row.new, row.kind)
            for row in self.changes.rows
            if row.kind in AreaChange.ENDING and row.old in self.known
        }
        stored = AreaChange.objects.filter(old__in=set(ending) - told.keys(), kind__in=AreaChange.ENDING)
        return {one.old: (one.new_id, Kind(one.kind)) for one in stored if one.old in self.known} | told

    def _following(self, code: int, count: int, every: int, new: int) -> None:
        """Who stands at a code that became another follows; said before it is done."""
        until = self.plan.ended.get(code) or self.known[code].valid_until
        if until is None or until > self.on:
            return
        row = next((one.row for one in self.changes.rows if one.old == code), 0)
        if level_of(code) is not level_of(new):
            found = _("{c} 与 {d} 级别不同，{c} 下的 {n} 条家庭、机构或任职记录不能跟随").format(
                c=short(code), d=short(new), n=every
            )
            self.changes.fault(row, "new_code", found, remedy=_("请写同一级别的现代码"))
            return
        if count:
            self.plan.followed[code] = count
            found = _("{c} 下的 {n} 条家庭、机构、调查等记录随之改到 {d}").format(c=short(code), n=count, d=short(new))
            self.changes.say(row, "old_code", found, "", Severity.WARNING)
        if every > count:
            found = _("{c} 的 {n} 个任职不改到 {d}：那里还包括别的地方，任职不能随导入扩大").format(
                c=short(code), n=every - count, d=short(new)
            )
            self.changes.say(row, "old_code", found, _("导入后请到“人员账号”页面重新任命"), Severity.WARNING)

    def _ending(self, code: int, count: int, followed: bool, below: list[Area]) -> None:
        row = next((one.row for one in self.areas.rows if one.code == code), 0)
        table: Table[AreaRow] | Table[ChangeRow] = self.areas if row else self.changes
        row = row or next((one.row for one in self.changes.rows if one.old == code), 0)
        column = "valid_until" if table is self.areas else "old_code"
        if below:
            names = "、".join(area.name for area in below[:_NAMED])
            found = _("{c} 停用后，下面还有 {n} 个区划没有停用（{m}）").format(c=short(code), n=len(below), m=names)
            table.fault(row, column, found, remedy=_("请一并写上它们的停用日期或变更"))
        if count and not followed:
            found = _("{c} 下还有 {n} 条家庭、机构或任职记录，停用后没有去处").format(c=short(code), n=count)
            table.fault(row, column, found, remedy=_("请在变更文件里写明它变为哪个代码（变更代码或撤并）"))

    def _left_out(self, by_code: dict[int, AreaRow]) -> None:
        """Villages of a township whose file has others of it: they are not ended by being left out, but it is said."""
        townships = {parent_of(code) for code in by_code if level_of(code) is Level.VILLAGE}
        missing = [
            area for area in self.known.values()
            if area.parent_id in townships and area.code not in by_code and area.valid_until is None
            and area.code not in self.plan.ended
        ]  # fmt: skip
        if missing:
            names = "、".join(f"{short(area.code)} {area.name}" for area in missing[:_NAMED])
            found = _("{n} 个在用的村（社区）不在文件里（{m}）").format(n=len(missing), m=names)
            way = _("它们不变；已撤销的请写进变更文件，或写上停用日期")
            self.areas.say(0, "", found, way, Severity.WARNING)

    def _permitted(self, table: Table[AreaRow] | Table[ChangeRow], row: int, code: int) -> None:
        if self.reach is not None and not in_ranges(code, self.reach):
            found = _("{c} 不在您管理的地区内").format(c=short(code))
            column = "code" if table is self.areas else "new_code"
            table.fault(row, column, found, remedy=_("请删去这一行，由上级的管理员导入"))
