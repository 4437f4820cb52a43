"""Columns of texts to columns of values, a block at a time; good rows are never looked at one by one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.engine.packs.model import NO_SOURCE, Fact
from zhikun.engine.packs.monitoring import BIRTH_DATE, HOUSEHOLD, Column
from zhikun.identity import check_id_numbers
from zhikun.intake.lists.faults import Fault, Faults
from zhikun.intake.survey.choices import choice_table, parse_boolean, parse_choice
from zhikun.intake.survey.dates import OLDEST_YEARS, future_allowed, parse_date, parse_serial
from zhikun.intake.survey.numbers import expected_number, parse_number
from zhikun.intake.survey.texts import place_prefix
from zhikun.intake.survey.values import Verdict, as_told, clean, is_unknown_word, mask_of
from zhikun.wording import _

PLACE_DIGITS = 12
_PLAIN = r"^[+-]?(\d{1,15}(\.\d*)?|\.\d+)$"
_SEPARATED = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
_INVISIBLE = re.compile("[\u0000-\u0008\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")
_MAY_HOLD = r"[0-9]{17}[0-9Xx]|(^|[^0-9])[0-9]{15}([^0-9]|$)"
_NUMBERS = re.compile(r"(?=([0-9]{17}[0-9Xx]))|(?<![0-9])([0-9]{15})(?![0-9])")
_SHORTEST_NUMBER = 15
_LONGEST = 1000
_OFTEN = 4  # a column in which each text stands so often is looked at text by text
_MOST_REMEMBERED = 200_000
_GENERATED_AREA = "99"  # GB/T 2260 has no area that begins so: generated people live there
_EARLIEST_YEAR = 1900

Codes = NDArray[np.int32]
Reader = Callable[[pa.Array], tuple[pa.Array, Codes]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What values of this delivery must keep: the last day a date may carry, and where people may live ('' anywhere)."""

    last_day: date
    place: str = ""


class _Words:
    """What distinct texts of a column mean, each looked at once in a file."""

    def __init__(self, kind: pa.DataType, faults: Faults, parse: Callable[[str], tuple[object, Fault | None]]) -> None:
        self._kind, self._faults, self._parse = kind, faults, parse
        self._known: dict[str, tuple[object, int]] = {"": (None, 0)}

    def read(self, texts: pa.Array) -> tuple[pa.Array, Codes]:
        """The values of a column and the number of what is wrong in each row."""
        encoded = texts.dictionary_encode()
        meanings = [self._meaning(word) for word in encoded.dictionary.to_pylist()]
        values = pa.array([value for value, _number in meanings], self._kind)
        numbers = np.array([number for _value, number in meanings], dtype=np.int32)
        where = encoded.indices
        return values.take(where), numbers[where.to_numpy()] if len(numbers) else np.zeros(len(texts), np.int32)

    def _meaning(self, word: str) -> tuple[object, int]:
        known = self._known.get(word)
        if known is None:
            value, fault = self._parse(word)
            known = (value, 0 if fault is None else self._faults.number(fault))
            if len(self._known) < _MOST_REMEMBERED:
                self._known[word] = known
        return known


def reader_of(column: Column, faults: Faults, bounds: Bounds) -> Reader:
    """How a column's texts are read. Blanks are null; whether they may be is decided elsewhere."""
    fact = _as_fact(column)
    if column.type == "number":
        return _Numbers(column, fact, faults).read
    if column.type == "boolean":
        return _Words(pa.bool_(), faults, _judged(column, "boolean", parse_boolean)).read
    if column.type == "choice":
        table = choice_table(column.choices)
        return _coded(column, faults, _judged(column, "choice", lambda w: parse_choice(w, fact, table)))
    if column.type == "date":
        return _Words(pa.date32(), faults, partial(_date, column=column, bounds=bounds)).read
    if column.type == "place":
        return _Words(pa.int64(), faults, partial(_place, column=column, bounds=bounds)).read
    return _Texts(column, faults).read


def code_type() -> pa.DataType:
    """The type of a choice's codes."""
    return pa.dictionary(pa.int32(), pa.string())


def _as_fact(column: Column) -> Fact:
    """A column of a list as the survey's readers know it."""
    return Fact(
        column.name, "list", column.title, column.type, NO_SOURCE, column.at,
        unit=column.unit or None, min=column.min, max=column.max, choices=column.choices,
    )  # fmt: skip


def _judged(
    column: Column, reason: str, parse: Callable[[str], Verdict]
) -> Callable[[str], tuple[object, Fault | None]]:
    """What a parser of one text says, as value and fault."""

    def judge(word: str) -> tuple[object, Fault | None]:
        plain = _plain(word)
        if not plain:
            return None, None
        verdict = parse(plain)
        if verdict.value is None and not verdict.note:
            return None, Fault(
                reason, column.title, "", verdict.expected, verdict.remedy, quotes=True, wrong=verdict.wrong
            )
        return verdict.value, None

    return judge


def _plain(word: str) -> str:
    """One word as `clean` gives a column."""
    if word.isascii():
        return word.strip()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", word)).strip()


def _coded(column: Column, faults: Faults, judge: Callable[[str], tuple[object, Fault | None]]) -> Reader:
    """Codes as positions in the list of the pack's codes, so that every block has the same dictionary."""
    codes = list(column.choices)
    places = {code: place for place, code in enumerate(codes)}

    def place_of(word: str) -> tuple[object, Fault | None]:
        value, fault = judge(word)
        return None if value is None else places[str(value)], fault

    words = _Words(pa.int32(), faults, place_of)
    dictionary = pa.array(codes, pa.string())

    def read(texts: pa.Array) -> tuple[pa.Array, Codes]:
        indices, numbers = words.read(texts)
        return pa.DictionaryArray.from_arrays(indices, dictionary), numbers

    return read


class _Numbers:
    """Numbers, with the limits of the column."""

    def __init__(self, column: Column, fact: Fact, faults: Faults) -> None:
        self._column, self._faults = column, faults
        expected = expected_number(fact)
        self._words = _Words(pa.float64(), faults, _judged(column, "number", lambda w: parse_number(w, fact)))
        negative = Fault("range", column.title, "", expected, _("不能是负数；请核对，支出和收入都填正数"), quotes=True)
        self._low = Fault("range", column.title, "", expected, _("数值太小，请核对"), quotes=True)
        self._high = Fault(
            "range", column.title, "", expected, _("数值太大，请核对单位（是元不是万元）和是否多录了 0"), quotes=True
        )
        self._negative = negative

    def read(self, texts: pa.Array) -> tuple[pa.Array, Codes]:
        plain = clean(texts)
        separated = mask_of(pc.match_substring_regex(plain, _SEPARATED))
        if separated.any():
            plain = pc.if_else(pa.array(separated), pc.replace_substring(plain, ",", ""), plain)
        fast = mask_of(pc.match_substring_regex(plain, _PLAIN))
        parsed = pc.if_else(pa.array(fast), pc.ascii_ltrim(plain, characters="+"), "0").cast(pa.float64())
        values = np.where(fast, parsed.to_numpy(zero_copy_only=False), np.nan)
        codes = np.zeros(len(texts), dtype=np.int32)
        slow = np.flatnonzero(~fast & ~mask_of(pc.equal(plain, "")))
        if len(slow):
            found, wrong = self._words.read(plain.take(pa.array(slow)))
            values[slow] = found.to_numpy(zero_copy_only=False)
            codes[slow] = wrong
        column = self._column
        if column.min is not None:
            self._mark(codes, values < column.min, values < 0)
        if column.max is not None:
            codes[values > column.max] = self._faults.number(self._high) if (values > column.max).any() else 0
        missing = np.isnan(values)
        return pa.array(np.where(missing, 0.0, values + 0.0), pa.float64(), mask=missing), codes

    def _mark(self, codes: Codes, low: NDArray[np.bool_], negative: NDArray[np.bool_]) -> None:
        for mask, fault in ((low & negative, self._negative), (low & ~negative, self._low)):
            if mask.any():
                codes[mask] = self._faults.number(fault)


class _Texts:
    """Texts as the department wrote them; a household's number, which others are compared with, in its plain form.

    A cell with a thousand characters is a sign of a quote that was not closed.
    """

    def __init__(self, column: Column, faults: Faults) -> None:
        self._faults = faults
        self._is_key = column.name == HOUSEHOLD
        self._long = Fault(
            "long", column.title, _("一格里有上千字"), _("一格里的一项内容"), _("多半是引号没有成对，几行连成了一格；请核对")
        )  # fmt: skip
        self._inside = Fault(
            "id_inside", column.title, _("这一格里有身份证号"), "", _("多半是列错了位，或引号没有成对、两行连成了一行；请核对")
        )  # fmt: skip

    def read(self, texts: pa.Array) -> tuple[pa.Array, Codes]:
        encoded = texts.dictionary_encode()
        if len(encoded.dictionary) * _OFTEN > len(texts):
            return self._read(texts)
        values, codes = self._read(encoded.dictionary)  # the same few hospitals again and again
        return values.take(encoded.indices), codes[encoded.indices.to_numpy()]

    def _read(self, texts: pa.Array) -> tuple[pa.Array, Codes]:
        plain = clean(texts)
        codes = np.zeros(len(texts), dtype=np.int32)
        longest = pc.max(pc.binary_length(plain)).as_py() or 0
        if longest >= _SHORTEST_NUMBER and (inside := _holds_a_number(plain)).any():
            codes[inside] = self._faults.number(self._inside)
        if longest > _LONGEST and (long := mask_of(pc.greater(pc.utf8_length(plain), _LONGEST))).any():
            codes[long] = self._faults.number(self._long)
        kept = plain if self._is_key else as_told(texts)
        return pc.if_else(pc.equal(plain, ""), pa.scalar(None, pa.string()), kept), codes


def _holds_a_number(texts: pa.Array) -> NDArray[np.bool_]:
    """Texts with an identity number in them, of 18 or 15 digits: it would stay in the data for everybody to read."""
    inside = mask_of(pc.match_substring_regex(texts, _MAY_HOLD))
    where = np.flatnonzero(inside)
    found = [_NUMBERS.findall(text) for text in texts.take(pa.array(where)).to_pylist()]
    numbers = [long or short for numbers in found for long, short in numbers]
    if numbers:
        right = mask_of(check_id_numbers(pa.array(numbers, pa.string())).numbers.is_valid())
        of_row = np.repeat(where, [len(numbers) for numbers in found])
        inside[:] = False
        inside[of_row[right]] = True
    return inside


def _date(word: str, *, column: Column, bounds: Bounds) -> tuple[object, Fault | None]:
    plain = _plain(word)
    if not plain:
        return None, None
    verdict = parse_serial(float(plain)) if re.fullmatch(r"\d{5}\.\d+", plain) else parse_date(plain)
    day = verdict.value
    if not isinstance(day, date):
        if verdict.note:
            return None, None
        return None, Fault("date", column.title, "", verdict.expected, verdict.remedy, quotes=True, wrong=verdict.wrong)
    not_later = _("不晚于 {d} 的日期").format(d=bounds.last_day)
    if day > bounds.last_day and not future_allowed(column.title):
        return None, Fault("future", column.title, "", not_later, _("日期还没有到，请核对"), quotes=True)
    if day.year < _EARLIEST_YEAR:
        return None, Fault("old_date", column.title, "", _("1900 年以后的日期"), _("请核对年份"), quotes=True)
    if column.name == BIRTH_DATE and bounds.last_day.year - day.year > OLDEST_YEARS:
        remedy = _("年龄超过 120 岁，请照证件核对")
        return None, Fault("old_date", column.title, "", _("120 岁以内的出生日期"), remedy, quotes=True)
    return day, None


def _place(word: str, *, column: Column, bounds: Bounds) -> tuple[object, Fault | None]:
    plain = re.sub(r"\.0+$", "", re.sub(r"\s", "", _plain(word)))
    if not plain or is_unknown_word(plain):
        return None, None
    expected = _("6 位（县）、9 位（乡镇）或 12 位（村、社区）区划代码")
    if not (plain.isascii() and plain.isdigit()):
        return None, Fault("place", column.title, "", expected, _("请填代码，不要填地名"), quotes=True)
    if len(plain) not in (6, 9, 12) or plain.startswith("0"):
        return None, Fault("place", column.title, "", expected, _("位数不对，请核对"), quotes=True)
    prefix = place_prefix(bounds.place) if bounds.place else ""
    if prefix and not plain.startswith((prefix, _GENERATED_AREA)):
        inside = _("以 {p} 开头的区划代码").format(p=prefix)
        remedy = _("不在本地（{c}）范围内，请核对").format(c=bounds.place)
        return None, Fault("place_outside", column.title, "", inside, remedy, quotes=True)
    return int(plain.ljust(PLACE_DIGITS, "0")), None
