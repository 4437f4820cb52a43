"""The files of the data folder: copied beside the running platform, put back where they belong."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from zhikun.disk import private_folder, written_whole
from zhikun.web.backup.manifest import BackupRefused, File, Report

FOLDER = "files"
#: What the platform makes again by itself, uploads under way; and the database, which is copied in its own way.
_LEFT_OUT = frozenset({"static", "run", "uploads"})
#: Where lists lie in plain text while they are read or written, in folders whose names begin so.
_BENCHES, _OPEN = frozenset({"imports", "exports"}), "open-"
_CHUNK = 1024 * 1024


def kept(data: Path, database: Path | None) -> Iterator[Path]:
    """The files of the data folder that a backup carries, by their path in it."""
    beside = {f"{database.name}{end}" for end in ("", "-wal", "-shm", "-journal")} if database is not None else set()
    for root, folders, names in os.walk(data):
        here = Path(root)
        benches = here.parent == data and here.name in _BENCHES
        folders[:] = sorted(
            name
            for name in folders
            if not (here == data and name in _LEFT_OUT) and not (benches and name.startswith(_OPEN))
        )
        for name in sorted(names):
            ours = database is not None and here == database.parent and name in beside
            if not (ours or name.endswith((".part", ".lock")) or name.startswith(".writable-")):
                yield (here / name).relative_to(data)


def copy_in(data: Path, folder: Path, database: Path | None, known: dict[str, File], report: Report) -> dict[str, File]:
    """Copies what is in the data folder now; what was copied before and is unchanged in size is not copied again.

    A file that disappears meanwhile was no longer wanted when it was its turn.
    """
    paths = list(kept(data, database))
    found = dict(known)
    for number, path in enumerate(paths):
        name = f"{FOLDER}/{path.as_posix()}"
        try:
            if name in found and found[name].size == (data / path).stat().st_size:
                continue
            found[name] = _copy(data / path, folder / FOLDER / path, name)
        except FileNotFoundError:
            continue
        if number % 50 == 0:
            report(_("复制文件"), number, len(paths))
    return found


def put_back(folder: Path, data: Path, files: list[File], report: Report) -> None:
    """Puts the files of a backup into the data folder. One that lies there already with the same content stays."""
    for number, one in enumerate(files):
        target = data / Path(one.path).relative_to(FOLDER)
        if target.exists() and _sum(target) == one.sha256:
            continue
        private_folder(target.parent)
        with written_whole(target) as beside:
            written = _copy(folder / one.path, beside, one.path)
        if written.sha256 != one.sha256:
            raise BackupRefused(_("备份里的 {p} 在复制时变了。请检查存放备份的磁盘。").format(p=one.path))
        if number % 50 == 0:
            report(_("放回文件"), number, len(files))


def in_the_way(data: Path, database: Path | None, files: list[File]) -> list[str]:
    """What lies in the data folder and is not of this backup: nothing of anybody's is ever overwritten."""
    wanted = {one.path.removeprefix(f"{FOLDER}/"): one for one in files}
    found = []
    for path in kept(data, database):
        one = wanted.get(path.as_posix())
        if one is None or one.size != (data / path).stat().st_size or _sum(data / path) != one.sha256:
            found.append(path.as_posix())
    return found


def _copy(source: Path, target: Path, name: str) -> File:
    private_folder(target.parent)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read, target.open("wb") as write:
        while chunk := read.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            write.write(chunk)
        write.flush()
        os.fsync(write.fileno())
    target.chmod(0o600)
    return File(name, size, digest.hexdigest())


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
