"""The words of warnings that officers read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zhikun.engine.packs.monitoring import Monitoring
from zhikun.identity.generated import GENERATED_AREA
from zhikun.wording import _, amount_text, is_money
from zhikun.workdays import Month

if TYPE_CHECKING:
    from zhikun.screening.explain import Line


def change_words() -> dict[str, str]:
    return {"new": _("新增"), "raised": _("升级"), "lowered": _("降级"), "continued": _("持续"), "cleared": _("解除")}


def direction_words() -> dict[str, str]:
    return {"hardship": _("可能需要帮扶"), "exit": _("可能不再符合条件")}


def way_words() -> dict[str, str]:
    """The four ways to handle a warning (国办发〔2023〕39号)."""
    return {
        "deliver": _("落实政策"),
        "enrol": _("按类型纳入"),
        "conference": _("一事一议"),
        "recheck": _("复核是否仍符合条件"),
    }


def outcome_words() -> dict[str, str]:
    return {
        "verified": _("情况属实"), "helped": _("已帮扶"), "not_in_hardship": _("不困难"), "not_found": _("未见到本人"),
         "moved": _("已迁出"),
    }  # fmt: skip


def stage_words() -> dict[str, str]:
    """The stages from watched to helped."""
    return {
        "watched": _("监测对象"), "found": _("在名单里找到"), "scored": _("有得分"), "warned": _("发出预警"),
        "visited": _("已入户核实"), "helped": _("已帮扶"),
    }  # fmt: skip


def cleared_words() -> dict[str, str]:
    return {"data": _("名单里不再达到预警分数"), "decision": _("已由工作人员处理"), "unwatched": _("不再是监测对象")}


def generated_words(shown: Iterable[str | None]) -> str:
    """The mark of a demonstration, where masked numbers are those of generated people; '' where they are not."""
    if any(f" {GENERATED_AREA}" in (one or "") for one in shown):
        return _("演示数据：全部家庭和人员由程序生成，不是真实居民。")
    return ""


def level_words(monitoring: Monitoring) -> dict[str, str]:
    return {level.id: level.title for level in monitoring.levels}


def cause_words(monitoring: Monitoring, causes: Iterable[str]) -> str:
    return "、".join(monitoring.causes.get(cause, cause) for cause in causes)


def group_words(monitoring: Monitoring, groups: Iterable[str]) -> str:
    return "、".join(monitoring.groups[code].title if code in monitoring.groups else code for code in groups)


def indicator_words(monitoring: Monitoring, names: Iterable[str]) -> str:
    return "、".join(monitoring.indicators[name].title if name in monitoring.indicators else name for name in names)


def reason_words(monitoring: Monitoring, reasons: Iterable[Mapping[str, Any]]) -> str:
    """The reasons that count, each with its value: 大额医疗费用 12,000 元."""
    return "；".join(
        f"{indicator_words(monitoring, [one['indicator']])} {value_words(one['value'], one['unit'])}"
        for one in reasons
        if one["contribution"] and not one["quiet"]
    )


def number_words(value: object) -> str:
    """An exact decimal without zeros at its end."""
    text = f"{value:f}" if value is not None else "–"
    return text.rstrip("0").rstrip(".") if "." in text else text


def value_words(value: Decimal | None, unit: str) -> str:
    """What an indicator measured, with its unit; an amount as everywhere: 12,000 元, 85,928.60 元."""
    if value is not None and is_money(unit):
        return f"{amount_text(value)} {unit}"
    return f"{number_words(value)}{unit}"


def month_words(month: Month) -> str:
    """A month as official documents write it: 2026年11月."""
    return _("{y}年{m}月").format(y=month.year, m=month.month)


def month_ranges(months: Sequence[str]) -> str:
    """Months in words: runs of them by their first and last."""
    runs: list[list[Month]] = []
    for month in sorted(map(Month.read, months)):
        if runs and runs[-1][-1].plus(1) == month:
            runs[-1].append(month)
        else:
            runs.append([month])
    return "、".join(str(run[0]) if len(run) == 1 else _("{a} 至 {b}").format(a=run[0], b=run[-1]) for run in runs)


def total_words(lines: Sequence[Line], monitoring: Monitoring) -> str:
    """What the lines of one direction come to, and which level that reaches: the same words on the page and in the command."""
    counted = [line.contribution for line in lines if line.state in {"counts", "carried"}]
    total = sum(counted)
    least = _("至少 ") if any(line.at_least for line in lines) else ""
    level = next((one for one in reversed(monitoring.levels) if total >= one.low), None)
    reached = (
        _("达到{l}的起点 {n} 分").format(l=level.title, n=f"{level.low:g}")
        if level
        else _("不到{l}的起点 {n} 分").format(l=monitoring.levels[0].title, n=f"{monitoring.levels[0].low:g}")
    )
    summed = f"{' + '.join(map(number_words, counted))} = " if len(counted) > 1 else ""
    return _("{sum}{least}{t} 分，{r}").format(
        sum=summed, least=least, t=number_words(total) if total else "0", r=reached
    )
