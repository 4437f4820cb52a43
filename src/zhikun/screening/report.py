"""The month's report: from people watched to people helped, where, how urgent, on which lists, how often right. Counts only.

One document for two readers: HTML that opens offline and PDF. Nobody is named in it, not even masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from zhikun.documents.blocks import (
    LEFT,
    RIGHT,
    Block,
    Cell,
    Chart,
    Column,
    Document,
    Figure,
    Heading,
    Notice,
    Paragraph,
    Table,
    columns,
    row,
    table_of,
)
from zhikun.documents.blocks import Figures as Headline
from zhikun.documents.charts import BLUE, bar_chart
from zhikun.documents.common import page_of, short_hash
from zhikun.documents.drawing import Bar
from zhikun.documents.render import html_page, pdf_bytes
from zhikun.documents.values import day_text, number_text, percent_text
from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import Level, Monitoring
from zhikun.screening import report_sections as sections
from zhikun.screening.decisions import OUTCOMES
from zhikun.screening.figures import Figures, Shade
from zhikun.screening.model import CHANGES, CLEARED_BY
from zhikun.screening.running import monitoring_of
from zhikun.screening.samples import sample_figures
from zhikun.screening.words import (
    change_words,
    cleared_words,
    direction_words,
    level_words,
    month_words,
    outcome_words,
    stage_words,
)
from zhikun.wording import SAMPLE_MARK, _

_STANDING = CHANGES[:-1]  # the changes of warnings that stand


def write_report(found: Figures, pack: Pack, html: Path | None, pdf: Path | None) -> None:
    """Write the month's report as HTML and as PDF; None leaves one out. Raises FontsMissing for a PDF without fonts."""
    document = month_report(found, pack)
    if html is not None:
        html.write_text(html_page(document), encoding="utf-8")
    if pdf is not None:
        pdf.write_bytes(pdf_bytes(document))


def month_report(found: Figures, pack: Pack) -> Document:
    """The report as blocks."""
    monitoring = monitoring_of(pack)
    parts: list[list[Block]] = [
        _notices(found, pack, monitoring),
        _headline(found),
        _funnel(found, monitoring),
        _colours(found, monitoring),
        _visits(found, monitoring),
        sections.places(found, pack, monitoring),
        sections.kinds(found, monitoring),
        sections.signals(found, monitoring),
        sections.precision(found),
        sections.bases(found, monitoring),
        sections.samples(monitoring),
    ]
    return Document(
        title=_("监测预警月报"),
        organisation=pack.title,
        subtitle=_("{month}的预警，截至{day}的核实和帮扶情况").format(
            month=month_words(found.month), day=day_text(found.day)
        ),
        blocks=tuple(block for part in parts for block in part),
        foot=_("政策包 {id} {version}　校验值 {hash}　{month}　截至 {day}").format(
            id=pack.id, version=pack.version, hash=short_hash(pack.hash), month=month_words(found.month),
            day=day_text(found.day),
        ),
        page_of=page_of(),
        meta=_meta(found, pack),
    )  # fmt: skip


def _meta(found: Figures, pack: Pack) -> tuple[tuple[str, str], ...]:
    given = found.run["pack"]
    return (
        (_("政策包"), f"{pack.title}（{pack.id}）"),
        (_("筛查时的版本"), f"{given['version']}　{short_hash(given['hash'])}"),
        (_("月份"), month_words(found.month)),
        (_("预警发出日"), day_text(date.fromisoformat(found.run["on"]))),
        (_("统计截止日"), day_text(found.day)),
        (_("比较的月份"), month_words(found.previous) if found.previous else _("没有（第一个月）")),
        (_("筛查校验值"), short_hash(found.run["id"])),
    )


def _notices(found: Figures, pack: Pack, monitoring: Monitoring) -> list[Block]:
    blocks: list[Block] = []
    if found.generated:
        title = _("演示数据：全部监测对象由程序生成，不是真实居民")
        blocks.append(Notice(title, (_("任何雷同均属巧合，不得用作工作依据。"),), "warn"))
    decided = _(
        "预警由计算机按公开的规则比对得出，只提示应当去核实谁，不是行政决定。情况是否属实、是否给予救助或者停止救助，"
        "由工作人员入户核实后依法定程序决定；任何人都不因预警被自动纳入或者退出。本报告只有合计数，没有个人信息。"
    )
    blocks.append(Notice(_("系统提出建议，由人作出决定"), (decided,)))
    count = sum(len(texts) for _kind, texts, _why in sample_figures(monitoring))
    if count or pack.sample:
        line = _("权重、分数、期限等有{n}项不是本地公布的数字，结果只能用于试算。清单见“示例参数”一节。")
        blocks.append(Notice(SAMPLE_MARK, (line.format(n=count),), "warn"))
    changed = []
    if found.run["pack"]["hash"] != pack.hash:
        changed.append(_("筛查以后政策包改过：下面的名称和期限按现在的政策包，人数按当时的结果。"))
    if found.rests_on_old:
        changed.append(_("上月后来重新筛查过，本月仍依据原来的结果。请重新筛查本月，再出报告。"))
    if found.other_files:
        changed.append(_("筛查以后有名单补报或者更正，本月仍依据原来的名单。请重新筛查本月，再出报告。"))
    if changed:
        blocks.append(Notice(_("请注意"), tuple(changed), "warn"))
    return blocks


def _headline(found: Figures) -> list[Block]:
    warned, helped = found.stage("warned"), found.stage("helped")
    visited = found.stage("visited")
    before = {stage.name: stage for stage in found.stages_before}
    warnings = sum(shade.persons for shade in found.shades)
    first, *others = found.directions
    words = direction_words()
    households = "，".join(
        [
            words[first],
            *(_("另有“{d}”{n} 户").format(d=words[one], n=number_text(found.households.get(one, 0))) for one in others),
        ]
    )
    figures = [
        Figure(_("监测对象"), number_text(found.stage("watched").persons), _("人")),
        Figure(
            _("本月预警"), number_text(warned.persons), _("人"),
            _("比上月{d}").format(d=_more(warned.persons - before["warned"].persons)) if before else "",
        ),
        Figure(_("预警家庭"), number_text(found.households.get(first, 0)), _("户"), households),
        Figure(_("已入户核实"), number_text(visited.persons), _("人"),
               _("占预警{p}").format(p=percent_text(visited.persons, warned.persons))),
        Figure(_("已帮扶"), number_text(helped.persons), _("人")),
        Figure(
            _("超期未核实"), number_text(found.overdue), _("件"),
            _("占{n}件预警的{p}").format(n=number_text(warnings), p=percent_text(found.overdue, warnings)),
            alert=found.overdue > 0,
        ),
    ]  # fmt: skip
    return [Heading(_("总体情况")), Headline(tuple(figures))]


def _funnel(found: Figures, monitoring: Monitoring) -> list[Block]:
    words, mine = stage_words(), found.directions
    whole = found.stages[0].persons
    bars = [
        Bar(
            words[stage.name],
            ((0.0, float(stage.persons), BLUE, 0.62),),
            f"{number_text(stage.persons)}（{percent_text(stage.persons, whole)}）",
        )
        for stage in found.stages
    ]
    before = {stage.name: stage.persons for stage in found.stages_before}
    heads = [(_("环节"), LEFT, 2.2), (_("合计（人）"), RIGHT, 1.1)]
    heads += [(direction_words()[direction], RIGHT, 1.8) for direction in mine] if len(mine) > 1 else []
    heads += [(_("占上一环节"), RIGHT, 1.1), (_("上月"), RIGHT, 1.0), (_("比上月"), RIGHT, 1.0)]
    rows, last = [], 0
    for stage in found.stages:
        cells = [words[stage.name], number_text(stage.persons)]
        cells += [number_text(stage.directions[one]) for one in mine] if len(mine) > 1 else []
        cells += [percent_text(stage.persons, last) if last else "–"]
        cells += [number_text(before[stage.name]), _more(stage.persons - before[stage.name])] if before else ["–", "–"]
        rows.append(row(*cells))
        last = stage.persons
    lowest = monitoring.levels[0]
    text = _(
        "“在名单里找到”含沿用以前得分的人；“有得分”含原因已由工作人员处理、暂不计分的人；达到{l}的起点 {n:g} 分才发出预警。"
        "一个人两个方向都有预警的，合计只算一次，分级别、分地区的各算一件。“已入户核实”按收到的反馈计，含未见到本人的；上月的核实和帮扶也截至同一天。"
    ).format(l=lowest.title, n=lowest.low)
    return [
        Heading(_("从监测到帮扶")),
        Chart(bar_chart(bars, [], _("各环节人数"), _("每一环节是上一环节的一部分。"), 29), _("各环节人数")),
        table_of(columns(*heads), rows, _("各环节人数和变化")),
        Paragraph(text, quiet=True),
    ]


def _colours(found: Figures, monitoring: Monitoring) -> list[Block]:
    blocks: list[Block] = [Heading(_("分级别情况"))]
    changes = change_words()
    heads = [Column(_("级别"), LEFT, 2.6)]
    titles = [
        _("本月"),
        _("上月"),
        _("增减"),
        *(changes[one] for one in _STANDING),
        _("已核实"),
        _("已帮扶"),
        _("超期"),
    ]
    heads += [Column(title, RIGHT, 1.0, True) for title in titles]
    for direction in found.directions:
        mine = [shade for shade in found.shades if shade.direction == direction]
        levels = {level.id: level for level in monitoring.levels}
        rows = [row(_level_cell(levels[shade.level]), *_shade_cells([shade], found)) for shade in mine]
        rows.append(row(_("合计"), *_shade_cells(mine, found)))
        caption = _("{d}（人）").format(d=direction_words()[direction])
        blocks.append(Table(tuple(heads), tuple(rows), caption, total_row=True, dense=True))
        gone = {one: found.cleared.get((direction, one), 0) for one in CLEARED_BY}
        if sum(gone.values()):
            why = "，".join(f"{cleared_words()[one]} {number_text(n)} 人" for one, n in gone.items() if n)
            text = _("比上月解除 {n} 人：{why}。").format(n=number_text(sum(gone.values())), why=why)
            blocks.append(Paragraph(text, quiet=True))
    return blocks


def _level_cell(level: Level) -> Cell:
    note = _("{low:g} 分起，{d} 个工作日").format(low=level.low, d=level.days)
    return Cell(level.title, note=note, badge=_("示例") if level.source.sample else "")


def _shade_cells(shades: Sequence[Shade], found: Figures) -> list[str]:
    def total(values: Iterable[int]) -> int:
        return sum(values)

    now, last = total(s.persons for s in shades), total(s.last_month for s in shades)
    compared = [number_text(last), _more(now - last)] if found.previous else ["–", "–"]
    changed = [number_text(total(s.changes.get(one, 0) for s in shades)) for one in _STANDING]
    became = [total(s.visited for s in shades), total(s.helped for s in shades), total(s.overdue for s in shades)]
    return [number_text(now), *compared, *changed, *map(number_text, became)]


def _visits(found: Figures, monitoring: Monitoring) -> list[Block]:
    """What visits found, and what is overdue on the day."""
    mine, words, day = found.directions, outcome_words(), day_text(found.day)
    blocks: list[Block] = [Heading(_("核实和超期"))]
    if found.outcomes:
        heads = columns((_("结果"), LEFT, 2.0), *((direction_words()[one], RIGHT, 1.4) for one in mine))
        rows = [
            row(words[name], *(number_text(found.outcomes.get((one, name), 0)) for one in mine)) for name in OUTCOMES
        ]
        rows.append(row(_("合计"), *(number_text(found.total(found.outcomes, one)) for one in mine)))
        blocks.append(table_of(heads, rows, _("入户核实的结果（人）"), total=True))
    else:
        blocks.append(Paragraph(_("截至{d}，还没有收到这个月预警的入户核实反馈。").format(d=day)))
    late = [shade for shade in found.shades if shade.overdue]
    if not late:
        return [*blocks, Paragraph(_("截至{d}，没有超过核实期限的预警。").format(d=day))]
    levels = level_words(monitoring)
    heads = columns(
        (_("方向"), LEFT, 1.8), (_("级别"), LEFT, 1.0), (_("超期（件）"), RIGHT, 1.0), (_("占该级预警"), RIGHT, 1.0),
        (_("最长超期（天）"), RIGHT, 1.2),
    )  # fmt: skip
    rows = [
        row(direction_words()[s.direction], levels[s.level], number_text(s.overdue), percent_text(s.overdue, s.persons),
            number_text(s.longest))
        for s in late
    ]  # fmt: skip
    longest = max(shade.longest for shade in late)
    rows.append(row(_("合计"), "", number_text(found.overdue), "", number_text(longest)))
    text = _(
        "核实期限的当天不算超期；只答复了一部分原因的，仍算未核实。名单用 zhikun monitor reminders --on {d} 取得。"
    )
    return [
        *blocks,
        table_of(heads, rows, _("截至{d}超过核实期限、还没有核实的预警").format(d=day), total=True),
        Paragraph(text.format(d=found.day), quiet=True),
    ]


def _more(difference: int) -> str:
    """A difference with its sign."""
    sign = "+" if difference > 0 else "−" if difference < 0 else ""
    return f"{sign}{number_text(abs(difference))}"
