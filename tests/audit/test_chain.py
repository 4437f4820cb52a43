"""The record is one chain: what was changed, removed or cut is found, in the database and in an exported file."""

import datetime as dt
import hashlib
import json
import uuid
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from zhikun.audit import chain, guards
from zhikun.audit.context import _CURRENT, Asked
from zhikun.audit.models import ChainHead, Entry
from zhikun.audit.offline import NotAnExport, seal, verify_file
from zhikun.audit.services import Act, record, record_many

pytestmark = pytest.mark.django_db


@pytest.fixture
def ten(clerk):
    for number in range(10):
        record(
            "test.done", by=clerk, household=uuid.uuid4(), subject=f"第{number}户", reason="核实", details={"n": number}
        )


def rewrite(statement, *values):
    """What somebody does who owns the database."""
    with guards.lifted(connection), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_an_empty_record_is_whole():
    verdict = chain.verify()
    assert (verdict.whole, verdict.entries) == (True, 0)


def test_ten_entries_are_whole(ten):
    verdict = chain.verify()
    assert (verdict.broken, verdict.entries, verdict.last) == ("", 10, 10)


def test_values_come_back_as_they_were_sealed(clerk):
    """What a database might spell anew: addresses, times, numbers, keys out of order, texts with strange characters."""
    token = _CURRENT.set(Asked(address="2001:DB8::00FF"))
    try:
        record(
            "test.odd", by=clerk, reason="a\0b\ud800" + "长" * 600, subject="  空格 ",
            details={
                "z": 1, "a": [1.5, 1e30, Decimal("0.10"), True, None], "日": dt.date(2026, 1, 1), "id": uuid.uuid4(),
                "none": {}, "set": {3, 1}, "big": 2**53 + 1, "text": "\u2028\0",
            },
        )  # fmt: skip
    finally:
        _CURRENT.reset(token)
    for address in ("::ffff:10.1.2.3", "fe80::1%eth0", "unix:", None, "::1.2.3.4"):
        token = _CURRENT.set(Asked(address=address))
        record("test.odd", by=None)
        _CURRENT.reset(token)
    assert chain.verify().broken == ""
    entry = Entry.objects.get(number=1)
    assert entry.address == "2001:db8::ff"
    assert len(entry.reason) == 500
    assert entry.details["a"] == ["1.5", "1e+30", "0.10", True, None]
    assert Entry.objects.get(number=2).address == "10.1.2.3"
    assert Entry.objects.get(number=4).address is None


def test_what_no_entry_can_keep_is_refused(clerk):
    with pytest.raises(TypeError, match="cannot keep a object"), transaction.atomic():
        record("test.odd", by=clerk, details={"x": object()})
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE audit_entry SET reason = '改过' WHERE number = 4", "第 4 条"),
        ("UPDATE audit_entry SET looks = NOT looks WHERE number = 4", "第 4 条"),
        ("UPDATE audit_entry SET officer_id = NULL WHERE number = 4", "第 4 条"),
        ("DELETE FROM audit_entry WHERE number = 4", "第 3 条之后是第 5 条：第 4 条被删去了"),
        ("DELETE FROM audit_entry WHERE number IN (4, 5, 6)", "第 4 至 6 条被删去了"),
        ("DELETE FROM audit_entry WHERE number = 1", "第 0 条之后是第 2 条"),
        ("DELETE FROM audit_entry WHERE number > 8", "应有 10 条，只有 8 条：最后 2 条被删去了"),
        ("UPDATE audit_chainhead SET number = 9", "链尾被改过"),
    ],
)
def test_what_was_changed_is_named(ten, statement, words):
    rewrite(statement)
    assert words in chain.verify().broken


def test_a_forged_entry_breaks_the_one_after_it(ten):
    """Somebody changes an entry and seals it anew: the next one no longer fits."""
    entry = Entry.objects.get(number=4)
    entry.reason = "改过"
    before = bytes(Entry.objects.get(number=3).digest)
    rewrite(
        "UPDATE audit_entry SET reason = %s, digest = %s WHERE number = 4", "改过", seal(chain.body_of(entry), before)
    )
    assert "第 5 条" in chain.verify().broken


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET reason = ''",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_chainhead",
        "UPDATE audit_chainhead SET number = 3",
        pytest.param("TRUNCATE audit_entry", id="truncate"),
        pytest.param("TRUNCATE audit_chainhead", id="truncate head"),
    ],
)
def test_the_database_itself_refuses(ten, statement):
    if "TRUNCATE" in statement and connection.vendor != "postgresql":
        statement = "DELETE FROM audit_entry WHERE number = 10"  # SQLite has no TRUNCATE
    with pytest.raises(DatabaseError, match="只能追加"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.count() == 10


def test_a_missing_trigger_is_said(ten):
    assert guards.missing(connection) == []
    guards.take_down(connection)
    assert "触发器不在" in chain.verify().broken
    guards.put_up(connection)
    assert chain.verify().whole


def _rename(officer):
    officer.save()
    record("test.done", by=officer, details={"x": object()})


def test_an_act_without_its_entry_did_not_happen(clerk):
    clerk.name = "改名"
    with pytest.raises(TypeError), transaction.atomic():
        _rename(clerk)
    clerk.refresh_from_db()
    assert clerk.name == "张某"


def test_many_households_of_one_act_have_an_entry_each(clerk, django_assert_num_queries):
    households = [Act(uuid.uuid4(), f"户{n}", 640402103221) for n in range(2500)]
    assert record_many("test.exported", households, by=clerk, reason="上报", looks=True) == 2500
    assert chain.verify().entries == 2500
    assert Entry.objects.get(household=households[1700].household).reason == "上报"
    assert record_many("test.exported", [], by=clerk) == 0


def test_an_entry_without_a_place_belongs_to_the_officers_office(clerk):
    assert record("test.done", by=clerk).area == 640402103000
    assert record("test.done", by=clerk, area=640402103221).area == 640402103221
    assert record("test.done", by=None).area is None


def test_an_entry_costs_three_statements(clerk, django_assert_num_queries):
    record("test.done", by=clerk)
    with django_assert_num_queries(3):
        record("test.done", by=clerk)


def test_an_export_is_verified_with_nothing_but_the_file(ten, tmp_path):
    path = tmp_path / "留痕.jsonl"
    chain.export(path)
    verdict = verify_file(path)
    assert (verdict.broken, verdict.entries, verdict.digest) == ("", 10, chain.verify().digest)
    digest, name = (tmp_path / "留痕.jsonl.sha256").read_text(encoding="utf-8").split()
    assert (digest, name) == (hashlib.sha256(path.read_bytes()).hexdigest(), "留痕.jsonl")


def test_the_format_is_what_the_reference_says(ten, tmp_path):
    """A program of somebody else's, written from docs/reference/audit.md."""
    path = tmp_path / "x.jsonl"
    chain.export(path)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    digest = b""
    for entry in lines[1:-1]:
        carried = entry.pop("digest")
        text = json.dumps(list(entry.values()), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(digest + text.encode()).digest()
        assert digest.hex() == carried
    assert lines[-1] == {"last": 10, "digest": digest.hex(), "entries": 10}


def changed(path, change):
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    change(lines)
    path.write_text("".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines.__setitem__(4, lines[4].replace("核实", "闲看")), "第 4 条"),
        (lambda lines: lines.pop(4), "第 3 条之后是第 5 条"),
        (lambda lines: lines.pop(-2), "末尾被改过"),
        (lambda lines: lines.insert(4, lines[3]), "第 3 条之后又是第 3 条"),
    ],
)
def test_a_changed_file_is_found(ten, tmp_path, change, words):
    path = tmp_path / "x.jsonl"
    chain.export(path)
    changed(path, change)
    assert words in verify_file(path).broken


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines.pop(-1), "不完整：没有结尾一行，到第 10 条为止"),
        (lambda lines: lines.pop(0), "不是知困导出的留痕记录"),
        (lambda lines: lines.__setitem__(3, lines[3][:20]), "被截断"),
        (lambda lines: lines.__setitem__(3, '{"number": 3}\n'), "有一行不是留痕记录"),
        (lambda lines: lines.clear(), "不是知困导出的留痕记录"),
    ],
)
def test_a_cut_file_is_no_proof(ten, tmp_path, change, words):
    path = tmp_path / "x.jsonl"
    chain.export(path)
    changed(path, change)
    with pytest.raises(NotAnExport, match=words):
        verify_file(path)


def test_monthly_files_join(ten, clerk, tmp_path):
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    chain.export(first)
    record("test.done", by=clerk)
    chain.export(second, first=11)
    one = verify_file(first)
    two = verify_file(second, after=one)
    assert (two.whole, two.entries, two.last) == (True, 1, 11)
    chain.export(second, first=12)
    assert "接不上" in verify_file(second, after=one).broken


def test_a_chain_that_was_cut_and_written_anew_differs_from_the_export(ten, clerk, tmp_path):
    """The chain alone cannot show this: the export is the witness."""
    path = tmp_path / "x.jsonl"
    known = chain.export(path)
    before = bytes(Entry.objects.get(number=8).digest)
    rewrite("DELETE FROM audit_entry WHERE number > 8")
    rewrite("UPDATE audit_chainhead SET number = 8, digest = %s", before)
    assert chain.verify().whole
    assert "导出之后有记录被删去了" in chain.verify(known).broken
    for _again in range(3):
        record("test.done", by=clerk)
    assert chain.verify().whole
    assert "第 10 条与导出的文件不同" in chain.verify(known).broken


def test_a_broken_chain_is_not_exported(ten, tmp_path):
    rewrite("UPDATE audit_entry SET reason = '改过' WHERE number = 4")
    with pytest.raises(chain.Broken, match="第 4 条"):
        chain.export(tmp_path / "x.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_the_head_is_made_when_it_is_missing(clerk):
    with guards.lifted(connection):
        ChainHead.objects.all().delete()
    assert record("test.done", by=clerk).number == 1
