"""Numbers lie on a grid of a millionth: what people add up by hand comes out, also where floats would not."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.engine.small import fact, one, plan_of, rule, standard, value

from zhikun.engine.run.elements import div_grid, mul_grid
from zhikun.engine.run.facts import FactsError
from zhikun.engine.run.grid import divide_on_grid, multiply_on_grid
from zhikun.engine.run.results import MagnitudeError

GRID = Decimal("0.000001")


def by_hand(exact: Decimal) -> float:
    return float(exact.quantize(GRID, ROUND_HALF_UP))


def test_a_tenth_and_two_tenths_are_three_tenths():
    assert value("a + b = 0.3", "boolean", a=0.1, b=0.2) is True
    assert value("a + b", a=0.1, b=0.2) == 0.3


def test_the_mean_of_three_coefficients_reaches_its_threshold():
    # 0.9 + 0.7 + 0.8 is 2.4000000000000004 in floats; the mean is exactly 0.8.
    plan = plan_of(
        fact("member.c"), rule("mean", "DIVIDE(SUM(member.c), COUNT(member), 0)"), rule("most", "mean > 0.8", "boolean")
    )
    result = one(plan, member=[{"c": 0.9}, {"c": 0.7}, {"c": 0.8}])
    assert (result["mean"], result["most"]) == (0.8, False)


def test_one_third_three_times_is_not_one():
    assert value("DIVIDE(a, 3, 0) * 3", a=1) == 0.999999


@pytest.mark.parametrize(
    ("a", "b"),
    [(1234.56789, 0.15), (0.000001, 0.5), (0.000003, 0.5), (2.5, 0.000001), (-0.000001, 0.5), (-1234.56789, 0.15),
     (0.1, 0.1), (99999.99999, 0.999999), (1.000001, 1.000001), (0.001, 0.0005), (12345.6789, 0.00005)],
)  # fmt: skip
def test_products_round_halves_away_from_zero(a, b):
    assert value("a * b", a=a, b=b) == by_hand(Decimal(str(a)) * Decimal(str(b)))


@pytest.mark.parametrize(
    ("a", "b"),
    [(1, 3), (2, 3), (-2, 3), (1, 8000000), (3, 8000000), (-1, 8000000), (0.000001, 2), (0.000003, 2), (7, -2000000),
     (585, 7), (7020, 12), (1e9, 7), (0.000001, 1e9)],
)  # fmt: skip
def test_quotients_round_halves_away_from_zero(a, b):
    expected = by_hand(Decimal(str(a)) / Decimal(str(b)))
    assert value("DIVIDE(a, b, 0)", a=a, b=b) == expected


@pytest.mark.parametrize(
    "formula", ["-0", "a * -1", "-a", "a - a", "ROUND_TO(a - 0.1, 1, 'up')", "ABS(-a)", "DIVIDE(a, -5, 1)"]
)
def test_zero_has_no_sign(formula):
    result = one(plan_of(fact("a", decimals=0), rule("result", formula)), a=0)["result"]
    assert str(result) == "0.0"


def test_a_billion_keeps_its_last_millionth():
    assert value("a + b", a=1_000_000_000, b=0.000001) == 1_000_000_000.000001
    assert value("a * b", a=1_000_000_000, b=0.333333) == 333_333_000
    assert value("DIVIDE(a, b, 0)", a=1_000_000_000, b=7) == 142_857_142.857143


def test_beyond_nine_billion_the_engine_stops_and_says_which_value():
    with pytest.raises(MagnitudeError, match="result"):
        value("a * b", a=1_000_000_000, b=10)


def test_an_unknown_number_is_never_too_large():
    assert value("a * b + c", a=1_000_000_000, b=10, c=None) is None


def test_a_fact_off_its_decimals_is_refused_with_household_and_name():
    plan = plan_of(fact("income", decimals=2), rule("r", "income"))
    with pytest.raises(FactsError, match=r"H0000.*income.*12.345"):
        one(plan, income=12.345)


@pytest.mark.parametrize("wrong", [1e9 + 1, float("inf"), float("nan")])
def test_a_fact_beyond_a_billion_is_refused(wrong):
    with pytest.raises(FactsError, match="十亿"):
        one(plan_of(fact("income"), rule("r", "income")), income=wrong)


@pytest.mark.parametrize(
    ("number", "step", "up", "down", "half_up"),
    [(2.5, 1, 3, 2, 3), (-2.5, 1, -2, -3, -3), (2.4999, 1, 3, 2, 2), (7, 5, 10, 5, 5), (0.3, 0.1, 0.3, 0.3, 0.3),
     (1.005, 0.01, 1.01, 1, 1.01), (0.25, 0.5, 0.5, 0, 0.5), (3, 1, 3, 3, 3)],
)  # fmt: skip
def test_rounding_up_down_and_half_up(number, step, up, down, half_up):
    for direction, expected in (("up", up), ("down", down), ("half_up", half_up)):
        assert value(f"ROUND_TO(a, {step}, '{direction}')", a=number) == expected


def test_a_rule_rounds_as_its_clause_says():
    plan = plan_of(fact("a", decimals=6), rule("r", "a / 3", rounding=(0.01, "up")), rule("next", "r * 3"))
    assert one(plan, a=1) | {"household": ""} == {"household": "", "r": 0.34, "next": 1.02}


def test_dividing_by_a_standard_of_zero_is_an_error_of_the_pack():
    from zhikun.engine.plan import PlanErrors

    with pytest.raises(PlanErrors, match=r"除数“none”.*是零"):
        plan_of(fact("a"), standard("none", 0), rule("r", "a / none"))


def test_income_exactly_at_the_standard_is_not_below_it():
    plan = plan_of(
        fact("wage"),
        standard("line", 585),
        rule("head", "DIVIDE(wage / 12, 3, 0)"),
        rule("below", "head < line", "boolean"),
    )
    assert one(plan, wage=21060)["below"] is False
    assert one(plan, wage=21059.99)["below"] is True


MILLIONTHS = st.integers(-(10**9), 10**9) | st.integers(-(10**13), 10**13)
LARGEST = 9 * 10**9


@given(MILLIONTHS, MILLIONTHS)
def test_every_product_is_the_exact_one_rounded(left, right):
    a, b = left / 1e6, right / 1e6
    assume(abs(left * right) <= LARGEST * 10**12)
    exact = by_hand(Decimal(left) * Decimal(right) / 10**12)
    assert float(multiply_on_grid(a, b)) == exact
    beside = multiply_on_grid(np.array([a, 1.0]), np.array([b, 0.25]))  # whatever stands in the same block
    assert beside.tolist() == [exact, 0.25]
    assert mul_grid(a, b) == exact


@given(MILLIONTHS, MILLIONTHS.filter(bool))
def test_every_quotient_is_the_exact_one_rounded(top, bottom):
    from fractions import Fraction

    from tests.engine.judge import MILLIONTH, nearest

    assume(abs(top / bottom) <= LARGEST)
    exact = float(nearest(Fraction(top, bottom), MILLIONTH))
    assert float(divide_on_grid(top / 1e6, bottom / 1e6)) == exact
    assert divide_on_grid(np.array([top / 1e6, 1.0]), np.array([bottom / 1e6, 4.0])).tolist() == [exact, 0.25]
    assert div_grid(top / 1e6, bottom / 1e6) == exact
