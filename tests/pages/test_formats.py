"""Unknown is never drawn as zero; known zero and 否 never as unknown."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from zhikun.pages import formats
from zhikun.pages.parts import Detail, Difference, Event, Figure, Progress


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
        (0, "0.00 元"),
        (Decimal("0.005"), "0.01 元"),
        (Decimal("2.675"), "2.68 元"),
        (1234567.5, "1,234,567.50 元"),
        (-80, "-80.00 元"),
        (float("nan"), "未知"),
        (Decimal("NaN"), "未知"),
    ],
)
def test_money(value, said):
    assert words(formats.money(value)) == said


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
