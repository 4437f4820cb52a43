"""A small monitoring with lists of every kind, generated people, and files of them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zhikun.engine.packs.model import NO_SOURCE, Place
from zhikun.engine.packs.monitoring import Column, ListSource, Monitoring, WatchedGroup
from zhikun.identity import KeyRing, init_keys, keys_for, with_check_character
from zhikun.intake import lists
from zhikun.workdays import Month

AT = Place("warnings/sources/x.yaml", 1)
NOVEMBER = Month(2026, 11)
TODAY = date(2026, 11, 22)


def column(name: str, title: str, type_: str, **more: object) -> Column:
    return Column(name, title, type_, AT, **more)  # type: ignore[arg-type]  # one helper for all keys of a column


def source(id_: str, title: str, kind: str, columns: list[Column], **more: object) -> ListSource:
    given = {"rhythm": "monthly", "due_day": 25} | more
    return ListSource(
        id_, title, "医疗保障部门", kind, {c.name: c for c in columns}, purpose="发现困难", source=NO_SOURCE, at=AT, **given
    )  # fmt: skip


ID = column("id_number", "身份证号", "id_number", required=True, headers=("公民身份号码",))
NAME = column("name", "姓名", "name", required=True)
STAYS = source(
    "stays", "患病住院", "event",
    [
        ID,
        NAME,
        column("hospital", "医疗机构", "text"),
        column("admitted_on", "入院日期", "date"),
        column("cost", "自付费用", "number", unit="元", min=0, max=1_000_000),
        column("kind", "类型", "choice", choices={"inpatient": "住院", "outpatient": "门诊"}),
        column("insured", "是否参保", "boolean"),
        column("place", "区划代码", "place"),
        column("document_kind", "证件种类", "text"),
    ],
)  # fmt: skip
DISABLED = source(
    "disabled", "残疾人名册", "register",
    [ID, NAME, column("grade", "残疾等级", "choice", required=True, choices={"g1": "一级", "g2": "二级"})],
    valid_months=2,
)  # fmt: skip
BIRTHS = source(
    "births", "新生儿", "event",
    [
        NAME,
        column("birth_date", "出生日期", "date", required=True),
        column("place", "区划代码", "place", required=True),
        column("weight", "体重", "number", unit="克", min=200, max=8000),
    ],
)  # fmt: skip
QUARTERLY = source("quarterly", "按季名单", "register", [ID, NAME], rhythm="quarterly", due_day=20)
YEARLY = source("yearly", "高考录取", "event", [ID, NAME, column("school", "录取院校", "text")], rhythm="yearly",
                months=(9,), valid_months=12)  # fmt: skip
POPULATION = source(
    "population", "监测对象名册", "population",
    [
        ID,
        NAME,
        column("place", "区划代码", "place", required=True),
        column("household", "户编号", "text", required=True),
        column("group", "监测对象类别", "choice", required=True, choices={"dibao": "低保对象", "edge": "边缘人口"}),
    ],
)  # fmt: skip
GROUPS = {
    code: WatchedGroup(code, words, False, NO_SOURCE, AT) for code, words in POPULATION.columns["group"].choices.items()
}
MONITORING = Monitoring(
    {s.id: s for s in (STAYS, DISABLED, BIRTHS, QUARTERLY, YEARLY, POPULATION)}, {}, GROUPS, (), (), {}
)
STAYS_HEADER = ["身份证号", "姓名", "医疗机构", "入院日期", "自付费用", "类型", "是否参保", "区划代码", "证件种类"]


def number(i: int) -> str:
    """The number of a generated person: area 990101 is no place."""
    born = date(1950, 1, 1) + timedelta(days=i % 20_000)
    return with_check_character(f"990101{born:%Y%m%d}{i % 998 + 1:03d}")


def stay(i: int, **cells: str) -> list[str]:
    """A good row of the list of hospital stays, with some cells changed (by title)."""
    row = [number(i), "张三丰", "县医院", f"2026-11-{i % 20 + 1:02d}", f"{100 + i}", "住院", "是", "620102001001", ""]
    for title, cell in cells.items():
        row[STAYS_HEADER.index(title)] = cell
    return row


def stays(count: int, start: int = 0) -> list[list[str]]:
    return [STAYS_HEADER, *(stay(i) for i in range(start, start + count))]


def watched(i: int, group: str = "低保对象", household: str = "") -> list[str]:
    return [
        number(i),
        "欧阳娜娜" if i % 2 else "阿依古丽·买买提",
        f"620102001{i % 90 + 100:03d}",
        household or f"H{i // 3}",
        group,
    ]


POPULATION_HEADER = ["身份证号", "姓名", "区划代码", "户编号", "监测对象类别"]


def as_csv(rows: list[list[str]], encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode(encoding)


@dataclass
class Office:
    """A data folder with its keys, and what people do with it."""

    folder: Path
    data: Path
    ring: KeyRing

    def put(self, name: str, content: bytes | list[list[str]]) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else as_csv(content))
        return path

    def delivery(self, what: ListSource = STAYS, period: Month = NOVEMBER, **more: object) -> lists.Delivery:
        given = {"by": "收表人", "on": TODAY, "place": ""} | more
        return lists.Delivery(what, period, MONITORING, "test 1.0.0", **given)  # type: ignore[arg-type]  # by, on, place

    def receive(
        self,
        content: Path | bytes | list[list[str]],
        what: ListSource = STAYS,
        period: Month = NOVEMBER,
        **more: object,
    ) -> lists.Received:
        path = content if isinstance(content, Path) else self.put("list.csv", content)
        coming = lists.open_file(path, what, MONITORING)
        out = self.folder / "rejects.xlsx"
        return lists.receive(coming, self.delivery(what, period, **more), self.data, self.ring, out)

    @property
    def lists(self) -> lists.Lists:
        return lists.Lists(self.data)

    def rows(self, received: lists.Received | lists.ListFile) -> pa.Table:
        return pq.read_table(received.file.rows if isinstance(received, lists.Received) else received.rows)


def office(folder: Path) -> Office:
    data = folder / "data"
    data.mkdir()
    init_keys(folder / "keys" / "keys.json", data, date(2026, 1, 1), "试验")
    return Office(folder, data, keys_for(folder / "keys" / "keys.json", data))
