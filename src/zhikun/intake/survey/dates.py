"""Dates as people write them: 2023年5月3日, 2023/5/3, 20230503, 二〇二三年五月三日, spreadsheet serials."""

from __future__ import annotations

import re
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from zhikun.engine.packs.model import Fact
from zhikun.identity.masks import mask_birth_date
from zhikun.identity.numbers import completed_years
from zhikun.intake.survey.values import Converted, Finding, Verdict, by_unique, is_unknown_word, unknown_note, wrote
from zhikun.tables import Column, Kind, Severity
from zhikun.wording import _

_EPOCH = date(1899, 12, 30)  # day 0 of spreadsheet serials, from March 1900 on
_FIRST_SERIAL, _LAST_SERIAL = 61, 80_000
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_FULL = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?(?:[T ]*\d{1,2}[:时][\d:.时分秒]*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_PARTIAL = re.compile(r"(\d{4})(?:[-/.年](\d{1,2}))?[年月]?(?:份|生)?")
_DAY_FIRST = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_SHORT_YEAR = re.compile(r"\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?")
_CHINESE = re.compile(
    r"[〇零○一二三四五六七八九]{4}年[元正〇零一二三四五六七八九十]{1,3}月[初〇零一二三四五六七八九十廿]{1,3}[日号]?"
)
_DIGITS = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {"〇": "0", "○": "0"}
_FUTURE_WORDS = ("到期", "有效期", "截止", "届满", "预计", "计划", "期满")
OLDEST_YEARS = 120


def convert_date(fact: Fact, column: Column, today: date, result: Converted) -> None:
    """Fill `result` with days; a date that cannot be, or lies in the future, is answered."""
    rows = np.isin(column.kind, (Kind.TEXT, Kind.DATE))
    values = by_unique(column, rows, result, lambda word: _checked(parse_date(word), fact, today))
    serials = column.kind == Kind.NUMBER
    if serials.any():
        from_numbers = by_unique(column, serials, result, lambda word: _checked(parse_serial(float(word)), fact, today))
        values = [a if a is not None else b for a, b in zip(values, from_numbers, strict=True)]
    for index in map(int, np.flatnonzero(column.kind == Kind.BOOLEAN)):
        result.findings.append(Finding(index, _("不是日期"), expected_date(), _("请照样子填写")))
    result.values = pa.array(values, pa.date32())


def expected_date() -> str:
    return _("日期，如 2023-05-03")


def parse_date(text: str) -> Verdict:
    """One date in text; forms in which day and month cannot be told apart are refused."""
    if _ISO.fullmatch(text):
        return _real(int(text[:4]), int(text[5:7]), int(text[8:]))
    if is_unknown_word(text):
        return Verdict(note=unknown_note())
    word = re.sub(r"\s*([-/.年月日号])\s*", r"\1", text)
    full = _FULL.fullmatch(word) or _COMPACT.fullmatch(word)
    if full:
        found = _real(*map(int, full.groups()))
        return found if found.value is None else found._replace(note=_("日期写法不一，已按日期读取"))
    if _CHINESE.fullmatch(word):
        return _chinese(word)
    if word.isdigit() and len(word) == 5:
        return parse_serial(float(word))
    if any(sign in word for sign in ("农历", "阴历", "腊月", "初")):
        return Verdict(expected=expected_date(), remedy=_("请换成公历日期"), wrong=_("是农历日期"))
    if _PARTIAL.fullmatch(word):
        return Verdict(
            expected=expected_date(), remedy=_("请照证件补全年月日；不知道就留空"), wrong=_("只有年份或月份")
        )
    if _DAY_FIRST.fullmatch(word):
        return Verdict(expected=expected_date(), remedy=_("请按“年-月-日”填写"), wrong=_("日和月的先后分不清"))
    if _SHORT_YEAR.fullmatch(word):
        return Verdict(expected=expected_date(), remedy=_("请把年份写全四位"), wrong=_("年份只有两位"))
    return Verdict(expected=expected_date(), remedy=_("请照样子填写；不知道就留空"), wrong=_("不是日期"))


def _real(year: int, month: int, day: int) -> Verdict:
    try:
        return Verdict(date(year, month, day))
    except ValueError:
        return Verdict(expected=expected_date(), remedy=_("请核对"), wrong=_("日历上没有这一天"))


def _chinese(word: str) -> Verdict:
    year, rest = word.split("年", 1)
    month, day = rest.split("月", 1)
    found = _real(
        int("".join(_DIGITS[c] for c in year)),
        _small_number(month.replace("元", "一").replace("正", "一")),
        _small_number(day.rstrip("日号")),
    )
    return found if found.value is None else found._replace(note=_("日期写法不一，已按日期读取"))


def _small_number(word: str) -> int:
    """十二 -> 12, 廿三 -> 23, 三十一 -> 31, 〇五 -> 5; 0 for anything else, which is no day and no month."""
    word = word.replace("廿", "二十")
    if "初" in word:
        return 0
    if "十" not in word:
        return int("".join(_DIGITS[c] for c in word) or "0")
    tens, ones = word.split("十", 1)
    if len(tens) > 1 or len(ones) > 1:
        return 0
    return int(_DIGITS.get(tens, "1")) * 10 + int(_DIGITS.get(ones, "0"))


def parse_serial(number: float) -> Verdict:
    """A number in a date column: a serial, a year, or 20230503."""
    whole = int(number) if number == int(number) else 0
    if 1850 <= number < 2150:
        return Verdict(
            expected=expected_date(), remedy=_("请照证件补全年月日；不知道就留空"), wrong=_("只有年份或月份")
        )
    if 18_500_101 <= whole <= 21_491_231:
        found = _real(whole // 10_000, whole // 100 % 100, whole % 100)
        return found if found.value is None else found._replace(note=_("日期写法不一，已按日期读取"))
    if _FIRST_SERIAL <= number <= _LAST_SERIAL:
        days = _EPOCH + timedelta(days=int(number))
        return Verdict(days, note=_("日期存成了数字（表格软件的日期序号），已按日期读取"))
    return Verdict(expected=expected_date(), remedy=_("请照样子填写；不知道就留空"), wrong=_("不是日期"))


def future_allowed(title: str) -> bool:
    """Whether what a heading names may lie ahead: an expiry, a plan."""
    return any(word in title for word in _FUTURE_WORDS)


def _checked(verdict: Verdict, fact: Fact, today: date) -> Verdict:
    """Dates in the future, and people older than anyone alive."""
    day = verdict.value
    if not isinstance(day, date):
        return verdict
    told = day.isoformat()
    not_later = _("不晚于 {day} 的日期").format(day=today)
    if fact.name == "birth_date":
        told = mask_birth_date(day)
        if day > today:
            return _off(None, told, _("那一天还没有出生"), not_later, _("请照证件核对"))
        if completed_years(day, today) > OLDEST_YEARS:
            return _off(None, told, _("年龄超过 120 岁"), _("120 岁以内的出生日期"), _("请照证件核对"))
    elif day.year < 1900:
        return _off(None, told, _("年份太早"), _("1900 年以后的日期"), _("请核对年份"))
    elif day > today and not future_allowed(fact.title):
        return _off(day, told, _("日期太晚"), not_later, _("请核对"), Severity.WARNING)
    return verdict


def _off(
    day: date | None, told: str, wrong: str, expected: str, remedy: str, severity: Severity = Severity.ERROR
) -> Verdict:
    """A real day that cannot be, or hardly."""
    return Verdict(day, wrote(told, wrong), expected, remedy, severity, wrong=wrong)
