"""What `zhikun match` shows: how the rows of lists without numbers were linked, and what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from zhikun.wording import _
from zhikun.workdays import Month

if TYPE_CHECKING:
    from zhikun.screening import Linking


def linking_lines(linked: Sequence[Linking], month: Month, pack_name: str) -> Iterator[str]:
    """Each list without numbers: rows linked, to be reviewed, not linked; what was left out, loudly."""
    if any(one.exact_only for one in linked):
        yield without_splink()
    for one in linked:
        counts = one.counts
        yield _("{t}（{r}）没有身份证号，按姓名、出生日期和地点{did}：对上 {l} 行，{v} 行等人核对，{n} 行不在监测名册。").format(
            t=one.source.title, r=one.label, did=_("比对") if one.made else _("比对过"), l=counts["linked"],
            v=counts["review"], n=counts["not_linked"],
        )  # fmt: skip
        if counts["review"]:
            yield _("  等核对的行可能是 {p} 位监测对象，对他们只说“至少”。核对：{c}").format(
                p=counts["possible"],
                c=f"zhikun match review {one.source.id} --period {one.period} --month {month} --pack {pack_name} --out FILE.xlsx",
            )


def without_splink() -> str:
    """What is left out where the library of weights is not installed."""
    return _(
        "注意：没有安装 splink，姓名、出生日期与村（社区）不完全相同的没有比对，写错一个字的人会漏掉。"
        "请运行 pip install splink 后再运行一次。"
    )
