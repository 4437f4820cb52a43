"""The tables and pictures of a statistics page, out of what was counted; each number leads to its list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _

from zhikun.analytics import counting
from zhikun.analytics.counting import ALL, CATEGORY, OPEN, REACHED, Counts
from zhikun.analytics.statistics import ItemRow, Number, Row, Statistics, line_text
from zhikun.analytics.ui.grids import Cell, Grid, Head, counted, list_url, with_parameters
from zhikun.assessments.models import Run
from zhikun.assessments.selectors import count_of
from zhikun.assessments.wanted import ANY, DECIDED, TO_DECIDE, Wanted
from zhikun.assessments.wanted import OPEN as NOT_YET
from zhikun.documents.statistics import LEVEL_TITLES, LEVELS
from zhikun.documents.values import number_text
from zhikun.pages.parts import Chart, Figure, Series
from zhikun.places.models import AreaRange
from zhikun.wording import SAMPLE_MARK

#: From which share of the households a cell is shaded how dark; the same on every page, so that pages can be compared.
_SHADES = (0.0, 0.05, 0.15, 0.3)
#: Places of a table that a page lists, so that it stays light; a county has a dozen townships, a township some twenty villages.
MOST_PLACES = 60


@dataclass(frozen=True)
class Panel:
    """One part of the page: a table and the picture of it, side by side, or below it where the table is wide."""

    grid: Grid
    chart: Chart | None = None
    wide: bool = False
    sample: bool = False


@dataclass(frozen=True)
class Builder:
    """Statistics of a place as panels. `areas`: the names of the places below that have a page of their own."""

    told: Statistics
    run: Run
    place: int | None
    areas: Mapping[int, str]
    here: int
    ranges: Sequence[AreaRange]

    def panels(self) -> list[Panel]:
        """Every part that there is something for, in the order of the page."""
        found = [
            self._causes(), self._at_once(), self._categories(), self._index(), *self._groups(), *self._items(),
            self._flags(), self._places(), self._places_by_cause(),
        ]  # fmt: skip
        return [one for one in found if one is not None]

    def url(self, wanted: Wanted | None, place: int | None = None) -> str:
        """The list behind a number of the page, or of a place below."""
        return list_url(self.run, wanted, place or self.place) if wanted is not None else ""

    def figures(self) -> list[Figure]:
        """What stands on top."""
        told, n = self.told, self.told.households
        some, several = told.with_causes(1), told.with_causes(2)
        level = number_text(told.line.level)
        found = [self._figure(_("评估的家庭"), Number(n, Wanted()))]
        if told.causes:
            among = _("，只数分数全部已知的家庭") if told.unsure_of_causes else ""
            found.append(self._figure(_("达到致困认定线"), some, _("有一类及以上达到 {n} 分").format(n=level) + among))
            found.append(self._figure(_("两类及以上原因"), several, _share_words(several.households, n) + among))
        hardest = told.hardest()
        if hardest is not None:
            title, number = hardest
            words = _("{n} 分及以上").format(n=level)
            found.append(self._figure(_("最多的致困因子：{t}").format(t=title), number, words))
        if told.pack.results.eligible in told.counted.columns:
            name = told.pack.results.eligible
            yes = Number(told.counted.of(name, "true"), counting.true_of(name))
            found.append(self._figure(told.shown(name).title, yes, _share_words(yes.households, n)))
        if told.has_amounts:
            found.append(self._amount())
        open_ = Number(told.counted.of(OPEN, "true"), Wanted(undetermined=True))
        found.append(self._figure(_("尚不能确定"), open_, _("还缺情况，不当作没有困难"), warn=True))
        if told.pack.results.flags:
            found.append(self._flagged(told.counted.of(counting.FLAGGED, "true")))
        return found

    def _flagged(self, flagged: int) -> Figure:
        """Who has flags that nobody has decided on yet; of how many none is left is told beside it."""
        left = self._left(ANY, TO_DECIDE)
        done = _("；另有 {n} 户的提示已由人认定").format(n=f"{flagged - left.households:,}")
        note = _("机器不作决定") + (done if flagged > left.households else "")
        return self._figure(_("有提示须由人确认"), left, note)

    def _left(self, flag: str, decided: str) -> Number:
        """Who has a flag is counted already; only what people decided on since is looked up."""
        done = count_of(self.run, self.ranges, Wanted(flag=flag, decided=DECIDED))
        counts = self.told.counted
        every = counts.of(counting.FLAGGED, "true") if flag == ANY else counts.of(counting.FLAGS, flag)
        return Number(done if decided == DECIDED else every - done, Wanted(flag=flag, decided=decided))

    def _figure(self, title: str, number: Number, note: str = "", *, warn: bool = False) -> Figure:
        n = number.households
        url = self.url(number.wanted) if n else ""
        return Figure(title, n, _("户"), note=note, tone="warning" if warn and n else "", url=url)

    def _amount(self) -> Figure:
        sum_, open_ = self.told.money(self.told.counted.whole)
        note = _("每月；另有 {n} 户金额待定").format(n=f"{open_:,}") if open_ else _("每月")
        return Figure(_("拟保障金额"), sum_, kind="money", note=note)

    def _cell(self, number: Number, *, of: int | None = None, shade: int = 0, strong: bool = False) -> Cell:
        return counted(number.households, self.url(number.wanted), of, shade, strong=strong)

    def _grid(
        self, name: str, title: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]], note: str = ""
    ) -> Grid:
        save = with_parameters(reverse("analytics:statistics", args=[self.run.pk]), self.place, save=name)
        return Grid(name, title, [Head(head) for head in heads], rows, note, save)

    def _chart(self, title: str, rows: Sequence[Row], names: Sequence[str], note: str = "") -> Chart:
        series = [
            Series(
                name, [row.numbers[at].households for row in rows],
                [self.url(row.numbers[at].wanted) for row in rows],
            )
            for at, name in enumerate(names)
        ]  # fmt: skip
        return Chart(title, "bar", [row.title for row in rows], series, unit=_("户"), note=note)

    def _causes(self) -> Panel | None:
        told = self.told
        table = told.causes_table()
        if not table.rows:
            return None
        rows = [(row, told.cause_row(row)) for row in table.rows]
        last = len(LEVELS)
        line_at = next((at for at, level in enumerate(LEVELS) if level >= table.line.level), last)
        cells = [
            [
                Cell(row.title),
                *(
                    replace(
                        self._cell(
                            number, shade=shade(number.households, table.households) if at < last else 0, strong=at > last
                        ),
                        edge=at in (line_at, last),
                    )
                    for at, number in enumerate(row.numbers)
                ),
            ]
            for _cause, row in rows
        ]  # fmt: skip
        level = number_text(table.line.level)
        notes = [
            _("合计：{n}户。一户可以同时有几种原因，各列不能相加作为户数。").format(n=number_text(table.households))
        ]
        notes.append(line_text(table.line))
        strange = {row.title: told.strange(row.name) for row in table.rows}
        notes += [
            _("{title}有{n}户的分数不在 0 至 5 分的十一档之中，没有列入：请检查政策包的取整。").format(title=title, n=n)
            for title, n in strange.items()
            if n
        ]
        heads = [
            _("致困因子"), *LEVEL_TITLES, _("小计"), _("尚不能确定"), _("{level}分及以上").format(level=level)
        ]  # fmt: skip
        grid = self._grid("causes", _("困难家庭致困原因统计表"), heads, cells, "".join(notes))
        reached = [Row(row.title, row.numbers[-1:]) for _cause, row in rows]
        title = _("各致困因子达到 {level} 分的家庭").format(level=level)
        return Panel(grid, self._chart(title, reached, [""]), wide=True, sample=told.is_sample(*told.causes))

    def _at_once(self) -> Panel | None:
        if not self.told.causes:
            return None
        levels, rows = self.told.causes_at_once()
        cells = [[Cell(row.title), *(self._cell(number) for number in row.numbers)] for row in rows]
        total = Number(self.told.households, Wanted())
        cells.append([Cell(_("合计"), strong=True), *(self._cell(total, strong=True) for _level in levels)])
        names = [_("按{level}分及以上计").format(level=number_text(level)) for level in levels]
        note = _("有一项分数尚不能确定的家庭，个数也不能确定。")
        title = _("单一原因与多重原因")
        grid = self._grid("several", title, [_("每户的致困因子个数"), *names], cells, note)
        return Panel(grid, self._chart(title, rows, names), sample=self.told.is_sample(*self.told.causes))

    def _categories(self) -> Panel | None:
        told, found = self.told, self.told.categories()
        if not found:
            return None
        cells = []
        for code, row in found:
            line = [Cell(row.title), self._cell(row.numbers[0], of=told.households)]
            if told.has_amounts:
                sum_, open_ = told.money(told.counted.whole, [code])
                line += [Cell(sum_, kind="money"), self._cell(Number(open_, told.without_amount(code)))]
            cells.append(line)
        total = [Cell(_("合计"), strong=True), self._cell(Number(told.households, Wanted()), strong=True)]
        heads = [told.shown(told.pack.results.category).title, _("户数")]
        if told.has_amounts:
            sum_, open_ = told.money(told.counted.whole)
            total += [
                Cell(sum_, kind="money", strong=True), self._cell(Number(open_, told.without_amount(of_all=True)), strong=True)
            ]  # fmt: skip
            heads += [_("月金额"), _("金额待定（户）")]
        note = _("“{title}”为系统按规则得出的建议，由经办人员核实后依程序确定。").format(title=heads[0])
        grid = self._grid("categories", _("分类别统计"), heads, [*cells, total], note)
        chart = self._chart(heads[0], [row for _code, row in found], [""])
        return Panel(grid, chart, sample=told.is_sample(told.pack.results.category, told.pack.results.amount))

    def _index(self) -> Panel | None:
        rows = self.told.index()
        if not rows:
            return None
        shown = self.told.shown(self.told.pack.results.index)
        note = _("各段含下限、不含上限，各地区用同样的分段；最高的百分之二并入最后一段。")
        panel = self._simple("index", _("{title}分布").format(title=shown.title), shown.heading, rows, note)
        return replace(panel, sample=self.told.is_sample(shown.name))

    def _groups(self) -> list[Panel]:
        return [
            replace(self._simple(f"group-{name}", title, title, rows), sample=self.told.is_sample(name))
            for name, title, rows in self.told.groups()
        ]

    def _simple(self, name: str, title: str, first: str, rows: Sequence[Row], note: str = "") -> Panel:
        cells = [[Cell(row.title), self._cell(row.numbers[0], of=self.told.households)] for row in rows]
        return Panel(self._grid(name, title, [first, _("户数")], cells, note), self._chart(title, rows, [""]))

    def _items(self) -> list[Panel]:
        """What people need and what they may be given: the pack's lists, by department."""
        found = []
        for name in self.told.pack.results.policies:
            rows = self.told.items(name) if name in self.told.counted.columns else []
            if rows:
                title, note = self.told.shown(name).title, _("一户可以有几项，各行不能相加作为户数。")
                found.append(Panel(self._listed(f"items-{name}", title, _("需求、政策或服务"), rows, note), wide=True))
        return found

    def _flags(self) -> Panel | None:
        rows = [row for name in self.told.pack.results.flags for row in self.told.items(name)]
        if not rows:
            return None
        note = _(
            "只作提示，不影响计算结果；由工作人员核实后确认或者排除，并写明理由。任何家庭都不因这些提示被自动拒绝。"
        )
        title = _("须由人确认的事项")
        return Panel(self._listed("flags", title, _("事项"), rows, note, self._decisions), wide=True)

    def _decisions(self, row: ItemRow) -> list[tuple[str, Number]]:
        """Of a flag: where nobody has decided on it yet, and where somebody has."""
        told = ((_("还没有人认定"), TO_DECIDE), (_("已由人认定"), DECIDED))
        return [(head, self._left(row.item.code, which)) for head, which in told]

    def _listed(
        self,
        name: str,
        title: str,
        first: str,
        rows: Sequence[ItemRow],
        note: str,
        more: Callable[[ItemRow], list[tuple[str, Number]]] = lambda _row: [],
    ) -> Grid:
        """Items with their households; `more`: numbers of an item that stand behind them, each with its heading."""
        told: list[tuple[str, Callable[[ItemRow], str]]] = [
            (_("部门"), lambda row: row.item.department), (_("需要核实什么"), lambda row: row.item.confirm),
        ]  # fmt: skip
        words = [(head, read) for head, read in told if any(read(row) for row in rows)]
        words.append((_("依据"), lambda row: row.item.source.reference or SAMPLE_MARK))
        open_ = any(row.undecided is not None for row in rows)
        cells = []
        for row in rows:
            line = [
                Cell(row.item.title),
                *(Cell(read(row) or "–") for _head, read in words),
                self._cell(row.households),
                *(self._cell(number) for _head, number in more(row)),
            ]
            undecided = self._cell(row.undecided) if row.undecided is not None else Cell("–")
            cells.append([*line, undecided] if open_ else line)
        heads = [first, *(head for head, _read in words), _("户数"), *(head for head, _n in more(rows[0]))]
        heads += [_("尚不清楚")] if open_ else []
        return self._grid(name, title, heads, cells, note)

    def _places(self) -> Panel | None:
        told, codes = self.told, self._codes()
        if not codes:
            return None
        found = [(code, row.title) for code, row in told.categories() if code is not None]

        def numbers(counts: Counts) -> list[Number]:
            return [
                Number(counts.get(ALL, {}).get(None, 0), Wanted()),
                *(Number(counts.get(CATEGORY, {}).get(code, 0), Wanted(category=code)) for code, _title in found),
                Number(counts.get(OPEN, {}).get("true", 0), Wanted(undetermined=True)),
            ]

        def line(counts: Counts, first: Cell, place: int | None) -> list[Cell]:
            cells = [self._below(number, place, strong=first.strong) for number in numbers(counts)]
            if told.has_amounts:
                sum_, open_ = told.money(counts)
                waiting = Number(open_, told.without_amount(of_all=True))
                cells += [
                    Cell(sum_, kind="money", strong=first.strong),
                    self._below(waiting, place, strong=first.strong),
                ]
            return [first, *cells]

        cells = [line(told.counted.places[code], self._name(code), code) for code in codes]
        cells.append(line(told.counted.whole, Cell(_("合计"), strong=True), None))
        heads = [_("地区"), _("户数"), *(title for _code, title in found), _("尚不能确定")]
        grid = self._grid(
            "places",
            _("分地区统计"),
            [*heads, *([_("月金额"), _("金额待定（户）")] if told.has_amounts else [])],
            cells,
        )
        return Panel(replace(grid, most=MOST_PLACES), self._places_chart(codes[:MOST_PLACES]), wide=True)

    def _codes(self) -> list[int]:
        """The places below by their codes; where there are more than a page can list, the largest first."""
        places = self.told.counted.places
        if len(places) <= MOST_PLACES:
            return sorted(places)
        return sorted(places, key=lambda code: (-places[code].get(ALL, {}).get(None, 0), code))

    def _places_chart(self, codes: Sequence[int]) -> Chart:
        """The households of each place by category, those of whom it is not known yet as well."""
        told = self.told
        parts = [(code, row.title, Wanted(category=code or NOT_YET)) for code, row in told.categories()]
        name = CATEGORY if parts else ALL
        parts = parts or [(None, _("户数"), Wanted())]
        series = [
            Series(
                title, [told.counted.places[place].get(name, {}).get(code, 0) for place in codes],
                [self._place_url(wanted, place) for place in codes], "unknown" if code is None and name == CATEGORY else "",
            )
            for code, title, wanted in parts
        ]  # fmt: skip
        series = [one for one in series if not one.tone or any(one.values)]
        return Chart(_("各地区的户数"), "stacked", [str(self._name(c).value) for c in codes], series, unit=_("户"))

    def _places_by_cause(self) -> Panel | None:
        told, codes = self.told, self._codes()
        if not codes or not told.causes:
            return None
        rows = [[told.cause_row(row).numbers[-1] for row in told.causes_table().rows]]

        def line(counts: Counts, first: Cell, place: int | None) -> list[Cell]:
            among, reached = counts.get(ALL, {}).get(None, 0), counts.get(REACHED, {})
            cells = [first]
            for name, number in zip(told.causes, rows[0], strict=True):
                n = reached.get(name, 0)
                dark = 0 if place is None else shade(n, among)
                cells.append(self._below(Number(n, number.wanted), place, shade=dark, strong=first.strong))
            return cells

        cells = [line(told.counted.places[code], self._name(code), code) for code in codes]
        cells.append(line(told.counted.whole, Cell(_("合计"), strong=True), None))
        note = _("{level}分及以上的户数；颜色按占当地评估户数的比例。").format(level=number_text(told.line.level))
        heads = [_("地区"), *(told.shown(name).title for name in told.causes)]
        grid = self._grid("places-causes", _("分地区致困原因"), heads, cells, note)
        return Panel(replace(grid, most=MOST_PLACES), wide=True)

    def _below(self, number: Number, place: int | None, *, shade: int = 0, strong: bool = False) -> Cell:
        return counted(number.households, self._place_url(number.wanted, place), None, shade, strong=strong)

    def _place_url(self, wanted: Wanted | None, place: int | None) -> str:
        """Of those registered with the place itself, and of a place without a name, no list can be asked for."""
        return self.url(wanted, place) if place is None or place in self.areas else ""

    def _name(self, code: int) -> Cell:
        """A place below, which has a page of its own."""
        if code in self.areas:
            page = reverse("analytics:statistics", args=[self.run.pk])
            return Cell(self.areas[code], with_parameters(page, code))
        if code == self.here:
            return Cell(_("没有细分到下一级"))
        return Cell(_("未登记名称（{code}）").format(code=code))


def shade(n: int, among: int) -> int:
    """How dark a cell is, by its share of the households: nobody is not shaded."""
    return sum(n > share * among for share in _SHADES) if n and among else 0


def _share_words(n: int, among: int) -> str:
    return _("占 {share}").format(share=f"{n / among:.1%}") if among else ""
