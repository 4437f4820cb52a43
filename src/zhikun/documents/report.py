"""The county's report: what was found, where, how hard, what is still unknown, what a person must decide.

One document for two readers: HTML that opens offline and PDF. Names are masked, identity numbers absent.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from zhikun.documents import charts, statistics
from zhikun.documents.blocks import (
    CENTRE,
    LEFT,
    RIGHT,
    Block,
    Bullets,
    Cell,
    Chart,
    Column,
    Document,
    Figure,
    Figures,
    Heading,
    Notice,
    Paragraph,
    Table,
    columns,
    row,
    table_of,
)
from zhikun.documents.common import (
    decided_by_person,
    foot_line,
    generated_notice,
    page_of,
    sample_notice,
    short_hash,
    sources_block,
)
from zhikun.documents.inputs import Assessed
from zhikun.documents.order import hardest_first, positions, unranked_text
from zhikun.documents.render import html_page, pdf_bytes
from zhikun.documents.samples import sample_figures
from zhikun.documents.statistics import CauseLine, Group, ItemCount
from zhikun.documents.values import day_text, number_text, percent_text
from zhikun.wording import SAMPLE_MARK, _, amount_text

HARDEST_SHOWN = 20
QUESTIONS_SHOWN = 15
SAMPLES_SHOWN = 40


def write_report(assessed: Assessed, html: Path | None, pdf: Path | None) -> None:
    """Write the county report as HTML and as PDF; None leaves one out. Raises FontsMissing for a PDF without fonts."""
    document = county_report(assessed)
    if html is not None:
        html.write_text(html_page(document), encoding="utf-8")
    if pdf is not None:
        pdf.write_bytes(pdf_bytes(document))


@lru_cache(maxsize=1)
def county_report(assessed: Assessed) -> Document:
    """The report as blocks; kept, because HTML and PDF are two drawings of one report."""
    pack = assessed.pack
    parts: list[list[Block]] = [
        generated_notice(assessed),
        [decided_by_person()],
        sample_notice(pack, assessed.day, _("清单见本报告“示例参数”一节")),
        _headline(assessed),
        _categories(assessed),
        _causes(assessed),
        _places(assessed),
        _distribution(assessed),
        _hardest(assessed),
        _waiting(assessed),
        _flags(assessed),
        _policies(assessed),
        _intake(assessed),
        _samples(assessed),
        _notes(assessed),
        sources_block(pack),
    ]
    return Document(
        title=_("社会救助家庭评估报告"),
        organisation=pack.title,
        subtitle=_("评估日：{day}").format(day=day_text(assessed.day)),
        blocks=tuple(block for part in parts for block in part),
        foot=foot_line(pack, assessed.day),
        page_of=page_of(),
        meta=_meta(assessed),
    )


def _meta(assessed: Assessed) -> tuple[tuple[str, str], ...]:
    pack = assessed.pack
    meta = [
        (_("政策包"), f"{pack.title}（{pack.id}）"),
        (_("版本"), pack.version),
        (_("内容校验值"), short_hash(pack.hash)),
        (_("评估日"), day_text(assessed.day)),
    ]
    if assessed.intake.file:
        meta.append((_("调查数据"), assessed.intake.file))
    meta.append((_("评估户数"), _("{count}户").format(count=number_text(len(assessed.households)))))
    return tuple(meta)


def _headline(assessed: Assessed) -> list[Block]:
    whole = statistics.totals(assessed)
    results = assessed.pack.results
    figures = [
        Figure(_("评估家庭"), number_text(whole.households), _("户")),
        Figure(_("家庭成员"), number_text(whole.members), _("人")),
    ]
    if results.eligible:
        proposed = sum(v is True for v in assessed.column(results.eligible))
        share = _("占{share}").format(share=percent_text(proposed, whole.households))
        figures.append(Figure(assessed.shown(results.eligible).title, number_text(proposed), _("户"), share))
    if results.amount:
        note = ""
        if whole.amount_undetermined:
            note = _("另有{count}户金额待定").format(count=number_text(whole.amount_undetermined))
        figures.append(Figure(_("拟月保障金额"), amount_text(whole.amount), _("元/月"), note))
    if results.causes:
        table = statistics.causes_table(assessed)
        worst = max(table.rows, key=lambda r: r.at_least(table.line.level))
        count = number_text(worst.at_least(table.line.level))
        note = _("{level}分及以上{n}户").format(level=number_text(table.line.level), n=count)
        figures.append(Figure(_("最多的致困因子"), worst.title, "", note))
    waiting = statistics.waiting_households(assessed)
    figures.append(
        Figure(
            _("待补充信息"),
            number_text(waiting),
            _("户"),
            _("问清后才能确定结果") if waiting else _("结果都能确定"),
            alert=waiting > 0,
        )
    )
    if results.flags:
        flagged = statistics.flagged_households(assessed)
        figures.append(Figure(_("待人工确认"), number_text(flagged), _("户"), _("机器不作决定"), alert=flagged > 0))
    rejected = assessed.intake.households_rejected
    if rejected:
        figures.append(Figure(_("未受理"), number_text(rejected), _("户"), _("资料有误，退回更正"), alert=True))
    return [Heading(_("总体情况")), Figures(tuple(figures))]


def _group_rows(
    groups: tuple[Group, ...], whole: Group, categories: tuple[Group, ...], amount: bool
) -> list[tuple[Cell, ...]]:
    rows = []
    for group in (*groups, whole):
        cells = [group.title or _("合计"), number_text(group.households), number_text(group.members)]
        cells += [number_text(group.categories.get(c.code, 0)) for c in categories]
        cells += [amount_text(group.amount, in_column=True)] if amount else []
        rows.append(row(*cells))
    return rows


def _places(assessed: Assessed) -> list[Block]:
    groups, whole = statistics.by_place(assessed), statistics.totals(assessed)
    categories = statistics.by_category(assessed)
    amount = bool(assessed.pack.results.amount)
    heads = [Column(_("乡镇（街道）"), LEFT, 2.2), Column(_("户数"), RIGHT, 1), Column(_("人数"), RIGHT, 1)]
    heads += [Column(c.title, RIGHT, max(1.1, 0.2 * len(c.title))) for c in categories]
    heads += [Column(_("月金额（元）"), RIGHT, 1.7, True)] if amount else []
    rows = _group_rows(groups, whole, categories, amount)
    svg = charts.place_chart(groups, categories)
    return [
        Heading(_("分乡镇情况")),
        Chart(svg, _("各乡镇（街道）的户数")),
        Table(tuple(heads), tuple(rows), _("分乡镇（街道）统计"), total_row=True, dense=len(heads) > 8),
    ]


def _categories(assessed: Assessed) -> list[Block]:
    groups, whole = statistics.by_category(assessed), statistics.totals(assessed)
    if not groups:
        return []
    amount = bool(assessed.pack.results.amount)
    heads = [(_("类别"), LEFT, 2.0), (_("户数"), RIGHT, 1.0), (_("占比"), RIGHT, 1.0), (_("人数"), RIGHT, 1.0)]
    heads += [(_("月金额（元）"), RIGHT, 1.4)] if amount else []
    rows = []
    for group in (*groups, whole):
        share = percent_text(group.households, whole.households)
        cells = [group.title or _("合计"), number_text(group.households), share, number_text(group.members)]
        cells += [amount_text(group.amount, in_column=True)] if amount else []
        rows.append(row(*cells))
    title = assessed.shown(assessed.pack.results.category).title
    return [
        Heading(_("分类别情况")),
        Paragraph(_("“{title}”为系统按规则得出的建议，由经办人员核实后依程序确定。").format(title=title)),
        Chart(charts.category_chart(groups), _("各类别的户数")),
        table_of(columns(*heads), rows, _("分类别统计"), total=True),
    ]


def _causes(assessed: Assessed) -> list[Block]:
    if not assessed.pack.results.causes:
        return []
    table = statistics.causes_table(assessed)
    unknown = any(r.undetermined for r in table.rows)
    heads = [Column(_("致困因子"), LEFT, 1.8, True)]
    heads += [Column(level, RIGHT, 1.0, True) for level in statistics.LEVEL_TITLES] + [
        Column(_("小计"), RIGHT, 1.1, True)
    ]
    heads += [Column(_("待补充"), RIGHT, 1.2, True)] if unknown else []
    rows = []
    for cause in table.rows:
        cells = [cause.title, *(str(n) for n in cause.counts), str(cause.total)]
        rows.append(row(*cells, *([str(cause.undetermined)] if unknown else [])))
    blocks: list[Block] = [
        Heading(_("致困原因")),
        Chart(charts.causes_chart(table), _("各致困因子的户数")),
        Table(tuple(heads), tuple(rows), _("困难家庭致困原因统计表（户）"), dense=True),
        Paragraph(
            _("合计：{households}户。各行之和等于总户数；一户可以同时有几种原因，各列不能相加作为户数。").format(
                households=number_text(table.households)
            ),
            quiet=True,
        ),
        Paragraph(_line_text(table.line), quiet=True),
    ]
    return blocks + _several(assessed, table.line.level)


def _line_text(line: CauseLine) -> str:
    level = number_text(line.level)
    if not line.title:
        return _("政策包没有规定致困认定线，本报告按{level}分及以上计。").format(level=level)
    return _("{title}：{level}分及以上。依据：{reference}。").format(
        title=line.title, level=level, reference=line.reference.removesuffix("。")
    )


def _several(assessed: Assessed, line: float) -> list[Block]:
    levels = sorted({1.0, line})
    counted = [statistics.several_causes(assessed, level) for level in levels]
    heads = [(_("每户的致困因子个数"), LEFT, 2.0)]
    heads += [(_("按{level}分及以上计").format(level=number_text(level)), RIGHT, 1.0) for level in levels]
    rows = []
    for number in sorted({n for counts in counted for n in counts}, key=lambda n: (n is None, n or 0)):
        title = _("评分待补充") if number is None else _("{n}个").format(n=number) if number else _("没有")
        rows.append(row(title, *(number_text(counts.get(number, 0)) for counts in counted)))
    rows.append(row(_("合计"), *(number_text(sum(counts.values())) for counts in counted)))
    return [table_of(columns(*heads), rows, _("单一原因与多重原因（户）"), total=True)]


def _distribution(assessed: Assessed) -> list[Block]:
    """Of every further column that is money per head or month, the first: income per head in most packs."""
    for name in assessed.pack.results.columns:
        shown = assessed.shown(name)
        if shown.type == "number" and "income" in name and shown.unit.startswith(_("元")):
            data = statistics.distribution(assessed, name)
            svg = charts.distribution_chart(data)
            note = ""
            if data.undetermined:
                note = _("另有{count}户尚不能确定。").format(count=number_text(data.undetermined))
            return (
                [Heading(_("收入分布")), Chart(svg, _("{title}的分布").format(title=data.title), note)] if svg else []
            )
    return []


def _hardest(assessed: Assessed) -> list[Block]:
    results = assessed.pack.results
    if not (results.rank or results.index):
        return []
    order = hardest_first(assessed)[:HARDEST_SHOWN]
    heads = [
        Column(_("位次"), CENTRE, 0.6),
        Column(_("户编号"), LEFT, 1.4),
        Column(_("户主"), LEFT, 0.8),
        Column(_("乡镇"), LEFT, 1.3),
    ]
    names = [n for n in (results.category, results.index, results.amount) if n]
    shown = [assessed.shown(n) for n in names]
    for s in shown:
        longest = max(map(len, s.labels.values()), default=0)
        heads.append(Column(s.heading, RIGHT if s.type == "number" else LEFT, max(1.3, min(0.19 * longest, 2.4))))
    heads += [Column(_("主要致困因子"), LEFT, 3.0)] if results.causes else []
    ranks = positions(assessed, order)
    townships, people = assessed.townships(), assessed.heads()
    rows = []
    for rank, at in zip(ranks, order, strict=True):
        cells = [
            str(rank),
            assessed.households[at],
            people[at],
            assessed.place_name(townships[at]),
        ]
        for name, face in zip(names, shown, strict=True):
            value = assessed.column(name)[at]
            cells.append(face.text(value, in_column=True))
        cells += [main_causes(assessed, at)] if results.causes else []
        rows.append(row(*cells))
    title, unranked = _("困难程度排在前面的{count}户").format(count=len(rows)), unranked_text(assessed)
    return [
        Heading(title),
        Paragraph(_("全部家庭的排序见工作簿 results.xlsx 的“排序名册”。姓名已作遮盖。"), quiet=True),
        Table(tuple(heads), tuple(rows), "", dense=True),
        *([Paragraph(unranked, quiet=True)] if unranked else []),
    ]


def main_causes(assessed: Assessed, at: int) -> str:
    """The household's causes scored 1 and above, the heaviest first: 因病3、劳动力2."""
    found = []
    for order, name in enumerate(assessed.pack.results.causes):
        score = assessed.column(name)[at]
        if isinstance(score, int | float) and score >= 1:
            found.append((-score, order, f"{assessed.shown(name).title}{number_text(score)}"))
    return "、".join(text for _score, _order, text in sorted(found)[:4]) or "–"


def _waiting(assessed: Assessed) -> list[Block]:
    waiting = statistics.waiting_households(assessed)
    blocks: list[Block] = [Heading(_("待补充信息"))]
    if not waiting:
        return [*blocks, Paragraph(_("所有家庭的结果都已能够确定，没有待补充的信息。"))]
    blocks.append(
        Paragraph(
            _(
                "有{count}户缺少能够改变结果的信息。系统没有把空白当作0，而是把结果列为“待补充”。"
                "每户要问谁、问什么，见工作簿的“待补充信息”。"
            ).format(count=number_text(waiting))
        )
    )
    targets = [row(title, number_text(n)) for title, n in statistics.undetermined(assessed)]
    if targets:
        blocks.append(table_of(columns((_("尚不能确定的结果"), LEFT, 3), (_("户数"), RIGHT, 1)), targets))
    asked = statistics.questions(assessed)
    heads = columns(
        (_("需要询问"), LEFT, 1.4), (_("问题"), LEFT, 3.6), (_("户数"), RIGHT, 0.8), (_("项数"), RIGHT, 0.8)
    )
    rows = [row(q.title, q.text, number_text(q.households), number_text(q.rows)) for q in asked[:QUESTIONS_SHOWN]]
    caption = _("最常需要补问的{count}个问题").format(count=len(rows))
    return [*blocks, table_of(heads, rows, caption)]


def _flags(assessed: Assessed) -> list[Block]:
    flags = assessed.pack.results.flags
    if not flags:
        return []
    found = [i for i in statistics.items(assessed, flags) if i.households or i.undetermined]
    blocks: list[Block] = [Heading(_("待人工确认的事项"))]
    if not found:
        return [*blocks, Paragraph(_("没有家庭触发需要人工确认的事项。"))]
    heads = columns(
        (_("事项"), LEFT, 1.7),
        (_("需要核实什么"), LEFT, 2.6),
        (_("依据"), LEFT, 1.8),
        (_("户数"), RIGHT, 0.7),
        (_("尚不清楚"), RIGHT, 0.8),
    )
    rows = [
        row(i.title, i.confirm, i.reference or SAMPLE_MARK, number_text(i.households), number_text(i.undetermined))
        for i in found
    ]
    return [
        *blocks,
        Paragraph(
            _(
                "下列情形只作提示，不影响系统的计算结果。由工作人员核实后确认或者排除，并写明理由；"
                "任何家庭都不因这些提示被自动拒绝（2022年10月20日民政部等部门通知）。"
            )
        ),
        table_of(heads, rows),
    ]


def _policies(assessed: Assessed) -> list[Block]:
    """Each list under a small heading of its own: what people need is not what the law grants them."""
    lists = assessed.pack.results.policies
    blocks: list[Block] = []
    for name in lists:
        found = [i for i in statistics.items(assessed, (name,)) if i.households or i.undetermined]
        if found:
            blocks += [Heading(assessed.shown(name).title, level=3)] if len(lists) > 1 else []
            blocks.append(_item_table(found))
    return [Heading(_("帮扶需求与可享受的政策")), *blocks] if blocks else []


def _item_table(found: list[ItemCount]) -> Block:
    with_department = any(i.department for i in found)
    heads = [(_("需求、政策或服务"), LEFT, 2.4)] + ([(_("部门"), LEFT, 1.4)] if with_department else [])
    heads += [(_("依据"), LEFT, 2.6), (_("户数"), RIGHT, 0.8), (_("尚不清楚"), RIGHT, 0.8)]
    rows = []
    for i in found:
        department = [i.department or "–"] if with_department else []
        counts = (number_text(i.households), number_text(i.undetermined))
        rows.append(row(i.title, *department, i.reference or SAMPLE_MARK, *counts))
    return table_of(columns(*heads), rows)


def _intake(assessed: Assessed) -> list[Block]:
    intake = assessed.intake
    if not intake.problems and not intake.households_rejected:
        return []
    lines = []
    if intake.households_read is not None:
        lines.append(
            _("调查表共{read}户，受理{kept}户，退回更正{rejected}户。").format(
                read=number_text(intake.households_read),
                kept=number_text(len(assessed.households)),
                rejected=number_text(intake.households_rejected),
            )
        )
    if intake.rejects_file:
        lines.append(
            _(
                "退回的行连同原因写在 {file}，"
                "改好后不必动原表，评估时加上 --corrected 退回表，与全县一起评估；只导入退回表，就只评估退回的户。"
            ).format(file=intake.rejects_file)
        )
    heads = columns(
        (_("位置"), LEFT, 1.4),
        (_("要求"), LEFT, 2.0),
        (_("怎样改"), LEFT, 2.2),
        (_("处理"), LEFT, 1.1),
        (_("行数"), RIGHT, 0.7),
    )
    rows = [
        row(
            " ".join(filter(None, (p.sheet, p.column))), p.expected, p.remedy,
            _("退回") if p.rejected else _("受理，请核对"), number_text(p.rows),
        )
        for p in intake.problems[:QUESTIONS_SHOWN]
    ]  # fmt: skip
    return [Heading(_("资料受理情况")), Bullets(tuple(lines)), *([table_of(heads, rows)] if rows else [])]


def _samples(assessed: Assessed) -> list[Block]:
    found = sample_figures(assessed.pack, assessed.day)
    if not found:
        return []
    heads = (
        Column(_("种类"), LEFT, 0.6, True),
        Column(_("名称"), LEFT, 1.6),
        Column(_("数值"), LEFT, 0.9, True),
        Column(_("为什么用这个数"), LEFT, 4.1),
    )
    rows = [row(f.kind, f.title, f.value, f.reason) for f in found[:SAMPLES_SHOWN]]
    blocks: list[Block] = [
        Heading(_("示例参数")),
        Notice(
            _("示例参数，须由本地填报"),
            (
                _("下列{count}项不是本地公布的数字，正式使用前须由本地民政部门核定并在政策包中改写。").format(
                    count=len(found)
                ),
            ),
            "warn",
        ),
        table_of(heads, rows),
    ]
    if len(found) > SAMPLES_SHOWN:
        more = _("其余{count}项见工作簿的“说明”。").format(count=len(found) - SAMPLES_SHOWN)
        blocks.append(Paragraph(more, quiet=True))
    return blocks


def _notes(assessed: Assessed) -> list[Block]:
    notes = assessed.pack.notes
    if not notes:
        return []
    heads = columns((_("所涉内容"), LEFT, 1.4), (_("说明"), LEFT, 3.8), (_("出处"), LEFT, 1.6))
    rows = [row(n.subject, n.text, n.source.reference) for n in notes]
    return [
        Heading(_("对来源材料的说明")),
        Paragraph(_("来源材料中有前后不一致或者不可能成立的数字。系统没有照用，说明如下。")),
        table_of(heads, rows),
    ]
