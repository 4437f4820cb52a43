"""Why a pair is linked, asked about or let go, in Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from zhikun.wording import _

LEVEL_WORDS = {
    "same": "相同",
    "swapped": "两栏互换",
    "one_character": "只差一个字",
    "near": "相近",
    "alike": "大体相同",
    "day_month": "月和日互换",
    "one_digit": "差一位数字",
    "two_digits": "差两位数字",
    "township": "同一乡镇",
    "county": "同一县区",
    "different": "不同",
    "unknown": "一方未填",
}
STEP_WORDS = {
    "decision": "人工认定",
    "token": "证件号码标记相同",
    "name": "姓名、出生日期与村（社区）都相同",
    "probability": "按各项权重推算",
}
NOTE_WORDS = {
    "": "",
    "same_by_decision": "工作人员已认定是同一人",
    "different_by_decision": "工作人员已认定不是同一人",
    "tokens_differ": "两条记录的证件号码不同，不能自动认作一人",
    "several": "同名同生日同村的记录不止一人，分不清是哪一位",
    "sex_differs": "性别不同",
    "names_differ": "姓名或出生日期不完全相同，可能是双胞胎或兄弟姐妹",
    "coarse": "区划只到乡镇，同名同生日的可能是两个人",
    "would_join": "自动合并会把已知不同的两个人连在一起",
    "below_link": "把握不足以自动认定",
    "below_review": "相同的把握很小",
}
NOBODY_WORDS = {
    "nobody": "监测名册里没有姓名、出生日期与之相近的人",
    "not_compared": "名册里没有姓名、出生日期与村（社区）都相同的人；没有安装 splink，相近的没有比对",
    "row_twice": "这个行号在名单里不止一行，分不清姓名是哪一行的",
}
OUTCOME_WORDS = {"linked": "同一人", "review": "待人工核对", "not_linked": "不是同一人"}


class Part(TypedDict):
    """One field's share in a match weight (in powers of two)."""

    field: str
    level: str
    weight: float


def text_of(outcome: str, step: str, note: str, parts: Sequence[Part]) -> str:
    """待人工核对：按各项权重推算；双胞胎 ...；姓名只差一个字（+3.6），出生日期相同（+14.2）."""
    sentence = [_(STEP_WORDS[step])]
    if note:
        sentence.append(_(NOTE_WORDS[note]))
    if parts:
        told = _("{field}{level}（{weight:+.1f}）")
        sentence.append("，".join(told.format(**part) for part in parts))
    return _("{outcome}：{reasons}。").format(outcome=_(OUTCOME_WORDS[outcome]), reasons="；".join(sentence))


def nobody_text(note: str) -> str:
    """没有对上：监测名册里没有姓名、出生日期与之相近的人."""
    return _("没有对上：{reason}。").format(reason=_(NOBODY_WORDS[note]))
