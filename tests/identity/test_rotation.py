"""Rotation: last month's state still matches this month's lists; killed anywhere, the same files."""

from __future__ import annotations

import errno
import random
import shutil
import subprocess
import sys
import time
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhikun.identity import (
    KeysRefused,
    KeysUnwritten,
    catch_up,
    keys_for,
    read_ring,
    rotate,
    token_record,
    token_texts,
    tokens_in,
    tokens_of,
    with_token_record,
)
from zhikun.identity.keyring import create_ring

DAY = date(2026, 11, 1)
NUMBERS = [None if n % 7 == 3 else f"99010119900101{n:04d}" for n in range(6000)]
COLUMNS = {"person": "monitoring", "shown": "monitoring", "household": "household", "members": "monitoring"}


def table(ring, numbers=NUMBERS):
    """Tokens as bytes, as texts and in lists, of two purposes, among columns that are none."""
    person = tokens_of(ring, "monitoring", pa.array(numbers, pa.string()))
    pairs = person.to_pylist()
    lists = [None if n % 5 == 0 else pairs[n : n + n % 3] for n in range(len(pairs))]
    made = pa.table(
        {
            "place": pa.array(["640402"] * len(numbers), pa.string()).dictionary_encode(),
            "person": person,
            "shown": token_texts(person),
            "household": tokens_of(ring, "household", pa.array(numbers, pa.string())),
            "members": pa.array(lists, pa.list_(pa.binary(16))),
            "score": pa.array(range(len(numbers)), pa.int32()),
        }
    )
    return with_token_record(made.replace_schema_metadata({"kept": "yes"}), ring, COLUMNS)


@pytest.fixture
def path(tmp_path):
    create_ring(tmp_path / "conf" / "keys.json", DAY, "初次")
    return tmp_path / "conf" / "keys.json"


@pytest.fixture
def data(tmp_path, path):
    """Three files of tokens in two folders, one without any."""
    folder = tmp_path / "data"
    (folder / "2026-10").mkdir(parents=True)
    ring = keys_for(path, folder)
    pq.write_table(table(ring), folder / "state.parquet", row_group_size=1000, compression="zstd")
    pq.write_table(table(ring, NUMBERS[:50]), folder / "2026-10" / "list.parquet")
    pq.write_table(table(ring, []), folder / "2026-10" / "empty.parquet")
    pq.write_table(pa.table({"place": ["640402"]}), folder / "places.parquet")
    return folder


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def as_made_now(ring, folder):
    """Every file is what it would be if its numbers came in today."""
    for name, numbers in {"state": NUMBERS, "2026-10/list": NUMBERS[:50], "2026-10/empty": []}.items():
        held = pq.read_table(folder / f"{name}.parquet")
        assert held.equals(table(ring, numbers)), name
        assert held.schema.metadata[b"kept"] == b"yes"


def test_last_months_files_match_this_months_numbers(path, data):
    places = (data / "places.parquet").read_bytes()
    ring = rotate(path, data, date(2027, 1, 4), "年度轮换")
    assert (ring.current, ring.rotation, ring.versions[1].reason) == (2, None, "年度轮换")
    as_made_now(ring, data)
    assert keys_for(path, data) == ring
    assert (data / "places.parquet").read_bytes() == places
    kept = pq.ParquetFile(data / "state.parquet")
    assert kept.num_row_groups == 6
    assert kept.metadata.row_group(0).column(1).compression == "ZSTD"


def test_year_after_year(path, data):
    for year in (2027, 2028, 2029):
        rotate(path, data, date(year, 1, 4), "年度轮换")
    ring = keys_for(path, data)
    assert ring.current == 4
    as_made_now(ring, data)
    assert len(set(pq.read_table(data / "state.parquet")["person"].to_pylist())) == len(set(NUMBERS))


def test_a_file_written_by_duckdb(path, data):
    ring = keys_for(path, data)
    people = pa.table({"person": tokens_of(ring, "monitoring", pa.array(NUMBERS[:9], pa.string()))})
    [(name, body)] = token_record(ring, {"person": "monitoring"}).items()
    with duckdb.connect() as connection:
        connection.register("people", people)
        body = body.replace("'", "''")
        connection.execute(f"COPY people TO '{data}/duck.parquet' (KV_METADATA {{\"{name}\": '{body}'}})")
    ring = rotate(path, data, DAY, "轮换")
    held = pq.read_table(data / "duck.parquet")["person"].cast(pa.binary(16))
    assert held.equals(tokens_of(ring, "monitoring", pa.array(NUMBERS[:9], pa.string())))
    assert tokens_in(data / "duck.parquet").version == 2


def test_nothing_else_may_use_the_folder_before_the_end(path, data, monkeypatch):
    monkeypatch.setattr(
        "zhikun.identity.rotation._renew_files", lambda *_words: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        rotate(path, data, DAY, "轮换")
    with pytest.raises(KeysRefused, match=r"没有做完.*keys rotate"):
        keys_for(path, data)
    monkeypatch.undo()
    ring = rotate(path, data, DAY, "再来")
    assert (ring.current, ring.versions[1].reason) == (2, "轮换")
    as_made_now(ring, data)


def test_another_folder_waits_its_turn_and_catches_up(path, data, tmp_path, monkeypatch):
    other = tmp_path / "other"
    shutil.copytree(data, other)
    monkeypatch.setattr(
        "zhikun.identity.rotation._renew_files", lambda *_words: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        rotate(path, data, DAY, "轮换")
    monkeypatch.undo()
    with pytest.raises(KeysRefused, match=str(data)):
        rotate(path, other, DAY, "轮换")
    rotate(path, data, DAY, "轮换")
    with pytest.raises(KeysRefused, match="catch-up"):
        keys_for(path, other)
    catch_up(path, other)
    as_made_now(keys_for(path, other), other)


def test_a_file_from_an_old_backup_catches_up(path, data):
    old = (data / "2026-10" / "list.parquet").read_bytes()
    for year in (2027, 2028):
        rotate(path, data, date(year, 1, 4), "年度轮换")
    (data / "2026-10" / "list.parquet").write_bytes(old)
    ring = catch_up(path, data)
    assert ring.current == 3
    as_made_now(ring, data)
    before = files(data)
    catch_up(path, data)
    assert files(data) == before


def test_a_bad_file_is_found_before_the_ring_has_a_new_version(path, data, tmp_path):
    good = (data / "state.parquet").read_bytes()
    ring = read_ring(path)
    stranger = create_ring(tmp_path / "else" / "keys.json", DAY, "别处")
    named = pq.read_table(data / "2026-10" / "list.parquet")
    foreign = tokens_of(stranger, "monitoring", pa.array(["1"]))
    bad = {
        "损坏": good[: len(good) // 2],
        stranger.id: pq_bytes(with_token_record(pa.table({"person": foreign}), stranger, {"person": "monitoring"})),
        "gone": pq_bytes(with_token_record(named, ring, {"gone": "monitoring"})),
        "score": pq_bytes(with_token_record(named, ring, {"score": "monitoring"})),
    }
    for said, content in bad.items():
        (data / "zbad.parquet").write_bytes(content)
        with pytest.raises(KeysRefused, match=said):
            rotate(path, data, DAY, "轮换")
        assert read_ring(path) == ring


def pq_bytes(made):
    sink = pa.BufferOutputStream()
    pq.write_table(made, sink)
    return sink.getvalue().to_pybytes()


def test_no_folder_no_rotation(path, tmp_path):
    with pytest.raises(KeysRefused, match="没有数据文件夹"):
        rotate(path, tmp_path / "nowhere", DAY, "轮换")
    assert read_ring(path).current == 1


ROTATE = """
import sys
from datetime import date
from pathlib import Path
from zhikun.identity import rotate
print("go", flush=True)
rotate(Path(sys.argv[1]), Path(sys.argv[2]), date(2027, 1, 4), "轮换")
"""


def test_killed_anywhere_and_run_again(path, data, tmp_path):
    """Eight kills between nothing done and all done; then the same files as an undisturbed rotation with that ring."""
    ring = keys_for(path, data)
    same = table(ring)
    for number in range(12):
        pq.write_table(same, data / f"copy{number}.parquet", row_group_size=500)
    original = tmp_path / "original"
    shutil.copytree(data, original)
    first, dice, killed = path.read_bytes(), random.Random(20261122), 0
    while killed < 8:
        running = subprocess.Popen([sys.executable, "-c", ROTATE, str(path), str(data)], stdout=subprocess.PIPE)
        running.stdout.readline()
        time.sleep(dice.uniform(0, 0.15))
        killed += running.poll() is None
        running.kill()
        running.wait()
        if read_ring(path).rotation is None and read_ring(path).current == 2:
            if killed:
                break
            # It was done before the signal came: once more from the beginning.
            path.write_bytes(first)
            shutil.rmtree(data)
            shutil.copytree(original, data)
    ring = rotate(path, data, date(2027, 1, 4), "轮换") if read_ring(path).rotation else read_ring(path)
    if ring.current == 1:
        ring = rotate(path, data, date(2027, 1, 4), "轮换")
    assert ring.current == 2
    as_made_now(ring, data)
    catch_up(path, original)
    assert files(data) == files(original)
    assert not list(data.rglob(".*.part"))


def test_two_rotations_at_once_are_one_after_the_other(path, data):
    running = [subprocess.Popen([sys.executable, "-c", ROTATE, str(path), str(data)]) for _number in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    ring = keys_for(path, data)
    assert ring.current == 3
    as_made_now(ring, data)


def test_a_full_disk_leaves_a_rotation_that_can_go_on(path, data, monkeypatch):
    def full(path):
        if "parquet" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("zhikun.disk.sync_file", full)
    with pytest.raises(KeysUnwritten, match="接着做完"):
        rotate(path, data, DAY, "轮换")
    assert not list(data.rglob(".*.part"))
    monkeypatch.undo()
    ring = rotate(path, data, DAY, "轮换")
    assert ring.current == 2
    as_made_now(ring, data)


def test_texts_that_are_no_tokens_stop_a_rotation_that_can_go_on(path, data):
    ring = read_ring(path)
    wrong = with_token_record(pa.table({"person": ["张三"]}), ring, {"person": "monitoring"})
    pq.write_table(wrong, data / "wrong.parquet")
    with pytest.raises(KeysRefused, match=r"wrong\.parquet"):
        rotate(path, data, DAY, "轮换")
    assert pq.read_table(data / "wrong.parquet").equals(wrong)
    (data / "wrong.parquet").unlink()
    ring = rotate(path, data, DAY, "轮换")
    assert ring.current == 2
    as_made_now(ring, data)
