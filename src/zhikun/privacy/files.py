"""Photos and scans, sealed on disk with the ring of this process.

A name changes hands (a new file, a renewed one, none any more) under one lock for each folder: a file that was written anew or taken
away while it was being renewed is never put back as it was.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import chain
from pathlib import Path

from zhikun.disk import UNFINISHED, only_one, private_folder, written_whole
from zhikun.identity.sealed_files import Readable, file_version, open_stream, seal_stream
from zhikun.privacy.keys import algorithm, ring

_BLOCK = 500  # ids asked for at once
_FEW = 20  # files without a row that never look like somebody else's folder


def seal_file(source: Readable, path: Path, *, purpose: str, binding: str) -> int:
    """The source, sealed, at this place: whole or not there at all. Returns how many bytes it held."""
    private_folder(path.parent)
    with ExitStack() as until_renamed, written_whole(path) as beside:
        with beside.open("wb") as target:
            size = seal_stream(ring(), purpose, binding, source, target, algorithm())
        until_renamed.enter_context(_names_of(path.parent))
    return size


def remove_file(path: Path) -> None:
    """The file is gone, also for a renewal that is reading it. One that is not there is no error."""
    if path.parent.is_dir():
        with _names_of(path.parent):
            path.unlink(missing_ok=True)


def open_file(path: Path, *, purpose: str, binding: str) -> Iterator[bytes]:
    """The content in chunks. The first is opened at once: a file of another place is refused before an answer has begun."""
    chunks = _chunks(path, purpose, binding)
    return chain([next(chunks)], chunks)


def renew_file(path: Path, *, purpose: str, binding: str) -> bool:
    """The file sealed in the ring's current version; says whether it was of an older one. Killed, it is the old file.

    Raises SealRefused for one that cannot be opened, FileNotFoundError for one that is not there.
    """
    with path.open("rb") as old:
        if (file_version(old) or 0) >= ring().current:
            return False
        old.seek(0)
        try:
            with ExitStack() as until_renamed, written_whole(path) as beside:
                with beside.open("wb") as target:
                    plain = _Joined(open_stream(ring(), purpose, binding, old))
                    seal_stream(ring(), purpose, binding, plain, target, algorithm())
                until_renamed.enter_context(_names_of(path.parent))
                _refuse_overtaken(path, old.fileno())
        except _Overtaken:
            return False
    return True


def clear_left_behind(folder: Path, hours: float = 24) -> int:
    """Removes what killed processes left half-written (and sealed) below the folder longer ago; how many files."""
    before = time.time() - hours * 3600
    left = [path for path in folder.rglob(f".*{UNFINISHED}") if path.stat().st_mtime < before]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def clear_strays(folder: Path, kept: Callable[[Collection[uuid.UUID]], set[uuid.UUID]], hours: float = 24) -> int:
    """Removes sealed files below the folder that no row has known for so long, and half-written ones; how many files.

    A process killed between writing a file and keeping its row leaves such a file. `kept`: those of these ids that have a
    row. Raises ManyStrays where more files belong to nobody than to somebody: then the database is another folder's.
    """
    before = time.time() - hours * 3600
    old: dict[uuid.UUID, list[Path]] = {}
    for path in folder.glob("*/*.sealed"):
        key = _key(path)
        if key is not None and path.stat().st_mtime < before:
            old.setdefault(key, []).append(path)
    keys = list(old)
    known: set[uuid.UUID] = set()
    for start in range(0, len(keys), _BLOCK):
        known |= kept(keys[start : start + _BLOCK])
    strays = [path for key, paths in old.items() if key not in known for path in paths]
    if len(strays) > max(len(known), _FEW):
        raise ManyStrays(len(strays))
    for path in strays:
        remove_file(path)
    return len(strays) + clear_left_behind(folder, hours)


class ManyStrays(Exception):
    """So many files without a row are no leftovers: nothing was removed."""


class _Overtaken(Exception):
    """Somebody wrote the file anew, or took it away, while it was being renewed: theirs stands."""


def _key(path: Path) -> uuid.UUID | None:
    """The id in a file's name; None for what is none of ours."""
    try:
        return uuid.UUID(path.name.partition(".")[0])
    except ValueError:
        return None


def _names_of(folder: Path) -> AbstractContextManager[None]:
    """Held while a name of the folder changes hands."""
    return only_one(folder / "names")


def _refuse_overtaken(path: Path, opened: int) -> None:
    if not path.exists() or not os.path.samestat(path.stat(), os.fstat(opened)):
        raise _Overtaken


class _Joined:
    """Chunks as something that is read: plain content goes from one seal to the other without touching the disk."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, b""

    def read(self, size: int) -> bytes:
        if not self._left:
            self._left = next(self._chunks, b"")
        piece, self._left = self._left[:size], self._left[size:]
        return piece


def _chunks(path: Path, purpose: str, binding: str) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from open_stream(ring(), purpose, binding, file)
