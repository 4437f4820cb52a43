"""`zhikun keys` as an administrator runs it."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhikun.identity import keys_for, tokens_of, with_token_record


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user with a folder of settings and a data folder, named by the environment."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "conf"))
    monkeypatch.delenv("ZHIKUN_KEYS", raising=False)
    monkeypatch.setenv("ZHIKUN_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path


def secrets_of(path):
    return [v["secret"] for v in json.loads(path.read_text())["versions"]]


def test_init_show_rotate(home, zhikun):
    path, data = home / "conf" / "zhikun" / "keys.json", home / "data"
    made = zhikun("keys", "init", "--why", "省级试运行")
    assert made.code == 0, made.said
    assert "备份" in made.out
    assert path.stat().st_mode & 0o777 == 0o600
    ring = keys_for(path, data)
    people = pa.table({"person": tokens_of(ring, "monitoring", pa.array(["11010519491231002X"]))})
    pq.write_table(with_token_record(people, ring, {"person": "monitoring"}), data / "state.parquet")
    rotated = zhikun("keys", "rotate")
    assert rotated.code == 0, rotated.said
    shown = zhikun("keys", "show")
    assert "第 1 版" in shown.out
    assert "省级试运行" in shown.out
    assert "定期轮换（当前）" in shown.out
    assert f"密钥 {ring.id} 第 2 版" in shown.out
    assert not any(secret in a.said for secret in secrets_of(path) for a in (made, rotated, shown))
    assert pq.read_table(data / "state.parquet")["person"].to_pylist() != people["person"].to_pylist()
    assert zhikun("keys", "rotate", "--catch-up").code == 0
    assert len(secrets_of(path)) == 2


def test_a_second_ring_is_not_made(home, zhikun):
    assert zhikun("keys", "init").code == 0
    again = zhikun("keys", "init")
    assert again.code == 3
    assert "keys rotate" in again.err


@pytest.mark.parametrize("command", ["show", "rotate"])
def test_without_a_ring_the_way_out_is_said(home, zhikun, command):
    answer = zhikun("keys", command)
    assert answer.code == 3
    assert "zhikun keys init" in answer.err


@pytest.mark.parametrize("command", ["init", "show", "rotate"])
def test_a_lost_ring_is_not_replaced(home, zhikun, command):
    path, data = home / "keys.json", home / "data"
    home.chmod(0o700)
    assert zhikun("keys", "init", "--keys", path).code == 0
    ring = keys_for(path, data)
    path.unlink()
    answer = zhikun("keys", command, "--keys", path)
    assert answer.code == 3
    assert ring.id in answer.err
    assert not path.exists()


def test_keys_in_the_data_folder_are_refused(home, zhikun):
    answer = zhikun("keys", "init", "--keys", home / "data" / "keys.json")
    assert answer.code == 3
    assert "数据文件夹" in answer.err
    assert list((home / "data").iterdir()) == []


def test_the_environment_names_the_file(home, zhikun, monkeypatch):
    monkeypatch.setenv("ZHIKUN_KEYS", str(home / "elsewhere" / "ring.json"))
    assert zhikun("keys", "init").code == 0
    assert (home / "elsewhere" / "ring.json").exists()
    assert not (home / "conf").exists()
