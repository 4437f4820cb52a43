"""Who matters and who does not: lists that name nobody who is watched, files that are not in order of person."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.screening.world import COUNTY_A, world

from zhikun.screening import Limits, ScreeningDamaged, ScreeningRefused, explain
from zhikun.screening.work import _firsts
from zhikun.workdays import Month


@pytest.fixture
def place(tmp_path):
    return world(tmp_path)


def restricted(place):
    """An indicator for some groups only, and its list."""
    return next(one for one in place.pack.monitoring.indicators.values() if one.groups)


def test_a_list_for_some_groups_that_names_nobody_watched_warns_nobody(place):
    one = restricted(place)
    place.watch("2026-01", [(1, [one.groups[0]], "h1", COUNTY_A)])
    place.deliver(one.list_source, "2026-01", [{"person": 50}, {"person": 51}])
    place.run("2026-01")
    assert place.table("2026-01") == []


def test_a_part_without_anybody_watched_is_no_hindrance(place):
    one = restricted(place)
    people = sorted(range(200), key=place.token)
    place.watch("2026-01", [(p, [one.groups[0]], f"h{p}", COUNTY_A) for p in people[:5]])
    place.deliver(one.list_source, "2026-01", [{"person": p, "amount": 1.0} for p in people])
    place.deliver("stays", "2026-01", [{"person": p} for p in people])
    place.run("2026-01", limits=Limits(1, "500MB", rows=50))
    assert {row["person"] for row in place.table("2026-01")} == {place.token(p) for p in people[:5]}


def test_somebody_in_a_list_for_some_groups_who_is_not_watched_is_said_not_to_be(place):
    one = restricted(place)
    place.watch("2026-01", [(1, [one.groups[0]], "h1", COUNTY_A)])
    place.deliver(one.list_source, "2026-01", [{"person": 50}])
    place.run("2026-01")
    with pytest.raises(ScreeningRefused, match="没有这个人"):
        explain(place.data, place.pack, place.token(50), ring=place.ring, calendar=place.calendar, month=Month(2026, 1))


@pytest.mark.parametrize(("order", "firsts"), [("sorted", 9), ("as after a rotation", 0)])
def test_parts_end_with_row_groups_only_where_these_are_in_order(tmp_path, order, firsts):
    tokens = [bytes([n % 251, n // 251]).ljust(16, b"\1") for n in range(100)]
    if order != "sorted":
        tokens = tokens[1::2] + tokens[::2]
    pq.write_table(pa.table({"person": pa.array(tokens, pa.binary(16))}), tmp_path / "rows.parquet", row_group_size=10)
    assert len(_firsts(tmp_path / "rows.parquet")) == firsts


def test_who_is_watched_in_any_order_gives_the_same_month(tmp_path):
    found = []
    for number, turned in enumerate((False, True)):
        place = world(tmp_path / str(number))
        rows = [
            {"person": p, "group": g, "household": f"h{p}{g}", "place": COUNTY_A}
            for p in range(40)
            for g in ("dibao", "edge")
        ]
        order = sorted(range(len(rows)), key=lambda at: (at * 37) % len(rows)) if turned else None
        place.deliver("population", "2026-01", rows, order=order)
        place.deliver("stays", "2026-01", [{"person": p} for p in range(0, 40, 3)])
        place.run("2026-01")
        found.append(
            {
                place.token(p): (row["household"], row["groups"])
                for p in range(40)
                if (row := place.warning("2026-01", p))
            }
        )
        assert explain(place.data, place.pack, place.token(3), ring=place.ring, calendar=place.calendar).as_written
    one, other = found
    assert list(one.values()) == list(other.values())


@pytest.mark.parametrize("name", ["state", "warnings", "households"])
def test_a_changed_byte_in_last_month_s_tables_stops_the_next_month_and_names_the_file(place, name):
    for month in ("2026-01", "2026-02"):
        place.watch(month, [(p, ["edge"], f"h{p}", COUNTY_A) for p in range(60)])
        place.deliver("stays", month, [{"person": p} for p in range(60)])
    place.run("2026-01")
    path = place.data / "screening" / place.pack.id / "2026-01" / f"{name}.parquet"
    column = 0 if name == "state" else 1  # a page of persons, or of households' numbers
    with pq.ParquetFile(path) as file:
        about = file.metadata.row_group(0).column(column)
    content = bytearray(path.read_bytes())
    content[about.data_page_offset + about.total_compressed_size - 9] ^= 1
    path.write_bytes(content)
    with pytest.raises(ScreeningDamaged, match=f"2026-01 的筛查结果 .*{name}.parquet"):
        place.run("2026-02")
