"""Backup and restore by command, on both databases, while people and workers write; copies that are not whole are refused."""

import json
import shutil
import signal
import subprocess
import sys

import pytest
from tests.installation import until


FILLED = """
from tests import factories
for n in range(1, 6):
    factories.household(n=n)
"""


def shell(installation, script):
    return installation.run("manage", "shell", "-v", "0", "-c", script).stdout


def fill(installation):
    """Households with sealed names and numbers, an act on record, files in the data folder."""
    shell(installation, FILLED)
    folder = installation.data / "photos" / "ab"
    folder.mkdir(parents=True)
    (folder / "one.bin").write_bytes(b"\0sealed" * 1000)
    (folder / "二.bin").write_bytes(b"x")
    (installation.data / "run").mkdir(exist_ok=True)
    (installation.data / "run" / "left-out.json").write_text("{}")
    (installation.data / "photos" / ".half.12.part").write_text("half")


@pytest.fixture
def filled(installation):
    fill(installation)
    return installation


def made_in(folder):
    (one,) = [path for path in folder.iterdir() if path.is_dir()]
    return one


def counts(installation):
    tables = ("registry_household", "registry_person", "accounts_officer", "audit_entry", "places_area")
    return {name: installation.ask(f"SELECT count(*) FROM {name}")[0][0] for name in tables}  # noqa: S608 - our own names


def names(installation):
    return shell(installation, "from zhikun.registry.models import Person; print(sorted(p.name for p in Person.objects.all()))")


def test_there_and_back_again(filled, empty_installation, tmp_path):
    before, people = counts(filled), names(filled)
    assert before["registry_person"] > 0
    said = filled.run("backup", str(tmp_path / "copies")).stdout
    assert "验证通过" in said
    assert "密钥文件不在备份里" in said
    made = made_in(tmp_path / "copies")
    assert made.stat().st_mode & 0o777 == 0o700
    everything = b"".join(path.read_bytes() for path in made.rglob("*") if path.is_file())
    for line in filled.keys.read_text(encoding="utf-8").splitlines():
        assert len(line) < 40 or line.encode() not in everything
    assert not list(made.rglob("left-out.json"))
    assert not list(made.rglob(".half*"))

    shutil.copy(filled.keys, empty_installation.keys)
    said = empty_installation.run("restore", str(made)).stdout
    assert "已恢复到" in said
    after = counts(empty_installation)
    assert after == {**before, "audit_entry": before["audit_entry"] + 1}, "and the restoring itself is on record"
    assert names(empty_installation) == people
    assert (empty_installation.data / "photos" / "ab" / "二.bin").read_bytes() == b"x"
    assert "完整" in empty_installation.run("audit", "verify").stdout or empty_installation.run("audit", "verify").returncode == 0

    # What was restored works on: rows get new numbers, the record grows.
    shell(empty_installation, "from django.contrib.auth.models import Group; Group.objects.create(name='x')")
    empty_installation.run("backup", str(tmp_path / "again"))


def test_a_backup_during_work_is_one_moment(filled, tmp_path):
    """Rows and checkpoint are written in one transaction; in every copy they agree."""
    filled.ask("CREATE TABLE counted (n integer)")
    shell(filled, "from zhikun.jobs.services import ask; ask('counting.count', arguments={'to': 100000})")
    with filled.start("worker") as worker:
        until(lambda: filled.ask("SELECT count(*) FROM counted")[0][0] > 20)
        for _n in range(2):
            filled.run("backup", str(tmp_path / "copies"), "--no-check")
        assert worker.poll() is None
    copies = sorted(path for path in (tmp_path / "copies").iterdir() if path.is_dir())
    for made in copies:
        said = filled.run("backup-check", str(made)).stdout
        assert "验证通过" in said
    assert "counted" in json.loads((copies[-1] / "manifest.json").read_text())["tables"]
    if not filled.database:
        import sqlite3

        with sqlite3.connect(copies[-1] / "database.sqlite3") as copy:
            rows = copy.execute("SELECT count(*) FROM counted").fetchone()[0]
            (point,) = copy.execute("SELECT checkpoint FROM jobs_job WHERE kind = 'counting.count'").fetchone()
            assert rows == json.loads(point)["done"] > 20


def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(filled, tmp_path):
    (filled.data / "big").write_bytes(b"0" * 200_000_000)
    copies = tmp_path / "copies"
    command = [sys.executable, "-m", "zhikun.cli", "backup", str(copies)]
    with subprocess.Popen(command, env=filled.environment, cwd=filled.folder) as process:
        until(lambda: list(copies.glob(".*.part/files/big")) if copies.exists() else process.poll() is not None)
        process.send_signal(signal.SIGKILL)
    assert not [path for path in copies.iterdir() if path.is_dir() and not path.name.startswith(".")]
    (filled.data / "big").unlink()
    filled.run("backup", str(copies))
    assert not list(copies.glob(".*.part")), "what the killed one left is cleared"


def damage_file(made, installation):
    path = made / "files" / "photos" / "ab" / "one.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def damage_missing(made, installation):
    (made / "files" / "photos" / "ab" / "二.bin").unlink()


def damage_database(made, installation):
    path = next(iter([*made.glob("database.sqlite3"), *made.glob("tables/registry_person.copy.gz")]))
    path.write_bytes(path.read_bytes()[:-9])


def damage_manifest(made, installation):
    path = made / "manifest.json"
    path.write_text(path.read_text().replace('"vendor"', '"vendor" '). replace('"places_area": ', '"places_area": 1'))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damage_file, "one.bin 的内容与备份时不同"),
        (damage_missing, "缺 files/photos/ab/二.bin"),
        (damage_database, "的内容与备份时不同"),
        (damage_manifest, "与自己的校验码不符"),
    ],
)
def test_a_damaged_backup_is_found_out_and_never_restored(filled, empty_installation, tmp_path, damage, said):
    filled.run("backup", str(tmp_path / "copies"), "--no-check")
    made = made_in(tmp_path / "copies")
    damage(made, filled)
    checked = filled.run("backup-check", str(made), code=None)
    assert checked.returncode in {1, 6}
    assert said in checked.stdout + checked.stderr
    shutil.copy(filled.keys, empty_installation.keys)
    refused = empty_installation.run("restore", str(made), code=6)
    assert said in refused.stderr
    assert not (empty_installation.data / "photos").exists()


def test_a_row_changed_by_hand_before_the_backup_breaks_the_chain_in_the_check(filled, tmp_path):
    if filled.database:
        filled.ask("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
    else:
        filled.ask("DROP TRIGGER audit_entry_no_update")
    filled.ask("UPDATE audit_entry SET reason = 'x' WHERE number = 2")
    said = filled.run("backup", str(tmp_path / "copies"), code=1).stdout
    assert "没有通过验证" in said
    assert "留痕" in said


def test_values_that_no_longer_open_are_found(filled, tmp_path):
    (pk, sealed) = filled.ask("SELECT id, name_sealed FROM registry_person ORDER BY id LIMIT 1")[0]
    broken = bytes(sealed)[:-1] + bytes([bytes(sealed)[-1] ^ 1])
    filled.ask("UPDATE registry_person SET name_sealed = %s WHERE id = %s", broken, pk)
    said = filled.run("backup", str(tmp_path / "copies"), code=1).stdout
    assert "registry_person" in said
    assert "1 处打不开" in said


class TestRefusals:
    def test_restoring_never_overwrites_a_database(self, filled, tmp_path):
        filled.run("backup", str(tmp_path / "copies"), "--no-check")
        before = counts(filled)
        said = filled.run("restore", str(made_in(tmp_path / "copies")), code=6).stderr
        assert "恢复从不覆盖" in said
        assert counts(filled) == before

    def test_nor_files_of_something_else(self, filled, empty_installation, tmp_path):
        filled.run("backup", str(tmp_path / "copies"), "--no-check")
        shutil.copy(filled.keys, empty_installation.keys)
        empty_installation.data.mkdir(exist_ok=True)
        (empty_installation.data / "mine.txt").write_text("mine")
        said = empty_installation.run("restore", str(made_in(tmp_path / "copies")), code=6).stderr
        assert "mine.txt" in said
        assert (empty_installation.data / "mine.txt").read_text() == "mine"

    def test_with_other_keys_nothing_would_open(self, filled, empty_installation, tmp_path):
        filled.run("backup", str(tmp_path / "copies"), "--no-check")
        said = empty_installation.run("restore", str(made_in(tmp_path / "copies")), code=6).stderr
        assert "请先把" in said
        assert "放回来" in said

    def test_a_backup_inside_the_data_folder_is_none(self, filled):
        assert "里面" in filled.run("backup", str(filled.data / "copies"), code=6).stderr

    def test_what_is_no_backup(self, installation, tmp_path):
        assert "不是备份" in installation.run("backup-check", str(tmp_path), code=6).stderr
        assert "不是备份" in installation.run("restore", str(tmp_path), code=6).stderr

    def test_a_place_that_cannot_be_written(self, installation):
        assert "写不了" in installation.run("backup", "/proc/none/x", code=5).stderr


def test_a_restore_that_was_killed_can_be_run_again(filled, empty_installation, tmp_path):
    (filled.data / "big").write_bytes(b"0" * 200_000_000)
    filled.run("backup", str(tmp_path / "copies"), "--no-check")
    made = made_in(tmp_path / "copies")
    shutil.copy(filled.keys, empty_installation.keys)
    command = [sys.executable, "-m", "zhikun.cli", "restore", str(made)]
    with subprocess.Popen(command, env=empty_installation.environment, cwd=empty_installation.folder) as process:
        until(lambda: process.poll() is not None or list(empty_installation.data.glob("**/*big*")))
        process.send_signal(signal.SIGKILL)
    empty_installation.run("restore", str(made))
    assert counts(empty_installation)["registry_person"] == counts(filled)["registry_person"]
