"""What a received file leaves in the data folder, and what it does not."""

import json
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook
from tests.intake.lists.factory import (
    BIRTHS,
    NOVEMBER,
    POPULATION,
    POPULATION_HEADER,
    STAYS,
    as_csv,
    number,
    stay,
    stays,
    watched,
)

from zhikun.identity import KeysRefused, rotate, token_of, tokens_in
from zhikun.intake import lists
from zhikun.intake.lists.model import Receipt


def test_rows_have_tokens_typed_columns_and_the_record_of_their_keys(office):
    received = office.receive(
        [stays(0)[0], stay(1, 自付费用="1,234.50", 类型="inpatient"), stay(2, 自付费用="", 入院日期="")]
    )
    table = office.rows(received)
    assert table.schema.field("person").type == pa.binary(16)
    assert table.column("person")[0].as_py() == token_of(office.ring, "monitoring", number(1))
    assert tokens_in(received.file.rows).columns == {"person": "monitoring"}
    rows = table.to_pylist()
    assert rows[0] | {"person": None} == {
        "person": None, "row": 2, "hospital": "县医院", "admitted_on": date(2026, 11, 2), "cost": 1234.5,
        "kind": "inpatient", "insured": True, "place": 620102001001, "document_kind": None,
    }  # fmt: skip
    assert rows[1]["cost"] is None
    assert rows[1]["admitted_on"] is None
    assert received.file.receipt.state is lists.State.ACCEPTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_of_offices_give_the_same_rows(office, encoding):
    received = office.receive(as_csv(stays(40), encoding))
    table = office.rows(received)
    assert table.num_rows == 40
    assert set(table.column("hospital").to_pylist()) == {"县医院"}
    assert table.column("row").to_pylist() == list(range(2, 42))


def test_no_number_and_no_name_stays_in_the_data_folder(office):
    rows = [POPULATION_HEADER, *(watched(i) for i in range(50)), ["1234", "王五", "620102001001", "H1", "低保对象"]]
    received = office.receive(rows, POPULATION)
    kept = b"".join(path.read_bytes() for path in office.data.rglob("*") if path.is_file())
    plain = kept + json.dumps(office.rows(received).drop_columns("person").to_pylist(), default=str).encode()
    for i in range(50):
        assert number(i).encode() not in plain
    assert "欧阳娜娜".encode() not in plain
    assert not list((office.data / "lists" / "population").glob(".receiving"))


def test_the_population_is_in_order_of_person_and_shown_masked(office):
    rows = [POPULATION_HEADER, *(watched(i) for i in range(300)), watched(5, "边缘人口")]
    received = office.receive(rows, POPULATION)
    table = office.rows(received)
    people = table.column("person").to_pylist()
    assert people == sorted(people)
    assert received.file.receipt.profile["people"] == 300
    five = table.filter(pc.equal(table.column("person"), token_of(office.ring, "monitoring", number(5)))).to_pylist()
    assert [row["group"] for row in five] == ["dibao", "edge"]
    assert {row["shown"] for row in five} == {f"欧*** {number(5)[:4]}{'*' * 12}{number(5)[-2:]}"}
    assert "阿***·***" in table.column("shown")[0].as_py() + table.column("shown")[1].as_py() + str(
        table.column("shown")
    )
    assert table.schema.field("group").type == pa.dictionary(pa.int32(), pa.string())


def test_sealed_names_open_with_the_ring_by_row_and_with_no_other(office, tmp_path_factory):
    received = office.receive([POPULATION_HEADER, *(watched(i) for i in range(30))], POPULATION)
    names = pa.concat_tables(lists.read_names(received.file.names, office.ring)).to_pylist()
    assert [row["row"] for row in names] == list(range(2, 32))
    assert names[1] == {"row": 3, "name": "欧阳娜娜", "birth_date": date(1950, 1, 2)}
    cut = received.file.names.read_bytes()[:-20]
    received.file.names.write_bytes(cut)
    with pytest.raises(KeysRefused, match="不完整"):
        list(lists.read_names(received.file.names, office.ring))


def test_a_list_without_numbers_keeps_names_sealed_and_counts_the_same_child_once(office):
    header = ["姓名", "出生日期", "区划代码", "体重"]
    rows = [header, ["李 明", "2026年11月3日", "620102", "3200"], ["李明", "2026-11-03", "620102000000", "3200"],
            ["王芳", "2026-11-04", "620102001", "3000"]]  # fmt: skip
    received = office.receive(rows, BIRTHS)
    table = office.rows(received).to_pylist()
    assert [(row["person"], row["row"], row["place"]) for row in table] == [
        (None, 2, 620102000000),
        (None, 4, 620102001000),
    ]
    assert received.file.receipt.rejected == {"duplicate": 1}
    names = pa.concat_tables(lists.read_names(received.file.names, office.ring)).column("name").to_pylist()
    assert names[0] == "李明"


def test_other_documents_are_kept_apart_where_the_list_says_which(office):
    rows = [
        stays(0)[0],
        stay(1, 身份证号="e 1234-5678", 证件种类="护照"),
        stay(2, 身份证号="E12345678", 证件种类="港澳通行证"),
        stay(3, 身份证号="E12345678"),
        stay(4, 证件种类="学生证"),
    ]
    received = office.receive(rows)
    people = office.rows(received).column("person").to_pylist()
    assert len(set(people)) == 2
    assert received.file.receipt.rejected == {"id_characters": 1, "document": 1}


def test_rejected_rows_come_back_with_what_stood_there_and_are_taken_in_corrected(office):
    bad = number(7)[:-1] + ("0" if number(7)[-1] != "0" else "1")
    rows = [
        *stays(100),
        stay(150, 身份证号=bad),
        stay(151, 自付费用="约三千"),
        stay(152, 入院日期="2026-02-30", 类型="住 院"),
    ]
    received = office.receive(rows)
    assert received.file.receipt.rejected == {"id_check": 1, "number": 1, "date": 1}
    sheet = load_workbook(received.rejects)["退回"]
    lines = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert lines[0][-3:] == ["退回自", "原行号", "问题"]
    assert lines[1][0] == bad
    assert "校验位不对" in lines[1][-1]
    assert lines[2][4] == "约三千"
    assert "填的是“约三千”" in lines[2][-1]
    assert [line[-2] for line in lines[1:]] == ["102", "103", "104"]
    sheet.cell(2, 1).value = number(7)
    sheet.cell(3, 5).value = 3000
    corrected = office.folder / "改好.xlsx"
    sheet.parent.save(corrected)
    again = office.receive(corrected)
    receipt = again.file.receipt
    assert (receipt.number, receipt.completes, receipt.kept, receipt.accepted) == (2, 1, 100, 2)
    assert receipt.rejected == {"date": 1}
    assert receipt.state is lists.State.ACCEPTED
    assert receipt.changes == {"added": 1, "removed": 0, "changed": 1, "same": 99}
    assert office.lists.in_force("stays", NOVEMBER).receipt.number == 2
    table = office.rows(again)
    assert table.num_rows == 102
    assert table.column("row").to_pylist()[-2:] == [102, 103]
    assert office.receive(rows).again, "the first file came again: its corrected rows are in already"


def test_the_same_file_again_changes_nothing(office):
    first = office.receive(stays(30))
    before = {path: path.stat().st_mtime_ns for path in office.data.rglob("*") if path.is_file()}
    again = office.receive(stays(30))
    assert again.again
    assert again.file.receipt == first.file.receipt
    assert before == {path: path.stat().st_mtime_ns for path in office.data.rglob("*") if path.is_file()}


def test_the_same_file_under_another_pack_is_looked_at_anew(office):
    rows = [*stays(250), stay(270, 类型="急诊")]
    assert office.receive(rows).file.receipt.rejected == {"choice": 1}
    kind = replace(STAYS.columns["kind"], choices={**STAYS.columns["kind"].choices, "emergency": "急诊"})
    changed = replace(STAYS, columns={**STAYS.columns, "kind": kind})
    coming = lists.open_file(office.put("list.csv", rows), changed)
    delivery = replace(office.delivery(changed), pack="test 1.0.1")
    received = lists.receive(coming, delivery, office.data, office.ring, office.folder / "r.xlsx")
    assert received.file.receipt.rejected == {}
    assert received.file.receipt.replaces == 1


def test_a_corrected_file_takes_the_place_of_its_predecessor_and_says_what_changed(office):
    office.receive(stays(40))
    corrected = [stays(0)[0], *(stay(i) for i in range(1, 39)), stay(39, 自付费用="9999"), stay(60), stay(61)]
    receipt = office.receive(corrected).file.receipt
    assert (receipt.number, receipt.replaces) == (2, 1)
    assert receipt.changes == {"added": 2, "removed": 1, "changed": 1, "same": 38}
    assert [f.receipt.state for f in office.lists.files("stays", NOVEMBER)] == [
        lists.State.REPLACED,
        lists.State.ACCEPTED,
    ]
    assert office.lists.in_force("stays", NOVEMBER).receipt.number == 2


def test_rows_equal_in_everything_count_once(office):
    rows = [*stays(200), stay(3), stay(4, 自付费用="1")]
    received = office.receive(rows)
    assert received.file.receipt.rejected == {"duplicate": 1}
    assert received.file.receipt.accepted == 201
    assert received.file.receipt.profile["repeated_people"] == 1
    lines = list(load_workbook(received.rejects)["重复行"].iter_rows(values_only=True))
    assert lines[1] == (202, 5)


def test_numbers_of_rows_are_those_of_the_file_whatever_is_left_out(office):
    lines = as_csv(stays(6)).decode().splitlines()
    text = "\n".join(["患病住院,,,,,,,,", lines[0], lines[1], "", "1,2,3", lines[2], ",,,,,,,,", *lines[3:]]) + "\n"
    received = office.receive(text.encode())
    assert office.rows(received).column("row").to_pylist() == [3, 6, 8, 9, 10, 11]
    assert received.file.receipt.rejected == {"split": 1}
    assert received.file.receipt.rows == 7


def test_a_receipt_reads_back_as_it_was_written(office):
    receipt = office.receive([*stays(40), stay(50, 自付费用="-1")]).file.receipt
    assert Receipt.from_json(receipt.to_json()) == receipt
    on_disk = json.loads((office.lists.in_force("stays", NOVEMBER).folder / "receipt.json").read_text())
    assert on_disk["sha256"] == receipt.sha256
    assert on_disk["rejected"] == {"range": 1}


def test_rows_survive_a_rotation_of_the_keys(office):
    received = office.receive([POPULATION_HEADER, *(watched(i) for i in range(20))], POPULATION)
    ring = rotate(office.ring.path, office.data, date(2026, 11, 23), "定期")
    people = pq.read_table(received.file.rows).column("person").to_pylist()
    assert token_of(ring, "monitoring", number(3)) in people
    names = pa.concat_tables(lists.read_names(received.file.names, ring))
    assert names.num_rows == 20
    with pytest.raises(KeysRefused, match="轮换"):
        office.receive([*stays(3)])
    assert office.lists.periods("stays") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"住院号 202611010000123456，证件 {number(7)}", True),
        (f"床位1{number(7)}", True),
        (f"{number(7)[:17]}{'1' if number(7)[17] != '1' else '2'} 又 {number(8)}", True),
        ("旧证 990101500101001", True),
        ("流水 990101501301001", False),  # no such day
        ("账号 9901015001010011", False),  # sixteen digits
        ("住院号 202611010000123456", False),
    ],
)
def test_an_identity_number_in_another_column_is_found_wherever_it_stands(office, text, found):
    received = office.receive([*stays(40), stay(50, 医疗机构=text), stay(51, 医疗机构="住院号 1")])
    assert received.file.receipt.rejected == ({"id_inside": 1} if found else {})
