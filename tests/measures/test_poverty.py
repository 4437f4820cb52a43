"""Alkire-Foster: the published example, decompositions, and what is unknown."""

from fractions import Fraction
from itertools import product

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhikun.measures import poverty
from zhikun.measures.errors import MeasureError
from zhikun.measures.poverty import Deprivation
from zhikun.measures.sampling import Sample

# Alkire and Foster (2011), section 2: four persons by income, schooling, self-rated health, health insurance.
ACHIEVEMENTS = [(13.1, 14, 4, True), (15.2, 7, 5, False), (12.5, 10, 1, False), (20.0, 11, 3, True)]
LINES = [
    Deprivation("income", "收入", "income", below=13),
    Deprivation("schooling", "受教育年限", "schooling", below=12),
    Deprivation("health", "健康", "health", below=3),
    Deprivation("uninsured", "没有医保", "uninsured"),
]


def example():
    income, schooling, health, insured = zip(*ACHIEVEMENTS, strict=True)
    return pa.table({
        "income": income, "schooling": schooling, "health": health, "uninsured": [not one for one in insured],
    })  # fmt: skip


def dims(*weights):
    return [Deprivation(f"d{i}", f"第{i}项", f"d{i}", weight=Fraction(w)) for i, w in enumerate(weights)]


def rows(*answers):
    return pa.table({f"d{i}": pa.array(column, pa.bool_()) for i, column in enumerate(zip(*answers, strict=True))})


def test_the_published_example_of_four_persons_and_four_dimensions():
    found = poverty.measure(poverty.deprived(example(), LINES), LINES, cutoff=2).total
    assert (found.low.headcount, found.low.intensity, found.low.adjusted) == (0.5, 0.75, 0.375)
    assert found.low == found.high, "nothing is unknown"
    # Person 4 lacks schooling and is not poor: counted in the dimension, not among the poor.
    assert found.low.uncensored == {"income": 0.25, "schooling": 0.75, "health": 0.25, "uninsured": 0.5}
    assert found.low.censored == {"income": 0.25, "schooling": 0.5, "health": 0.25, "uninsured": 0.5}
    assert found.low.contributions["schooling"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(("cutoff", "headcount", "adjusted"), [(1, 0.75, 7 / 16), (3, 0.25, 0.25), (4, 0.25, 0.25)])
def test_other_cutoffs_of_the_example(cutoff, headcount, adjusted):
    found = poverty.measure(poverty.deprived(example(), LINES), LINES, cutoff=cutoff).total.low
    assert (found.headcount, found.adjusted) == (headcount, adjusted)


def test_three_thirds_reach_a_cutoff_of_one_exactly():
    """With floats 0.1 + 0.2 < 0.3 or 3 x 1/3 < 1 would put a unit on the wrong side."""
    lacks = dims("1/10", "2/10", "7/10")
    found = poverty.measure(rows((True, True, False)), lacks, cutoff=Fraction(3, 10)).total.low
    assert found.headcount == 1
    sixths = dims("1/6", "1/6", "2/3")
    assert poverty.measure(rows((True, True, False)), sixths, cutoff=Fraction(1, 3)).total.low.headcount == 1


def test_unknown_is_neither_yes_nor_no():
    answers = [(True, True), (True, None), (False, None), (None, None)]
    found = poverty.measure(rows(*answers), dims(1, 1), cutoff=2, population=pa.array([1.0, 2.0, 3.0, 4.0])).total
    assert (found.low.headcount, found.high.headcount) == (0.1, 0.7)
    assert (found.incomplete_units, found.undetermined_units, found.undetermined_population) == (3, 2, 6.0)
    assert found.unknown == {"d0": 4.0, "d1": 9.0}


def test_a_household_of_unknown_size_is_in_no_figure_and_is_told():
    found = poverty.measure(rows((True,), (False,)), dims(1), cutoff=1, population=pa.array([2.0, None])).total
    assert (found.units, found.unweighted_units, found.population, found.low.headcount) == (2, 1, 2.0, 1.0)


def test_places_contribute_by_people_and_not_by_their_number():
    found = poverty.measure(
        rows((True,), (True,), (False,)), dims(1), cutoff=1, population=pa.array([3.0, 1.0, 6.0]), groups=["a", "", "b"],
    )  # fmt: skip
    assert [(g.code, g.contribution_low) for g in found.groups] == [("a", 0.75), ("b", 0.0), ("", 0.25)]
    assert found.groups[1].low.intensity is None, "nobody is poor there, so there is nothing to average"


def test_nobody_at_all():
    found = poverty.measure(rows((True,)).slice(0, 0), dims(1), cutoff=1, groups=[])
    assert (found.total.units, found.total.low.headcount, found.groups) == (0, None, ())


answers = st.lists(
    st.tuples(
        st.tuples(*[st.sampled_from([True, False, None])] * 3),
        st.floats(0.001, 5000),
        st.sampled_from(["640402100", "640402101", ""]),
    ),
    min_size=1,
    max_size=30,
)
weights = st.tuples(*[st.fractions(Fraction(1, 97), 10, max_denominator=97)] * 3)


@given(answers, weights, st.fractions(Fraction(1, 50), 1))
def test_dimensions_and_places_add_up_to_the_whole(given_rows, given_weights, share):
    lacks, told = dims(*given_weights), rows(*(row for row, _, _ in given_rows))
    population = pa.array([weight for _, weight, _ in given_rows])
    found = poverty.measure(
        told, lacks, cutoff=share * sum(given_weights), population=population, groups=[place for _, _, place in given_rows]
    )  # fmt: skip
    for low in (True, False):
        total = found.total.low if low else found.total.high
        assert total.adjusted == pytest.approx(total.headcount * (total.intensity or 0))
        if total.poor:
            assert sum(total.contributions.values()) == pytest.approx(1)
            parts = [g.contribution_low if low else g.contribution_high for g in found.groups]
            assert sum(parts) == pytest.approx(1)
            people = sum(g.population for g in found.groups)
            assert people == pytest.approx(found.total.population)
            mean = sum(g.population * (g.low if low else g.high).adjusted for g in found.groups) / people
            assert mean == pytest.approx(total.adjusted)


@given(answers, weights, st.fractions(Fraction(1, 50), 1))
def test_no_truth_lies_outside_the_bounds(given_rows, given_weights, share):
    """Whatever the unknown answers are, H, M0 and the headcounts lie between the two readings."""
    given_rows = given_rows[:3]
    lacks, told = dims(*given_weights), [row for row, _, _ in given_rows]
    population = pa.array([weight for _, weight, _ in given_rows])
    cutoff = share * sum(given_weights)
    bounds = poverty.measure(rows(*told), lacks, cutoff=cutoff, population=population).total
    gaps = [(i, j) for i, row in enumerate(told) for j, answer in enumerate(row) if answer is None]
    for filled in list(product([True, False], repeat=len(gaps)))[:64]:
        guess = [list(row) for row in told]
        for (i, j), answer in zip(gaps, filled, strict=True):
            guess[i][j] = answer
        truth = poverty.measure(rows(*guess), lacks, cutoff=cutoff, population=population).total.low
        assert bounds.low.headcount <= truth.headcount <= bounds.high.headcount
        assert bounds.low.adjusted <= truth.adjusted <= bounds.high.adjusted
        for name in truth.censored:
            assert bounds.low.censored[name] <= truth.censored[name] <= bounds.high.censored[name]
            assert bounds.low.uncensored[name] <= truth.uncensored[name] <= bounds.high.uncensored[name]


def test_errors_of_a_simple_sample_are_those_of_a_share():
    told = rows(*[(True,)] * 30 + [(False,)] * 70)
    found = poverty.measure(told, dims(1), cutoff=1, sample=Sample()).total.low
    assert found.errors.headcount == pytest.approx((0.3 * 0.7 / 99) ** 0.5)
    assert found.errors.intensity == 0, "who is poor lacks everything"


def test_errors_of_whole_villages_are_larger_than_of_as_many_households():
    told = rows(*[(True,)] * 50 + [(False,)] * 50)
    villages = [f"v{i // 10}" for i in range(100)]
    alone = poverty.measure(told, dims(1), cutoff=1, sample=Sample()).total.low.errors
    together = poverty.measure(told, dims(1), cutoff=1, sample=Sample(villages)).total.low.errors
    # Ten villages, five of them wholly poor: the error of a share among ten.
    assert together.headcount == pytest.approx((0.25 / 9) ** 0.5)
    assert together.headcount > 3 * alone.headcount


@pytest.mark.parametrize(
    ("lacks", "cutoff", "population", "text"),
    [
        ([], 1, None, "没有写任何一项剥夺"),
        (dims(1, 1), 0, None, "要大于 0，不超过权数合计 2"),
        (dims(1, 1), 3, None, "要大于 0，不超过权数合计 2"),
        (dims(1, -1), 1, None, "“第1项”的权数是 -1"),
        ([*dims(1), *dims(1)], 1, None, "“d0”写了两次"),
        (dims(1), 1, [-1.0, 1.0], "有负数"),
        (dims(1), 1, ["a", "b"], "不是数字"),
    ],
)
def test_what_cannot_be_measured_is_refused(lacks, cutoff, population, text):
    told = rows((True, False), (False, True))
    with pytest.raises(MeasureError) as refused:
        poverty.measure(told, lacks, cutoff=cutoff, population=None if population is None else pa.array(population))
    assert text in str(refused.value)


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (Deprivation("a", "甲", "none", at_least=2), "不在结果里"),
        (Deprivation("a", "甲", "flag", at_least=2), "不能与数比较"),
        (Deprivation("a", "甲", "score"), "要写从多少起算剥夺，如 score>=2"),
        (Deprivation("a", "甲", "word", at_least=2), "既不是数字也不是“是/否”"),
        (Deprivation("a", "甲", "score", at_least=2, below=1), "写了两条线"),
    ],
)
def test_a_deprivation_fits_its_value(one, text):
    values = pa.table({"flag": [True], "score": [2.0], "word": ["x"]})
    with pytest.raises(MeasureError) as refused:
        poverty.deprived(values, [one])
    assert text in str(refused.value)


def test_a_score_exactly_at_the_line_counts():
    lacks = [Deprivation("a", "甲", "score", at_least=2)]
    found = poverty.deprived(pa.table({"score": [1.5, 2.0, None]}), lacks)
    assert found.column("a").to_pylist() == [False, True, None]
