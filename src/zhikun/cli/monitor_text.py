"""What `zhikun monitor` shows: the month in figures, a person's explanation, trials, reminders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import DIRECTIONS, LEVELS, Monitoring
from zhikun.screening import Count, Explanation, Figures, Line, Precision, Ran, Sent, Tally, monitoring_of
from zhikun.screening.words import (
    cause_words,
    change_words,
    cleared_words,
    direction_words,
    group_words,
    indicator_words,
    level_words,
    number_words,
    outcome_words,
    stage_words,
    total_words,
    value_words,
    way_words,
)
from zhikun.wording import SAMPLE_MARK, _
from zhikun.workdays import Month


def run_lines(ran: Ran, pack: Pack) -> Iterator[str]:
    """A month's warnings by direction, colour and change; which files are missing."""
    monitoring, run = monitoring_of(pack), ran.run
    if ran.unchanged:
        yield _("{m} 依据的名单、反馈和上月结果都没有变，结果不变：").format(m=run["month"])
    else:
        yield _("{m} 已筛查，预警从 {on} 发出：").format(m=run["month"], on=run["on"])
    if run.get("again"):
        yield _("  后来又筛查过：原有的预警期限不变，新出现的从 {on} 算起。").format(on=run["again"])
    if run["previous"] is None:
        yield _("  这是第一个月，没有上月可比，全部按新增。")
    elif run["previous"]["month"] != str(Month.read(run["month"]).plus(-1)):
        yield _("  上个月没有筛查，与 {m} 比较。").format(m=run["previous"]["month"])
    levels, changes = level_words(monitoring), change_words()
    for direction, title in direction_words().items():
        mine = [count for count in run["counts"] if count["direction"] == direction]
        if not mine:
            continue
        colours = "，".join(
            _("{l} {n} 人").format(l=levels[level], n=sum(c["persons"] for c in mine if c["level"] == level))
            for level in reversed(LEVELS) if level in levels
        )  # fmt: skip
        moved = "，".join(
            f"{word} {sum(c['persons'] for c in mine if c['change'] == change)}" for change, word in changes.items()
        )
        yield _("  {t}：{c}（{m}）").format(t=title, c=colours, m=moved)
    if not run["counts"]:
        yield _("  没有预警。")
    yield from _missing(run, monitoring)
    if pack.sample:
        yield _("  {mark}：权重、分数和期限有示例，结果只能用于试算。").format(mark=SAMPLE_MARK)
    yield _("结果：{p}").format(p=ran.folder)


def _missing(run: Any, monitoring: Monitoring) -> Iterator[str]:
    """Who is watched by an earlier month's list; the indicators that are unknown, lower bounds, or rest on an earlier one."""
    watched = run["files"]["population"]["files"][-1]["period"]
    if watched != run["month"]:
        yield _("  本月没有“{t}”，监测的是 {p} 名册上的人：以后新列入的没有看，已退出的还在看。").format(
            t=monitoring.population.title, p=watched
        )
    for name, given in run["files"]["indicators"].items():
        title = indicator_words(monitoring, [name])
        if not given["files"]:
            yield _("  “{t}”没有可用的名单（{s}），对所有人都是未知：上月的预警不因此降级或解除。").format(
                t=title, s=given["source"]
            )
        elif given["missing"]:
            yield _("  “{t}”缺 {p} 的名单（{s}），数值按至少计算。").format(
                t=title, p="、".join(given["missing"]), s=given["source"]
            )
        elif name in monitoring.indicators and monitoring.indicators[name].window_months == 1:
            newest = given["files"][-1]["period"]
            if newest != run["month"]:
                yield _("  “{t}”本月没有新名单（{s}），依据 {p} 的。").format(t=title, s=given["source"], p=newest)


def explanation_lines(found: Explanation, pack: Pack) -> Iterator[str]:
    """One person's month, opened."""
    monitoring = monitoring_of(pack)
    yield _("{shown}  人员代码 {p}").format(shown=found.shown or _("（不在名册）"), p=found.person)
    yield _("{m}　类别：{g}　户编号 {h}　区划 {c}").format(
        m=found.month, g=group_words(monitoring, found.groups) or "–", h=found.household or "–", c=found.place or "–"
    )
    if found.pack_changed:
        yield _("注意：筛查以后政策包改过，下面按现在的政策包说明。")
    elif not found.as_written:
        yield _("注意：重算的结果与当时写下的不一致，可能数据文件被改动过。请重新筛查这个月，并报告管理员。")
    for direction in DIRECTIONS:
        lines = [line for line in found.lines if line.direction == direction]
        rows = [row for row in found.warnings if row["direction"] == direction]
        if any(line.state != "other_groups" for line in lines) or rows:
            yield ""
            yield from _direction_lines(direction, lines, rows, monitoring)
    yield from _history(found, monitoring)


def _direction_lines(
    direction: str, lines: Sequence[Line], rows: Sequence[dict[str, Any]], monitoring: Monitoring
) -> Iterator[str]:
    yield _("【{d}】{w}").format(
        d=direction_words()[direction], w=_warning(rows[0], monitoring) if rows else _("没有预警")
    )
    for line in lines:
        yield f"  {monitoring.indicators[line.indicator].title}：{_line(line)}"
    yield _("  合计：{t}").format(t=total_words(lines, monitoring))


def _line(line: Line) -> str:
    """How one indicator stands, with its arithmetic and its files, and what was left out."""
    if not line.uncompared:
        return _standing(line)
    return _standing(line) + _("；名单里有 {n} 行没有比对（没有安装 splink），其中可能有这个人").format(
        n=line.uncompared
    )


def _standing(line: Line) -> str:
    value = value_words(line.value, line.unit)
    if line.state == "other_groups":
        return _("不看这类人员")
    if line.state == "absent":
        return _("名单里没有（{f}）").format(f="、".join(line.looked_in))
    if line.state == "unknown":
        missing = (
            _("缺 {p} 的名单").format(p="、".join(line.missing))
            if line.missing
            else _("名单里有空白，或有一行还没有核对是不是本人")
        )
        return _("未知：{m}").format(m=missing)
    if line.state == "below":
        return _("{v}，不到第一档；依据 {f}").format(v=value, f="、".join(line.files))
    more = _("（至少）") if line.at_least else ""
    text = _("{v}{more} → {b}，{p} 分 × 权重 {w}% = {c} 分；依据 {f}").format(
        v=value, more=more, b=line.band, p=number_words(line.points), w=number_words(line.weight),
        c=number_words(line.contribution), f="、".join(line.files),
    )  # fmt: skip
    if line.state == "carried":
        return text + _("（这个月名单没到、有空白，或没有再列而还没有人核实，沿用以前的数）")
    return text + (_("（这项原因已由工作人员处理，暂不计分）") if line.state == "quiet" else "")


def _warning(row: dict[str, Any], monitoring: Monitoring) -> str:
    if row["level"] is None:
        return _("已解除：{why}").format(why=cleared_words()[row["cleared_by"]])
    least = _("至少 ") if row["at_least"] else ""
    until = _("期限算不出")
    if row["deadline"]:  # a rise moves no deadline back: the earlier task may be overdue already
        words = _("原定 {d} 前核实，已超期") if row["deadline"] < row["raised"] else _("{d} 前核实")
        until = words.format(d=row["deadline"])
    provisional = _("（暂定：放假安排未公布）") if row["provisional"] else ""
    return _("{l}，{least}{s} 分，{c}，{r} 起，{u}{p}；{w}（{causes}）").format(
        l=level_words(monitoring).get(row["level"], row["level"]), least=least, s=number_words(row["score"]),
        c=change_words()[row["change"]], r=row["raised"], u=until, p=provisional, w=way_words()[row["way"]],
        causes=cause_words(monitoring, row["causes"]),
    )  # fmt: skip


def _history(found: Explanation, monitoring: Monitoring) -> Iterator[str]:
    if found.history:
        yield ""
        yield _("历次：")
    for row in found.history:
        yield f"  {row['month']} {direction_words()[row['direction']]}：{_warning(row, monitoring)}"
    if found.findings:
        yield _("反馈：")
    for one in found.findings:
        helped = f"（{one.helped_with}）" if one.helped_with else ""
        yield _("  {on} {by}：{m} 的预警（{c}）{o}{h}").format(
            on=one.on,
            by=one.by,
            m=one.month,
            c=cause_words(monitoring, one.causes),
            o=outcome_words()[one.outcome],
            h=helped,
        )


def simulation_lines(month: Month, counts: Sequence[Count], pack: Pack) -> Iterator[str]:
    """Each county's colours: as run -> as tried."""
    levels = level_words(monitoring_of(pack))
    yield _("{m} 试算（实际 → 换了以后），什么也没有写：").format(m=month)
    for direction, title in direction_words().items():
        mine = [count for count in counts if count.direction == direction]
        if not mine:
            continue
        yield f"  {title}"
        places = [("", _("合计")), *((county, county) for county in sorted({count.county for count in mine}))]
        for county, name in places:
            parts = []
            for level in reversed(LEVELS):
                of = [c for c in mine if c.level == level and county in ("", c.county)]
                if level in levels:
                    parts.append(f"{levels[level]} {sum(c.run for c in of)} → {sum(c.tried for c in of)}")
            yield f"    {name}：{'，'.join(parts)}"


def reminder_lines(sent: Sent, pack: Pack) -> Iterator[str]:
    """What each office is sent."""
    if not sent.reminders:
        yield _("{d} 没有新的超期预警需要提醒（依据 {m} 的预警）。").format(d=sent.day, m=sent.month)
        return
    levels, areas = level_words(monitoring_of(pack)), {"county": _("县"), "city": _("市"), "province": _("省")}
    head = _("{d} 的提醒已经发过，内容不变：") if sent.repeated else _("{d} 的提醒：")
    yield head.format(d=sent.day)
    for one in sent.reminders:
        colours = "，".join(
            f"{levels.get(level, level)} {one.levels[level]}" for level in reversed(LEVELS) if level in one.levels
        )
        yield _("  {to} {a}：{t}，{n} 件（{c}）").format(
            to=areas[one.to], a=one.area or "–", t=one.text, n=one.count, c=colours
        )
    yield _("名单：{f}").format(f=sent.file)


def precision_lines(found: Precision) -> Iterator[str]:
    """How often warnings were right, by indicator and by list."""
    if not found.indicators:
        yield _("还没有反馈。")
        return
    for title, tallies in ((_("按指标"), found.indicators), (_("按名单"), found.sources)):
        yield title
        for one in tallies:
            yield "  " + _tally(one)


def _tally(one: Tally) -> str:
    rate = "–" if one.rate is None else f"{one.rate * 100:.2f}%"
    return _("{t}：核实 {v} 件，属实 {r}，不属实 {w}（准确率 {p}），已帮扶 {h}，平均 {d} 天").format(
        t=one.title, v=one.visited, r=one.right, w=one.wrong, p=rate, h=one.helped, d=one.days_each
    )


def report_lines(found: Figures, written: Sequence[Path]) -> Iterator[str]:
    """The way from watched to helped in one line, and where the report is."""
    stages = " → ".join(f"{word} {found.stage(name).persons:,}" for name, word in stage_words().items())
    yield _("{m}，截至 {d}：{s}；超期未核实 {n:,} 件。").format(m=found.month, d=found.day, s=stages, n=found.overdue)
    for path in written:
        yield _("报告：{p}").format(p=path)
