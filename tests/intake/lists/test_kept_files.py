"""Files kept in the data folder: what their receipts say about them, and what is said where they are damaged."""

import random
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook
from tests.intake.lists.factory import (
    NOVEMBER,
    POPULATION,
    POPULATION_HEADER,
    STAYS,
    STAYS_HEADER,
    stay,
    stays,
    watched,
)

from zhikun.disk import file_hash
from zhikun.identity import KeysRefused, rotate
from zhikun.intake import lists


def flipped(path):
    """One bit of the file is another: of a Parquet file in the middle of its tokens."""
    content, at = bytearray(path.read_bytes()), 100
    if path.suffix == ".parquet":
        chunk = pq.read_metadata(path).row_group(0).column(0)
        at = chunk.data_page_offset + chunk.total_compressed_size // 2
    content[at] ^= 4
    path.write_bytes(content)


def parquet(office, name="list.parquet", count=300):
    rows = stays(count)
    path = office.folder / name
    pq.write_table(pa.table({title: [row[i] for row in rows[1:]] for i, title in enumerate(rows[0])}), path)
    return path


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-4],
        lambda whole: whole[:6],
        lambda whole: whole[:-8] + b"\xff\xff\xff\x7f" + whole[-4:],
        lambda whole: whole[:-8] + b"\x00\x00\x00\x00" + whole[-4:],
        lambda whole: whole[:-300] + bytes(292) + whole[-8:],
        lambda whole: whole[:40] + bytes(200) + whole[240:],
        lambda whole: b"PAR1" + b"nothing of the kind" * 20,
        lambda whole: whole.replace("县医院".encode(), b"\xcf\xd8\xd2\xbd\xd4\xba\xff\xff\xff"),
    ],
    ids=["half", "no end", "head only", "footer too long", "footer of no length", "footer of zeros", "hole", "no parquet", "gbk"],
)  # fmt: skip
def test_a_parquet_file_that_is_damaged_is_refused_by_name_and_leaves_nothing(office, damage):
    path = parquet(office)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(lists.ListUnreadable, match=r"list\.parquet.*不完整或已损坏.*请重新导出"):
        office.receive(path)
    assert office.lists.files("stays", NOVEMBER) == []


def test_whatever_is_damaged_in_a_parquet_file_is_refused_or_read(office):
    path, dice = parquet(office, count=40), random.Random(7)
    whole, refused = path.read_bytes(), 0
    for _n in range(60):
        content = bytearray(whole)
        for _m in range(dice.choice((1, 8))):
            content[dice.randrange(4, len(content))] = dice.randrange(256)
        path.write_bytes(content)
        try:
            office.receive(path)
        except lists.ListUnreadable:
            refused += 1
    assert refused > 30


def test_a_receipt_has_the_hashes_of_what_lies_beside_it(office):
    file = office.receive([POPULATION_HEADER, *(watched(i) for i in range(20))], POPULATION).file
    assert file.receipt.rows_sha256 == file_hash(file.rows)
    assert file.receipt.names_sha256 == file_hash(file.names)
    assert office.lists.find(file.receipt.id).receipt == file.receipt
    assert office.receive(stays(3)).file.receipt.names_sha256 == ""


def test_a_check_looks_at_every_file_and_names_the_one_that_changed(office):
    office.receive(stays(40), period=NOVEMBER.plus(-1))
    first = office.receive(stays(60)).file
    office.receive(stays(61))
    people = office.receive([POPULATION_HEADER, *(watched(i) for i in range(20))], POPULATION).file
    assert lists.check_kept(office.lists) == lists.Checked(4, ())
    flipped(first.rows)  # replaced, kept all the same
    flipped(people.names)
    found = lists.check_kept(office.lists)
    assert found.files == 4
    assert [str(first.rows) in found.damaged[1], str(people.names) in found.damaged[0]] == [True, True]
    assert "请从备份恢复它" in found.damaged[1]
    first.rows.unlink()
    (people.folder / "receipt.json").write_text("{")
    found = lists.check_kept(office.lists).damaged
    assert "stays/2026-11/001" in found[1]
    assert "回执" in found[0]


def test_rows_that_were_exchanged_for_others_are_seen(office):
    one, two = office.receive(stays(40)).file, office.receive(stays(41)).file
    one.rows.write_bytes(two.rows.read_bytes())
    assert lists.damage_in(one) == one.rows
    assert lists.damage_in(two) is None


def test_after_a_rotation_of_keys_a_file_is_still_known_and_damage_still_seen(office):
    file = office.receive([POPULATION_HEADER, *(watched(i) for i in range(300))], POPULATION).file
    other = office.receive([POPULATION_HEADER, *(watched(i) for i in range(301))], POPULATION).file
    for day in (23, 24):  # the receipts are not told in between, as if the machine had stopped
        rotate(office.ring.path, office.data, date(2026, 11, day), "定期")
        assert file_hash(file.rows) != file.receipt.rows_sha256
        assert lists.check_kept(office.lists).damaged == ()
    whole = file.rows.read_bytes()
    flipped(file.rows)
    assert lists.damage_in(file) == file.rows
    file.rows.write_bytes(other.rows.read_bytes())
    assert lists.damage_in(file) == file.rows
    file.rows.write_bytes(whole)
    for day in (25, 26):
        lists.note_renewed(office.lists)
        noted = office.lists.find(file.receipt.id)
        assert noted.receipt.rows_sha256 == file_hash(file.rows)
        assert noted.receipt.state is lists.State.REPLACED
        rotate(office.ring.path, office.data, date(2026, 11, day), "定期")
        assert lists.check_kept(office.lists).damaged == ()


def test_what_was_damaged_before_a_rotation_is_not_noted_as_whole_after_it(office):
    """A change that can be read: rows of another file in its place."""
    file = office.receive(stays(40)).file
    other = office.receive(stays(41)).file
    file.rows.write_bytes(other.rows.read_bytes())
    rotate(office.ring.path, office.data, date(2026, 11, 23), "定期")
    lists.note_renewed(office.lists)
    (said,) = lists.check_kept(office.lists).damaged
    assert said.startswith("stays/2026-11/001")


def test_a_rotation_does_not_give_a_damaged_file_new_check_sums(office):
    file = office.receive([POPULATION_HEADER, *(watched(i) for i in range(300))], POPULATION).file
    flipped(file.rows)
    with pytest.raises(KeysRefused, match="备份"):
        rotate(office.ring.path, office.data, date(2026, 11, 23), "定期")


def test_received_again_a_file_whose_rows_were_lost_is_kept_anew(office):
    first = office.receive(stays(40)).file
    first.rows.unlink()
    again = office.receive(stays(40))
    assert not again.again
    receipt = again.file.receipt
    assert (receipt.number, receipt.replaces, receipt.state) == (2, 1, lists.State.ACCEPTED)
    assert "已损坏" in "".join(receipt.notes)
    assert office.rows(office.lists.in_force("stays", NOVEMBER)).num_rows == 40


def test_a_correction_of_a_file_whose_rows_are_damaged_waits_for_a_person(office):
    flipped(office.receive(stays(40)).file.rows)
    receipt = office.receive(stays(41)).file.receipt
    assert [hold.code for hold in receipt.holds] == ["lost"]
    assert "stays/2026-11/001" in receipt.holds[0].text


def test_corrected_rows_do_not_complete_a_damaged_file(office):
    first = office.receive([*stays(40), stay(50, 自付费用="约三千")])
    sheet = load_workbook(first.rejects)["退回"]
    sheet.cell(2, 5).value = 3000
    sheet.parent.save(office.folder / "改好.xlsx")
    flipped(first.file.rows)
    with pytest.raises(lists.ListDamaged, match="整份文件重新接收"):
        office.receive(office.folder / "改好.xlsx")


def test_a_damaged_file_is_not_released(office):
    office.receive([STAYS_HEADER, *(stay(i, 入院日期="2026-10-02") for i in range(100))], period=NOVEMBER.plus(-1))
    held = office.receive(stays(3)).file
    assert held.receipt.state is lists.State.HELD
    flipped(held.rows)
    with pytest.raises(lists.ListDamaged, match="备份"):
        office.lists.decide(held.receipt.id, lists.State.ACCEPTED, by="王核", why="x")
    office.lists.decide(held.receipt.id, lists.State.REFUSED, by="王核", why="文件坏了")


def test_rows_are_read_with_their_check_sums(office):
    file = office.receive(stays(3000)).file
    flipped(file.rows)
    with pytest.raises(lists.ListDamaged, match=r"rows\.parquet 读不出来"):
        list(lists.read_kept(STAYS, file.rows))
    file.rows.unlink()
    with pytest.raises(lists.ListDamaged, match="不在了"):
        lists.as_table(STAYS, file.rows)


def test_a_receipt_of_before_the_hashes_is_read_and_its_rows_looked_through(office):
    file = office.receive(stays(3000)).file
    bare = lists.ListFile(replace(file.receipt, rows_sha256=""), file.folder)
    assert lists.damage_in(bare) is None
    flipped(file.rows)
    assert lists.damage_in(bare) == file.rows
