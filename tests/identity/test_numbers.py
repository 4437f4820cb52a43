"""Identity numbers: what stands, what does not and why, what they say about a person."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhikun.identity import (
    IdFault,
    birth_date_of,
    check_id_numbers,
    fault_text,
    normalise_id_number,
    sex_of,
    with_check_character,
)

# The two textbook numbers of GB 11643.
FEMALE, MALE = "11010519491231002X", "440524188001010014"


def fault_of(number: str | None) -> str:
    return IdFault(int(check_id_numbers([number]).fault[0])).name


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (FEMALE, "NONE"),
        (MALE, "NONE"),
        ("11010519491231002x", "NONE"),
        ("１１０１０５１９４９１２３１００２Ｘ", "NONE"),
        (" 110105 19491231 002X\u200b", "NONE"),
        ("'11010519491231002X", "NONE"),
        ("990402500101303", "NONE"),
        (None, "BLANK"),
        ("  ", "BLANK"),
        ("6.42223E+17", "ROUNDED"),
        ("6.42223197001011e+17", "ROUNDED"),
        ("642223197001010000", "ROUNDED"),
        ("642223700101000", "ROUNDED"),
        ("642223197001010000.0", "ROUNDED"),
        ("110105194912310020", "CHECK"),
        ("110105194913310021", "BIRTH_DATE"),
        ("110105190002290021", "BIRTH_DATE"),
        ("110105184912310021", "BIRTH_DATE"),
        ("1101051949123100X2", "CHARACTERS"),
        ("11010519491231OO2X", "CHARACTERS"),
        ("H12345678", "CHARACTERS"),
        ("1101051949123100", "LENGTH"),
        ("1101051949123100211", "LENGTH"),
    ],
)
def test_each_fault_is_named(number, fault):
    assert fault_of(number) == fault
    check = check_id_numbers([number])
    assert check.numbers[0].is_valid == (fault == "NONE")


def test_a_right_number_ending_in_000_is_only_suspected():
    number = next(
        n
        for i in range(10, 1000, 10)
        if (n := with_check_character(f"990402195001{i % 28 + 1:02d}{i * 10 % 1000:03d}"))[-3:] == "000"
    )
    assert fault_of(number) == "SUSPECT"
    assert check_id_numbers([number]).numbers[0].as_py() == number


def test_29_february_is_a_birthday_in_leap_years_only():
    assert birth_date_of(with_check_character("11010520000229001")) == dt.date(2000, 2, 29)
    assert birth_date_of(with_check_character("11010520010229001")) is None


def test_birth_date_and_sex_come_from_the_number():
    assert birth_date_of(FEMALE) == dt.date(1949, 12, 31)
    assert sex_of(FEMALE) == "female"
    assert birth_date_of("440524800101001") == dt.date(1980, 1, 1)
    assert sex_of(MALE) == "male"
    assert sex_of("440524188001010015") is None


def test_fifteen_digits_become_eighteen():
    check = check_id_numbers(["440524800101001", MALE])
    assert check.numbers.to_pylist() == [with_check_character("44052419800101001"), MALE]
    assert check.upgraded.tolist() == [True, False]


def test_a_slice_of_a_column_is_checked_like_the_whole():
    column = pa.array(["x", FEMALE, None, MALE])
    assert check_id_numbers(column[1:]).numbers.to_pylist() == [FEMALE, None, MALE]
    assert len(check_id_numbers(pa.array([], pa.string())).numbers) == 0


def test_the_check_character_needs_17_digits():
    with pytest.raises(ValueError, match="前 17 位应为 17 个数字"):
        with_check_character("1101051949123100")
    with pytest.raises(ValueError, match="前 17 位应为 17 个数字"):
        with_check_character("１" * 17)


@given(
    st.dates(dt.date(1850, 1, 1), dt.date(2149, 12, 31)),
    st.integers(100_000, 999_999),
    st.integers(1, 999),
    st.integers(0, 16),
    st.integers(1, 9),
)
def test_one_wrong_digit_never_passes(day, region, sequence, position, shift):
    """ISO 7064 MOD 11-2 finds every single wrong digit."""
    number = with_check_character(f"{region}{day:%Y%m%d}{sequence:03d}")
    assert check_id_numbers([number]).birth_date[0].as_py() == day
    wrong = number[:position] + str((int(number[position]) + shift) % 10) + number[position + 1 :]
    assert not check_id_numbers([wrong]).numbers[0].is_valid


def test_normalising_checks_nothing():
    assert normalise_id_number(" １1x ") == "11X"


@pytest.mark.parametrize("fault", [f for f in IdFault if f not in (IdFault.NONE, IdFault.BLANK)])
def test_every_fault_says_what_to_do(fault):
    found, expected, remedy = fault_text(fault)
    assert "身份证号" in found
    assert expected
    assert remedy.startswith("请")


def test_a_column_of_well_written_numbers_is_answered_as_one_with_a_badly_written_one():
    """Blocks without any odd spelling take a shorter way; a slice of a longer column does too."""
    numbers = [FEMALE, MALE, "110105194912310020", "110105194913310021", "642223197001010000", "110105190002290021"]
    rounded = next(
        n for i in range(100) if (n := with_check_character(f"11010519500101{i:03d}")).endswith("000") or i == 99
    )
    plain = pa.array(["x", *numbers, rounded, "y"]).slice(1, len(numbers) + 1)
    short, long = check_id_numbers(plain), check_id_numbers([*plain.to_pylist(), " "])
    assert short.fault.tolist() == long.fault[:-1].tolist()
    for name in ("numbers", "birth_date", "sex"):
        assert getattr(short, name).to_pylist() == getattr(long, name).to_pylist()[:-1]
    assert not short.upgraded.any()


@given(
    st.lists(
        st.sampled_from([FEMALE, MALE, FEMALE.lower(), "990402500101303", "6.42223E+17", "", "110105194912310020", "x"])
    )
)
def test_what_is_said_of_a_number_does_not_depend_on_its_neighbours(numbers):
    together = check_id_numbers(numbers)
    alone = [check_id_numbers([number]) for number in numbers]
    assert together.fault.tolist() == [int(check.fault[0]) for check in alone]
    assert together.upgraded.tolist() == [bool(check.upgraded[0]) for check in alone]
    for name in ("numbers", "birth_date", "sex"):
        assert getattr(together, name).to_pylist() == [getattr(check, name)[0].as_py() for check in alone]


def test_many_numbers_at_once_are_checked_as_each_alone():
    """A block of a province goes through a table of days: its ends, days that are none, and years behind it."""
    dates = ["18491231", "18500101", "19000229", "20000229", "21491231", "21500101", "29991231", "99991231"]
    dates += ["19700001", "19701301", "19709901", "19700100", "19700132", "19700199", "00000000", "19700431"]
    numbers = [with_check_character(f"990200{date}{order}") for date in dates for order in ("117", "208")]
    numbers += [number[:17] + ("1" if number[17] != "1" else "2") for number in numbers]
    alone = [check_id_numbers([number]) for number in numbers]
    many = check_id_numbers(numbers * 400)
    assert len(many.fault) > 10_000
    assert many.fault.tolist() == [int(check.fault[0]) for check in alone] * 400
    assert many.numbers.to_pylist() == [check.numbers[0].as_py() for check in alone] * 400
    assert many.birth_date.to_pylist() == [check.birth_date[0].as_py() for check in alone] * 400
    assert many.sex.to_pylist() == [check.sex[0].as_py() for check in alone] * 400
    assert set(many.sex.to_pylist()) == {"male", "female", None}
