"""Unknown is never drawn as zero; known zero and 否 never as unknown."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import RequestFactory

from zhikun.documents.values import Shown
from zhikun.engine.run.display import number
from zhikun.pages import formats
from zhikun.pages.parts import Detail, Difference, Event, Figure, Progress
from zhikun.pages.tables import Column, Table


def words(html):
    return re.sub(r"<[^>]*>", "", html).replace("&nbsp;", " ")


@pytest.mark.parametrize("kind", sorted(set(formats.KINDS) - {"masked"}))
def test_what_is_not_known_says_so_in_every_kind(kind):
    assert words(formats.KINDS[kind](None)) == "未知"


def test_a_missing_number_says_that_it_was_not_registered():
    assert words(formats.masked(None)) == words(formats.masked("")) == "未登记"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0 元"),
        (-0.0, "0 元"),
        (Decimal("0.005"), "0.005 元"),
        (Decimal("0.50"), "0.50 元"),
        (Decimal("2.675"), "2.68 元"),
        (2.675, "2.68 元"),
        (1234567.5, "1,234,567.50 元"),
        (1234.001, "1,234 元"),
        (Decimal("200.00"), "200 元"),
        (-80, "-80 元"),
        (float("nan"), "未知"),
        (Decimal("NaN"), "未知"),
    ],
)
def test_money(value, said):
    assert words(formats.money(value)) == said


def test_amounts_under_one_another_all_have_two_decimals():
    assert [words(formats.money_in_column(one)) for one in (585, 292.5, -0.001, 0.005)] == [
        "585.00 元", "292.50 元", "0.00 元", "0.01 元",
    ]  # fmt: skip
    rows = [{"price": one} for one in (200, 1050.5, None)]
    table = Table(RequestFactory().get("/"), rows, [Column("price", "单价", kind="money")])
    assert [words(line[0].html) for line in table.lines] == ["200.00 元", "1,050.50 元", "未知"]
    assert words(Figure("本月支出", 200, kind="money").shown) == "200 元", "alone it needs none"


@pytest.mark.parametrize("value", [0.0, 585.0, 292.5, 2.675, 1234567.891, 401.665, 0.125, -80.0, 0.5])
def test_one_amount_reads_alike_in_page_explanation_and_report(value):
    unit = "元/月"
    alone = words(formats.money(value, unit))
    assert number(value, unit) == alone
    assert f"{Shown('x', 'x', unit=unit).text(value)} {unit}" == alone
    under = words(formats.amounts(value))
    assert Shown("x", "x", unit=unit).text(value, in_column=True) == under


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (4803, "4,803"), (Decimal("2.50"), "2.5"), (1 / 3, "0.333333"), (-0.0, "0"), (100, "100"), (1e-9, "0")],
)
def test_counts(value, said):
    assert words(formats.count(value)) == said


def test_percent_is_rounded_half_up():
    assert words(formats.percent(Decimal("0.1255"))) == "12.6%"
    assert words(formats.percent(0)) == "0.0%"


def test_a_moment_is_told_in_the_time_of_the_office():
    """Half past one in the morning of the 23rd here is the 22nd in UTC."""
    late = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
    assert words(formats.moment(late)) == "2026-11-23 01:30"
    assert words(formats.day(late)) == "2026-11-23"
    assert words(formats.day(date(2026, 11, 22))) == "2026-11-22"


def test_yes_no():
    assert [words(formats.yes_no(value)) for value in (True, False, None)] == ["是", "否", "未知"]


def test_text_is_escaped():
    assert formats.text("<script>") == "&lt;script&gt;"
    assert formats.masked("<b>") == '<span class="zk-masked">&lt;b&gt;</span>'
    assert "&lt;b&gt;" in formats.status("info", "<b>")


def test_each_tone_has_words_and_a_shape_not_colour_alone(settings):
    assert len({formats.TONES[tone] for tone in ("success", "warning", "danger", "unknown", "neutral")}) == 5


def test_parts_tell_unknown():
    assert words(Figure("待救助人数", None).shown) == "未知"
    assert words(Figure("在册", 0, "户").shown) == "0 户"
    assert words(Detail("面积", None, "count").shown) == "未知"
    assert words(Event(None, "首次登记").shown) == "未知"


def test_a_clash_is_what_both_changed_differently():
    assert Difference("a", "甲", 1, 2, 3).clash
    assert not Difference("a", "甲", 1, 2, 2).clash, "both want the same"
    assert not Difference("a", "甲", 1, 1, 3).clash, "only one changed it"
    assert not Difference("a", "甲", None, 5, None).clash, "only the other filled it in"
    assert Difference("a", "甲", None, 5, 6).clash


@pytest.mark.parametrize(("state", "asks"), [("waiting", True), ("running", True), ("done", False), ("failed", False)])
def test_a_job_asks_again_only_while_it_can_change(state, asks):
    assert Progress("导入", state, "/x/").is_active is asks
