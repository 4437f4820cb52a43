"""Numbers as people write them: as text, full-width, with separators and units, in ten-thousands."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.engine.packs.model import Fact
from zhikun.intake.survey.values import (
    Converted,
    Finding,
    Verdict,
    by_unique,
    clean,
    is_unknown_word,
    mask_of,
    unknown_note,
    wrote,
)
from zhikun.tables import Column, Kind
from zhikun.wording import _

_PLAIN = r"^[+-]?(\d{1,15}(\.\d*)?|\.\d+)$"
_SEPARATED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?[eE][+-]?\d{1,2}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_PREFIX = re.compile(r"^(人民币|RMB|CNY|[¥$￥])", re.IGNORECASE)
_MONEY_UNITS = ("元整", "块钱", "圆", "块", "元")
_TEN_THOUSAND = 10_000


def convert_number(fact: Fact, column: Column, typed: bool, result: Converted) -> None:
    """Fill `result` with float64 values in the fact's unit; check limits and decimals."""
    text = clean(column.text)
    is_text = column.kind == Kind.TEXT
    fast = is_text & mask_of(pc.match_substring_regex(text, _PLAIN))
    values = np.where(column.kind == Kind.NUMBER, column.number, np.nan)
    if fast.any():
        parsed = pc.if_else(pa.array(fast), pc.ascii_ltrim(text, characters="+"), "0").cast(pa.float64())
        values = np.where(fast, parsed.to_numpy(zero_copy_only=False), values)
    slow = by_unique(column, is_text & ~fast, result, partial(parse_number, fact=fact))
    hits = [i for i, value in enumerate(slow) if value is not None]
    if hits:
        values[hits] = [slow[i] for i in hits]
    _goodwill_notes(column, text, fast, typed, result)
    _wrong_kinds(column, fact, result)
    values = _within_limits(fact, column, values, result)
    result.values = pa.array(values, pa.float64(), mask=np.isnan(values))


def parse_number(text: str, fact: Fact) -> Verdict:
    """One number written in a way that is not plainly a number."""
    if is_unknown_word(text):
        return Verdict(note=unknown_note())
    word = re.sub(r"\s", "", text).replace("\u2212", "-").replace("\u2014", "-").replace("、", ",")
    word = _PREFIX.sub("", word)
    expected = expected_number(fact)
    if word in {"无", "没有", "/", "-", "--", "否"}:
        return Verdict(expected=expected, remedy=_("没有就填 0，不知道就留空"), wrong=_("不是数字"))
    word, factor = _without_unit(word, fact)
    if _SEPARATED.fullmatch(word):
        word = word.replace(",", "")
    if _SCIENTIFIC.fullmatch(word) or _NUMBER.fullmatch(word):
        # A decimal shift by text: 1.15 x 10000 in floats is 11499.999...
        value = float(f"{word}e4") if factor == _TEN_THOUSAND and "e" not in word.lower() else float(word) * factor
        if np.isfinite(value):
            return Verdict(value, note=_("带有单位或千分位，已按数字读取"))
    if re.search(r"[~～至到]|\d-\d", word):
        return Verdict(expected=expected, remedy=_("请填一个数，不要填范围"), wrong=_("是一个范围"))
    return Verdict(expected=expected, remedy=_("请只填数字；不知道就留空"), wrong=_("不是数字"))


def expected_number(fact: Fact) -> str:
    """数字（元/年，0 至 10,000,000）."""
    limits = ""
    if fact.min is not None and fact.max is not None:
        limits = _("{least} 至 {most}").format(least=_short(fact.min), most=_short(fact.max))
    elif fact.min is not None:
        limits = _("不小于 {least}").format(least=_short(fact.min))
    elif fact.max is not None:
        limits = _("不大于 {most}").format(most=_short(fact.max))
    inside = _("，").join(part for part in (fact.unit or "", limits) if part)
    word = _("整数") if fact.decimals == 0 else _("数字")
    return _("{word}（{inside}）").format(word=word, inside=inside) if inside else word


def _without_unit(word: str, fact: Fact) -> tuple[str, int]:
    unit = fact.unit or ""
    endings = [unit, unit.split("/")[0], *(_MONEY_UNITS if unit.startswith("元") else ())]
    for ending in sorted({e for e in endings if e}, key=len, reverse=True):
        if word.endswith(ending) and word != ending:
            word = word[: -len(ending)]
            break
    if word.endswith("万") and unit.startswith("元"):
        return word[:-1], _TEN_THOUSAND
    return word, 1


def _goodwill_notes(column: Column, text: pa.Array, fast: np.ndarray, typed: bool, result: Converted) -> None:
    changed = fast & mask_of(pc.not_equal(pc.utf8_trim_whitespace(column.text), text))
    result.note(_("有全角数字或看不见的字符，已按数字读取"), map(int, np.flatnonzero(changed)))
    if typed:
        result.note(_("数字存成了文本，已按数字读取"), map(int, np.flatnonzero(fast & ~changed)))


def _wrong_kinds(column: Column, fact: Fact, result: Converted) -> None:
    for index in map(int, np.flatnonzero(np.isin(column.kind, (Kind.DATE, Kind.BOOLEAN)))):
        wrong = _("单元格不是数字格式")
        found, remedy = wrote(column.text[index].as_py(), wrong), _("请把单元格格式改为“常规”，再填数字")
        result.findings.append(Finding(index, found, expected_number(fact), remedy, wrong=wrong))


def _within_limits(fact: Fact, column: Column, values: np.ndarray, result: Converted) -> np.ndarray:
    """Values outside the limits or with too many decimals become findings and are left out."""
    known = ~np.isnan(values)
    rounded = np.floor(np.abs(np.where(known, values, 0)) * 10.0**fact.decimals + 0.5 + 1e-7)
    rounded = np.copysign(rounded / 10.0**fact.decimals, np.where(known, values, 0))
    off = known & (np.abs(values - rounded) > 1e-6)
    low = known & (values < fact.min) if fact.min is not None else np.zeros(len(values), dtype=bool)
    high = known & (values > fact.max) if fact.max is not None else np.zeros(len(values), dtype=bool)
    broken = off & ~low & ~high & (fact.decimals == 0)
    is_money = (fact.unit or "").startswith("元")
    doubled = _("请核对单位（是元不是万元）和是否多录了 0") if is_money else _("请核对是否多录了 0")
    for mask, wrong, remedy in (
        (low & (values < 0), _("不能是负数"), _("请核对，支出和收入都填正数") if is_money else _("请核对后重填")),
        (low & (values >= 0), _("数值太小"), _("请核对")),
        (high, _("数值太大"), doubled),
        (broken, _("有小数"), _("请填整数")),
    ):
        for index in map(int, np.flatnonzero(mask)):
            found = wrote(column.text[index].as_py(), wrong)
            result.findings.append(Finding(index, found, expected_number(fact), remedy, wrong=wrong))
    result.note(
        _("小数位数多于规定，已四舍五入到 {decimals} 位").format(decimals=fact.decimals),
        map(int, np.flatnonzero(off & ~low & ~high & (fact.decimals > 0))),
    )
    # -0.0 and 0.1 + 0.2 come from spreadsheets; what goes on is the decimal number that people see.
    return np.where(low | high | broken | ~known, np.nan, np.round(rounded, fact.decimals) + 0.0)


def _short(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else str(number)
