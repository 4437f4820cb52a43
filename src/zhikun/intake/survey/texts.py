"""Texts of the survey: names, identity numbers, phones, accounts, addresses, notes; and place codes."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.engine.packs.model import Fact
from zhikun.identity import (
    IdFault,
    check_id_numbers,
    fault_text,
    is_name,
    mask_account,
    mask_id_number,
    mask_name,
    mask_phone,
    normalise_name,
)
from zhikun.intake.survey.values import (
    Converted,
    Finding,
    Verdict,
    as_told,
    by_unique,
    clean,
    is_unknown_word,
    unknown_note,
    wrote,
)
from zhikun.tables import Column, Kind, Severity
from zhikun.wording import _

_PHONE = re.compile(r"(1\d{10}|0\d{2,3}-?\d{7,8}(-\d{1,6})?|[48]00-?\d{3}-?\d{4}|\d{7,8})")
_NO_NUMBER = frozenset({"无", "没有", "未办理", "未上户", "未落户", "无证", "/", "-"})
_LONG_SHOWN = re.compile(r"\d\.\d+E\+\d+", re.IGNORECASE)


def convert_text(fact: Fact, column: Column, result: Converted) -> None:
    """Fill `result` with texts: numbers and names in their usual form, free text as it was written.

    What cannot be a number of its kind is answered, masked.
    """
    usable = np.isin(column.kind, (Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE))
    if fact.format == "id_number":
        _convert_id_numbers(column, usable, result)
        return
    if fact.format == "name":
        values = by_unique(column, usable, result, _name, as_written=True)
    elif fact.format == "phone":
        values = by_unique(column, usable, result, _phone)
    elif fact.format == "bank_account":
        values = by_unique(column, usable, result, _account)
    else:
        result.values = pc.if_else(pa.array(usable), as_told(column.text), pa.scalar(None, pa.string()))
        return
    result.values = pa.array(values, pa.string())


def convert_place(fact: Fact, column: Column, county: str, result: Converted) -> None:
    """Fill `result` with place codes; one outside the pack's place is kept, with a warning."""
    usable = np.isin(column.kind, (Kind.TEXT, Kind.NUMBER))
    prefix = place_prefix(county)
    values = by_unique(column, usable, result, lambda text: _place(text, prefix, county))
    result.values = pa.array(values, pa.string())


def place_prefix(code: str) -> str:
    """The part of a county, city or province code that its places share: 640400 -> 6404."""
    return re.sub(r"(00){1,2}$", "", code) if len(code) == 6 else code


def _place(text: str, prefix: str, county: str) -> Verdict:
    word = re.sub(r"\.0+$", "", re.sub(r"\s", "", text))
    expected = _("6 位（县）、9 位（乡镇）或 12 位（村、社区）区划代码")
    if is_unknown_word(text):
        return Verdict(note=unknown_note())
    if not (word.isascii() and word.isdigit()):
        return Verdict(expected=expected, remedy=_("请填代码，不要填地名"), wrong=_("不是区划代码"))
    if len(word) not in (6, 9, 12):
        return Verdict(expected=expected, remedy=_("请核对后补全"), wrong=_("位数不对"))
    if prefix and not word.startswith(prefix):
        expected = _("以 {prefix} 开头的区划代码").format(prefix=prefix)
        wrong = _("不在本地（{county}）范围内").format(county=county)
        return Verdict(word, wrote(text, wrong), expected, _("请核对"), Severity.WARNING, wrong=wrong)
    return Verdict(word)


def _convert_id_numbers(column: Column, usable: np.ndarray, result: Converted) -> None:
    text = clean(column.text)
    absent = usable & np.isin(text.to_numpy(zero_copy_only=False), list(_NO_NUMBER))
    unknown = np.array([is_unknown_word(word) if len(word) <= 10 else False for word in text.to_pylist()], dtype=bool)
    unknown &= usable
    asked = usable & ~absent & ~unknown
    check = check_id_numbers(pc.if_else(pa.array(asked), text, ""))
    wrong = asked & (check.fault > IdFault.BLANK)
    if not _rounding_happened(check.fault, asked):
        wrong &= check.fault != IdFault.SUSPECT
    for index in map(int, np.flatnonzero(wrong)):
        fault = int(check.fault[index])
        found, expected, remedy = fault_text(fault)
        severity = Severity.WARNING if fault == IdFault.SUSPECT else Severity.ERROR
        shown = _masked_id(text[index].as_py())
        told = _("{found}（{shown}）").format(found=found, shown=shown)
        result.findings.append(Finding(index, told, expected, remedy, severity, found))
    result.note(_("没有身份证号的写法，按未知处理"), map(int, np.flatnonzero(absent | unknown)))
    result.note(_("15 位旧号，已升为 18 位"), map(int, np.flatnonzero(asked & check.upgraded)))
    as_written = pc.equal(pc.fill_null(check.numbers, ""), pc.utf8_trim_whitespace(column.text))
    same = as_written.to_numpy(zero_copy_only=False).astype(bool)
    stands = asked & np.isin(check.fault, (IdFault.NONE, IdFault.SUSPECT)) & ~check.upgraded
    result.note(_("有全角字符、空格或小写 x，已改成规范写法"), map(int, np.flatnonzero(stands & ~same)))
    result.values = check.numbers


def _rounding_happened(fault: np.ndarray, asked: np.ndarray) -> bool:
    """Rounding hits a whole column. One number in a thousand ends in 000 by right: alone it is no sign."""
    suspects = int(np.sum(fault == IdFault.SUSPECT))
    return bool((fault[asked] == IdFault.ROUNDED).any()) or suspects * 50 > int(asked.sum())


def _masked_id(text: str) -> str:
    if _LONG_SHOWN.fullmatch(text):
        return text
    return mask_id_number(text)


def _name(text: str) -> Verdict:
    name = normalise_name(text)
    if is_unknown_word(name) or not name:
        return Verdict(note=unknown_note())
    if is_name(name):
        return Verdict(name)
    found = _("填的是“{name}”").format(name=mask_name(name))
    return Verdict(name, found, _("一个人的姓名"), _("姓名里有数字、符号，或不足两个字，请核对"), Severity.WARNING)


def _phone(text: str) -> Verdict:
    if is_unknown_word(text) or text in _NO_NUMBER:
        return Verdict(note=_("没有电话的写法，按未知处理"))
    word = re.sub(r"[\s]|^\+?86-?(?=1\d{10}$)", "", text)
    word = re.sub(r"-", "", word) if word.startswith("1") else word
    if _PHONE.fullmatch(word):
        return Verdict(word)
    found = _("填的是“{phone}”").format(phone=mask_phone(word))
    return Verdict(word, found, _("11 位手机号或带区号的固定电话"), _("请核对电话号码"), Severity.WARNING)


def _account(text: str) -> Verdict:
    if is_unknown_word(text) or text in _NO_NUMBER:
        return Verdict(note=_("没有账号的写法，按未知处理"))
    word = re.sub(r"[\s-]", "", text)
    if _LONG_SHOWN.fullmatch(word) or re.fullmatch(r"\d{12,}000", word):
        return Verdict(None, _("账号被表格软件四舍五入（{shown}）").format(shown=_masked_account(word)),
                       _("完整的账号"), _("请先把这一列设为“文本”格式，再照存折重新录入"))  # fmt: skip
    if re.fullmatch(r"\d{8,30}", word):
        return Verdict(word)
    found = _("填的是“{account}”").format(account=mask_account(word))
    return Verdict(word, found, _("8 至 30 位数字的账号"), _("请照存折核对"), Severity.WARNING)


def _masked_account(word: str) -> str:
    return word if _LONG_SHOWN.fullmatch(word) else mask_account(word)
