"""The key ring: where it may lie, who may read it, what happens when it is missing, damaged, or another."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhikun.identity import KeysMissing, KeysRefused, init_keys, keys_for, read_ring, tokens_of, with_token_record
from zhikun.identity.keyring import create_ring

DAY = date(2026, 11, 1)


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "conf" / "zhikun" / "keys.json"


def write_tokens(ring, data, name="people.parquet"):
    tokens = tokens_of(ring, "monitoring", pa.array(["11010519491231002X", None]))
    pq.write_table(with_token_record(pa.table({"person": tokens}), ring, {"person": "monitoring"}), data / name)


def test_the_file_is_for_its_owner_alone(path):
    ring = create_ring(path, DAY, "初次建立")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert read_ring(path) == ring
    assert (ring.current, ring.versions[0].created, ring.versions[0].reason) == (1, DAY, "初次建立")


def test_two_rings_have_nothing_in_common(tmp_path):
    first, second = (create_ring(tmp_path / n / "keys.json", DAY, "甲") for n in "ab")
    assert first.id != second.id
    assert first.versions[0].secret != second.versions[0].secret


def test_a_ring_is_never_overwritten(path):
    create_ring(path, DAY, "甲")
    before = path.read_bytes()
    with pytest.raises(KeysRefused, match="不覆盖"):
        create_ring(path, DAY, "乙")
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", ["keys.json", "a/b/keys.json", "../data/keys.json"])
def test_not_inside_the_data(data, place):
    with pytest.raises(KeysRefused, match="数据文件夹"):
        create_ring(data / place, DAY, "甲", data)
    assert not (data / "keys.json").exists()


def test_not_inside_the_data_by_a_link(data, path, tmp_path):
    create_ring(path, DAY, "甲")
    (data / "keys.json").write_bytes(path.read_bytes())
    (data / "keys.json").chmod(0o600)
    link = tmp_path / "link.json"
    link.symlink_to(data / "keys.json")
    with pytest.raises(KeysRefused, match="里面"):
        read_ring(link, data)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_not_when_others_can_read_it(path, mode):
    create_ring(path, DAY, "甲")
    path.chmod(mode)
    with pytest.raises(KeysRefused, match="chmod 600"):
        read_ring(path)


def test_not_when_others_can_put_another_in_its_place(path):
    create_ring(path, DAY, "甲")
    path.parent.chmod(0o770)
    with pytest.raises(KeysRefused, match="chmod 700"):
        read_ring(path)


def test_missing_is_said_and_nothing_is_made(path, data):
    with pytest.raises(KeysMissing, match="keys init"):
        keys_for(path, data)
    assert not path.exists()
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("noted", [True, False])
def test_missing_beside_data_with_tokens_is_never_replaced(path, data, noted):
    ring = create_ring(path, DAY, "甲")
    keys_for(path, data)
    write_tokens(ring, data)
    if not noted:
        (data / "tokens.json").unlink()
    path.unlink()
    for call in (lambda: keys_for(path, data), lambda: init_keys(path, data, DAY, "乙")):
        with pytest.raises(KeysMissing, match=rf"{ring.id}.*备份"):
            call()
    assert not path.exists()


@pytest.mark.parametrize("noted", [True, False])
def test_another_ring_is_refused(path, data, tmp_path, noted):
    ring = create_ring(path, DAY, "甲")
    keys_for(path, data)
    write_tokens(ring, data)
    if not noted:
        (data / "tokens.json").unlink()
    other = tmp_path / "other" / "keys.json"
    create_ring(other, DAY, "乙")
    with pytest.raises(KeysRefused, match=ring.id):
        keys_for(other, data)
    assert keys_for(path, data) == ring


def damaged(content):
    """The same file with one thing wrong."""
    body = json.loads(content)
    secret = body["versions"][0]["secret"]
    flipped = ("B" if secret[0] == "A" else "A") + secret[1:]
    return {
        "empty": b"",
        "cut": content[: len(content) // 2],
        "not json": b"\xff\xfe",
        "a list": b"[]",
        "null": b"null",
        "one bit of a key": content.replace(secret.encode(), flipped.encode()),
        "another id": content.replace(body["ring"].encode(), b"0" * 16),
        "no sum": json.dumps({k: v for k, v in body.items() if k != "sum"}).encode(),
        "no versions": json.dumps({**body, "versions": []}).encode(),
    }


@pytest.mark.parametrize(
    "what",
    ["empty", "cut", "not json", "a list", "null", "one bit of a key", "another id", "no sum", "no versions"],
)
def test_damage_is_found(path, what):
    create_ring(path, DAY, "甲")
    content = damaged(path.read_bytes())[what]
    path.write_bytes(content)
    with pytest.raises(KeysRefused, match=r"已损坏.*备份"):
        read_ring(path)
    assert path.read_bytes() == content, "left for whoever repairs it"


def test_a_format_of_the_future_is_said(path):
    create_ring(path, DAY, "甲")
    path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(KeysRefused, match="格式"):
        read_ring(path)


def test_a_folder_in_its_place(path):
    path.mkdir(parents=True)
    with pytest.raises(KeysRefused, match="文件夹"):
        read_ring(path)


def test_a_key_of_a_version_that_the_ring_does_not_have(path):
    ring = create_ring(path, DAY, "甲")
    with pytest.raises(KeysRefused, match="没有第 2 版"):
        ring.key("monitoring", 2)


def test_a_first_look_at_a_folder_notes_the_ring_without_secrets(path, data):
    ring = keys_for(create_ring(path, DAY, "甲").path, data)
    note = json.loads((data / "tokens.json").read_text())
    assert (note["ring"], note["version"]) == (ring.id, 1)
    assert ring.versions[0].secret.hex() not in (data / "tokens.json").read_text()


def test_a_damaged_note_is_said(path, data):
    create_ring(path, DAY, "甲")
    (data / "tokens.json").write_text("{")
    with pytest.raises(KeysRefused, match=r"tokens\.json"):
        keys_for(path, data)


CREATE = """
import sys
from datetime import date
from pathlib import Path
from zhikun.identity import KeysRefused, init_keys
try:
    print(init_keys(Path(sys.argv[1]), None, date(2026, 11, 1), "同时").id)
except KeysRefused:
    print("refused")
"""


def test_two_at_once_make_one_ring(path):
    running = [
        subprocess.Popen([sys.executable, "-c", CREATE, str(path)], stdout=subprocess.PIPE, text=True)
        for _number in range(4)
    ]
    said = [process.communicate()[0].strip() for process in running]
    assert sorted(said)[-3:] == ["refused"] * 3, said
    assert read_ring(path).id in said
