"""The proxy means test: statsmodels' own coefficients, what is unknown, errors counted by hand, cards."""

import numpy as np
import pyarrow as pa
import pytest

from zhikun.engine.packs import load
from zhikun.measures import cards, means, targeting
from zhikun.measures.design import UNKNOWN, Predictor, Unknowns
from zhikun.measures.errors import MeasureError
from zhikun.measures.values import Named, beside, column, named, places
from zhikun.tables import UnreadableFile

INCOME = Named("income", "人均月收入", "number", "元/月")
SIZE = Named("size", "家庭人口", "number", "人")
CAR = Named("car", "有车", "boolean")
HOUSE = Named("house", "住房", "choice", "", {"brick": "砖房", "earth": "土房", "none": "没有住房"})
CROPS = Named("crops", "种植", "choices", "", {"wheat": "小麦", "maize": "玉米", "beans": "豆类"})
PREDICTORS = [Predictor(SIZE), Predictor(CAR), Predictor(HOUSE)]


@pytest.fixture(scope="module")
def survey():
    """300 households, of some of which something is unknown."""
    draw = np.random.default_rng(7)
    size, car = draw.integers(1, 8, 300), draw.random(300) < 0.3
    house = draw.choice(["brick", "earth"], 300, p=[0.6, 0.4])
    income = np.exp(7 - 0.2 * size + 0.4 * car - 0.3 * (house == "earth") + draw.normal(0, 0.3, 300))
    return pa.table({
        "household": [f"H{i:03}" for i in range(300)],
        "income": pa.array([None if i == 5 else 0.0 if i == 6 else float(v) for i, v in enumerate(income)]),
        "size": pa.array([None if i in (7, 8) else float(v) for i, v in enumerate(size)]),
        "car": pa.array([None if i in (8, 9) else bool(v) for i, v in enumerate(car)]),
        "house": pa.array(house).dictionary_encode(),
        "crops": [[["wheat"], ["wheat", "maize"], []][i % 3] for i in range(300)],
        "weight": draw.uniform(0.5, 3, 300),
    })  # fmt: skip


def by_hand(survey):
    """The same columns, written out."""
    rows = [r for r in survey.to_pylist() if r["income"] and r["size"] is not None and r["car"] is not None]
    columns = [[1.0, r["size"], float(r["car"]), float(r["house"] == "earth")] for r in rows]
    return np.array(columns), np.log([r["income"] for r in rows]), np.array([r["weight"] for r in rows])


@pytest.mark.parametrize("weighted", [False, True])
def test_coefficients_and_errors_are_those_of_statsmodels(survey, weighted):
    import statsmodels.api as sm  # a second of every start

    columns, wanted, weight = by_hand(survey)
    theirs = (sm.WLS(wanted, columns, weights=weight) if weighted else sm.OLS(wanted, columns)).fit(cov_type="HC1")
    ours = means.fit(
        survey, means.Target(INCOME), PREDICTORS, weights=survey["weight"].combine_chunks() if weighted else None
    )
    assert [c.value for c in ours.coefficients] == pytest.approx(list(theirs.params), rel=1e-12)
    assert [c.error for c in ours.coefficients] == pytest.approx(list(theirs.bse), rel=1e-12)
    assert [c.p for c in ours.coefficients] == pytest.approx(list(theirs.pvalues), rel=1e-9)
    assert (ours.r_squared, ours.adjusted) == pytest.approx((theirs.rsquared, theirs.rsquared_adj))
    assert ours.households == 295
    assert [c.term.title for c in ours.coefficients] == ["常数项", "家庭人口（人）", "有车：是", "住房：土房"]


def test_plain_income_keeps_the_household_without_any(survey):
    log, plain = (means.fit(survey, means.Target(INCOME, log=log), PREDICTORS) for log in (True, False))
    assert plain.households == log.households + 1
    assert log.left_out["“人均月收入”是零或负数，没有对数"] == 1
    assert plain.smearing == 1


def test_a_household_of_which_a_fact_is_unknown_is_told_nothing(survey):
    model = means.fit(survey, means.Target(INCOME), PREDICTORS)
    told = model.predict(survey)
    assert np.flatnonzero(np.isnan(told)).tolist() == [7, 8, 9], "its own unknown income does not matter"
    reason = "“{}”不清楚，或参加估计的户里没有这种情况"
    assert model.left_out[reason.format("家庭人口")] == model.left_out[reason.format("有车")] == 2


def test_a_level_that_no_surveyed_household_had_is_told_nothing(survey):
    model = means.fit(survey, means.Target(INCOME), PREDICTORS)
    stranger = pa.table({"size": [2.0], "car": [True], "house": ["none"]})
    assert np.isnan(model.predict(stranger)).all()


def test_unknown_may_be_a_level_of_its_own(survey):
    banded = [Predictor(SIZE, (3, 5)), Predictor(CAR)]
    model = means.fit(survey, means.Target(INCOME), banded, unknowns=Unknowns.OWN_LEVEL)
    assert model.households == 298
    assert [c.term.level for c in model.coefficients] == ["", "3..5", "5..", UNKNOWN, "true", UNKNOWN]
    assert not np.isnan(model.predict(survey)).any()
    with pytest.raises(MeasureError, match="“家庭人口”是没有分段的数字"):
        means.fit(survey, means.Target(INCOME), PREDICTORS, unknowns=Unknowns.OWN_LEVEL)


def test_several_codes_have_a_column_each(survey):
    model = means.fit(survey, means.Target(INCOME), [Predictor(CROPS)])
    assert [c.term.level for c in model.coefficients] == ["", "wheat", "maize"]
    told = model.predict(pa.table({"crops": pa.array([[], ["beans"]], pa.list_(pa.string()))}))
    assert not np.isnan(told[0])
    assert np.isnan(told[1]), "no surveyed household grew beans"


@pytest.mark.parametrize(
    ("predictors", "text"),
    [
        ([], "没有写任何一项事实"),
        ([Predictor(SIZE), Predictor(SIZE)], "“家庭人口”写了两次"),
        ([Predictor(CAR, (1,))], "“有车”不是数字，不能分段"),
        ([Predictor(SIZE, (3, 2))], "从小到大"),
        ([Predictor(SIZE), Predictor(Named("double", "两倍人口", "number"))], "“两倍人口”可以由前面的几项算出"),
        ([Predictor(Named("household", "户编号", "text"))], "文字、日期或地点"),
        ([Predictor(Named("absent", "没有的", "number"))], "请用 --survey 给出调查表"),
        ([Predictor(Named("house", "住房", "choice", "", {"brick": "砖房"}))], "政策包没有的选项“earth”"),
    ],
)
def test_a_design_that_says_nothing_certain_is_refused(survey, predictors, text):
    doubled = survey.append_column(
        "double", pa.array([None if v is None else 2 * v for v in survey["size"].to_pylist()])
    )
    with pytest.raises(MeasureError) as refused:
        means.fit(doubled, means.Target(INCOME), predictors)
    assert text in str(refused.value)


def test_too_few_households_say_why(survey):
    with pytest.raises(MeasureError) as refused:
        means.fit(survey.slice(5, 5), means.Target(INCOME), PREDICTORS)
    assert "可用的只有 0 户" in str(refused.value)
    assert "“人均月收入”不清楚 1 户" in str(refused.value)


def test_errors_by_cutoff_are_a_hand_count():
    """Line 500. Poor: A B C F (exactly 500 is not), reached below 500: A D. H is poor and nothing could be told of it."""
    actual = np.array([300, 400, 499.99, 500, 800, 450, np.nan, 200])
    told = np.array([450, 500, 700, 499.99, 900, 600, 100, np.nan])
    weights = np.array([1, 2, 4, 8, 16, 32, 64, 128.0])
    plain, wide, none = targeting.errors(actual, told, [500, 650, 100], line=500)
    assert (plain.poor, plain.reached, plain.missed, plain.leaked, plain.total) == (4, 2, 3, 1, 6)
    assert (plain.undercoverage, plain.leakage) == (0.75, 0.5)
    assert (plain.untold, plain.untold_poor) == (1, 1)
    assert (wide.missed, wide.leaked, wide.undercoverage) == (1, 1, 0.25)
    assert (none.reached, none.leakage, none.undercoverage) == (0, None, 1)
    [heavy] = targeting.errors(actual, told, [500], weights=weights)
    assert (heavy.poor, heavy.missed, heavy.leaked, heavy.untold_poor) == (39, 38, 8, 128)
    assert heavy.undercoverage == pytest.approx(38 / 39)


def test_more_are_reached_and_fewer_missed_as_the_cutoff_rises(survey):
    told = means.fit(survey, means.Target(INCOME), PREDICTORS).predict(survey)
    actual = column(survey, INCOME).fill_null(float("nan")).to_numpy(zero_copy_only=False)
    curve = targeting.errors(actual, told, [200, 400, 600, 800, 1000], line=500)
    assert [p.reached for p in curve] == sorted(p.reached for p in curve)
    assert [p.missed for p in curve] == sorted((p.missed for p in curve), reverse=True)
    assert curve[0].missed > curve[-1].missed


def test_cross_validation_tells_each_household_by_models_that_never_saw_it(survey):
    one, again, other = (
        targeting.cross_validate(survey, means.Target(INCOME), PREDICTORS, folds=5, seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(one.told, again.told, equal_nan=True)
    assert not np.array_equal(one.told, other.told, equal_nan=True)
    inside = means.fit(survey, means.Target(INCOME), PREDICTORS)
    assert one.r_squared < inside.r_squared
    fold = np.random.default_rng(1).permutation(300) % 5
    model = means.fit(survey.filter(pa.array(fold != 3)), means.Target(INCOME), PREDICTORS)
    assert np.array_equal(one.told[fold == 3], model.predict(survey.filter(pa.array(fold == 3))), equal_nan=True)
    with pytest.raises(MeasureError, match="不超过户数 300"):
        targeting.cross_validate(survey, means.Target(INCOME), PREDICTORS, folds=301, seed=1)


def test_a_card_is_the_rounded_model_and_comes_back_from_its_file(survey, tmp_path):
    model = means.fit(survey, means.Target(INCOME), [Predictor(SIZE, (3, 5)), Predictor(CAR), Predictor(HOUSE)])
    card = cards.of_model(model, 0.01)
    scores = card.scores(survey)
    told = np.log(model.predict(survey))
    for score, fitted in zip(scores, told, strict=True):
        if score.points is None:
            assert np.isnan(fitted)
        else:
            assert score.points == int(score.points)
            assert abs(score.points * 0.01 - fitted) <= 0.005 * 4 + 1e-9, (
                "each of four figures is at most half a point off"
            )
    assert scores[7].missing == ("家庭人口",)
    assert scores[8].missing == ("家庭人口", "有车")


@pytest.fixture(scope="module")
def pack():
    return load("national")


def write(path, *lines):
    path.write_text("\n".join(["fact,level,points,note", *lines]) + "\n", encoding="utf-8")
    return path


def test_a_card_from_a_table_adds_up(pack, tmp_path):
    fact = next(f for f in pack.facts_of("household") if f.type == "choice")
    codes = list(fact.choices)
    path = write(
        tmp_path / "card.csv", ",,10,", "business_income_year,..1000,-5,", "经营净收入（年）,1000..5000,0,",
        "business_income_year,5000..,20,", f"{fact.title},{fact.choices[codes[0]]},3,", f"{fact.name},{codes[1]},-3,",
    )  # fmt: skip
    card = cards.read_card(path, pack)
    values = pa.table({
        "business_income_year": [999.99, 1000.0, 5000.0, None, -3.0],
        fact.name: [codes[0], codes[1], codes[0], codes[1], None],
    })  # fmt: skip
    found = card.scores(values)
    assert [one.points for one in found] == [8, 7, 33, None, None]
    assert found[3].missing == ("经营净收入（年）",)
    cards.write_card(card, tmp_path / "again.csv")
    assert cards.read_card(tmp_path / "again.csv", pack).scores(values) == found


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["business_income_yea,each,1,"], "您是不是想写“business_income_year”？"),
        (["business_income_year,富,1,"], "第 2 行：“经营净收入（年）”是数字，级别写成段"),
        (["business_income_year,5..3,1,"], "级别写成段"),
        (
            ["business_income_year,..5,1,", "business_income_year,4..,1,"],
            "第 3 行：“经营净收入（年）”的“4..”与前面的“..5”重叠",
        ),
        (["business_income_year,each,1,", "business_income_year,4..,1,"], "重叠"),
        (["business_income_year,each,多,"], "分数“多”不是数字"),
        (["business_income_year,each,nan,"], "分数“nan”不是数字"),
        ([",,1,", ",,2,", "business_income_year,each,1,"], "基础分（没有事实的行）写了两次"),
        ([",,1,"], "没有一行有事实"),
        (["residence,半城半乡,1,"], "没有“半城半乡”这一级；可以写"),
    ],
)
def test_a_card_that_cannot_be_read_says_every_row(pack, tmp_path, lines, text):
    with pytest.raises(UnreadableFile) as refused:
        cards.read_card(write(tmp_path / "card.csv", *lines), pack)
    assert text in str(refused.value)


def test_values_are_found_by_name_and_title_and_never_guessed(pack):
    assert named(pack, "经营净收入（年）") == named(pack, "business_income_year")
    with pytest.raises(MeasureError, match="您是不是想写“经营净收入（年）”"):
        named(pack, "经营净收入")


def test_results_and_facts_stand_beside_each_other_by_household():
    results = pa.table(
        {"household": ["b", "a", "c"], "score": [1.0, 2.0, 3.0], "place": ["640402100200", None, "640402"]}
    )
    facts = pa.table({"household": ["a", "b"], "rooms": [4, 5], "score": [9.0, 9.0]})
    together = beside(results, facts)
    assert together["rooms"].to_pylist() == [5, 4, None]
    assert together["score"].to_pylist() == [1.0, 2.0, 3.0]
    assert places(together, "township") == ["640402100", "", ""]
    assert places(together, "county") == ["640402", "", "640402"]
    with pytest.raises(MeasureError, match="出现了两次"):
        beside(results, pa.table({"household": ["a", "a"]}))
