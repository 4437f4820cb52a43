"""`zhikun audit`: the record verified and exported from the command line."""

import pytest
from django.db import connection

from zhikun.audit import guards
from zhikun.audit.services import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def three():
    for number in range(3):
        record("test.done", by=None, subject=str(number))


def test_the_record_is_whole_and_goes_out_once(zhikun, three, tmp_path):
    assert "3 条（第 1 至 3 条）首尾相连，没有改动" in zhikun("audit", "verify").out
    out = tmp_path / "2026-11.jsonl"
    answer = zhikun("audit", "export", out)
    assert (answer.code, "已导出 3 条" in answer.out) == (0, True)
    again = zhikun("audit", "export", out)
    assert (again.code, "没有覆盖：以前的导出是证据" in again.err) == (4, True)
    assert zhikun("audit", "verify", out).code == 0
    assert zhikun("audit", "verify", "--against", out).code == 0


def test_a_change_ends_with_one_and_is_named(zhikun, three, tmp_path):
    out = tmp_path / "x.jsonl"
    zhikun("audit", "export", out)
    with guards.lifted(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET subject = 'x' WHERE number = 2")
    answer = zhikun("audit", "verify")
    assert (answer.code, "✗ 数据库：第 2 条" in answer.out) == (1, True)
    answer = zhikun("audit", "export", tmp_path / "y.jsonl")
    assert (answer.code, "没有导出，留痕不完整：第 2 条" in answer.err) == (1, True)
    assert not (tmp_path / "y.jsonl").exists()
    out.write_text(out.read_text(encoding="utf-8").replace('"subject":"1"', '"subject":"9"'), encoding="utf-8")
    answer = zhikun("audit", "verify", out)
    assert (answer.code, "第 2 条" in answer.out) == (1, True)


def test_files_that_are_no_export_are_refused(zhikun, tmp_path):
    other = tmp_path / "other.txt"
    other.write_bytes(b"\xff\xfe\x00")
    for path in (other, tmp_path / "missing.jsonl", tmp_path):
        assert zhikun("audit", "verify", path).code == 3
    assert zhikun("audit", "verify", other, "--against", other).code == 2
