"""Photos and scans, sealed on disk with the ring of this process."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from zhikun.disk import private_folder, written_whole
from zhikun.identity.sealed_files import Readable, file_version, open_stream, seal_stream
from zhikun.privacy.keys import algorithm, ring


def seal_file(source: Readable, path: Path, *, purpose: str, binding: str) -> int:
    """The source, sealed, at this place: whole or not there at all. Returns how many bytes it held."""
    private_folder(path.parent)
    with written_whole(path) as beside, beside.open("wb") as target:
        return seal_stream(ring(), purpose, binding, source, target, algorithm())


def open_file(path: Path, *, purpose: str, binding: str) -> Iterator[bytes]:
    """The content in chunks. The first is opened at once: a file of another place is refused before an answer has begun."""
    chunks = _chunks(path, purpose, binding)
    return chain([next(chunks)], chunks)


def renew_file(path: Path, *, purpose: str, binding: str) -> bool:
    """The file sealed in the ring's current version; says whether it was of an older one. Killed, it is the old file."""
    with path.open("rb") as file:
        if file_version(file) == ring().current:
            return False
    with written_whole(path) as beside, beside.open("wb") as target, path.open("rb") as old:
        seal_stream(ring(), purpose, binding, _Joined(open_stream(ring(), purpose, binding, old)), target, algorithm())
    return True


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
