"""The sections of a month's report that go through the tables: places, ways and causes, indicators, precision, lists, samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zhikun.documents.blocks import (
    LEFT,
    RIGHT,
    Block,
    Bullets,
    Cell,
    Chart,
    Column,
    Heading,
    Notice,
    Paragraph,
    Table,
    columns,
    row,
    table_of,
)
from zhikun.documents.charts import bar_chart
from zhikun.documents.drawing import Bar, Part
from zhikun.documents.values import number_text
from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import DIRECTIONS, Level, Monitoring
from zhikun.screening.figures import Area, Basis, Figures, Signal
from zhikun.screening.precision import Tally
from zhikun.screening.samples import sample_figures
from zhikun.screening.words import (
    direction_words,
    indicator_words,
    month_ranges,
    month_words,
    way_words,
)
from zhikun.wording import SAMPLE_MARK, _

COUNTIES_SHOWN, TOWNSHIPS_SHOWN, BARS_SHOWN = 200, 60, 24
COLOURS = {"blue": "#3f7fc1", "yellow": "#e6bd2f", "orange": "#e2802b", "red": "#c0392b"}


def places(found: Figures, pack: Pack, monitoring: Monitoring) -> list[Block]:
    """By county where there are several; by township, the ones with most warnings first where there are too many."""
    blocks: list[Block] = [Heading(_("分地区情况"))]
    if len(found.counties) > 1:
        blocks += _areas(
            found,
            found.counties,
            COUNTIES_SHOWN,
            pack,
            monitoring,
            (_("县（市、区）"), _("分县统计（监测对象按人，其余按件）")),
        )
    if any(area.code for area in found.townships):
        blocks += _areas(
            found,
            found.townships,
            TOWNSHIPS_SHOWN,
            pack,
            monitoring,
            (_("乡镇（街道）"), _("分乡镇（街道）统计（监测对象按人，其余按件）")),
        )
    if any(area.code and area.code not in pack.places for area in (*found.counties, *found.townships)):
        blocks.append(Paragraph(_("政策包没有写名称的地方，按区划代码列出。"), quiet=True))
    return blocks


def _areas(
    found: Figures, areas: Sequence[Area], most: int, pack: Pack, monitoring: Monitoring, titles: tuple[str, str]
) -> list[Block]:  # fmt: skip
    mine, levels = found.directions, list(reversed(monitoring.levels))
    ordered = sorted(areas, key=lambda area: (-sum(area.warned.values()), area.code))[:most]
    heads = [Column(titles[0], LEFT, 2.2), Column(_("监测对象"), RIGHT, 1.2, True)]
    heads += [Column(level.title, RIGHT, 0.9, True) for level in levels]
    heads += [Column(direction_words()[one], RIGHT, 1.6) for one in mine]
    heads += [Column(title, RIGHT, 1.0, True) for title in (_("已核实"), _("已帮扶"), _("超期"))]
    rows = [row(place_words(area.code, pack), *_area_cells([area], mine, levels)) for area in ordered]
    rows.append(row(_("合计"), *_area_cells(areas, mine, levels)))
    bars = []
    for area in ordered[:BARS_SHOWN]:
        pieces, at = [], 0
        for level in levels:
            n = sum(area.warned.get((one, level.id), 0) for one in mine)
            pieces.append((float(at), float(at + n), COLOURS[level.id], 0.66))
            at += n
        bars.append(Bar(place_words(area.code, pack), tuple(pieces), number_text(at)))
    legend = [Part(level.title, COLOURS[level.id]) for level in levels]
    title = _("预警最多的{t}（件，两个方向合计）") if len(mine) > 1 else _("预警最多的{t}（件）")
    title = title.format(t=titles[0])
    text = _("最多的是{p}。").format(p=bars[0].title) if bars else ""
    blocks: list[Block] = [
        Chart(bar_chart(bars, legend, title, text, 25), title),
        Table(tuple(heads), tuple(rows), titles[1], total_row=True, dense=True),
    ]
    if len(areas) > len(ordered):
        more = _("按预警多少列出前 {n} 个，其余 {k} 个只计入合计。").format(n=len(ordered), k=len(areas) - len(ordered))
        blocks.append(Paragraph(more, quiet=True))
    return blocks


def _area_cells(areas: Sequence[Area], mine: Sequence[str], levels: Sequence[Level]) -> list[str]:
    counts = [sum(area.watched for area in areas)]
    counts += [sum(area.warned.get((one, level.id), 0) for area in areas for one in mine) for level in levels]
    counts += [sum(area.of(one) for area in areas) for one in mine]
    counts += [sum(area.visited for area in areas), sum(area.helped for area in areas), sum(a.overdue for a in areas)]
    return [number_text(n) for n in counts]


def place_words(code: str, pack: Pack) -> str:
    """The name of a place; its code where the pack gives none."""
    return pack.places.get(code, code) or _("未填写所在地")


def kinds(found: Figures, monitoring: Monitoring) -> list[Block]:
    """By way to handle, by cause, by group of people."""
    groups = {code: group.title for code, group in monitoring.groups.items()}
    return [
        Heading(_("按处置方式、原因和类别")),
        _counted(found, found.ways, way_words(), _("处置方式"), total=True),
        _counted(found, found.causes, monitoring.causes, _("原因"), total=False),
        _counted(found, found.groups, groups, _("人员类别"), total=False),
        Paragraph(_("一个人可以有几种原因、属于几个类别，这两张表各行不能相加。"), quiet=True),
    ]


def _counted(
    found: Figures, counts: Mapping[tuple[str, str], int], words: Mapping[str, str], title: str, total: bool
) -> Table:  # fmt: skip
    mine = found.directions
    heads = columns((title, LEFT, 2.6), *((direction_words()[one], RIGHT, 1.4) for one in mine))
    codes = [*words, *sorted({code for _one, code in counts} - set(words))]
    rows = [
        row(words.get(code, code), *(number_text(counts.get((one, code), 0)) for one in mine))
        for code in codes if any(counts.get((one, code)) for one in mine)
    ]  # fmt: skip
    if total:
        rows.append(row(_("合计"), *(number_text(found.total(counts, one)) for one in mine)))
    return table_of(heads, rows, _("按{t}（人）").format(t=title), total=total)


def signals(found: Figures, monitoring: Monitoring) -> list[Block]:
    heads = columns(
        (_("指标"), LEFT, 2.0), (_("有得分（人）"), RIGHT, 1.2), (_("沿用以前（人）"), RIGHT, 1.4),
        (_("涉及预警（人）"), RIGHT, 1.4), (_("依据"), LEFT, 3.0),
    )  # fmt: skip
    ordered = sorted(found.signals, key=lambda one: DIRECTIONS.index(monitoring.indicators[one.indicator].direction))
    rows = [_signal_row(one, found, monitoring) for one in ordered]
    text = _(
        "“沿用以前”：本月名单没有到或者有空白，上月得分较高的不因此降低，继续沿用。"
        "一件预警由几项指标共同得出的，每项各计一次。"
    )
    return [Heading(_("分指标情况")), table_of(heads, rows), Paragraph(text, quiet=True)]


def _signal_row(one: Signal, found: Figures, monitoring: Monitoring) -> tuple[Cell, ...]:
    indicator = monitoring.indicators[one.indicator]
    given = found.run["files"]["indicators"].get(one.indicator, {"files": [], "missing": []})
    periods = [file["period"] for file in given["files"]]
    title = monitoring.sources[indicator.list_source].title
    if not periods:
        basis = Cell(_("“{t}”没有可用的：对所有人都是未知").format(t=title), mark="bad")
    elif given["missing"]:
        text = _("“{t}”缺 {p}：数值按至少计算").format(t=title, p=month_ranges(given["missing"]))
        basis = Cell(text, mark="wait")
    elif indicator.window_months == 1 and periods[-1] != str(found.month):
        basis = Cell(_("“{t}”{p}：本月没有新的，仍在有效期内").format(t=title, p=periods[-1]), mark="wait")
    else:
        basis = Cell(_("“{t}”{p}").format(t=title, p=month_ranges(periods)))
    return row(
        Cell(indicator.title, note=direction_words()[indicator.direction]), number_text(one.scored),
        number_text(one.carried), number_text(one.warned), basis,
    )  # fmt: skip


def precision(found: Figures) -> list[Block]:
    blocks: list[Block] = [Heading(_("预警准不准"))]
    if not found.precision.indicators:
        return [*blocks, Paragraph(_("还没有入户核实的反馈，不能判断。"))]
    text = _(
        "截至{m}的各月预警，按最后一次反馈计。准确率 = 属实 ÷（属实 + 不属实）；未见到本人、已迁出的两边都不算。"
        "“可能需要帮扶”以情况属实、已帮扶为属实；“可能不再符合条件”以情况属实、不困难为属实。"
    ).format(m=month_words(found.month))
    return [
        *blocks,
        _tallies(found.precision.indicators, _("指标")),
        _tallies(found.precision.sources, _("名单")),
        Paragraph(text, quiet=True),
    ]


def _tallies(tallies: Sequence[Tally], title: str) -> Table:
    heads = columns(
        (title, LEFT, 2.6), (_("核实（件）"), RIGHT, 1.0), (_("属实"), RIGHT, 0.9), (_("不属实"), RIGHT, 0.9),
        (_("准确率"), RIGHT, 1.0), (_("已帮扶"), RIGHT, 0.9), (_("平均用时（天）"), RIGHT, 1.3),
    )  # fmt: skip
    rows = [
        row(
            Cell(one.title, note=one.department), number_text(one.visited), number_text(one.right), number_text(one.wrong),
            "–" if one.rate is None else f"{one.rate * 100:.1f}%", number_text(one.helped),
            "–" if one.days_each is None else str(one.days_each),
        )
        for one in tallies
    ]  # fmt: skip
    return table_of(heads, rows, _("按{t}").format(t=title))


def bases(found: Figures, monitoring: Monitoring) -> list[Block]:
    """Which file of which period everything rests on, and what was missing."""
    missing = [
        _("“{t}”（{d}）缺 {p}").format(
            t=_list_title(one, monitoring), d=monitoring.sources[one.source].department, p=month_ranges(one.missing)
        )
        for one in found.bases if one.missing and one.source in monitoring.sources
    ]  # fmt: skip
    heads = (
        Column(_("名单"), LEFT, 1.8), Column(_("用于"), LEFT, 1.8), Column(_("依据的文件"), LEFT, 2.8),
        Column(_("缺哪几期"), LEFT, 1.4, tight=True),
    )  # fmt: skip
    rows = [
        row(
            Cell(_list_title(one, monitoring), note=_department(one, monitoring)),
            indicator_words(monitoring, one.indicators) or _("监测谁"), "；".join(map(_file_words, one.files)) or "–",
            Cell(month_ranges(one.missing) or "–", mark="wait" if one.missing else ""),
        )
        for one in found.bases
    ]  # fmt: skip
    blocks: list[Block] = [Heading(_("依据的名单"))]
    if missing:
        what = _("下列名单有缺。缺的不当作“没有”：得不出的是未知，已得出的按至少计，上月的预警不因此降级或者解除。")
        blocks += [Paragraph(what), Bullets(tuple(missing))]
    else:
        blocks.append(Paragraph(_("应当依据的名单都到了。")))
    if left_out := [(_list_title(one, monitoring), one.uncompared) for one in found.bases if one.uncompared]:
        what = _("下列名单没有身份证号，筛查时没有安装 splink，与监测对象不完全相同的行没有比对，可能漏了人：")
        blocks += [Paragraph(what), Bullets(tuple(_("“{t}”{n} 行").format(t=t, n=n) for t, n in left_out))]
    tail = _("各文件的完整校验值在数据文件夹 screening/{p}/{m}/run.json 里。").format(
        p=found.run["pack"]["id"], m=found.month
    )
    return [*blocks, table_of(heads, rows), Paragraph(tail, quiet=True)]


def _list_title(one: Basis, monitoring: Monitoring) -> str:
    return monitoring.sources[one.source].title if one.source in monitoring.sources else one.source


def _department(one: Basis, monitoring: Monitoring) -> str:
    return monitoring.sources[one.source].department if one.source in monitoring.sources else ""


def _file_words(file: tuple[str, int, str, int]) -> str:
    period, number, sha256, rows = file
    return _("{p} 第 {n:03d} 号（{r} 行，{h}）").format(p=period, n=number, r=number_text(rows), h=sha256[:8])


def samples(monitoring: Monitoring) -> list[Block]:
    found = sample_figures(monitoring)
    if not found:
        return []
    heads = columns((_("种类"), LEFT, 0.8), (_("数值"), LEFT, 3.0), (_("为什么用这个数"), LEFT, 2.6))
    rows = [row(kind, "；".join(texts), why) for kind, texts, why in found]
    text = _("下列数字不是本地公布的，正式使用前须由本地民政部门核定并在政策包中改写。")
    return [Heading(_("示例参数")), Notice(SAMPLE_MARK, (text,), "warn"), table_of(heads, rows)]
