"""What makes a file suspicious: then it waits for a person, and nothing rests on it until somebody has looked.

The limits are ours: no province has published any. Each stands here with its reason, and an office may well want others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from zhikun.engine.packs.monitoring import BIRTH_DATE, ListSource
from zhikun.intake.lists.model import Hold, Receipt, State
from zhikun.wording import _
from zhikun.workdays import Month

_BASE_HELD = "base_held"


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure of ours, with the reason for it. Shares are between 0 and 1."""

    value: float
    reason: str
    sample: bool = True


#: One table, so that whoever disagrees finds them in one place.
LIMITS = {
    "fewest_rows": Limit(30, "比上一份差不到 30 行的，不看比例：小名单每月上下几行是常事"),
    "rows_drop": Limit(0.7, "不到上一份的七成：多半是漏了一个市县，或导出时断了"),
    "rows_rise": Limit(1.5, "超过上一份的一倍半：多半是几份文件接在一起，或把历年的都报了"),
    "rejected": Limit(0.05, "二十行里退回一行以上：整份文件的来源或导出有问题，不是零星笔误"),
    "missing_keys": Limit(0.02, "五十行里有一行没有号码：这些人一个也对不上"),
    "check_digits": Limit(0.01, "校验位能查出几乎所有笔误；手工录入的错误率一般在千分之几，百分之一以上说明整列有问题"),
    "suspect_numbers": Limit(0.01, "末三位是 000 的号码本应约千分之一；百分之一以上说明号码被四舍五入过"),
    "new_codes": Limit(0.005, "二百行里有一行写着没有约定的选项：对方可能换了代码表"),
    "duplicates": Limit(0.01, "百行里有一行完全重复：多半是重复导出"),
    "repeated_people": Limit(0.02, "名册里一人应只有一行；五十人里有一人以上不止一行，多半是多份拼接"),
    "after_period": Limit(0.01, "日期在报送期之后的超过百分之一：报送期可能写错了"),
    "county_rows": Limit(30, "上一份有 30 行以上的县这一份一行也没有：多半是那个县没有报"),
    "removed": Limit(0.3, "更正后比原来少三成以上的人：多半只报了更正的部分"),
    "everybody": Limit(3, "更正后原来的人一个不剩：名单再小也不像更正；一两个人的名单换人是常事"),
    "blank_column": Limit(0.5, "一列原来过半有内容、现在全空：对方可能改了列或导出时漏了"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything the rules look at."""

    source: ListSource
    period: Month
    file: str
    rows: int
    rejected: Mapping[str, int]
    profile: Mapping[str, Any]
    against: Mapping[str, Any]
    last: Receipt | None
    changes: Mapping[str, int]
    corrects: bool  # replaces or completes a file of the same period
    same_as: Receipt | None
    cut_off: bool
    base: Receipt | None = None  # whose rejects came back corrected in this file
    lost: Receipt | None = None  # whose place it takes and whose rows are damaged: nobody can say what changed


def holds(seen: Seen) -> tuple[Hold, ...]:
    """Every reason why a person has to look; none: the file counts."""
    found = [
        *_of_the_whole(seen),
        *_of_size(seen),
        *_of_rejects(seen),
        *_of_people(seen),
        *_of_dates(seen),
        *_of_columns(seen),
    ]
    return (*found, *_of_the_base(seen, {hold.code for hold in found}))


def _limit(name: str) -> float:
    return LIMITS[name].value


def _of_the_whole(seen: Seen) -> list[Hold]:
    found = []
    if seen.cut_off:
        text = _("最后一行不完整，文件多半没有传完")
        found.append(Hold("cut_off", text))
    if seen.same_as is not None:
        text = _("内容与 {r} 完全相同，可能拿错了文件或报送期写错")
        found.append(Hold("same_as_other", text.format(r=seen.same_as.id)))
    month = _month_in(seen.file)
    if month is not None and month != seen.period and seen.source.rhythm == "monthly":
        text = _("文件名里写的是 {m}，报送期却是 {p}")
        found.append(Hold("other_month", text.format(m=month, p=seen.period)))
    if seen.lost is not None:
        text = _("{r} 的数据文件已损坏，没法逐人比较改了什么；请与报送部门核对，或从备份恢复它后重新接收")
        found.append(Hold("lost", text.format(r=seen.lost.id)))
    if not seen.profile["rows"]:
        found.append(Hold("empty", _("没有一行可用。确实没有人的，请放行；否则请报送部门重报")))
    return found


def _of_the_base(seen: Seen, said: AbstractSet[str]) -> list[Hold]:
    """Corrected rows do not clear the file that they complete: until a person has looked at it, both wait."""
    if seen.base is None or seen.base.state is not State.HELD:
        return []
    text = _("补入的 {r} 还没有人核对，下面是它待核的原因").format(r=seen.base.id)
    return [Hold(_BASE_HELD, text), *(hold for hold in seen.base.holds if hold.code not in said | {_BASE_HELD})]


def _of_size(seen: Seen) -> list[Hold]:
    now = int(seen.profile["rows"])
    found = []
    if seen.last is not None and now:
        before = seen.last.in_force_rows
        if abs(now - before) >= _limit("fewest_rows"):
            text = _("有 {n} 行，上一份（{r}）有 {b} 行")
            said = text.format(n=now, r=seen.last.id, b=before)
            if now < before * _limit("rows_drop"):
                found.append(Hold("rows_drop", _("{s}，少得不寻常").format(s=said)))
            elif now > before * _limit("rows_rise"):
                found.append(Hold("rows_rise", _("{s}，多得不寻常").format(s=said)))
    gone = seen.against.get("counties_gone", {})
    for county, count in gone.items():
        if count >= _limit("county_rows"):
            text = _("{c} 上一份有 {n} 行，这一份一行也没有")
            found.append(Hold("county_gone", text.format(c=county, n=count)))
    removed, stayed = seen.changes.get("removed", 0), seen.changes.get("same", 0) + seen.changes.get("changed", 0)
    if removed >= _limit("everybody") and not stayed:
        text = _("更正后原来的 {n} 人一个也不在了，可能拿错了文件或报送期写错")
        found.append(Hold("removed", text.format(n=removed)))
    elif removed >= _limit("fewest_rows") and removed > (removed + stayed) * _limit("removed"):
        text = _("更正后少了 {n} 人。只更正几行的，请在退回的工作簿里改好后交回，不要单独报那几行")
        found.append(Hold("removed", text.format(n=removed)))
    return found


def _of_rejects(seen: Seen) -> list[Hold]:
    if seen.corrects and seen.profile.get("kept"):
        return []  # a few corrected rows, some of them still wrong: the share says nothing
    shares = (
        ("missing_keys", ("id_blank",), _("没有身份证号的有 {n} 行（{s}）")),
        ("check_digits", ("id_check", "id_rounded"), _("身份证号校验位不对或被四舍五入的有 {n} 行（{s}）")),
        ("new_codes", ("choice",), _("选项里没有的写法有 {n} 行（{s}），对方可能换了代码")),
        ("duplicates", ("duplicate",), _("完全重复的有 {n} 行（{s}）")),
        ("rejected", tuple(reason for reason in seen.rejected if reason != "duplicate"), _("退回 {n} 行（{s}）")),
    )
    found = []
    for code, reasons, text in shares:
        count = sum(seen.rejected.get(reason, 0) for reason in reasons)
        if count and count > seen.rows * _limit(code):
            found.append(Hold(code, text.format(n=count, s=_share(count, seen.rows))))
    return found


def _of_people(seen: Seen) -> list[Hold]:
    found = []
    suspect = int(seen.profile.get("suspect_numbers", 0))
    if suspect > 1 and suspect > seen.rows * _limit("suspect_numbers"):
        text = _("身份证号末三位是 000 的有 {n} 行（{s}），号码可能被表格软件四舍五入过")
        found.append(Hold("suspect_numbers", text.format(n=suspect, s=_share(suspect, seen.rows))))
    people, repeated = int(seen.profile.get("people", 0)), int(seen.profile.get("repeated_people", 0))
    if seen.source.kind == "register" and repeated > max(1, people * _limit("repeated_people")):
        text = _("名册里有 {n} 人（{s}）不止一行")
        found.append(Hold("repeated_people", text.format(n=repeated, s=_share(repeated, people))))
    return found


def _of_dates(seen: Seen) -> list[Hold]:
    """Of lists of what happened: days after the period, and a file in which nothing is of the period any more."""
    found: list[Hold] = []
    if seen.source.kind != "event":
        return found
    for name, column in seen.profile["columns"].items():
        after, title = int(column.get("after_period", 0)), seen.source.columns[name].title
        if after > column["known"] * _limit("after_period"):
            text = _("“{t}”在 {p} 之后的有 {n} 行，报送期可能写错了")
            found.append(Hold("after_period", text.format(t=title, p=seen.period, n=after)))
    # A birth date says whose row it is, not when something happened.
    dated = {n: c for n, c in seen.profile["columns"].items() if "last" in c and n != BIRTH_DATE}
    if (
        seen.source.rhythm == "monthly"
        and dated
        and not any(c["in_period"] + c["after_period"] for c in dated.values())
    ):
        name, newest = max(((n, c["last"]) for n, c in dated.items()), key=lambda pair: pair[1])
        text = _("没有一行的日期在 {p} 内，最近的“{t}”是 {d}，可能是以前的文件")
        found.append(Hold("stale", text.format(p=seen.period, t=seen.source.columns[name].title, d=newest)))
    return found


def _of_columns(seen: Seen) -> list[Hold]:
    found: list[Hold] = []
    if seen.last is None or not seen.profile["rows"]:
        return found
    for name, column in seen.profile["columns"].items():
        before = seen.last.profile.get("columns", {}).get(name, {}).get("known", 0)
        filled = before > seen.last.in_force_rows * _limit("blank_column")
        if filled and not column["known"]:
            text = _("“{t}”一列全空，上一份有 {n} 行有内容")
            found.append(Hold("blank_column", text.format(t=seen.source.columns[name].title, n=before)))
    return found


def _share(count: int, rows: int) -> str:
    return f"{100 * count / max(rows, 1):.1f}%"


def _month_in(file: str) -> Month | None:
    """The month that a file's name says: 2026年10月住院.csv, inpatients_202610.csv; None where it says none or two.

    A whole day in a name is the day on which the file was made.
    """
    named = {
        (int(year), int(month))
        for year, month in re.findall(r"(?<!\d)(20\d\d)(?:年|[-_.]?)(1[0-2]|0?[1-9])(?![-_.年月]?\d)", file)
    }
    return Month(*next(iter(named))) if len(named) == 1 else None
