"""What goes wrong with the county's files, on purpose and on record: spoiled rows, a late file, a missing one, a corrected one.

Every flaw is one that departments' files really have; `lists receive` answers each. Nothing of it touches the province.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from zhikun.engine.packs.monitoring import Column, ListSource, Monitoring
from zhikun.intake.demo.months.habits import of_hardship
from zhikun.intake.demo.months.heard import by_ear
from zhikun.intake.demo.months.periods import Period
from zhikun.intake.demo.months.sheets import Flaw, Sheet
from zhikun.wording import _

# In which of the months (the first is 0) it happens; a shorter run has less of it.
_SPOILED, _LATE, _BROKEN, _MISSING = 1, 2, 3, 4
_LATE_DAYS, _CORRECTED_DAYS = 24, 6
_KEPT = 0.4  # of the rows of the file that broke off
_ENOUGH = 20  # rows that a list must have before something is done to it
_FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
_DOTS = ("•", "．")
_KEY, _NAME = "id_number", "name"


@dataclass(frozen=True, slots=True)
class Filled:
    """A sheet with its rows."""

    sheet: Sheet
    rows: pa.Table


@dataclass(slots=True)
class Received:
    """The files as they come, and those that never do."""

    files: list[Filled]
    missing: list[Sheet] = field(default_factory=list)


def spoiled(files: Sequence[Filled], monitoring: Monitoring, periods: Sequence[Period]) -> Received:
    """The county's files with their flaws."""
    received = Received(list(files))
    _spoil_rows(received, monitoring, periods)
    received.files = [
        filled if filled.sheet.listed.column_of(_KEY) else Filled(filled.sheet, by_ear(filled.sheet, filled.rows))
        for filled in received.files
    ]
    lists = [s for s in _lists(monitoring) if s.rhythm == "monthly" and s.column_of(_KEY)]
    _late(received, _at(received, lists[1:], periods, _LATE))
    _break_off(received, _at(received, lists, periods, _BROKEN))
    _lose(received, _at(received, lists[-1:] + lists[:-1], periods, _MISSING))
    return received


def _lists(monitoring: Monitoring) -> list[ListSource]:
    """The lists in which hardship is looked for; the others only where there is none."""
    lists = [s for s in monitoring.sources.values() if s.kind != "population"]
    return [s for s in lists if of_hardship(s, monitoring)] or lists


def _at(received: Received, lists: Sequence[ListSource], periods: Sequence[Period], month: int) -> int | None:
    """Where the file of the first of these lists stands that has enough rows in the month."""
    for listed in lists:
        for place, filled in enumerate(received.files):
            if (
                month < len(periods) and filled.sheet.period == periods[month]
                and filled.sheet.listed.id == listed.id and len(filled.rows) >= _ENOUGH
            ):  # fmt: skip
                return place
    return None


def _late(received: Received, place: int | None) -> None:
    if place is not None:
        sheet = received.files[place].sheet
        sheet.arrives += timedelta(days=_LATE_DAYS)
        sheet.note = _("迟报：应在期限当天收到，晚了 {n} 天").format(n=_LATE_DAYS)


def _lose(received: Received, place: int | None) -> None:
    if place is not None:
        lost = received.files.pop(place).sheet
        lost.note = _("这一期没有报送")
        received.missing.append(lost)


def _break_off(received: Received, place: int | None) -> None:
    """The file ends in the middle; a few days later the whole one comes."""
    if place is None:
        return
    whole = received.files[place]
    part = whole.rows.slice(0, int(len(whole.rows) * _KEPT))
    whole.sheet.note = _("导出中断，只有前 {n} 行，后来补报了更正文件").format(n=len(part))
    corrected = replace(
        whole.sheet, suffix="-corrected", arrives=whole.sheet.arrives + timedelta(days=_CORRECTED_DAYS),
        note=_("更正文件，替换 {f}").format(f=whole.sheet.file), flaws=[],
    )  # fmt: skip
    received.files[place] = Filled(whole.sheet, part)
    received.files.insert(place + 1, Filled(corrected, whole.rows))


def _spoil_rows(received: Received, monitoring: Monitoring, periods: Sequence[Period]) -> None:
    month = min(_SPOILED, len(periods) - 1)
    lists = [s for s in _lists(monitoring) if s.kind == "event" and _KEY in s.columns]
    place = _at(received, lists, periods, month)
    if place is not None:
        received.files[place] = _wrong_numbers(received.files[place])
    for dot, later in zip(_DOTS, range(month, month + 2), strict=True):
        place = _at(received, [monitoring.population], periods, later)
        if place is not None:
            received.files[place] = _other_dot(received.files[place], dot)
    place = _at(received, [monitoring.population], periods, month)
    if place is not None:
        received.files[place] = _doubled(received.files[place])


def _wrong_numbers(filled: Filled) -> Filled:
    column = filled.sheet.listed.columns[_KEY]
    numbers = filled.rows.column(column.title).to_pylist()
    used: set[int] = set()
    for kind, fits, spoil, text in _number_flaws():
        row = next((r for r, number in enumerate(numbers[:-1]) if r not in used and fits(number)), None)
        if row is None:
            continue
        used.add(row)
        numbers[row] = spoil(numbers[row])
        filled.sheet.flaws.append(Flaw(kind, row + 2, text))
    return _doubled(Filled(filled.sheet, _with(filled.rows, column, numbers)))


def _number_flaws() -> Iterator[tuple[str, Callable[[str], bool], Callable[[str], str], str]]:
    yield "check_digit", bool, _wrong_check, _("身份证号校验位不对")
    yield "fifteen_digits", lambda n: n[6:8] == "19", lambda n: n[:6] + n[8:17], _("15 位旧身份证号")
    yield "lower_case", lambda n: n.endswith("X"), str.lower, _("身份证号末位是小写 x")
    yield "full_width", bool, lambda n: n.translate(_FULL_WIDTH), _("身份证号是全角字符")
    yield "rounded", bool, lambda n: f"{int(n[:17] + '0'):.5E}", _("身份证号被表格软件四舍五入")


def _wrong_check(number: str) -> str:
    return number[:17] + ("1" if number[17] != "1" else "2")


def _doubled(filled: Filled) -> Filled:
    """The last row once more, so that no other row moves."""
    rows = pa.concat_tables([filled.rows, filled.rows.slice(len(filled.rows) - 1)])
    filled.sheet.flaws.append(Flaw("doubled", len(rows) + 1, _("与上一行完全相同")))
    return Filled(filled.sheet, rows)


def _other_dot(filled: Filled, dot: str) -> Filled:
    column = filled.sheet.listed.column_of(_NAME)
    if column is None:
        return filled
    names = filled.rows.column(column.title)
    row = pc.index(pc.match_substring(names, "·"), value=True).as_py()
    if row < 0:
        return filled
    spelled = names.to_pylist()
    spelled[row] = spelled[row].replace("·", dot)
    filled.sheet.flaws.append(Flaw("middle_dot", row + 2, _("姓名中间的间隔号写成了“{d}”").format(d=dot)))
    return Filled(filled.sheet, _with(filled.rows, column, spelled))


def _with(rows: pa.Table, column: Column, values: list[str]) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(column.title), column.title, pa.array(values, pa.string()))
