"""Cells as they stand in files, and files that open safely."""

from __future__ import annotations

import datetime as dt
import zipfile

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from zhikun.tables import (
    Kind,
    RowMessage,
    Severity,
    cell_text,
    is_table_file,
    read_sheets,
    safe_text,
    write_csv,
    write_text_cell,
)
from zhikun.tables.cells import column_of_values
from zhikun.tables.sheets import column_letters

EIGHT = dt.datetime.combine(dt.date(2023, 5, 3), dt.time(8))  # spreadsheets know no time zones


def test_a_column_keeps_what_the_cell_was():
    column = column_of_values(["a", "", 1200.0, 0.1, True, dt.date(2023, 5, 3), 6.42223197001010e17, None, EIGHT])
    assert column.text.to_pylist() == [
        "a", "", "1200", "0.1", "TRUE", "2023-05-03", "6.42223E+17", "", "2023-05-03 08:00:00",
    ]  # fmt: skip
    assert column.kind.tolist() == [
        Kind.TEXT, Kind.BLANK, Kind.NUMBER, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.NUMBER, Kind.BLANK, Kind.DATE,
    ]  # fmt: skip
    assert np.isnan(column.number[0])
    assert column.number[2] == 1200


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e-7, 123456789.125, -0.5, 1e14, 2.0])
def test_number_texts_read_back_exactly(value):
    assert float(column_of_values([value]).text[0].as_py()) == value
    assert float(cell_text(value)) == value


def make_workbook(path):
    workbook = xlsxwriter.Workbook(str(path))
    sheet = workbook.add_worksheet("表<一>")
    sheet.write_row(1, 1, ["甲", "乙", "丙"])
    sheet.write_formula(2, 1, "=1+1", None, "")
    sheet.write_formula(2, 2, "=NA()", None, "#N/A")
    sheet.write_formula(2, 3, '="x"', None, "x")
    sheet.merge_range("B4:B5", "合", workbook.add_format({"bold": True}))
    sheet.write_string("D5", "y")
    sheet.data_validation("D3", {"validate": "list", "source": ["a", "b"]})
    workbook.add_worksheet("空")
    workbook.close()
    return path


def test_errors_uncalculated_formulas_and_merged_cells_are_told_apart(tmp_path):
    sheet, empty = read_sheets(make_workbook(tmp_path / "x.xlsx"))
    assert (sheet.name, empty.name, len(empty)) == ("表<一>", "空", 0)
    grid = sheet.grid(1)
    assert grid.header == ("", "甲", "乙", "丙")
    assert grid.rows.tolist() == [3, 4, 5]
    assert [int(k) for k in grid.columns[1].kind] == [Kind.UNCALCULATED, Kind.TEXT, Kind.MERGED]
    assert grid.columns[1].text.to_pylist()[2] == "B4:B5"
    assert (int(grid.columns[2].kind[0]), grid.columns[2].text[0].as_py()) == (Kind.ERROR, "#N/A")
    assert grid.columns[3].text[0].as_py() == "x"


def test_a_formula_whose_value_element_is_empty_is_uncalculated(tmp_path):
    """Programs write a missing result in two ways: as an empty element and as a closed one."""
    original = make_workbook(tmp_path / "a.xlsx")
    closed = tmp_path / "b.xlsx"
    with zipfile.ZipFile(original) as source, zipfile.ZipFile(closed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = content.replace(b"<v></v>", b"<v/>")
            target.writestr(name, content)
    grid = read_sheets(closed)[0].grid(1)
    assert int(grid.columns[1].kind[0]) == Kind.UNCALCULATED


def test_parquet_keeps_long_codes_exact(tmp_path):
    table = pa.table({"code": [990402195001013038, None], "n": [1.5, None], "picks": [["a", "b"], []]})
    pq.write_table(table, tmp_path / "x.parquet")
    grid = read_sheets(tmp_path / "x.parquet")[0].grid(0)
    assert grid.header == ("code", "n", "picks")
    assert grid.columns[0].text.to_pylist() == ["990402195001013038", ""]
    assert grid.columns[1].number[0] == 1.5
    assert grid.columns[2].text.to_pylist() == ["a、b", "无"]


def test_csv_neutralises_formulas_but_not_numbers(tmp_path):
    path = tmp_path / "x.csv"
    rows = [
        ["=1+1", "-500", -500.5],
        ["@x", "\tx", None],
        ["+86 138", "a\u200bb", dt.date(2025, 1, 2)],
        ["-a", "无", True],
    ]
    assert write_csv(path, ["=甲", "乙", "丙"], rows) == 4
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content[3:].decode().splitlines() == [
        "'=甲,乙,丙", "'=1+1,-500,-500.5", "'@x,'\tx,", "'+86 138,ab,2025-01-02", "'-a,无,TRUE",
    ]  # fmt: skip


def test_a_workbook_cell_never_becomes_a_formula_or_a_link(tmp_path):
    workbook = xlsxwriter.Workbook(str(tmp_path / "x.xlsx"))
    sheet = workbook.add_worksheet()
    quoted = workbook.add_format({"quote_prefix": True})
    for row, text in enumerate(["=1+1", "http://a.b", "@x", "甲\u202e乙", "x" * 40_000]):
        write_text_cell(sheet, row, 0, text, None, quoted)
    workbook.close()
    cells = [openpyxl.load_workbook(tmp_path / "x.xlsx").active.cell(i, 1) for i in range(1, 6)]
    assert [c.data_type for c in cells] == ["s"] * 5
    assert [c.quotePrefix for c in cells] == [True, False, True, False, False]
    assert cells[1].hyperlink is None
    assert cells[3].value == "甲乙"
    assert len(cells[4].value) == 32_767
    assert safe_text("\u200b=1") == "'=1"


def test_messages_say_where_what_and_the_way_out():
    message = RowMessage("成员", 7, "性别", "填的是“南”", "男、女之一", "请改正")
    assert str(message) == "“成员”表第 7 行“性别”列：填的是“南”；应为男、女之一；请改正。"
    assert message.severity is Severity.ERROR
    assert str(RowMessage("", 0, "", "没有表", "", "您是不是想写“家庭”？")) == "没有表；您是不是想写“家庭”？"


def test_temporary_files_of_office_programs_are_no_surveys(tmp_path):
    assert is_table_file(tmp_path / "调查表.XLSX")
    assert not is_table_file(tmp_path / "~$调查表.xlsx")
    assert not is_table_file(tmp_path / "说明.docx")


def test_columns_are_named_as_in_a_spreadsheet():
    assert [column_letters(i) for i in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
