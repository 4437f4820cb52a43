"""Backup and restore by command, on both databases, while people and workers write; copies that are not whole are refused."""

import gzip
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from tests.installation import copy_of, until

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
    for place in ("uploads", "exports/open-1", "imports/open-1/tables"):
        (installation.data / place).mkdir(parents=True, exist_ok=True)
        (installation.data / place / "left-out.json").write_text("{}")
    (installation.data / "photos" / ".half.12.part").write_text("half")


@pytest.fixture
def filled(installation):
    """One that a test may change."""
    fill(installation)
    return installation


@pytest.fixture(scope="module")
def kept(migrated, tmp_path_factory):
    """One that every test leaves as it is, with its backup."""
    folder = tmp_path_factory.mktemp("kept")
    with copy_of(migrated, folder / "platform") as one:
        fill(one)
        said = one.run("backup", str(folder / "copies")).stdout
        assert "验证通过" in said
        assert "密钥文件不在备份里" in said
        yield one, made_in(folder / "copies")


@pytest.fixture
def other(empty_installation, kept):
    """An empty platform with the key ring of the one that was backed up."""
    shutil.copy(kept[0].keys, empty_installation.keys)
    return empty_installation


def made_in(folder):
    (one,) = [path for path in folder.iterdir() if path.is_dir()]
    return one


def counts(installation):
    tables = ("registry_household", "registry_person", "accounts_officer", "audit_entry", "places_area")
    return {name: installation.ask(f"SELECT count(*) FROM {name}")[0][0] for name in tables}  # noqa: S608 - our own names


def names(installation):
    return shell(
        installation, "from zhikun.registry.models import Person; print(sorted(p.name for p in Person.objects.all()))"
    )


def test_there_and_back_again(kept, other, tmp_path):
    one, made = kept
    before, people = counts(one), names(one)
    assert before["registry_person"] == 10
    assert made.stat().st_mode & 0o777 == 0o700
    everything = b"".join(path.read_bytes() for path in made.rglob("*") if path.is_file())
    secrets = [version["secret"] for version in json.loads(one.keys.read_text(encoding="utf-8"))["versions"]]
    assert secrets
    assert not [secret for secret in secrets if secret.encode() in everything]
    assert not list(made.rglob("left-out.json"))
    assert not list(made.rglob(".half*"))

    assert "已恢复到" in other.run("restore", str(made)).stdout
    # The entry of the backup came after its moment; the entry of the restoring stands in its place.
    assert counts(other) == before
    assert other.ask("SELECT event FROM audit_entry ORDER BY number DESC LIMIT 1") == [("web.restored",)]
    assert names(other) == people
    assert (other.data / "photos" / "ab" / "二.bin").read_bytes() == b"x"
    assert other.run("audit", "verify").returncode == 0
    # What was restored works on: a row gets a new number, and can be backed up again.
    shell(other, "from django.contrib.auth.models import Group; Group.objects.create(name='x')")
    other.run("backup", str(tmp_path / "again"), "--no-check")


def test_a_backup_during_work_is_one_moment(filled, tmp_path):
    """Rows and checkpoint are written in one transaction; in every copy they agree."""
    filled.ask("CREATE TABLE counted (n integer)")
    shell(filled, "from zhikun.jobs.services import ask; ask('counting.count', arguments={'to': 100000})")
    with filled.start("worker") as worker:
        until(lambda: filled.ask("SELECT count(*) FROM counted")[0][0] > 20)
        filled.run("backup", str(tmp_path / "copies"), "--no-check")
        assert worker.poll() is None
    made = made_in(tmp_path / "copies")
    rows = json.loads((made / "manifest.json").read_text())["tables"]["counted"]
    assert rows > 20
    if filled.database:
        with gzip.open(made / "tables" / "jobs_job.copy.gz", "rt", encoding="utf-8") as lines:
            (line,) = [line for line in lines if "counting.count" in line]
        assert f'"done": {rows}' in line
    else:
        with closing(sqlite3.connect(made / "database.sqlite3")) as copy:
            (point,) = copy.execute("SELECT checkpoint FROM jobs_job WHERE kind = 'counting.count'").fetchone()
        assert json.loads(point)["done"] == rows


def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(filled, tmp_path):
    (filled.data / "big").write_bytes(b"0" * 100_000_000)
    copies = tmp_path / "copies"
    command = [sys.executable, "-m", "zhikun.cli", "backup", str(copies)]
    with subprocess.Popen(command, env=filled.environment, cwd=filled.folder) as process:
        until(lambda: process.poll() is not None or (copies.exists() and list(copies.glob(".*.part"))))
        process.send_signal(signal.SIGKILL)
    for made in [path for path in copies.iterdir() if path.is_dir() and not path.name.startswith(".")]:
        filled.run("backup-check", str(made))  # it was faster than the signal: then it is whole
    (filled.data / "big").unlink()
    filled.run("backup", str(copies))
    assert not list(copies.glob(".*.part")), "what the killed one left is cleared"


def damage_file(made):
    path = made / "files" / "photos" / "ab" / "one.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def damage_missing(made):
    (made / "files" / "photos" / "ab" / "二.bin").unlink()


def damage_database(made):
    path = next(iter([*made.glob("database.sqlite3"), *made.glob("tables/registry_person.copy.gz")]))
    path.write_bytes(path.read_bytes()[:-9])


def damage_manifest(made):
    path = made / "manifest.json"
    path.write_text(path.read_text().replace('"vendor"', '"vendor" ').replace('"places_area": ', '"places_area": 1'))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damage_file, "one.bin 的内容与备份时不同"),
        (damage_missing, "缺 files/photos/ab/二.bin"),
        (damage_database, "的内容与备份时不同"),
        (damage_manifest, "与自己的校验码不符"),
    ],
)
def test_a_damaged_backup_is_found_out_and_never_restored(kept, other, tmp_path, damage, said):
    made = shutil.copytree(kept[1], tmp_path / "damaged")
    damage(made)
    checked = kept[0].run("backup-check", str(made), code=None)
    assert checked.returncode in {1, 6}
    assert said in checked.stdout + checked.stderr
    refused = other.run("restore", str(made), code=6)
    assert said in refused.stderr
    assert not (other.data / "photos").exists()


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
    def test_restoring_never_overwrites_a_database(self, kept):
        before = counts(kept[0])
        said = kept[0].run("restore", str(kept[1]), code=6).stderr
        assert "恢复从不覆盖" in said
        assert counts(kept[0]) == before

    def test_nor_files_of_something_else(self, kept, other):
        other.data.mkdir(exist_ok=True)
        (other.data / "mine.txt").write_text("mine")
        said = other.run("restore", str(kept[1]), code=6).stderr
        assert "mine.txt" in said
        assert (other.data / "mine.txt").read_text() == "mine"

    def test_with_other_keys_nothing_would_open(self, kept, empty_installation):
        said = empty_installation.run("restore", str(kept[1]), code=6).stderr
        assert "请先把" in said
        assert "放回来" in said

    def test_a_backup_inside_the_data_folder_is_none(self, kept):
        assert "里面" in kept[0].run("backup", str(kept[0].data / "copies"), code=6).stderr

    def test_what_is_no_backup(self, kept, tmp_path):
        assert "不是备份" in kept[0].run("backup-check", str(tmp_path), code=6).stderr
        assert "不是备份" in kept[0].run("restore", str(tmp_path), code=6).stderr

    def test_a_place_that_cannot_be_written(self, kept):
        assert "写不了" in kept[0].run("backup", "/proc/none/x", code=5).stderr


def test_a_restore_that_was_killed_can_be_run_again(filled, empty_installation, tmp_path):
    (filled.data / "big").write_bytes(b"0" * 100_000_000)
    filled.run("backup", str(tmp_path / "copies"), "--no-check")
    made = made_in(tmp_path / "copies")
    shutil.copy(filled.keys, empty_installation.keys)
    command = [sys.executable, "-m", "zhikun.cli", "restore", str(made)]
    with subprocess.Popen(command, env=empty_installation.environment, cwd=empty_installation.folder) as process:
        until(lambda: process.poll() is not None or list(empty_installation.data.glob("**/*big*")))
        process.send_signal(signal.SIGKILL)
    empty_installation.run("restore", str(made), code=None)
    assert counts(empty_installation)["registry_person"] == counts(filled)["registry_person"]
