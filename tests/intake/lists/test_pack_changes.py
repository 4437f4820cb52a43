"""A pack gains or loses columns of a list between two files; the older one is read as the pack is today."""

from dataclasses import replace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook
from tests.intake.lists.factory import (
    BIRTHS,
    MONITORING,
    POPULATION,
    POPULATION_HEADER,
    STAYS,
    column,
    stay,
    stays,
    watched,
)

from zhikun.intake import lists

WARD = column("ward", "病区", "choice", choices={"icu": "重症", "normal": "普通"})
VISITS = column("visits", "次数", "number")
SINCE = column("since", "起始", "date")
TOWN = column("town", "乡镇", "place")
PAID = column("paid", "已结算", "boolean")
NOTE = column("note", "备注", "text")


def with_columns(source, *more, without=()):
    kept = {name: one for name, one in source.columns.items() if name not in without}
    return replace(source, columns=kept | {one.name: one for one in more})


def receive(office, content, what):
    coming = lists.open_file(office.put("list.csv", content), what, MONITORING)
    delivery = replace(office.delivery(what), pack="test 1.1.0")
    return lists.receive(coming, delivery, office.data, office.ring, office.folder / "back.xlsx")


GAINED = with_columns(STAYS, WARD, VISITS, SINCE, TOWN, PAID, NOTE)
LOST = with_columns(STAYS, without=("hospital", "kind", "place"))


def plus(rows, *cells):
    """Rows with columns at their end, the first row its headings."""
    return [[*row, *more] for row, more in zip(rows, cells, strict=True)]


def test_a_correction_under_a_pack_that_gained_columns_is_compared_with_the_older_file(office):
    office.receive(stays(40))
    rows = plus(stays(40), ["病区"], *([["重症"]] + [[""]] * 39))
    receipt = receive(office, rows, GAINED).file.receipt
    assert receipt.changes == {"added": 0, "removed": 0, "changed": 1, "same": 39}, "what was not asked was unknown"


def test_a_correction_under_a_pack_that_lost_columns_is_compared_in_the_others(office):
    office.receive(stays(40))
    rows = stays(40)
    rows[1] = stay(0, 医疗机构="别的医院")
    rows[2] = stay(1, 自付费用="9999")
    receipt = receive(office, rows, LOST).file.receipt
    assert receipt.changes == {"added": 0, "removed": 0, "changed": 1, "same": 39}


@pytest.mark.parametrize("changed", [GAINED, LOST], ids=["gained", "lost"])
def test_corrected_rejects_complete_a_file_of_an_older_pack(office, changed):
    first = office.receive([*stays(40), stay(60, 自付费用="约三千")])
    sheet = load_workbook(first.rejects)["退回"]
    sheet.cell(2, 5).value = 3000
    sheet.parent.save(office.folder / "改好.xlsx")
    again = receive(office, (office.folder / "改好.xlsx").read_bytes(), changed)
    assert (again.file.receipt.completes, again.file.receipt.in_force_rows) == (1, 41)
    rows = office.rows(again).to_pylist()
    assert set(rows[0]) == {"person", "row"} | set(changed.columns) - {"id_number", "name"}
    assert rows[0]["cost"] == 100
    assert {row.get("ward") for row in rows} == {None}


def test_a_list_without_numbers_is_completed_and_compared_too(office):
    header = ["姓名", "出生日期", "区划代码", "体重"]
    rows = [header, *([f"张{'三四五六'[i]}丰", "2026-11-03", "620102", f"{3200 + i}"] for i in range(4))]
    office.receive(rows, BIRTHS)
    receipt = receive(
        office, plus(rows, ["备注"], ["双胞胎"], [""], [""], [""]), with_columns(BIRTHS, NOTE)
    ).file.receipt
    assert receipt.changes == {"added": 1, "removed": 1, "changed": 0, "same": 3}


def test_every_kind_of_column_that_a_file_lacks_is_unknown_and_typed(office):
    file = office.receive(stays(3)).file
    with duckdb.connect() as connection:
        table = connection.sql(lists.as_table(GAINED, file.rows))
        kinds = dict(zip(table.columns, map(str, table.types), strict=True))
        rows = table.project("ward, visits, since, town, paid, note").fetchall()
        assert len(connection.sql(lists.as_table(GAINED, file.rows, file.rows)).fetchall()) == 6
    assert rows == [(None,) * 6] * 3
    assert {name: kinds[name] for name in ("ward", "visits", "since", "town", "paid", "note")} == {
        "ward": "VARCHAR", "visits": "DOUBLE", "since": "DATE", "town": "BIGINT", "paid": "BOOLEAN", "note": "VARCHAR",
    }  # fmt: skip
    blocks = list(lists.read_kept(GAINED, file.rows))
    assert blocks[0].column("cost").to_pylist() == [100, 101, 102]
    assert [blocks[0].column(one.name).null_count for one in (WARD, VISITS, SINCE, TOWN, PAID, NOTE)] == [3] * 6


def test_a_column_that_has_another_type_today_is_unknown_in_the_older_file(office):
    file = office.receive(stays(3)).file
    today = with_columns(STAYS, column("hospital", "医疗机构", "number"), column("kind", "类型", "text"))
    (block,) = lists.read_kept(today, file.rows)
    assert block.column("hospital").null_count == block.column("kind").null_count == 3
    with duckdb.connect() as connection:
        table = connection.sql(lists.as_table(today, file.rows))
        assert table.project("hospital, kind, cost").fetchall() == [(None, None, cost) for cost in (100, 101, 102)]


def test_the_next_month_is_received_and_compared_under_another_pack(office):
    office.receive(stays(40))
    december = office.delivery().period.plus(1)
    coming = lists.open_file(office.put("list.csv", stays(50)), GAINED, MONITORING)
    delivery = replace(office.delivery(GAINED, december), on=december.last_day)
    receipt = lists.receive(coming, delivery, office.data, office.ring, office.folder / "b.xlsx").file.receipt
    assert (receipt.against["receipt"], receipt.against["rows"]) == ("stays/2026-11/001", 40)


def test_the_population_shows_masked_names_whatever_was_added(office):
    file = office.receive([POPULATION_HEADER, *(watched(i) for i in range(5))], POPULATION).file
    rows = pa.concat_tables(lists.read_kept(with_columns(POPULATION, NOTE), file.rows))
    assert rows.column("shown").null_count == 0
    assert rows.column("note").null_count == rows.num_rows == 5


def test_what_else_a_file_has_stays_beside_the_columns_of_today(office):
    """Rooms above keep files of their own made from these: with one column more."""
    file = office.receive(stays(3)).file
    wider = office.folder / "wi'der.parquet"
    table = office.rows(file)
    pq.write_table(table.append_column("sure", pa.array([True, None, False])), wider)
    with duckdb.connect() as connection:
        both = connection.sql(lists.as_table(GAINED, file.rows, wider)).project("sure, ward, cost").fetchall()
    assert both == [(None, None, c) for c in (100, 101, 102)] + [
        (True, None, 100),
        (None, None, 101),
        (False, None, 102),
    ]
