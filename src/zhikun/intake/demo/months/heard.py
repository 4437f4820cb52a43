"""Lists without identity numbers are written down by ear: names with another character, day and month the wrong way round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pyarrow as pa

from zhikun.engine.packs.monitoring import BIRTH_DATE
from zhikun.intake.demo.months.sheets import Flaw, Sheet
from zhikun.wording import _

# Characters of names that sound alike.
_ALIKE = dict(
    pair
    for one, other in zip(
        "英珍梅芳丽燕明军强伟杰龙花玲红海文志国建学玉秀桂春兰雪慧静霞娟浩涛鹏斌彦涵怡萱欣",
        "瑛贞玫方莉艳鸣君蔷玮洁隆华灵洪亥闻智果健雪育绣贵纯岚学惠净侠涓昊韬彭彬艳函宜宣新",
        strict=True,
    )
    for pair in ((one, other),)
)
_EVERY = 20  # rows: one of them is wrong in each way, where one can be


def by_ear(sheet: Sheet, rows: pa.Table) -> pa.Table:
    """The rows as somebody wrote them who was told; each change stands in the sheet's flaws."""
    name, born = sheet.listed.column_of("name"), sheet.listed.columns.get(BIRTH_DATE)
    if name is None or born is None:
        return rows
    columns = {name.title: rows[name.title].to_pylist(), born.title: rows[born.title].to_pylist()}
    used: set[int] = set()
    for kind, title, spoil, text in _kinds(name.title, born.title):
        values = columns[title]
        for start in range(0, len(rows), _EVERY):
            near = (r for r in range(start, min(start + _EVERY, len(rows))) if r not in used and values[r] is not None)
            row = next((r for r in near if spoil(values[r]) != values[r]), None)
            if row is not None:
                used.add(row)
                values[row] = spoil(values[row])
                sheet.flaws.append(Flaw(kind, row + 2, text))
    for title, values in columns.items():
        place = rows.schema.get_field_index(title)
        rows = rows.set_column(place, title, pa.array(values, rows.schema.field(place).type))
    return rows


def _kinds(name: str, born: str) -> Iterator[tuple[str, str, Callable[[object], object], str]]:
    yield "name_by_ear", name, _alike, _("姓名听写，有一个字是同音字")
    yield "day_month", born, _swapped, _("出生日期的月和日写反了")
    yield "birth_blank", born, lambda _day: None, _("没有问到出生日期")


def _alike(name: object) -> object:
    """The last character that has one that sounds alike is the other one; a surname stays."""
    text = str(name)
    for at in range(len(text) - 1, 0, -1):
        if text[at] in _ALIKE:
            return text[:at] + _ALIKE[text[at]] + text[at + 1 :]
    return name


def _swapped(day: object) -> object:
    """5 March for 3 May, where both are days."""
    if not isinstance(day, date) or day.day > 12:
        return day
    return day.replace(month=day.day, day=day.month)
