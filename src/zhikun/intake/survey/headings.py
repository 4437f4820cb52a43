"""Which sheet is which, where its headings are, and which column is which fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from zhikun.identity import mask_id_numbers_in
from zhikun.intake.survey.layout import (
    HOUSEHOLD_COLUMN,
    ROW_COLUMN,
    SheetLayout,
    guide_title,
    heading_key,
    household_heading,
    options_title,
    problem_heading,
)
from zhikun.tables import Grid, RowMessage, Severity, Sheet
from zhikun.wording import _, did_you_mean

_LOOK_AT = 10
_HOUSEHOLD_ALIASES = ("户编号", "户号", "户编码", "家庭编号", "家庭编码", "household", "household_id")
_IGNORED = ("序号", "备注", "填表人", "调查员", "调查日期", "note", "label")
_FEWEST_HEADINGS = 2


@dataclass(frozen=True, slots=True)
class Mapped:
    """A sheet understood: its layout, the grid below its headings, and column index by key or fact name."""

    layout: SheetLayout
    grid: Grid
    household: int
    row: int | None
    facts: dict[str, int]
    missing: tuple[str, ...] = ()


@dataclass(slots=True)
class Mapping:
    """The result of looking at all sheets; `fatal` messages mean that nothing can be read."""

    sheets: dict[str, Mapped] = field(default_factory=dict)
    fatal: list[RowMessage] = field(default_factory=list)
    messages: list[RowMessage] = field(default_factory=list)


def map_sheets(sheets: Sequence[Sheet], plans: Sequence[SheetLayout], given: dict[str, str] | None = None) -> Mapping:
    """Every layout with its sheet; messages for what is missing, doubled or unknown.

    `given`: entity by sheet name, where the caller knows which file is which.
    """
    result = Mapping()
    chosen = _assign(sheets, plans, given or {}, result)
    for plan in plans:
        sheet = chosen.get(plan.entity)
        if sheet is None:
            if plan.entity in ("household", "member"):
                result.fatal.append(_no_sheet(plan, sheets))
            continue
        if not len(sheet):
            result.fatal.append(
                RowMessage(sheet.name, 0, "", _("表是空的"), _("有表头和数据的表"), _("请用本方案的模板填写"))
            )
            continue
        mapped = _map_columns(sheet, plan, result)
        if mapped:
            result.sheets[plan.entity] = mapped
    return result


def sheet_entity(name: str, plans: Sequence[SheetLayout]) -> str:
    """The entity that a sheet's or file's name says: 家庭, 成员, 2025年原州区_成员.csv; '' when it says none."""
    stem = heading_key(PurePath(name).stem if PurePath(name).suffix.lower() in _FILE_SUFFIXES else name)
    stem = stem.removesuffix("表")
    for plan in plans:
        for word in (plan.title, plan.entity):
            if stem == heading_key(word):
                return plan.entity
    # The end of a name says more than its beginning: 家庭成员 are members.
    for tells in (str.endswith, str.startswith):
        for plan in plans:
            if any(tells(stem, heading_key(word)) for word in (plan.title, plan.entity)):
                return plan.entity
    return ""


def household_column(headings: Sequence[str]) -> int | None:
    """Which of the headings is the household's number."""
    known = {heading_key(word) for word in (*_HOUSEHOLD_ALIASES, household_heading())}
    return next((n for n, heading in enumerate(headings) if heading_key(heading) in known), None)


_FILE_SUFFIXES = {".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".xls"}


def _assign(
    sheets: Sequence[Sheet], plans: Sequence[SheetLayout], given: dict[str, str], result: Mapping
) -> dict[str, Sheet]:
    """By name first; a sheet without a telling name by its headings."""
    chosen: dict[str, Sheet] = {}
    nameless = []
    told: set[tuple[str, str]] = set()
    own = {guide_title(), options_title()}
    for sheet in sheets:
        entity = given.get(sheet.name) or sheet_entity(sheet.name, plans)
        if sheet.name in own:
            continue
        if not entity:
            nameless.append(sheet)
        elif entity in chosen:
            # Two whole workbooks share every sheet: to be told of the first is enough.
            pair = (chosen[entity].file, sheet.file)
            if pair not in told or not all(pair):
                told.add(pair)
                title = next(plan.title for plan in plans if plan.entity == entity)
                result.fatal.append(_twice(chosen[entity], sheet, title))
        else:
            chosen[entity] = sheet
    for sheet in nameless:
        open_plans = [plan for plan in plans if plan.entity not in chosen]
        scores = [(_best_row(sheet, plan)[1], -i, plan) for i, plan in enumerate(open_plans)]
        best = max(scores, key=lambda s: s[:2], default=None)
        if best and best[0] > _FEWEST_HEADINGS:
            chosen[best[2].entity] = sheet
        elif len(sheet):
            result.messages.append(
                RowMessage(sheet.name, 0, "", _("这张表不属于本调查，没有读取"), "", "", Severity.NOTE, rows=len(sheet))
            )
    return chosen


def _known(plan: SheetLayout) -> dict[str, str]:
    """Normalised heading -> fact name, HOUSEHOLD_COLUMN or ROW_COLUMN."""
    known = {heading_key(word): HOUSEHOLD_COLUMN for word in (*_HOUSEHOLD_ALIASES, household_heading())}
    if plan.row_heading:
        known |= {heading_key(word): ROW_COLUMN for word in (plan.row_heading, "row")}
    for fact in plan.facts:
        known[heading_key(fact.name)] = fact.name
    for fact in plan.facts:
        if fact.unit:
            known.setdefault(heading_key(f"{fact.title}({fact.unit})"), fact.name)
        known[heading_key(fact.title)] = fact.name
    return known


def _best_row(sheet: Sheet, plan: SheetLayout) -> tuple[int, int]:
    """The row that looks most like headings, and how many it has; the first of equals."""
    known = _known(plan)
    best = (0, 0)
    for index, row in enumerate(sheet.head(_LOOK_AT)):
        score = len({known[key] for cell in row if (key := heading_key(cell)) in known})
        if score > best[1]:
            best = (index, score)
    return best


def _map_columns(sheet: Sheet, plan: SheetLayout, result: Mapping) -> Mapped | None:
    known = _known(plan)
    header_index, score = _best_row(sheet, plan)
    if score < _FEWEST_HEADINGS:
        # Whatever stands in the first row may be a person's data: it is not repeated in the message.
        result.fatal.append(_no_headings(sheet, plan))
        return None
    grid = sheet.grid(header_index)
    columns: dict[str, int] = {}
    unknown: list[tuple[int, str]] = []
    doubled = False
    for index, heading in enumerate(grid.header):
        key = heading_key(heading)
        name = known.get(key)
        if name is None:
            if key and key != heading_key(problem_heading()) and key not in map(heading_key, _IGNORED):
                unknown.append((index, heading))
        elif name in columns:
            doubled = True
            result.fatal.append(_doubled(grid, heading, columns[name], index))
        else:
            columns[name] = index
    missing = [fact for fact in plan.facts if fact.name not in columns]
    _unknown_headings(grid, unknown, [fact.title for fact in missing] + [household_heading()], result)
    needed = [fact.title for fact in missing if fact.required]
    if HOUSEHOLD_COLUMN not in columns:
        needed.insert(0, household_heading())
    result.fatal.extend(_missing(grid, heading, [h for _i, h in unknown]) for heading in needed)
    if needed or doubled:
        return None
    household, row = columns.pop(HOUSEHOLD_COLUMN), columns.pop(ROW_COLUMN, None)
    if missing:
        result.messages.append(_not_asked(grid, [fact.title for fact in missing]))
    return Mapped(plan, grid, household, row, columns, tuple(fact.name for fact in missing))


def _unknown_headings(grid: Grid, unknown: list[tuple[int, str]], candidates: list[str], result: Mapping) -> None:
    for _index, heading in unknown:
        hint = did_you_mean(heading.strip(), candidates)
        result.messages.append(
            RowMessage(
                grid.sheet,
                grid.header_row,
                mask_id_numbers_in(heading.strip()),
                _("不认识这一列，没有读取"),
                "",
                hint or _("如果不需要这一列可以不管；需要就请按模板改表头"),
                Severity.WARNING,
            )
        )


def _no_sheet(plan: SheetLayout, sheets: Sequence[Sheet]) -> RowMessage:
    names = "、".join(sheet.name for sheet in sheets) or _("无")
    return RowMessage(
        "",
        0,
        "",
        _("没有“{title}”表（文件里有：{names}）").format(title=plan.title, names=names),
        _("名为“{title}”的工作表，或文件名以“{title}”结尾的 CSV").format(title=plan.title),
        _("请用本方案的模板，或把工作表改成这个名字"),
    )


def _no_headings(sheet: Sheet, plan: SheetLayout) -> RowMessage:
    return RowMessage(
        sheet.name,
        0,
        "",
        _("前 {count} 行里找不到表头").format(count=_LOOK_AT),
        _("含有“{headings}”等的表头行").format(headings="、".join(plan.headings()[:4])),
        _("请用本方案的模板，或在第一行补上表头"),
    )


def _twice(first: Sheet, second: Sheet, title: str) -> RowMessage:
    if first.file != second.file:
        return RowMessage(
            "",
            0,
            "",
            _("“{first}”和“{second}”都有“{title}”表，是两份调查表").format(
                first=first.file or first.name, second=second.file or second.name, title=title
            ),
            _("一次一份调查表"),
            _("请只交其中一份，或合并成一份；改好的退回表用 --corrected 交回，每轮一份"),
        )
    return RowMessage(
        second.name,
        0,
        "",
        _("与“{first}”是同一种表").format(first=first.name),
        _("每种表一张"),
        _("请合并成一张，或分成两次导入"),
    )


def _doubled(grid: Grid, heading: str, first: int, second: int) -> RowMessage:
    return RowMessage(
        grid.sheet,
        grid.header_row,
        heading.strip(),
        _("同一列出现两次（第 {first} 列和第 {second} 列）").format(first=first + 1, second=second + 1),
        _("每个表头只出现一次"),
        _("请删去或改名其中一列，否则不知道以哪一列为准"),
    )


def _missing(grid: Grid, heading: str, others: list[str]) -> RowMessage:
    hint = did_you_mean(heading, [h.strip() for h in others])
    remedy = _("请补上这一列")
    if hint:
        near = hint.removeprefix(_("您是不是想写")).strip("？")
        remedy = _("表里有{near}，如果就是它，请改成“{heading}”").format(near=near, heading=heading)
    return RowMessage(grid.sheet, grid.header_row, heading, _("缺少必需的列"), "", remedy)


def _not_asked(grid: Grid, titles: list[str]) -> RowMessage:
    shown = "、".join(titles[:8]) + (_("等") if len(titles) > 8 else "")
    return RowMessage(
        grid.sheet,
        grid.header_row,
        "",
        _("没有这 {count} 列：{titles}").format(count=len(titles), titles=shown),
        "",
        _("这些内容按未知处理；需要时请补上"),
        Severity.NOTE,
        rows=len(titles),
    )
