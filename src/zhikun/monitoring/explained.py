"""One warning opened: what the screening room says of the person in that month, made ready for the page.

The month is screened again for this one person, by the same statements, on the files it took then. Where that is not possible any
more (a file is gone, the pack has changed) the page shows what was taken in and says why there is no more.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from zhikun.engine.packs import PackErrors, load
from zhikun.engine.packs.monitoring import Monitoring
from zhikun.identity import KeysRefused
from zhikun.monitoring.due import calendar
from zhikun.monitoring.models import RaisedWarning
from zhikun.privacy import ring
from zhikun.screening import Explanation, Line, ScreeningDamaged, ScreeningRefused, explain
from zhikun.screening.words import (
    cause_words,
    change_words,
    cleared_words,
    group_words,
    number_words,
    outcome_words,
    total_words,
    value_words,
)
from zhikun.workdays import Month

log = logging.getLogger(__name__)

#: How an indicator stands, with the tone of its mark.
_TONES = {
    "counts": "warning", "carried": "warning", "quiet": "neutral", "below": "neutral", "absent": "neutral",
    "unknown": "unknown", "other_groups": "neutral",
}  # fmt: skip


@dataclass(frozen=True)
class Indicator:
    """One indicator as the page shows it: how it stands, value, arithmetic, and the files it rests on, each with its period."""

    title: str
    state: str
    tone: str
    value: str | None
    band: str
    arithmetic: str
    files: Sequence[str]
    notes: Sequence[str]
    reference: str

    @property
    def nothing(self) -> str:
        """What stands in place of a value: not being in a whole list is known, everything else is not."""
        return _("没有") if self.state == _("名单里没有") else ""


@dataclass(frozen=True)
class Before:
    """What another month said."""

    month: str
    words: str
    tone: str


@dataclass
class Explained:
    """A warning opened. With `problem` there is no more to say than why not."""

    problem: str = ""
    groups: str = ""
    counting: list[Indicator] = field(default_factory=list)
    unknown: list[Indicator] = field(default_factory=list)
    others: list[Indicator] = field(default_factory=list)
    total: str = ""
    months: list[Before] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def explained(one: RaisedWarning) -> Explained:
    """What the month says of the person, in the direction of this warning."""
    try:
        pack = load(one.of.pack)
        found = explain(
            Path(settings.ZHIKUN_DATA),
            pack,
            bytes(one.token),
            ring=ring(),
            calendar=calendar(),
            month=Month.read(one.of.month),
        )
    except PackErrors:
        return Explained(_("政策包“{n}”不能用了，不能再说明这条预警是怎样算出来的。").format(n=one.of.pack))
    except (ScreeningRefused, ScreeningDamaged, KeysRefused, OSError) as error:
        log.error("a month cannot be opened again: %s", error)  # noqa: TRY400 - the place is told; a traceback would say no more
        return Explained(
            _("这个月的筛查结果或它依据的名单读不了：已损坏、不在了，或者密钥不对。请告诉系统管理员，从备份恢复。")
        )
    assert pack.monitoring is not None  # noqa: S101 - said to the type checker; `explain` refuses a pack without
    return _drawn(one, found, pack.monitoring)


def _drawn(one: RaisedWarning, found: Explanation, monitoring: Monitoring) -> Explained:
    drawn = Explained(groups=group_words(monitoring, found.groups))
    lines = [line for line in found.lines if line.direction == one.direction and line.state != "other_groups"]
    for line in lines:
        shown = _indicator(line, monitoring)
        part = drawn.unknown if line.state == "unknown" else drawn.counting if line.contribution else drawn.others
        part.append(shown)
    drawn.total = total_words(lines, monitoring)
    drawn.months = [_before(row, monitoring) for row in reversed(found.history) if row["direction"] == one.direction]
    drawn.findings = [
        _("{on}：{m} 的预警（{c}）{o}").format(
            on=said.on, m=said.month, c=cause_words(monitoring, said.causes), o=outcome_words()[said.outcome]
        )
        + (f"（{said.helped_with}）" if said.helped_with else "")
        for said in found.findings
        if said.direction == one.direction
    ]
    drawn.notices = list(_notices(one, found))
    return drawn


def _notices(one: RaisedWarning, found: Explanation) -> Iterable[str]:
    mine = next((row for row in found.warnings if row["direction"] == one.direction), None)
    if found.pack_changed:
        yield _("筛查以后政策包改过，下面按现在的政策包说明。")
    elif not found.as_written:
        yield _("重算的结果与当时写下的不一致，可能数据文件被改动过。请告诉系统管理员。")
    if not found.lines:
        yield _("这个人已经不在这个月的监测名册里。")
    if one.differs or (mine is not None and mine["score"] != one.score):
        yield _("这个月后来重新筛查过，结果与这条预警不同。下面是现在的结果。")


def _indicator(line: Line, monitoring: Monitoring) -> Indicator:
    one = monitoring.indicators[line.indicator]
    value = None if line.value is None else value_words(line.value, line.unit)
    arithmetic = ""
    if line.contribution:
        arithmetic = _("{p} 分 × 权重 {w}% = {c} 分").format(
            p=number_words(line.points), w=number_words(line.weight), c=number_words(line.contribution)
        )
    return Indicator(
        one.title, _state_words()[line.state], _TONES[line.state], value, line.band, arithmetic,
        [_file(one, monitoring) for one in line.files or line.looked_in], list(_notes(line)), one.source.reference,
    )  # fmt: skip


def _file(label: str, monitoring: Monitoring) -> str:
    """A file as officers know it: the list's title, its period, and which delivery of it where there was more than one."""
    source, _slash, rest = label.partition("/")
    period, _slash, number = rest.partition("/")
    title = monitoring.sources[source].title if source in monitoring.sources else source
    again = _("，第 {n} 次").format(n=int(number)) if number.isdecimal() and int(number) > 1 else ""
    return f"{title} {period}{again}"


def _notes(line: Line) -> Iterable[str]:
    if line.at_least:
        yield _("按至少计算：还有情况不知道")
    if line.missing:
        yield _("缺 {p} 的名单").format(p="、".join(line.missing))
    elif line.state == "unknown":
        yield _("名单里有空白，或有一行还没有核对是不是本人")
    if line.state == "carried":
        yield _("这个月名单没到、有空白，或没有再列而还没有人核实，沿用以前的数")
    if line.uncompared:
        yield _("名单里有 {n} 行没有身份证号、没有比对，其中可能有这个人").format(n=line.uncompared)


def _state_words() -> dict[str, str]:
    return {
        "counts": _("计分"), "carried": _("沿用以前的数"), "quiet": _("已处理，暂不计分"), "below": _("不到第一档"),
        "absent": _("名单里没有"), "unknown": _("未知"), "other_groups": _("不看这类人员"),
    }  # fmt: skip


def _before(row: dict[str, Any], monitoring: Monitoring) -> Before:
    if row["level"] is None:
        return Before(row["month"], _("已解除：{why}").format(why=cleared_words()[row["cleared_by"]]), "neutral")
    titles = {level.id: level.title for level in monitoring.levels}
    least = _("至少 ") if row["at_least"] else ""
    words = _("{l}，{least}{s} 分，{c}").format(
        l=titles.get(row["level"], row["level"]),
        least=least,
        s=number_words(row["score"]),
        c=change_words()[row["change"]],
    )
    if row["deadline"]:
        words += _("，期限 {d}").format(d=row["deadline"])
    return Before(row["month"], words, row["level"])
