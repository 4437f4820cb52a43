"""Figures of reports: every breakdown adds up, unknown is counted apart, the published table comes out cell by cell."""

import csv
from dataclasses import replace

import pyarrow as pa
import pytest
from tests.documents.factory import DAY, PUBLISHED, TOWNSHIPS, make_assessed, make_line, make_pack

from zhikun.documents import ScoreOffScale, UnknownValue, causes_table, statistics, write_causes_csv
from zhikun.documents.order import TOO_COARSE, hardest_first, positions, rank_text, unranked_text, why_unranked
from zhikun.documents.samples import sample_figures
from zhikun.engine.packs.model import Results


def small(**columns):
    """Three households with these household values."""
    table = pa.table({"household": ["a", "b", "c"], **columns})
    survey = {"household": pa.table({"household": ["a", "b", "c"], "place": ["640402100201", "640402", None]})}
    missing = pa.table({n: pa.array([], pa.string()) for n in ("household", "target", "entity", "row", "fact")})
    return make_assessed(results={"household": table}, survey=survey, missing=missing)


@pytest.fixture(scope="module")
def county():
    return make_assessed()


def test_the_published_table_comes_out_cell_by_cell(county):
    rows = {r.name: (r.title, r.counts) for r in causes_table(county).rows}
    assert rows == PUBLISHED
    assert [r.total for r in causes_table(county).rows] == [4803] * 9


def test_tails_are_those_of_the_published_text(county):
    tails = {r.title: r.at_least(2.0) for r in causes_table(county).rows}
    assert (tails["因病"], tails["因残"], tails["因学"], tails["因灾"]) == (487, 291, 197, 12)
    assert tails["就业"] == 48  # the text says 165, which is no tail of the table


def test_the_csv_opens_in_a_spreadsheet_with_the_published_columns(county, tmp_path):
    path = tmp_path / "causes.csv"
    write_causes_csv(causes_table(county), path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == ["cause", "0", "0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5", "total"]
    assert rows[3] == ["因病", "671", "242", "2137", "1266", "295", "113", "55", "15", "7", "0", "2", "4803"]
    assert len(rows) == 10


def test_every_breakdown_adds_up_to_the_list(county):
    whole = statistics.totals(county)
    assert whole.households == len(county.households) == 4803
    for parts in (statistics.by_place(county), statistics.by_category(county)):
        assert sum(g.households for g in parts) == whole.households
        assert sum(g.members for g in parts) == whole.members == county.survey["member"].num_rows
        assert sum(g.amount_undetermined for g in parts) == whole.amount_undetermined == 60
        assert round(sum(g.amount for g in parts), 6) == whole.amount
    for place in statistics.by_place(county):
        assert sum(place.categories.values()) == place.households
    assert sum(statistics.several_causes(county, 2.0).values()) == whole.households


def test_no_more_households_have_two_causes_than_marks_allow(county):
    """domain: all nine tails at 2 points give 4269 marks, so 3649 households with two causes cannot be."""
    several = statistics.several_causes(county, 2.0)
    assert sum(n for count, n in several.items() if count is not None and count >= 2) <= 2134


def test_money_is_summed_without_drift():
    assessed = make_assessed()
    table = assessed.results["household"]
    amounts = pa.array([0.1] * table.num_rows)
    table = table.set_column(table.column_names.index("amount"), "amount", amounts)
    assert statistics.totals(replace(assessed, results=assessed.results | {"household": table})).amount == 480.3


def test_an_unknown_score_is_not_zero():
    assessed = small(illness=[0.0, None, 2.0])
    assessed = replace(assessed, pack=make_pack(results=Results(causes=("illness",))))
    (row,) = causes_table(assessed).rows
    assert (row.counts[0], row.undetermined, row.total) == (1, 1, 2)
    assert statistics.several_causes(assessed, 2.0) == {0: 1, 1: 1, None: 1}


def test_a_score_the_table_has_no_column_for_stops_the_report():
    assessed = replace(small(illness=[0.0, 1.25, 2.0]), pack=make_pack(results=Results(causes=("illness",))))
    with pytest.raises(ScoreOffScale, match=r"因病.*1\.25.*rounding"):
        causes_table(assessed)


def test_households_without_a_place_are_listed_apart():
    assessed = small(category=["dibao", "dibao", None], amount=[10.0, 20.0, None])
    titles = [(g.title, g.households) for g in statistics.by_place(assessed)]
    assert titles == [("640402（未细分到乡镇）", 1), ("三营镇", 1), ("未填写所在地", 1)]


def test_townships_are_found_by_the_first_nine_digits(county):
    known = {g.title for g in statistics.by_place(county)}
    assert set(TOWNSHIPS.values()) < known


def test_categories_nobody_falls_into_are_still_shown(county):
    groups = {g.title: g.households for g in statistics.by_category(county)}
    assert groups["特困人员"] == 0
    assert groups["待补充"] == 60
    assert list(groups)[-1] == "待补充"


def test_questions_name_the_most_wanted_fact_first(county):
    first, second = statistics.questions(county)
    assert (first.title, first.households, first.rows) == ("大病自负医疗支出（年）", 60, 60)
    assert (second.fact, second.households) == ("wage_income_year", 25)
    assert second.text == "过去 12 个月打工、上班挣了多少元？没有填 0。"


def test_items_not_decided_yet_are_counted_beside_the_certain_ones():
    assessed = small(flags=[["car"], [], []], flags__undetermined=[[], ["car"], ["car", "study_abroad"]])
    counted = {i.code: (i.households, i.undetermined) for i in statistics.items(assessed, ("flags",))}
    assert counted == {"car": (1, 2), "study_abroad": (0, 1)}


def test_bins_hold_everyone_once_and_the_limit_belongs_to_the_upper_bin():
    assessed = small(income_per_head=[100.0, 199.999999, 0.0])
    found = statistics.distribution(assessed, "income_per_head")
    assert sum(b.households for b in found.bins) == 3
    holding = [b for b in found.bins if b.households and b.first == 100]
    assert len(holding) == 1
    assert found.bins[-1].below is None


def test_a_distribution_counts_unknown_apart(county):
    found = statistics.distribution(county, "income_per_head")
    assert found.undetermined == 60
    assert sum(b.households for b in found.bins) == 4743
    assert len(found.bins) <= 13


def test_a_value_nobody_computed_is_named_with_the_way_out():
    assessed = replace(small(), pack=make_pack(results=Results(amount="dibao_amount")))
    with pytest.raises(UnknownValue, match=r"dibao_amount.*pack\.yaml"):
        statistics.totals(assessed)


def test_the_hardest_come_first_and_the_unranked_last(county):
    order = hardest_first(county)
    ranks = [county.column("rank")[i] for i in order]
    assert ranks[0] == 1
    assert ranks[:4743] == sorted(ranks[:4743])
    assert ranks[4743:] == [None] * 60
    assert rank_text(county, order[-1]) == "待补充"


def test_a_household_the_pack_does_not_rank_is_not_called_unknown():
    assessed = small(rank=pa.array([1, None, None], pa.int64()), index=[5.0, 0.0, None])
    assert [rank_text(assessed, i) for i in range(3)] == [1, "–", "待补充"]


def test_only_sample_figures_in_force_are_listed():
    figures = {f.title: f for f in sample_figures(make_pack(), DAY)}
    assert figures["农村低保标准"].value == "585 元/月"
    assert set(figures) == {"农村低保标准", "因病赋分表", "困难指数", "可享受的政策", "困难程度排序"}


@pytest.mark.parametrize(
    ("incomes", "median"),
    [
        ([100.0, 300.0, None], 200.0),  # two middle values: their mean, not the upper
        ([0.0, 0.000001, None], 0.000001),  # on the grid, the half away from zero
        ([-0.000001, 0.0, None], -0.000001),
        ([500.0, 100.0, 300.0], 300.0),
        ([None, 7.5, None], 7.5),
    ],
)
def test_the_middle_of_two_values_is_their_mean(incomes, median):
    assert statistics.distribution(small(income_per_head=incomes), "income_per_head").median == median


def test_equal_indices_share_a_place_and_the_unknown_has_none():
    assessed = small(index=pa.array([5.0, 5.0, None]))
    assessed = replace(assessed, pack=make_pack(results=Results(index="index")))
    assert positions(assessed, hardest_first(assessed)) == [1, 1, "待补充"]
    assessed = replace(assessed, results={"household": pa.table({"household": list("abcd"), "index": [3.0, 9, 3, 1]})})
    assert positions(assessed, hardest_first(assessed)) == [1, 2, 2, 4]


@pytest.mark.parametrize(
    ("values", "level", "reference"),
    [
        ({"2024-01-01": 1.5}, 1.5, "认定办法第3条"),
        ({"2024-01-01": 3, "2025-03-02": 1}, 3.0, "认定办法第3条"),  # not in force before its day
    ],
)
def test_the_pack_says_from_which_score_a_cause_counts(values, level, reference):
    pack = make_pack(standards=make_line(values), results=Results(causes=("illness",)))
    line = statistics.cause_line(replace(small(), pack=pack))
    assert (line.level, line.reference) == (level, reference)


@pytest.mark.parametrize(("place", "level"), [("640402", 3.0), ("640403", 2.0)])
def test_the_line_of_another_place_is_not_taken(place, level):
    pack = make_pack(place=place, standards=make_line({"2024-01-01": 3}, place="640402"))
    line = statistics.cause_line(replace(small(), pack=pack))
    assert line.level == level
    assert bool(line.title) == (place == "640402")


def test_a_household_outside_the_county_or_without_index_is_said_to_have_no_rank_and_why():
    assessed = small(rank=pa.array([1, None, None], pa.int64()), index=[5.0, 0.0, None])
    homes = {"household": ["a", "b", "c"], "place": ["640402100201", "640422101", "640402100"]}
    moved = replace(assessed, survey=assessed.survey | {"household": pa.table(homes)}, place_names={"640402": "原州区"})
    assert [rank_text(moved, i) for i in range(3)] == [1, "–", "待补充"]
    assert unranked_text(moved) == ("有2户没有位次：1户的所在地不在本次排序的地区（原州区）以内，1户的困难指数待补充。")
    assert unranked_text(assessed) == "有2户没有位次：1户没有填写所在地，1户不在本方案排序的范围以内。"


def test_where_every_household_has_a_rank_nothing_is_said():
    assert unranked_text(small(rank=pa.array([1, 2, 2], pa.int64()), index=[5.0, 0.0, 0.0])) == ""
    assert unranked_text(small(index=[5.0, 0.0, None], rank=pa.array([1, 2, 3], pa.int64()))) == ""


@pytest.mark.parametrize(("within", "expected"), [("county", 0), ("township", 2), ("village", 3)])
def test_a_place_that_ends_too_early_has_no_rank_inside_townships_or_villages(within, expected):
    assessed = small(rank=pa.array([None] * 3, pa.int64()), index=[5.0, 1.0, 1.0])
    ranking = replace(assessed.pack.rankings["rank"], within=within)
    homes = {"household": ["a", "b", "c"], "place": ["640402100", "640402", "640402000000"]}
    changed = replace(
        assessed, pack=make_pack(rankings={"rank": ranking}), survey=assessed.survey | {"household": pa.table(homes)}
    )
    coarse = sum(why_unranked(changed, at) == TOO_COARSE for at in range(3))
    assert coarse == expected
    assert ("没有填到乡镇或村" in unranked_text(changed)) == (expected > 0)
