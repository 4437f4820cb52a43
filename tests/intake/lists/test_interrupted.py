"""Killed anywhere, received twice at once, disturbed: a whole receipt or none."""

import errno
import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.intake.lists.factory import MONITORING, NOVEMBER, POPULATION, POPULATION_HEADER, STAYS, stays, watched

from zhikun.identity import KeysRefused, rotate
from zhikun.intake import lists

CODE = """
import sys
from pathlib import Path
from tests.intake.lists.factory import NOVEMBER, Office, POPULATION, STAYS
from zhikun.identity import keys_for
folder, file, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
office = Office(folder, folder / "data", keys_for(folder / "keys" / "keys.json", folder / "data"))
print("ready", flush=True)
office.receive(file, {"stays": STAYS, "population": POPULATION}[name], NOVEMBER)
"""
ROOT = Path(__file__).resolve().parents[3]


def start(office, file, name):
    """A reception in a process of its own, about to begin."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(office.folder), str(file), name], stdout=subprocess.PIPE, env=env
    )
    assert process.stdout.readline() == b"ready\n"
    return process


def whole(office, name):
    """Every receipt that is there, each with as many rows as it says."""
    found = office.lists.files(name, NOVEMBER)
    for file in found:
        assert pq.read_metadata(file.rows).num_rows == file.receipt.in_force_rows
        assert json.loads((file.folder / "receipt.json").read_text())["state"] in {"accepted", "replaced", "held"}
    return found


@pytest.mark.parametrize("moment", [0.01, 0.04, 0.06, 0.12, 0.21, 0.31, 0.46, 0.62])
def test_killed_at_any_moment_there_is_a_whole_receipt_or_none(office, moment):
    file = office.put("population.csv", [POPULATION_HEADER, *(watched(i) for i in range(6000)), watched(7)])
    process = start(office, file, "population")
    time.sleep(moment)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = whole(office, "population")
    assert len(before) <= 1
    again = office.receive(file, POPULATION)
    assert again.again == bool(before)
    assert [f.receipt.number for f in whole(office, "population")] == [1]
    assert again.file.receipt.accepted == 6000
    assert not list((office.data / "lists" / "population").glob(".receiving/*"))


def test_what_a_killed_reception_left_does_not_disturb_a_rotation(office):
    left = office.data / "lists" / "stays" / ".receiving"
    left.mkdir(parents=True)
    (left / "rows.part").write_bytes(b"PAR1 half")
    rotate(office.ring.path, office.data, date(2026, 11, 23), "定期")


def test_two_receptions_of_one_list_at_once_come_one_after_the_other(office):
    one = office.put("one.csv", stays(3000))
    two = office.put("two.csv", stays(3001))
    processes = [start(office, one, "stays"), start(office, two, "stays"), start(office, one, "stays")]
    assert [process.wait() for process in processes] == [0, 0, 0]
    found = whole(office, "stays")
    assert [file.receipt.number for file in found] == list(range(1, len(found) + 1))
    assert {file.receipt.accepted for file in found} == {3000, 3001}
    assert sum(file.receipt.state is lists.State.ACCEPTED for file in found) == 1
    assert found[-1].receipt.state is lists.State.ACCEPTED


def test_keys_rotated_while_rows_are_read_leave_no_old_tokens(office):
    coming = lists.open_file(office.put("list.csv", stays(5)), STAYS, MONITORING)

    class Slow:
        file, header, known_hash = coming.file, coming.header, coming.known_hash
        finish = coming.finish

        def blocks(self):
            rotate(office.ring.path, office.data, date(2026, 11, 23), "定期")
            yield from coming.blocks()

    with pytest.raises(KeysRefused, match="再运行一次"):
        lists.receive(Slow(), office.delivery(), office.data, office.ring, office.folder / "r.xlsx")
    assert office.lists.files("stays", NOVEMBER) == []


def test_a_receipt_that_was_damaged_stops_everything_that_would_rest_on_it(office):
    folder = office.receive(stays(5)).file.folder
    (folder / "receipt.json").write_text("{")
    with pytest.raises(lists.ListUnreadable, match="备份"):
        office.lists.in_force("stays", NOVEMBER)


def test_where_the_rejects_cannot_be_written_nothing_is_received(office):
    (office.folder / "rejects.xlsx").mkdir()
    rows = [*stays(40), ["1", "张三丰", "", "", "", "", "", "", ""]]
    with pytest.raises(lists.ListUnwritten, match="没有接收"):
        office.receive(rows)
    assert office.lists.files("stays", NOVEMBER) == []


def test_the_workbook_of_rejects_is_for_its_owner_alone_and_halves_of_it_are_swept(office):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    halves = [office.folder / ".rejects.xlsx.part", office.folder / f".rejects.xlsx.{gone.pid}.part"]
    others = [
        office.folder / ".rejects.xlsx.lock",
        office.folder / f".other-rejects.xlsx.{gone.pid}.part",
        office.folder / f".rejects.xlsx.{os.getppid()}.part",  # another reception is writing it right now
    ]
    for path in (*halves, *others):
        path.write_bytes(b"PK half")
    received = office.receive([*stays(40), ["1", "张三丰", "", "", "", "", "", "", ""]])
    assert stat.S_IMODE(received.rejects.stat().st_mode) == 0o600
    assert not any(path.exists() for path in halves)
    assert all(path.exists() for path in others)


def test_the_workbook_of_a_reception_that_was_cut_off_is_written_over_by_the_next(office, monkeypatch):
    rows = [*stays(40), ["1", "张三丰", "", "", "", "", "", "", ""]]
    with monkeypatch.context() as cut:
        cut.setattr(lists.Lists, "keep", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            office.receive(rows)
    assert (office.folder / "rejects.xlsx").exists()
    assert office.receive(rows).rejects == office.folder / "rejects.xlsx"
    assert not (office.folder / "rejects-2.xlsx").exists()


def test_receptions_that_write_the_same_workbook_at_once_each_get_a_name_of_their_own(office):
    """Twelve at the same moment, each about another receipt: none lies over another."""
    code = (
        "import fcntl, sys\nfrom pathlib import Path\nfrom zhikun.intake.lists.rejects import put_workbook\n"
        "part, wanted, about, gate = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], open(sys.argv[4])\n"
        "print('ready', flush=True)\nfcntl.flock(gate, fcntl.LOCK_SH)\nprint(put_workbook(part, wanted, about).name)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    wanted, processes = office.folder / "退回.xlsx", []
    with (office.folder / "gate").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        for n in range(12):
            (part := office.folder / f"{n}.part").write_bytes(b"PK" + bytes([n]) * 50_000)
            words = [sys.executable, "-c", code, str(part), str(wanted), f"stays/2026-11/{n:03d}", gate.name]
            processes.append(subprocess.Popen(words, stdout=subprocess.PIPE, env=env))
        assert {process.stdout.readline() for process in processes} == {b"ready\n"}
    # The gate is open: closed files hold no locks.
    names = [process.communicate()[0].decode().strip() for process in processes]
    assert sorted(names) == sorted(["退回.xlsx", *(f"退回-{n}.xlsx" for n in range(2, 13))])
    for n, name in enumerate(names):
        assert (office.folder / name).read_bytes() == b"PK" + bytes([n]) * 50_000
    assert not list(office.folder.glob(".*.part"))


def test_on_a_drive_without_links_a_name_is_claimed_all_the_same(office, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    (office.folder / "rejects.xlsx").write_bytes(b"somebody's")
    received = office.receive([*stays(40), ["1", "张三丰", "", "", "", "", "", "", ""]])
    assert received.rejects.name == "rejects-2.xlsx"
    assert received.rejects.read_bytes().startswith(b"PK")
    assert stat.S_IMODE(received.rejects.stat().st_mode) == 0o600
    assert (office.folder / "rejects.xlsx").read_bytes() == b"somebody's"
