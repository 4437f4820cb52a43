"""The survey workbook as people see it: headings by dimension, drop-downs, limits, notes, an explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from zhikun.engine.packs.model import Fact, Pack
from zhikun.intake.survey.asked import asked_in_words
from zhikun.intake.survey.choices import expected_picks
from zhikun.intake.survey.layout import (
    SHARED_LIFE_FACT,
    SheetLayout,
    example_mark,
    guide_title,
    household_heading,
    options_title,
    problem_heading,
)
from zhikun.intake.survey.numbers import expected_number
from zhikun.tables import plain_text, write_text_cell
from zhikun.wording import _

Progress = Callable[[str, int, int], None]
HEADER_ROW = 1  # from 0; the row above holds the dimensions
FIRST_ROW = 2
_LAST_ROW = 1_048_575
_LONGEST_LIST = 255
_LONGEST_HINT = 250
_TEXT_FORMAT = 49  # the built-in format “text”: what is typed stays as it is, long numbers too
_FONT = "Microsoft YaHei"
_NAVY, _BAND, _LINE, _EXAMPLE, _BAD = "#1F3A5F", "#DCE6F1", "#BFC8D4", "#7F7F7F", "#FCE4D6"


@dataclass(frozen=True, slots=True)
class Styles:
    """The formats of one workbook."""

    band: Format
    heading: Format
    required: Format
    text: Format
    quoted: Format
    number: Format
    date: Format
    example: Format
    bad: Format
    bad_quoted: Format
    problem: Format
    title: Format
    wrapped: Format


@dataclass(slots=True)
class Book:
    """A workbook being written: styles, when its conditional questions are asked, the hidden sheet of long lists.

    `declared`: the household's questions of how many rows another sheet has; the example answers them with its one row.
    """

    workbook: Workbook
    styles: Styles
    asked: Mapping[tuple[str, str], str] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()
    options: Worksheet | None = None
    lists: int = 0

    def help(self, fact: Fact) -> str:
        """What people are told about a fact, beside its column."""
        return fact_help(fact, self.asked.get((fact.entity, fact.name), ""))


def open_book(path: Path, pack: Pack) -> Book:
    """A new workbook of a pack's survey, whose texts can never become formulas or links."""
    workbook = xlsxwriter.Workbook(
        str(path),
        # What the library puts aside while it writes lies beside the workbook, where its writer cleans up.
        {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "tmpdir": str(path.parent),
        },
    )
    declared = frozenset(fact.name for entity in pack.entities if (fact := declared_count(pack, entity)) is not None)
    return Book(workbook, _styles(workbook), asked_in_words(pack), declared)


def close_book(book: Book) -> None:
    """Write the file. Raises OSError where it cannot be written: open in a spreadsheet, no right, no space."""
    try:
        book.workbook.close()
    except FileCreateError as error:
        cause = error.args[0] if error.args else error
        raise cause if isinstance(cause, OSError) else OSError(str(error)) from None


def add_guide(book: Book, pack: Pack, plans: list[SheetLayout]) -> None:
    """The sheet that tells people how to fill in the others."""
    sheet = book.workbook.add_worksheet(guide_title())
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 100)
    sheet.write_string(0, 0, plain_text(_("{title}调查表").format(title=pack.title)), book.styles.title)
    row = 2
    for topic, text in _guide(pack, plans):
        sheet.write_string(row, 0, plain_text(topic), book.styles.heading)
        sheet.write_string(row, 1, plain_text(text), book.styles.wrapped)
        row += 1
    row += 1
    for column, heading in enumerate((_("表 / 列"), _("怎么填"))):
        sheet.write_string(row, column, heading, book.styles.heading)
    for plan in plans:
        for fact in plan.facts:
            row += 1
            sheet.write_string(row, 0, plain_text(f"{plan.title}·{fact.title}"), book.styles.wrapped)
            sheet.write_string(row, 1, plain_text(book.help(fact)), book.styles.wrapped)
    if pack.places:
        row += 2
        for column, heading in enumerate((_("区划代码"), _("地名"))):
            sheet.write_string(row, column, heading, book.styles.heading)
        for code, name in sorted(pack.places.items()):
            row += 1
            sheet.write_string(row, 0, plain_text(code), book.styles.text)
            sheet.write_string(row, 1, plain_text(name), book.styles.wrapped)


def add_sheet(book: Book, plan: SheetLayout, *, example: bool) -> Worksheet:
    """One empty sheet of the survey in its full dress; data begin at FIRST_ROW (or below the example)."""
    sheet = book.workbook.add_worksheet(plan.title)
    keys = plan.keys()
    for column, heading in enumerate(keys):
        sheet.write_string(HEADER_ROW, column, heading, book.styles.required)
        sheet.set_column(column, column, 12, book.styles.text)
    sheet.write_comment(HEADER_ROW, 0, _("每户一个编号，各张表用同一个编号。不要用身份证号。"))
    _bands(book, sheet, plan, len(keys))
    for column, fact in enumerate(plan.facts, start=len(keys)):
        add_column(book, sheet, column, fact, HEADER_ROW)
    sheet.freeze_panes(FIRST_ROW, len(keys))
    sheet.set_row(HEADER_ROW, 32)
    if example:
        _example_row(book, sheet, plan)
    return sheet


def add_column(book: Book, sheet: Worksheet, column: int, fact: Fact, header_row: int) -> None:
    """Heading, note, width, cell format and validation of one fact's column."""
    style = book.styles.required if fact.required else book.styles.heading
    sheet.write_string(header_row, column, plain_text(fact.title), style)
    sheet.write_comment(header_row, column, book.help(fact)[:1000], {"x_scale": 2, "y_scale": 1.2})
    cell = {"number": book.styles.number, "date": book.styles.date}.get(fact.type, book.styles.text)
    width = max(10, min(26, 2 * len(fact.title) + 2))
    sheet.set_column(column, column, 22 if fact.format in {"id_number", "bank_account"} else width, cell)
    rule = _validation(book, fact)
    if rule:
        sheet.data_validation(header_row + 1, column, _LAST_ROW, column, rule)


def fact_help(fact: Fact, asked: str = "") -> str:
    """Question, when it is asked at all, note, what may be filled in, and where it is proved."""
    parts = [fact.question or fact.title]
    if asked:
        parts.append(asked)
    if fact.note:
        parts.append(fact.note)
    parts.append(_("填写：{what}。").format(what=_what(fact)))
    if fact.required:
        parts.append(_("必填。"))
    elif fact.type != "text":
        parts.append(_("不知道就留空，不要填 0。"))
    if fact.proved_by:
        parts.append(_("依据：{source}。").format(source=fact.proved_by))
    return "\n".join(parts)


def cell_of(fact: Fact, value: object) -> object:
    """A value of the facts as people write it: labels, 是 and 否, 、 between picks, 无 for none."""
    if value is None:
        return None
    if fact.type == "choice":
        return fact.choices.get(str(value), str(value))
    if fact.type == "choices":
        picks = list(value) if isinstance(value, list | tuple) else [value]
        return "、".join(fact.choices.get(str(pick), str(pick)) for pick in picks) or _("无")
    if fact.type == "boolean":
        return _("是") if value else _("否")
    return value


def write_cell(book: Book, sheet: Worksheet, row: int, column: int, value: object) -> None:
    """One cell: numbers and dates as such, everything else as text."""
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_string(row, column, _("是") if value else _("否"), book.styles.text)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, book.styles.number)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, book.styles.date)
    else:
        write_text_cell(sheet, row, column, str(value), book.styles.text, book.styles.quoted)


def _styles(workbook: Workbook) -> Styles:
    base: dict[str, Any] = {"font_name": _FONT, "font_size": 10, "valign": "vcenter"}
    head = base | {"bold": True, "align": "center", "text_wrap": True, "border": 1, "border_color": _LINE}

    def style(**more: Any) -> Format:
        return workbook.add_format(base | more)

    return Styles(
        band=workbook.add_format(head | {"bg_color": _BAND, "font_color": _NAVY}),
        heading=workbook.add_format(head | {"bg_color": "#EEF2F7"}),
        required=workbook.add_format(head | {"bg_color": _NAVY, "font_color": "#FFFFFF"}),
        text=style(num_format=_TEXT_FORMAT),
        quoted=style(num_format=_TEXT_FORMAT, quote_prefix=True),
        number=style(num_format="General"),
        date=style(num_format="yyyy-mm-dd"),
        example=style(num_format=_TEXT_FORMAT, italic=True, font_color=_EXAMPLE, bg_color="#F7F7F7"),
        bad=style(num_format=_TEXT_FORMAT, bg_color=_BAD, border=1, border_color="#C55A11"),
        bad_quoted=style(num_format=_TEXT_FORMAT, bg_color=_BAD, border=1, border_color="#C55A11", quote_prefix=True),
        problem=style(text_wrap=True, font_color="#9C2A00"),
        title=style(bold=True, font_size=16, font_color=_NAVY),
        wrapped=style(text_wrap=True),
    )


def _bands(book: Book, sheet: Worksheet, plan: SheetLayout, first: int) -> None:
    """The dimensions above the headings, each over its facts."""
    start = 0
    facts = plan.facts
    for position in range(1, len(facts) + 1):
        if position < len(facts) and facts[position].dimension == facts[start].dimension:
            continue
        title = plain_text(facts[start].dimension)
        if position - start > 1:
            sheet.merge_range(0, first + start, 0, first + position - 1, title, book.styles.band)
        else:
            sheet.write_string(0, first + start, title, book.styles.band)
        start = position


def _validation(book: Book, fact: Fact) -> dict[str, Any] | None:
    help_text = {"input_title": plain_text(fact.title)[:32], "input_message": book.help(fact)[:_LONGEST_HINT]}
    refusal = {"error_title": _("填得不对"), "error_type": "stop"}
    if fact.type in {"choice", "boolean"}:
        labels = list(fact.choices.values()) if fact.type == "choice" else [_("是"), _("否")]
        error = _("请从下拉列表中选择；不知道就留空。")
        return help_text | refusal | {"validate": "list", "source": _source(book, labels), "error_message": error}
    if fact.type == "number":
        least = -1e12 if fact.min is None else fact.min
        most = 1e12 if fact.max is None else fact.max
        error = _("应为{expected}。").format(expected=expected_number(fact))[:_LONGEST_HINT]
        return (
            help_text
            | refusal
            | {
                "validate": "integer" if fact.decimals == 0 else "decimal",
                "criteria": "between",
                "minimum": int(least) if fact.decimals == 0 else least,
                "maximum": int(most) if fact.decimals == 0 else most,
                "error_message": error,
            }
        )
    if fact.type == "date":
        return (
            help_text
            | refusal
            | {
                "validate": "date",
                "criteria": "between",
                "minimum": date(1900, 3, 1),
                "maximum": date(2099, 12, 31),
                "error_message": _("请填日期，如 2023-05-03；不知道就留空。"),
            }
        )
    return help_text | {"validate": "any"}


def _source(book: Book, labels: list[str]) -> list[str] | str:
    """Short lists stand in the rule itself; long ones, or labels with commas, on a hidden sheet."""
    if len(",".join(labels)) <= _LONGEST_LIST and not any("," in label or '"' in label for label in labels):
        return labels
    if book.options is None:
        book.options = book.workbook.add_worksheet(options_title())
        book.options.hide()
    for row, label in enumerate(labels):
        book.options.write_string(row, book.lists, plain_text(label))
    first = xlsxwriter.utility.xl_rowcol_to_cell(0, book.lists, row_abs=True, col_abs=True)
    last = xlsxwriter.utility.xl_rowcol_to_cell(len(labels) - 1, book.lists, row_abs=True, col_abs=True)
    book.lists += 1
    return f"='{options_title()}'!{first}:{last}"


def _example_row(book: Book, sheet: Worksheet, plan: SheetLayout) -> None:
    sheet.write_string(FIRST_ROW, 0, example_mark(), book.styles.example)
    column = 1
    if plan.row_heading:
        sheet.write_string(FIRST_ROW, 1, "1", book.styles.example)
        column = 2
    for position, fact in enumerate(plan.facts, start=column):
        sheet.write_string(FIRST_ROW, position, plain_text(_example(book, fact)), book.styles.example)


def _example(book: Book, fact: Fact) -> str:
    """An example that could be true and is plainly nobody's; copied, it decides nothing that has not been asked."""
    if fact.entity == "household" and fact.name in book.declared:
        return "1"
    if fact.type == "choice":
        # The only choice there is says that something was done (已核实): it is left to whoever did it.
        return next(iter(fact.choices.values())) if len(fact.choices) > 1 else ""
    if fact.type == "choices":
        return "、".join(list(fact.choices.values())[:2])
    if fact.type == "boolean":
        return _("是") if fact.name == SHARED_LIFE_FACT else _("否")
    if fact.type == "date":
        return "1965-03-08"
    if fact.type == "place":
        return _("12 位代码")
    if fact.type == "number":
        return str(int(max(fact.min or 0, 0)))
    examples = {
        "name": _("张某某"),
        "id_number": _("18 位身份证号"),
        "phone": _("11 位手机号"),
        "bank_account": _("银行账号"),
        "address": _("某乡某村某组 1 号"),
    }
    return examples.get(fact.format, "")


def _what(fact: Fact) -> str:
    if fact.type == "choice":
        return _("从下拉列表中选一项")
    if fact.type == "choices":
        return expected_picks(fact) if len(fact.choices) <= 12 else _all_picks(fact.choices)
    if fact.type == "boolean":
        return _("“是”或“否”")
    if fact.type == "number":
        return expected_number(fact)
    if fact.type == "date":
        return _("日期，如 2023-05-03")
    if fact.type == "place":
        return _("6 位（县）、9 位（乡镇）或 12 位（村、社区）区划代码")
    return {
        "id_number": _("18 位身份证号，照证件填写"),
        "phone": _("手机号或带区号的固定电话"),
        "bank_account": _("完整账号"),
        "name": _("姓名，照证件填写"),
    }.get(fact.format, _("文字"))


def _all_picks(choices: Mapping[str, str]) -> str:
    labels = "、".join(choices.values())
    return _("{labels}中的一项或几项（用顿号隔开），没有就填“无”").format(labels=labels)


def declared_count(pack: Pack, entity: str) -> Fact | None:
    """The question how many supporters, dwellings or vehicles a household has, where the pack asks it."""
    return pack.facts.get(("household", f"{entity}_count_declared"))


def _none_of_them(pack: Pack, plans: list[SheetLayout]) -> list[tuple[str, str]]:
    """How a household says that it has no supporter, no vehicle: by a declared 0, or, where no number is asked, by no row."""
    others = [plan for plan in plans if plan.entity not in {"household", "member"}]
    declared = {plan.entity: declared_count(pack, plan.entity) for plan in others}
    found = []
    asked = [(plan.title, fact.title) for plan in others if (fact := declared[plan.entity]) is not None]
    if asked:
        text = _("确实没有{what}的户，在“家庭”表的{columns}填 0，那张表里不写行；这一格空着、又没有写行的，结果待定。")
        titles, columns = "、".join(title for title, _fact in asked), "、".join(f"“{fact}”" for _title, fact in asked)
        found.append((_("没有怎么填"), text.format(what=titles, columns=columns)))
    unasked = "、".join(plan.title for plan in others if declared[plan.entity] is None)
    if unasked:
        text = _("确实没有{what}的户，在那张表里不写行。不知道有没有的，请先问清楚：没有写行，系统就按“没有”计算。")
        found.append((_("没有怎么填"), text.format(what=unasked)))
    return found


def _guide(pack: Pack, plans: list[SheetLayout]) -> list[tuple[str, str]]:
    names = "、".join(_("“{sheet}”").format(sheet=plan.title) for plan in plans)
    rows = [
        (_("有哪些表"), _("{names}。家庭表每户一行，其余各表每人（每项）一行。").format(names=names)),
        (
            household_heading(),
            _("每户一个编号，各张表都用它对上；不要用身份证号。成员序号可以留空，系统按行的先后编号。"),
        ),
        *_none_of_them(pack, plans),
        (_("不知道怎么办"), _("留空就是“未知”，系统会列出还要问什么；没有的金额填 0，没有的多选项填“无”。")),
        (_("示例行"), _("户编号写着“示例”的行不会被读取，可以删去。")),
        (_("表头"), _("深色表头必填。列的先后可以换，表头文字不要改；可以加自己的列，系统不读。")),
        (_("身份证号、账号"), _("这些列已设为文本格式，请不要改成数字，否则后几位会丢失。")),
        (_("一户有错"), _("一户中任何一行有错，整户先不计算，退回表里会写明在哪里、怎么改；其余户照常计算。")),
        (
            problem_heading(),
            _("退回表最后一列“{problem}”写着原因；改好后原样交回即可，这一列不用删。").format(
                problem=problem_heading()
            ),
        ),
        (_("适用方案"), f"{pack.title}（{pack.id} {pack.version}）"),
    ]
    if pack.sample:
        rows.append((_("说明"), _("本方案含有示例参数，须由本地填报后才能用于认定。")))
    return rows
