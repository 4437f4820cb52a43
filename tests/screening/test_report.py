"""The month's report: every figure is a count of the month's tables and of the feedback, and nobody can be found in it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from tests.screening.world import COUNTY_A, COUNTY_B

from zhikun import screening as room
from zhikun.documents.blocks import Table
from zhikun.documents.render import html_page
from zhikun.engine.packs import load
from zhikun.engine.packs.model import Source
from zhikun.identity import token_text
from zhikun.screening import report_sections
from zhikun.screening.feedback import Given
from zhikun.screening.report import month_report
from zhikun.screening.samples import sample_figures
from zhikun.screening.words import month_ranges
from zhikun.workdays import Month

DAY = date(2026, 3, 20)
EVERYBODY = [
    (0, ["dibao"], "H-0001", COUNTY_A), (1, ["edge"], "H-0001", COUNTY_A), (2, ["other", "edge"], "H-0002", COUNTY_A + 1_000_000),
    (3, ["other"], "H-0003", COUNTY_B), (4, ["other"], "H-0004", None), (5, ["dibao"], "H-0005", COUNTY_B),
]  # fmt: skip


@pytest.fixture
def reported(county, month):
    """Two months: one person in both directions, one in a list without points, one not found, one whose list is missing."""
    month("2026-01", watched=EVERYBODY, stays=[{"person": n} for n in range(2)], jobs=[{"person": 3, "lost": True}])
    month(
        "2026-02", watched=EVERYBODY, missing=("jobs",),
        stays=[{"person": n} for n in (0, 1, 2, 4, 9)], register=[{"person": 1, "grade": "g1"}, {"person": 5, "grade": "g4"}],
        cars=[{"person": 0, "price": 60000.0}, {"person": 5, "price": 210000.0}],
    )  # fmt: skip
    return county


def answer(county, person, outcome, on, month="2026-02", **more):
    row = {"person": token_text(county.token(person)), "outcome": outcome, "on": on, "month": month, **more}
    taken = room.take(county.data, county.pack, [Given(2, row)], ring=county.ring, today=date(2026, 6, 1), by="甲")
    assert [one.state for one in taken] == ["accepted"], taken


def figures(county, on=DAY, month="2026-02"):
    return room.figures_of(county.data, county.pack, on, ring=county.ring, month=Month.read(month))


def standing(county, month="2026-02"):
    return [row for row in county.table(month) if row["level"]]


def cells(document, caption):
    table = next(block for block in document.blocks if isinstance(block, Table) and block.caption == caption)
    return [[cell.text for cell in line] for line in table.rows]


def test_the_way_from_watched_to_helped_is_counted_from_the_tables(reported):
    answer(reported, 1, "已帮扶", "2026-03-10", helped_with="临时救助")
    answer(reported, 0, "未见到本人", "2026-03-11", direction="可能不再符合条件")
    found = figures(reported)
    rows = standing(reported)
    stages = {stage.name: stage for stage in found.stages}
    assert stages["watched"].persons == len(EVERYBODY)
    assert stages["found"].persons == 6, "five in February's lists, one whose points are carried from January"
    assert stages["scored"].persons == len({row["person"] for row in reported.table("2026-02", "state")})
    assert stages["warned"].persons == len({row["person"] for row in rows})
    assert stages["warned"].directions == Counter(row["direction"] for row in rows)
    assert (stages["visited"].persons, stages["visited"].directions) == (2, {"hardship": 1, "exit": 1})
    assert (stages["helped"].persons, stages["helped"].directions) == (1, {"hardship": 1, "exit": 0})
    last = {stage.name: stage.persons for stage in found.stages_before}
    assert last["warned"] == len({row["person"] for row in standing(reported, "2026-01")})


def test_colours_places_ways_and_causes_are_counts_of_the_warnings(reported):
    found, rows = figures(reported), standing(reported)
    assert {(s.direction, s.level): s.persons for s in found.shades if s.persons} == Counter(
        (row["direction"], row["level"]) for row in rows
    )
    for shade in found.shades:
        mine = [r for r in rows if (r["direction"], r["level"]) == (shade.direction, shade.level)]
        assert shade.changes == Counter(row["change"] for row in mine)
    last = Counter((row["direction"], row["level"]) for row in standing(reported, "2026-01"))
    assert {(s.direction, s.level): s.last_month for s in found.shades if s.last_month} == last
    for areas, unit in ((found.counties, 10**6), (found.townships, 10**3)):
        by_place = Counter(str(row["place"] // unit) if row["place"] else "" for row in rows)
        assert {area.code: sum(area.warned.values()) for area in areas if area.warned} == by_place
        assert sum(area.watched for area in areas) == len(EVERYBODY)
    assert found.ways == Counter((row["direction"], row["way"]) for row in rows)
    assert found.causes == Counter((row["direction"], cause) for row in rows for cause in row["causes"])
    assert found.groups == Counter((row["direction"], group) for row in rows for group in row["groups"])
    households = Counter(r["direction"] for r in reported.table("2026-02", "households") if r["level"])
    assert found.households == households
    assert {s.indicator: s.warned for s in found.signals if s.warned} == Counter(
        name for row in rows for name in row["indicators"]
    )


def test_the_printed_figures_are_those(reported):
    answer(reported, 1, "已帮扶", "2026-03-10", helped_with="临时救助")
    found = figures(reported)
    document = month_report(found, reported.pack)
    rows = standing(reported)
    printed = cells(document, "可能需要帮扶（人）")
    total = printed[-1]
    hardship = [row for row in rows if row["direction"] == "hardship"]
    assert total[:2] == ["合计", str(len(hardship))]
    assert total[4] == str(sum(row["change"] == "new" for row in hardship))
    assert [line[1] for line in cells(document, "各环节人数和变化")] == [str(stage.persons) for stage in found.stages]
    places = cells(document, "分县统计（监测对象按人，其余按件）")
    assert [line[0] for line in places if line[0].startswith("64")] == ["640402", "640422", "640403"]
    assert ["未填写所在地", "1"] in [line[:2] for line in places]
    assert places[-1][1] == "6"


def test_many_places_are_cut_in_the_list_but_not_in_the_total(reported, monkeypatch):
    monkeypatch.setattr(report_sections, "TOWNSHIPS_SHOWN", 1)
    named = replace(reported.pack, places={"640402001": "南关街道"})
    document = month_report(figures(reported), named)
    places = cells(document, "分乡镇（街道）统计（监测对象按人，其余按件）")
    assert [line[0] for line in places] == ["南关街道", "合计"]
    assert places[-1][1] == str(len(EVERYBODY))
    assert "按预警多少列出前 1 个，其余 3 个只计入合计" in html_page(document)


def test_on_its_day_a_deadline_has_not_passed_and_a_later_visit_has_not_happened(reported):
    due = min(
        row["deadline"] for row in standing(reported) if row["direction"] == "hardship" and row["change"] == "new"
    )
    assert figures(reported, due).overdue == len([r for r in standing(reported) if r["deadline"] < due])
    after = date.fromordinal(due.toordinal() + 1)
    late = len([r for r in standing(reported) if r["deadline"] < after])
    assert figures(reported, after).overdue == late > figures(reported, due).overdue
    answer(reported, 1, "情况属实", str(after))
    assert figures(reported, due).stage("visited").persons == 0
    assert not figures(reported, due).precision.indicators
    assert figures(reported, after).stage("visited").persons == 1
    assert figures(reported, after).overdue == late - 1
    assert {(t.name, t.visited, t.right) for t in figures(reported, after).precision.sources} == {
        ("stays", 1, 1), ("register", 1, 1)
    }  # fmt: skip


def test_what_was_missing_is_named_and_an_earlier_value_is_counted_as_such(reported):
    found = figures(reported)
    assert {basis.source: basis.missing for basis in found.bases if basis.missing} == {
        "bills": ("2025-12",), "jobs": ("2026-02",)
    }  # fmt: skip
    assert [(s.indicator, s.carried) for s in found.signals if s.carried] == [("jobless", 1)]
    text = html_page(month_report(found, reported.pack))
    assert "“jobs”没有可用的：对所有人都是未知" in text
    assert "“bills”缺 2025-12：数值按至少计算" in text
    assert "2026-02 第 001 号（5 行，" in text


def test_nobody_can_be_found_in_it_and_nothing_is_fetched(reported):
    text = html_page(month_report(figures(reported), reported.pack))
    for person in range(6):
        assert token_text(reported.token(person)) not in text
        assert reported.token(person).hex() not in text
    assert "人*" not in text
    assert "H-000" not in text, "no household's number"
    assert not re.search(r"(src|href)=|url\(|<script", text)
    assert "系统提出建议，由人作出决定" in text
    assert "演示数据" in text


def test_sample_figures_are_marked_where_the_pack_has_them(reported):
    assert sample_figures(reported.pack.monitoring) == []
    level = replace(reported.pack.monitoring.levels[0], source=Source(sample=True, reason="没有公布"))
    marked = reported.with_monitoring(levels=(level, *reported.pack.monitoring.levels[1:]))
    text = html_page(month_report(figures(reported), marked.pack))
    assert "示例参数，须由本地填报" in text
    assert "有1项不是本地公布的数字" in text
    assert "没有公布" in text
    kinds = [kind for kind, _texts, _why in sample_figures(load("national").monitoring)]
    assert {"级别和期限", "权重", "分档", "催办"} <= set(kinds)
    assert [kind for n, kind in enumerate(kinds) if kind not in kinds[:n]] == [
        kind for n, kind in enumerate(kinds) if n == 0 or kinds[n - 1] != kind
    ], "figures of one kind stand together"


def test_a_month_run_again_says_that_the_report_rests_on_the_old_one(reported):
    assert not figures(reported).rests_on_old
    reported.deliver("stays", "2026-01", [{"person": 1}])
    reported.run("2026-01")
    found = figures(reported)
    assert found.rests_on_old
    assert "请重新筛查本月" in html_page(month_report(found, reported.pack))


def test_a_list_that_came_since_is_said_at_the_top(reported):
    def found():
        return room.figures_of(
            reported.data, reported.pack, DAY, ring=reported.ring, inputs_now=lambda month: reported.inputs(str(month))
        )

    assert not found().other_files
    reported.deliver("jobs", "2026-02", [])
    assert "有名单补报或者更正" in html_page(month_report(found(), reported.pack))


def test_the_first_month_compares_with_nothing(reported):
    found = figures(reported, month="2026-01")
    assert (found.previous, found.stages_before) == (None, ())
    assert cells(month_report(found, reported.pack), "各环节人数和变化")[0][-2:] == ["–", "–"]


def test_refusals_say_the_way_out(reported):
    with pytest.raises(room.ScreeningRefused, match="还没有筛查"):
        figures(reported, month="2026-07")
    with pytest.raises(room.ScreeningRefused, match="请写 2026-03-01 或以后"):
        figures(reported, date(2026, 2, 1))
    (reported.data / "lists/stays/2026-02/001/rows.parquet").unlink()
    with pytest.raises(room.ScreeningRefused, match="stays/2026-02/001"):
        figures(reported)


def test_runs_of_months_are_said_by_their_ends():
    assert month_ranges(["2026-01", "2025-12", "2026-03"]) == "2025-12 至 2026-01、2026-03"
    assert month_ranges([]) == ""
