"""What a rotation has to reach: nothing sealed is forgotten, and what is left is counted without being opened."""

from __future__ import annotations

import io
import os
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from zhikun.identity.keyring import with_new_version
from zhikun.privacy import (
    BlindIndexField,
    Sealed,
    SealedField,
    files,
    open_file,
    reach,
    remove_file,
    renew_file,
    seal_file,
    use_ring,
)
from zhikun.privacy.reach import SealedFolder
from zhikun.privacy.standing import files_standing

SOURCE = Path(__file__).resolve().parents[2] / "src" / "zhikun"
PLACE = {"purpose": "photo", "binding": "test_photo.file:1"}


def newer(ring, tmp_path):
    return replace(with_new_version(ring, date(2027, 1, 1), "每年一次", tmp_path), rotation=None)


def folder(root):
    def sealed_as(path):
        return ("photo", f"test_photo.file:{path.stem}") if path.suffix == ".photo" else None

    return SealedFolder("photos", "照片", lambda: root, sealed_as)


def test_every_blind_index_of_the_platform_is_brought_along():
    assert list(reach.check_reach()) == []


def test_an_index_that_nobody_brings_along_is_refused(monkeypatch):
    with isolate_apps("zhikun.privacy"):

        class Account(models.Model):
            id = models.UUIDField(primary_key=True, default=uuid4)
            number_sealed = SealedField()
            number_index = BlindIndexField()
            bank_index = BlindIndexField()
            number = Sealed("number_sealed", purpose="account", index="number_index")

            class Meta:
                app_label = "privacy"

    monkeypatch.setattr(apps, "get_models", lambda **_about: [Account])
    assert [(one.id, one.obj) for one in reach.check_reach()] == [("privacy.E005", Account)]
    monkeypatch.setattr(reach, "_BROUGHT", {"privacy.Account.bank_index"})
    assert list(reach.check_reach()) == []


def test_rooms_that_seal_files_say_where_they_keep_them():
    def rooms(words):
        return {
            path.relative_to(SOURCE).parts[0]
            for path in SOURCE.rglob("*.py")
            if any(word in path.read_text(encoding="utf-8") for word in words)
        } - {"privacy"}

    assert rooms(["seal_file(", "seal_stream("]) - {"identity"} == rooms(["sealed_folder("])


def test_files_are_walked_in_order_and_only_ours(ring, tmp_path):
    for name in ("b/2.photo", "a/1.photo", "3.photo", "a/notes.txt"):
        seal_file(io.BytesIO(b"x"), tmp_path / "photos" / name, **PLACE)
    found = [str(one.path.relative_to(tmp_path / "photos")) for one in folder(tmp_path / "photos").files()]
    assert found == ["3.photo", "a/1.photo", "b/2.photo"]
    assert list(folder(tmp_path / "nowhere").files()) == []


def test_files_are_counted_by_version(ring, tmp_path):
    for n in range(3):
        seal_file(io.BytesIO(b"x"), tmp_path / f"{n}.photo", **PLACE)
    (tmp_path / "plain.photo").write_bytes(b"never sealed")
    with use_ring(newer(ring, tmp_path)):
        renew_file(tmp_path / "1.photo", **PLACE)
        found = files_standing(folder(tmp_path))
    assert (found.versions, found.unread) == ({1: 2, 2: 1}, 1)
    assert (found.older_than(2), found.older_than(1)) == (2, 0)


@pytest.mark.parametrize("overtaking", ["replaced", "removed"])
def test_a_file_that_changes_while_it_is_renewed_is_never_put_back(ring, tmp_path, monkeypatch, overtaking):
    path = tmp_path / "1.photo"
    seal_file(io.BytesIO(b"before"), path, **PLACE)
    real = files.open_stream

    def overtaken(*args):
        yield from real(*args)
        if overtaking == "replaced":
            seal_file(io.BytesIO(b"after"), tmp_path / "new" / "1.photo", **PLACE)
            (tmp_path / "new" / "1.photo").replace(path)
        else:
            remove_file(path)

    with use_ring(newer(ring, tmp_path)):
        monkeypatch.setattr(files, "open_stream", overtaken)
        assert not renew_file(path, **PLACE)
        monkeypatch.undo()
        if overtaking == "replaced":
            assert b"".join(open_file(path, **PLACE)) == b"after"
        else:
            assert not path.exists()
    assert not list(tmp_path.glob(".*.part"))


def test_what_killed_processes_left_behind_goes_after_a_day(tmp_path):
    old, new = tmp_path / "a" / ".1.photo.77.part", tmp_path / ".2.photo.78.part"
    for one in (old, new):
        one.parent.mkdir(exist_ok=True)
        one.write_bytes(b"half")
    day_before = time.time() - 25 * 3600
    os.utime(old, (day_before, day_before))
    assert files.clear_left_behind(tmp_path) == 1
    assert (old.exists(), new.exists()) == (False, True)
