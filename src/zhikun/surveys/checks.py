"""One answer, judged: whether it can be recorded, and if not, what is wrong in words for the person at the door. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from zhikun.engine.packs.model import Fact
from zhikun.identity import IdFault, check_id_numbers, fault_text, holds_id_number, is_name, normalise_name
from zhikun.identity.numbers import birth_date_of, sex_of
from zhikun.surveys.questionnaire import NOTE_FORMAT, range_text
from zhikun.wording import _

_PHONE = re.compile(r"1\d{10}|0\d{9,11}|\d{7,8}")
_LONGEST = 500
_FIRST_DAY = date(1900, 1, 1)
_PLACE = re.compile(r"\d{6}|\d{9}|\d{12}")


def answer(fact: Fact, given: Any, today: date) -> tuple[Any, str]:
    """The value to record, and '' or what is wrong with the answer."""
    check = _CHECKS[fact.type]
    return check(fact, given, today)


def _number(fact: Fact, given: Any, today: date) -> tuple[Any, str]:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        return None, _("应为数字，不要带文字和单位。")
    if (fact.min is not None and given < fact.min) or (fact.max is not None and given > fact.max):
        return None, range_text(fact)
    if round(given, fact.decimals) != given:
        return None, _("最多 {n} 位小数。").format(n=fact.decimals)
    return (int(given) if float(given).is_integer() else given), ""


def _boolean(fact: Fact, given: Any, today: date) -> tuple[Any, str]:
    return (given, "") if isinstance(given, bool) else (None, _("应选“是”或“否”。"))


def _choice(fact: Fact, given: Any, today: date) -> tuple[Any, str]:
    return (given, "") if isinstance(given, str) and given in fact.choices else (None, _("应为所列选项之一。"))


def _choices(fact: Fact, given: Any, today: date) -> tuple[Any, str]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        return None, _("应为所列选项中的若干项。")
    if set(given) - set(fact.choices):
        extra = _("“无”和“不清楚”不能和别的选项一起选。") if any(one.startswith("__") for one in given) else ""
        return None, extra or _("应为所列选项中的若干项。")
    return [code for code in fact.choices if code in given], ""


def _date(fact: Fact, given: Any, today: date) -> tuple[Any, str]:
    try:
        day = date.fromisoformat(given)
    except (TypeError, ValueError):
        return None, _("应为真实的日期，如 1968-05-12。")
    if day > today:
        return None, _("日期在今天之后，请核对。")
    if day < _FIRST_DAY:
        return None, _("日期太早，请核对年份。")
    return day.isoformat(), ""


def _text(fact: Fact, given: Any, today: date) -> tuple[Any, str]:
    if not isinstance(given, str):
        return None, _("应为文字。")
    text = given.strip()
    if len(text) > _LONGEST:
        return None, _("文字太长，最多 {n} 字。").format(n=_LONGEST)
    if fact.format == "phone" and not _PHONE.fullmatch(re.sub(r"[\s-]", "", text)):
        return None, _("电话号码的位数不对，手机 11 位，座机带区号。")
    if fact.format == NOTE_FORMAT and holds_id_number(text):
        return None, _("备注里不要写身份证号，请填在成员的“身份证号”里。")
    return text, ""


def _place(fact: Fact, given: Any, today: date) -> tuple[Any, str]:
    text = str(given)
    return (text, "") if _PLACE.fullmatch(text) else (None, _("请从列表中选择村（社区）。"))


_CHECKS = {
    "number": _number,
    "boolean": _boolean,
    "choice": _choice,
    "choices": _choices,
    "date": _date,
    "text": _text,
    "place": _place,
}


def person(who: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with the particulars of a new member: (question, sentence). Never repeats the number itself."""
    found = []
    name = who.get("name")
    if name and not is_name(normalise_name(name)):
        found.append(("name", _("不是姓名。请按证件填写，少数民族姓名用间隔号“·”。")))
    number = who.get("id_number")
    if not number:
        return found
    fault = int(check_id_numbers([number]).fault[0])
    if fault not in {IdFault.NONE, IdFault.SUSPECT}:
        what, _expected, remedy = fault_text(fault)
        return [*found, ("id_number", _("{what}。{remedy}。").format(what=what, remedy=remedy))]
    if who.get("birth_date") and born_on(number) != who["birth_date"]:
        found.append(("birth_date", _("与身份证号里的出生日期不一致，请照证件核对。")))
    if who.get("sex") and sex(number) != who["sex"]:
        found.append(("sex", _("与身份证号里的性别不一致，请照证件核对。")))
    return found


def plain_number(number: Any) -> str:
    """The number in its normal form; '' where there is none or it cannot be right."""
    if not isinstance(number, str) or not number.strip():
        return ""
    return str(check_id_numbers([number]).numbers[0].as_py() or "")


def born_on(number: Any) -> str | None:
    """The day of birth in an identity number, as ISO text."""
    plain = plain_number(number)
    born = birth_date_of(plain) if plain else None
    return born.isoformat() if born else None


def sex(number: Any) -> str | None:
    """Sex (male, female), as an identity number says it."""
    plain = plain_number(number)
    return sex_of(plain) if plain else None
