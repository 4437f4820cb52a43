"""Files that are whole or absent: written beside their place, forced to disk, then renamed; one writer at a time.

Rooms keep what must not be lost through these functions and no other way. What is kept is about people: every file made here
is readable to its owner alone, every folder too.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNFINISHED = ".part"
_FILE, _FOLDER = 0o600, 0o700


def private_folder(path: Path) -> Path:
    """The folder, made with those above it where they are not there; what is there already keeps its rights."""
    for folder in reversed([path, *path.parents]):
        if not folder.is_dir():
            folder.mkdir(_FOLDER, exist_ok=True)
    return path


def only_ours(path: Path, mode: int) -> None:
    """Takes away what others may do with a file or folder of this account; somebody else's stays as it is."""
    with suppress(OSError):  # not there yet, or on a drive without rights
        held = path.stat()
        if held.st_uid == os.geteuid() and stat.S_IMODE(held.st_mode) & ~mode:
            path.chmod(mode)


def finish_folder(folder: Path) -> None:
    """A folder that libraries wrote in: all of it is private, and on disk."""
    for path in sorted(folder.rglob("*")):
        path.chmod(_FOLDER if path.is_dir() else _FILE)
        (sync_folder if path.is_dir() else sync_file)(path)
    folder.chmod(_FOLDER)
    sync_folder(folder)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """An empty file beside `path` to write to; at the end it is forced to disk and takes the place of `path`.

    `path` is the old file or the new one, whole, even if the machine stops in the middle, and whoever else writes it at once.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{UNFINISHED}")
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE))
    try:
        yield beside
        beside.chmod(_FILE)  # a library may have made it anew
        sync_file(beside)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def replace_file(path: Path, content: bytes) -> None:
    """The file with this content, whole even if the machine stops in the middle."""
    with written_whole(path) as beside:
        beside.write_bytes(content)


def clear_unfinished(folder: Path) -> None:
    """Removes what killed processes left half-written below the folder. Its caller is the folder's only writer."""
    for left in folder.rglob(f".*{UNFINISHED}"):
        left.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Names in the folder are on disk, not only in memory."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """What was written to the file by a library is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put_new(part: Path, path: Path) -> bool:
    """Gives a finished file its name, unless something has that name already: of two at once one gets it.

    `part` lies in the same folder and is on disk; it stays where it is if the name is taken.
    """
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:  # a drive without links: the name is taken first, as an empty file
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE))
        except FileExistsError:
            return False
        part.replace(path)
    part.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def file_hash(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def whole_lines(path: Path) -> list[bytes]:
    """The lines of an append-only file that count: those that end. What a killed process left half-written never counted."""
    return path.read_bytes().rpartition(b"\n")[0].splitlines() if path.exists() else []


def append_lines(path: Path, lines: Iterable[str], mode: int = 0o600) -> None:
    """Adds whole lines to an append-only file, on disk when it returns; a half-written last line is cut off.

    Its caller is the file's only writer.
    """
    fresh = not path.exists()
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, mode), "r+b") as file:
        path.chmod(mode)
        data = file.read()
        file.truncate(len(data.rpartition(b"\n")[0]) + 1 if b"\n" in data else 0)
        file.seek(0, os.SEEK_END)
        file.write("".join(f"{line}\n" for line in lines).encode())
        file.flush()
        os.fsync(file.fileno())
    if fresh:
        sync_folder(path.parent)


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """One process at a time between here and the end; the system gives the lock back when a process is killed."""
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, _FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """`only_one` for a whole folder, which is made if it is not there."""
    with only_one(private_folder(folder) / "folder"):
        yield
