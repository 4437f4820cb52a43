"""Files that are not what their name says, and the many kinds of file that offices do send."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.intake.survey.factory import TODAY, good, make_pack, save

from zhikun.intake import survey
from zhikun.intake.survey.values import as_told
from zhikun.tables import cell_text

PACK = make_pack()
CFB = bytes.fromhex("d0cf11e0a1b11ae1")


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


def truncated() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "x" * 9000)
    return buffer.getvalue()[:5000]


EXPECTED = "应为工作簿（.xlsx、.xls）、CSV 或 Parquet 文件"
BAD = {
    "empty.xlsx": (b"", "文件是空的；应为有内容的工作簿或 CSV；请确认传输完整，重新导出后再试。"),
    "blank.csv": (b"\xef\xbb\xbf\r\n \n", "文件是空的；应为有内容的工作簿或 CSV；请确认传输完整，重新导出后再试。"),
    "locked.xlsx": (
        CFB + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "工作簿设有打开密码；应为没有密码的工作簿；请在 Excel 或 WPS 里打开，取消密码后另存一份再导入。",
    ),
    "letter.doc": (
        CFB + b"\0" * 600 + "WordDocument".encode("utf-16-le"),
        f"这是旧版 Office 文档，但不是工作簿；{EXPECTED}；请把表格粘贴到 .xlsx 工作簿中再导入。",
    ),
    "broken.xls": (
        CFB + b"\0" * 600 + "Workbook".encode("utf-16-le"),
        "文件不完整或已损坏，打不开；应为完整的工作簿；请用 Excel 或 WPS 打开后另存为 .xlsx；打不开就重新复制或下载一次。",
    ),
    "cut.xlsx": (
        truncated(),
        "文件不完整或已损坏，打不开；应为完整的 .xlsx 工作簿；多半是传输中断造成的，请重新复制或下载一次。",
    ),
    "hollow.xlsx": (
        zipped("xl/workbook.xml"),
        "文件不完整或已损坏，打不开；应为完整的工作簿；请用 Excel 或 WPS 打开后另存为 .xlsx；打不开就重新复制或下载一次。",
    ),
    "files.zip": (
        zipped("a.csv"),
        f"这是压缩包，不是工作簿；{EXPECTED}；压缩包请先解压；Word 里的表格请粘贴到 .xlsx 工作簿中。",
    ),
    "letter.xlsx": (
        zipped("word/document.xml"),
        f"这是Word 文档；{EXPECTED}；压缩包请先解压；Word 里的表格请粘贴到 .xlsx 工作簿中。",
    ),
    "scan.xlsx": (b"%PDF-1.7 ...", f"这是 PDF，不是表格；{EXPECTED}；请选择表格文件本身。"),
    "photo.csv": (b"\xff\xd8\xff\xe0...", f"这是 JPEG 图片，不是表格；{EXPECTED}；请选择表格文件本身。"),
    "page.xls": (
        b"<html><table><tr><td>1</td></tr></table></html>",
        f"这是网页格式的表格，只是文件名像工作簿；{EXPECTED}；请用 Excel 或 WPS 打开，另存为 .xlsx 再导入。",
    ),
    "text.xlsx": (
        "户编号,所在村\nA1,640402".encode(),
        f"文件名是.xlsx，内容却是普通文本；{EXPECTED}；如果是逗号分隔的文本，请把扩展名改为 .csv；否则请重新导出。",
    ),
    "noise.csv": (
        bytes(range(256)) * 8,
        f"内容不是表格，也不是文本；{EXPECTED}；请选择表格文件本身。",
    ),
    "latin.csv": (
        "户编号".encode("gb18030") + b"\xff\xff\x80,a\n",
        "文字编码认不出来；应为 UTF-8 或 GB18030（GBK）编码的 CSV；请用 Excel 或 WPS 打开，另存为“CSV UTF-8”或 .xlsx 再导入。",
    ),
    "cut.parquet": (b"PAR1....", "Parquet 文件不完整或已损坏；应为完整的 Parquet 文件；请重新导出或复制一次。"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_is_refused_with_the_way_out(name, tmp_path):
    content, message = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(survey.UnreadableFile) as caught:
        survey.read(path, PACK)
    assert str(caught.value) == f"文件“{name}”：{message}"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(survey.UnreadableFile, match="找不到这个文件；请检查路径和文件名是否写对"):
        survey.read(tmp_path / "x.xlsx", PACK)


def test_a_huge_workbook_is_refused_before_it_is_opened(tmp_path):
    path = save(tmp_path / "x.xlsx", good())
    with pytest.raises(survey.UnreadableFile, match=r"超过上限 0\.0 MB；应为较小的文件；请按乡镇分成几个文件"):
        survey.read(path, PACK, limits=survey.Limits(workbook=1000))
    sparse = tmp_path / "200.xlsx"
    with sparse.open("wb") as file:
        file.write(path.read_bytes())
        file.truncate(200_000_000)
    with pytest.raises(survey.UnreadableFile, match=r"文件有 200\.0 MB，超过上限 100\.0 MB"):
        survey.read(sparse, PACK)


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(tmp_path):
    path = save(tmp_path / "x.xlsx", good())
    with pytest.raises(survey.UnreadableFile, match="超过工作簿的上限 0 MB"):
        survey.read(path, PACK, limits=survey.Limits(workbook_unpacked=2000))


def csv_files(folder: Path, encoding: str, delimiter: str = ",", stem: str = "原州区2025_") -> Path:
    for name, rows in good().items():
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter).writerows([[cell_text(v) for v in row] for row in rows])
        (folder / f"{stem}{name}.csv").write_bytes(text.getvalue().encode(encoding))
    return folder / f"{stem}家庭.csv"


@pytest.fixture
def from_workbook(tmp_path):
    return survey.read(save(tmp_path / "good.xlsx", good()), PACK, today=TODAY)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_every_encoding_reads_like_the_workbook(encoding, delimiter, tmp_path, from_workbook):
    found = survey.read(csv_files(tmp_path, encoding, delimiter), PACK, today=TODAY)
    assert found.messages == ()
    for entity in ("household", "member"):
        assert found.tables[entity].equals(from_workbook.tables[entity])


def open_document(path: Path) -> Path:
    """The good survey as LibreOffice would save it, in its smallest form."""
    tables = []
    for name, rows in good().items():
        cells = [
            "".join(
                f'<table:table-cell office:value-type="string"><text:p>{cell_text(v)}</text:p></table:table-cell>'
                for v in row
            )
            for row in rows
        ]
        body = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
        tables.append(f'<table:table table:name="{name}">{body}</table:table>')
    names = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f"<office:document-content {names}><office:body><office:spreadsheet>{''.join(tables)}"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def test_a_format_that_hides_errors_is_read_with_a_warning(tmp_path, from_workbook):
    found = survey.read(open_document(tmp_path / "x.ods"), PACK, today=TODAY)
    (warning,) = found.of(survey.Severity.WARNING)
    assert str(warning) == (
        "“家庭”表：这是旧格式的工作簿，公式出错或没有计算的格读出来是空白，按未知处理；"
        "表里有公式的，请用 Excel 或 WPS 另存为 .xlsx 再导入。"
    )
    assert found.tables["member"].equals(from_workbook.tables["member"])


def test_a_folder_and_a_named_member_file_read_like_the_siblings(tmp_path, from_workbook):
    folder = tmp_path / "csv"
    folder.mkdir()
    csv_files(folder, "utf-8")
    assert survey.read(folder, PACK, today=TODAY).tables["member"].equals(from_workbook.tables["member"])
    members = tmp_path / "people.csv"
    (folder / "原州区2025_成员.csv").rename(members)
    found = survey.read(folder / "原州区2025_家庭.csv", PACK, members=members, today=TODAY)
    assert found.tables["member"].equals(from_workbook.tables["member"])


def test_named_files_need_no_telling_names(tmp_path, from_workbook):
    csv_files(tmp_path, "utf-8")
    home, people = tmp_path / "a.csv", tmp_path / "家庭人员.csv"
    (tmp_path / "原州区2025_家庭.csv").rename(home)
    (tmp_path / "原州区2025_成员.csv").rename(people)
    found = survey.read(home, PACK, members=people, today=TODAY)
    assert found.tables["member"].equals(from_workbook.tables["member"])


def test_a_household_file_without_members_asks_for_them(tmp_path):
    path = csv_files(tmp_path, "utf-8")
    (tmp_path / "原州区2025_成员.csv").unlink()
    with pytest.raises(survey.UnreadableFile) as caught:
        survey.read(path, PACK, today=TODAY)
    assert str(caught.value) == (
        "没有“成员”表（文件里有：原州区2025_家庭.csv）；应为名为“成员”的工作表，或文件名以“成员”结尾的 CSV；"
        "请用本方案的模板，或把工作表改成这个名字。"
    )


def test_an_empty_folder(tmp_path):
    with pytest.raises(survey.UnreadableFile, match="里没有表格文件"):
        survey.read(tmp_path, PACK)


def test_ragged_lines_and_line_breaks_in_cells_keep_the_spreadsheet_row(tmp_path):
    path = csv_files(tmp_path, "utf-8")
    text = path.read_bytes().decode().replace("甲村1组", '"甲村\n1组"').replace(",,乙村", "")
    lines = text.split("\r\n")
    lines.insert(3, "")
    path.write_text("\r\n".join(lines).replace("640402001002,城镇", "640402001002,城填"), encoding="utf-8", newline="")
    found = survey.read(path, PACK, today=TODAY)
    assert [(m.row, m.column) for m in found.messages] == [(5, "城乡")]
    assert found.tables["household"]["address"].to_pylist() == ["甲村\n1组", "甲村2组"]


def test_parquet_by_identifier_reads_like_the_workbook(tmp_path, from_workbook):
    for entity, name in (("household", "家庭"), ("member", "成员")):
        pq.write_table(from_workbook.tables[entity], tmp_path / f"x_{name}.parquet")
    found = survey.read(tmp_path / "x_家庭.parquet", PACK, today=TODAY)
    assert found.messages == ()
    for entity in ("household", "member"):
        assert found.tables[entity].equals(from_workbook.tables[entity])


def test_columns_may_stand_in_any_order_under_identifiers(tmp_path, from_workbook):
    sheets = good()
    names = {f.title: f.name for f in PACK.facts_of("household")} | {"户编号": "household"}
    sheets["家庭"][0] = [names[title] for title in sheets["家庭"][0]]
    sheets["家庭"] = [row[::-1] for row in sheets["家庭"]]
    sheets["成员"] = [[*row[3:], *row[:3]] for row in sheets["成员"]]
    found = survey.read(save(tmp_path / "x.xlsx", sheets), PACK, today=TODAY)
    assert found.messages == ()
    for entity in ("household", "member"):
        assert found.tables[entity].equals(from_workbook.tables[entity])


def test_types_are_those_of_the_engine(from_workbook):
    household = from_workbook.tables["household"].schema
    assert household.field("income").type == pa.float64()
    assert household.field("help").type == pa.list_(pa.string())
    assert household.field("surveyed_on").type == pa.date32()
    assert from_workbook.tables["member"].schema.field("row").type == pa.int32()
    assert from_workbook.tables["household"]["help"].to_pylist() == [["dibao"], [], ["dibao", "medical"]]


def test_progress_is_told(tmp_path):
    told = []
    survey.read(save(tmp_path / "x.xlsx", good()), PACK, today=TODAY, progress=lambda *step: told.append(step))
    assert told[0] == ("读取工作表“家庭”", 0, 2)
    assert told[-1] == ("汇总", 2, 2)


def test_a_workbook_damaged_anywhere_is_read_or_refused(tmp_path):
    """Single bytes changed in transit: no crash of any of the libraries reaches the user."""
    content = save(tmp_path / "good.xlsx", good()).read_bytes()
    dice = random.Random(20250630)  # damage for a test, no secret
    refused = 0
    for _number in range(60):
        broken = bytearray(content)
        for _change in range(dice.randint(1, 6)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        path = tmp_path / "x.xlsx"
        path.write_bytes(bytes(broken))
        try:
            survey.read(path, PACK, today=TODAY)
        except survey.UnreadableFile:
            refused += 1
    assert refused > 10


WRITTEN = "新来户，试导入（甲）。Ａ栋①单元；自述：“没有！”"


def test_free_text_is_kept_as_it_was_written_and_numbers_and_codes_are_made_plain(tmp_path):
    sheets = good()
    sheets["家庭"][1][10] = f"\u3000{WRITTEN}\u200b\u0007 "
    sheets["家庭"][2][10] = "\uf900氏祠堂旁"  # a character of its own, which normalising would put another in place of
    sheets["家庭"][1][1], sheets["家庭"][1][8], sheets["家庭"][1][9] = (
        "６４０４０２００１００１",
        "６２２８４８０００００１",
        "１３８００００００01",
    )
    found = survey.read(save(tmp_path / "x.xlsx", sheets), PACK, today=TODAY).tables["household"]
    assert found["address"].to_pylist() == [WRITTEN, "\uf900氏祠堂旁", "乙村"]
    told = [found[name][0].as_py() for name in ("place", "account", "phone") if name in found.column_names]
    assert told[0] == "640402001001"
    assert all(one.isascii() for one in told)


def test_line_ends_in_free_text_become_one_kind():
    assert as_told(pa.array(["甲\r\n乙\r丙\n丁\t戊", None, " x\x7f\r\n"])).to_pylist() == [
        "甲\n乙\n丙\n丁\t戊",
        None,
        "x",
    ]
