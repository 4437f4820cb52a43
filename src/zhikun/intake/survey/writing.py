"""Survey workbooks out: the empty template, facts in template layout, rejects to be corrected."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from xlsxwriter.worksheet import Worksheet

from zhikun.engine.packs.model import Fact, Pack
from zhikun.intake.survey.book import (
    FIRST_ROW,
    Book,
    Progress,
    add_column,
    add_guide,
    add_sheet,
    cell_of,
    close_book,
    open_book,
    write_cell,
)
from zhikun.intake.survey.layout import HOUSEHOLD_COLUMN, ROW_COLUMN, SheetLayout, layouts, problem_heading
from zhikun.intake.survey.model import RejectedSheet, Survey
from zhikun.tables import plain_text, write_text_cell
from zhikun.wording import _

_STEP = 2000


def template(pack: Pack, path: Path | str) -> None:
    """Write the empty survey workbook of a pack, with an example row on each sheet."""
    book = open_book(Path(path), pack)
    plans = layouts(pack)
    add_guide(book, pack, plans)
    for plan in plans:
        add_sheet(book, plan, example=True)
    close_book(book)


def write(tables: Mapping[str, pa.Table], pack: Pack, path: Path | str, progress: Progress | None = None) -> None:
    """Write facts as a survey workbook in the layout of the template; what is unknown stays blank."""
    book = open_book(Path(path), pack)
    plans = layouts(pack)
    add_guide(book, pack, plans)
    for plan in plans:
        sheet = add_sheet(book, plan, example=False)
        table = tables.get(plan.entity)
        if table is None:
            continue
        columns = _cells(plan, table)
        for row, values in enumerate(zip(*columns, strict=True), start=FIRST_ROW):
            for column, value in enumerate(values):
                write_cell(book, sheet, row, column, value)
            if progress and row % _STEP == 0:
                progress(_("写入“{sheet}”").format(sheet=plan.title), row, table.num_rows)
    close_book(book)


def write_rejects(survey: Survey, pack: Pack, path: Path | str) -> None:
    """Write the rejected rows as they stood in the file, with what is wrong beside each.

    Corrected, the workbook is read by `read` as it is. It holds full identity numbers, as the file did:
    it goes back to whom the file came from and nowhere else.
    """
    book = open_book(Path(path), pack)
    plans = layouts(pack)
    add_guide(book, pack, plans)
    for plan in plans:
        rejected = survey.rejects.get(plan.entity)
        if rejected is not None:
            _write_rejected(book, plan, rejected)
    close_book(book)


def _cells(plan: SheetLayout, table: pa.Table) -> list[list[object]]:
    """The sheet's columns as people read them; a fact that the table does not have is a blank column."""
    columns: list[list[object]] = [table[HOUSEHOLD_COLUMN].to_pylist()]
    if plan.row_heading:
        columns.append(table[ROW_COLUMN].to_pylist())
    for fact in plan.facts:
        if fact.name in table.column_names:
            column = table[fact.name]
            values = column.to_pylist()
            columns.append(values if fact.type in {"number", "date", "text", "place"} else _labelled(fact, values))
        else:
            columns.append([None] * table.num_rows)
    return columns


def _labelled(fact: Fact, values: list[object]) -> list[object]:
    return [cell_of(fact, value) for value in values]


def _write_rejected(book: Book, plan: SheetLayout, rejected: RejectedSheet) -> None:
    sheet = book.workbook.add_worksheet(plan.title)
    facts = {fact.name: fact for fact in plan.facts}
    kept = [i for i, heading in enumerate(rejected.header) if heading and heading != problem_heading()]
    last = len(kept)
    for column, index in enumerate(kept):
        name = rejected.facts.get(index)
        if name in facts:
            add_column(book, sheet, column, facts[name], 0)
        sheet.write_string(0, column, plain_text(rejected.header[index]), book.styles.heading)
    sheet.write_string(0, last, problem_heading(), book.styles.required)
    sheet.set_column(last, last, 80)
    sheet.freeze_panes(1, 1)
    for row, (cells, problems) in enumerate(zip(rejected.rows, rejected.problems, strict=True), start=1):
        wrong = {index for index, _text in problems}
        for column, index in enumerate(kept):
            if index in wrong:
                _write_bad(book, sheet, row, column, cells[index])
            elif cells[index] != "":
                write_cell(book, sheet, row, column, cells[index])
        text = "\n".join(text for _index, text in problems)
        text = text or _("本行没有问题；同一户的其他行有错，改好后整户一起交回。")
        sheet.write_string(row, last, plain_text(text), book.styles.problem)


def _write_bad(book: Book, sheet: Worksheet, row: int, column: int, value: object) -> None:
    """A cell to be corrected, coloured; empty cells too, so that one sees what to fill in."""
    if value == "":
        sheet.write_blank(row, column, None, book.styles.bad)
    elif isinstance(value, float):
        sheet.write_number(row, column, value, book.styles.bad)
    else:
        write_text_cell(sheet, row, column, str(value), book.styles.bad, book.styles.bad_quoted)
