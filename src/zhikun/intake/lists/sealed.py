"""Names beside the rows, for matching only: AES-256-GCM with a key of the ring, chunk by chunk.

Every chunk is bound to its list, period, number and position: chunks of two files cannot be mixed, and a file that was cut
off is not read as a shorter one. A rotation of the keys leaves these files alone: the ring keeps every version.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zhikun.identity import KeyRing, KeysRefused
from zhikun.wording import _

_PURPOSE = "names"
_MAGIC = b"zhikun names 1\n"
_NONCE = 12
_LENGTH = 4


class NamesWriter:
    """Writes the names of one reception. `about` is the receipt's name (source/period/number)."""

    def __init__(self, path: Path, ring: KeyRing, about: str) -> None:
        self._file: BinaryIO = path.open("wb")
        self._head = json.dumps({"about": about, "ring": ring.id, "version": ring.current}).encode()
        self._cipher = AESGCM(ring.key(_PURPOSE, ring.current))
        self._chunks = 0
        self._file.write(_MAGIC + self._head + b"\n")

    def write(self, table: pa.Table) -> None:
        """One chunk of names."""
        sink = io.BytesIO()
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
            writer.write_table(table)
        self._put(sink.getvalue())

    def close(self) -> None:
        """The end, without which the file counts as cut off."""
        self._put(b"")
        self._file.close()

    def _put(self, plain: bytes) -> None:
        nonce = os.urandom(_NONCE)
        sealed = self._cipher.encrypt(nonce, plain, self._head + b"/%d" % self._chunks)
        self._file.write(len(sealed).to_bytes(_LENGTH, "big") + nonce + sealed)
        self._chunks += 1


def read_names(path: Path, ring: KeyRing) -> Iterator[pa.Table]:
    """The names by row, chunk by chunk. Raises KeysRefused for another ring's file and for one that is not whole."""
    with path.open("rb") as file:
        try:
            head = _head(file)
            about = json.loads(head)
            _same_ring(path, str(about["ring"]), ring)
            cipher = AESGCM(ring.key(_PURPOSE, int(about["version"])))
            for number in range(1 << 31):
                plain = _chunk(file, cipher, head + b"/%d" % number)
                if not plain:
                    return
                with pa.ipc.open_stream(plain) as reader:
                    yield reader.read_all()
        except (ValueError, KeyError, InvalidTag, pa.ArrowException) as error:
            raise KeysRefused(
                _("{p} 里的姓名读不出来：文件不完整或被改动过。请从备份恢复，或重新接收这份名单。").format(p=path)
            ) from error


def _head(file: BinaryIO) -> bytes:
    if file.readline() != _MAGIC:
        raise ValueError(_MAGIC)
    return file.readline().removesuffix(b"\n")


def _same_ring(path: Path, held: str, ring: KeyRing) -> None:
    if held != ring.id:
        raise KeysRefused(
            _("{p} 里的姓名是用密钥 {a} 封存的，而密钥文件是 {b}，打不开。请用 --keys 指明原来的那一份。").format(
                p=path, a=held, b=ring.id
            )
        )


def _chunk(file: BinaryIO, cipher: AESGCM, about: bytes) -> bytes:
    length = int.from_bytes(file.read(_LENGTH), "big")
    content = file.read(_NONCE + length)
    if not length or len(content) != _NONCE + length:
        raise ValueError(length)
    return cipher.decrypt(content[:_NONCE], content[_NONCE:], about)
