"""Sealed files: photos and scans as they lie on disk, written and read in chunks.

A head (mark, form, algorithm, key version, salt) and chunks of 64 KiB, each sealed with a key of this file's own, its number
and whether it is the last. A chunk that is missing, doubled, moved or cut is noticed where it is read; the head and the place of
the file are authenticated with each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zhikun.identity.errors import SealVersionUnknown
from zhikun.identity.keyring import KeyRing
from zhikun.identity.sealing import (
    NONCE_BYTES,
    TAG_BYTES,
    Algorithm,
    AuthenticatedCipher,
    broken,
    cipher_of,
    sealing_key_of,
    version_unknown,
)
from zhikun.wording import _

CHUNK = 1 << 16
_MARK = b"ZKSF\1"
_SALT_BYTES = 16
_HEAD = len(_MARK) + 3 + _SALT_BYTES
_SEALED_CHUNK = CHUNK + TAG_BYTES


class Readable(Protocol):
    """An open file, an upload, a pipe."""

    def read(self, size: int, /) -> bytes: ...


def seal_stream(
    ring: KeyRing,
    purpose: str,
    binding: str,
    source: Readable,
    target: BinaryIO,
    algorithm: Algorithm = Algorithm.AES_256_GCM,
) -> int:
    """Reads the source to its end and writes it sealed; returns how many bytes it held."""
    head = _MARK + bytes([algorithm]) + ring.current.to_bytes(2, "big") + os.urandom(_SALT_BYTES)
    cipher = _cipher(ring, purpose, head)
    beside = head + binding.encode()
    target.write(head)
    number = total = 0
    block = _read(source, CHUNK)
    last = False
    while not last:
        following = _read(source, CHUNK)
        last = not following
        target.write(cipher.encrypt(_nonce(number, last), block, beside))
        total += len(block)
        number, block = number + 1, following
    return total


def open_stream(ring: KeyRing, purpose: str, binding: str, source: Readable) -> Iterator[bytes]:
    """The content in chunks, each authenticated before it is given. Raises SealBroken or SealVersionUnknown.

    A file cut at its end is noticed at its end: who must have all or nothing reads all before using any.
    """
    head = _read(source, _HEAD)
    _check_head(ring, binding, head)
    cipher = _cipher(ring, purpose, head)
    beside = head + binding.encode()
    block = _read(source, _SEALED_CHUNK)
    number, last = 0, False
    while not last:
        following = _read(source, _SEALED_CHUNK)
        last = not following
        try:
            chunk = cipher.decrypt(_nonce(number, last), block, beside) if len(block) >= TAG_BYTES else None
        except InvalidTag:
            chunk = None
        if chunk is None:
            raise broken(binding)
        yield chunk
        number, block = number + 1, following


def file_version(source: Readable) -> int | None:
    """In which version of the ring a file was sealed; None where it is no sealed file. Reads the head only."""
    head = _read(source, _HEAD)
    return _version(head) if len(head) == _HEAD and head.startswith(_MARK) else None


def plain_size(sealed_size: int) -> int:
    """How many bytes a sealed file of this size holds, for the length that a browser is told."""
    chunks = max(1, -(-(sealed_size - _HEAD) // _SEALED_CHUNK))
    return sealed_size - _HEAD - chunks * TAG_BYTES


def _version(head: bytes) -> int:
    return int.from_bytes(head[len(_MARK) + 1 : len(_MARK) + 3], "big")


def _check_head(ring: KeyRing, binding: str, head: bytes) -> None:
    if len(head) < _HEAD or head[: len(_MARK) - 1] != _MARK[:-1] or _version(head) == 0:
        raise broken(binding)
    if head[len(_MARK) - 1] != _MARK[-1] or head[len(_MARK)] not in Algorithm.__members__.values():
        raise SealVersionUnknown(
            _("文件 {place} 的加密格式这一版程序不认识。请用写出它的那一版或更新的程序。").format(place=binding)
        )
    if _version(head) > ring.current:
        raise version_unknown(ring, binding, _version(head))


def _cipher(ring: KeyRing, purpose: str, head: bytes) -> AuthenticatedCipher:
    """A key for one file: under it the number of a chunk never comes twice, so it can be the nonce."""
    algorithm = Algorithm(head[len(_MARK)])
    key = sealing_key_of(ring, purpose, _version(head), algorithm)
    info = f"zhikun/sealed-file/{purpose}".encode()
    derive = HKDF(algorithm=SHA256(), length=len(key), salt=head[-_SALT_BYTES:], info=info)
    return cipher_of(algorithm, derive.derive(key))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1, "big") + bytes([last])


def _read(source: Readable, size: int) -> bytes:
    """So many bytes, fewer only at the end: a pipe or an upload gives them in pieces."""
    pieces: list[bytes] = []
    while size > 0 and (piece := source.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
