"""Sealed values: a name or a number as the database keeps it, readable only with the ring and only in its own place.

Stored are one byte of algorithm, two of key version, a nonce of twelve, the ciphertext and its tag of sixteen. Algorithm,
version and the place ("registry_person.name_sealed:<uuid>") are authenticated with it, so that a value copied into another
row or column is refused. A blind index is what such a value is found by: equal texts of a purpose have equal indexes
(docs/decisions/0013).
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zhikun.identity.errors import SealBroken, SealVersionUnknown
from zhikun.identity.keyring import KeyRing
from zhikun.wording import _

INDEX_BYTES = 16
NONCE_BYTES = 12
TAG_BYTES = 16
_HEAD = 3
_LEAST = _HEAD + NONCE_BYTES + TAG_BYTES


class Algorithm(IntEnum):
    """How a value is sealed. The number is stored with each value and must never change."""

    AES_256_GCM = 1
    SM4_GCM = 2


class AuthenticatedCipher(Protocol):
    """A key ready for use: encrypts, and decrypts only what was encrypted with the same nonce and additional data."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


class Sm4Gcm:
    """SM4 (GB/T 32907) in Galois/counter mode, with the tag behind the ciphertext as `AESGCM` has it."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        work = Cipher(self._key, modes.GCM(nonce)).encryptor()
        work.authenticate_additional_data(associated_data or b"")
        return work.update(data) + work.finalize() + work.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        work = Cipher(self._key, modes.GCM(nonce, data[-TAG_BYTES:])).decryptor()
        work.authenticate_additional_data(associated_data or b"")
        return work.update(data[:-TAG_BYTES]) + work.finalize()


_NAMES = {Algorithm.AES_256_GCM: "aes-256-gcm", Algorithm.SM4_GCM: "sm4-gcm"}
_KEY_BYTES = {Algorithm.AES_256_GCM: 32, Algorithm.SM4_GCM: 16}


def cipher_of(algorithm: Algorithm, key: bytes) -> AuthenticatedCipher:
    """The key as a cipher of this algorithm."""
    return AESGCM(key) if algorithm is Algorithm.AES_256_GCM else Sm4Gcm(key)


def sealing_key_of(ring: KeyRing, purpose: str, version: int, algorithm: Algorithm) -> bytes:
    """The key of this purpose, version and algorithm, as long as the algorithm wants it."""
    return ring.sealing_key(purpose, version, _NAMES[algorithm], _KEY_BYTES[algorithm])


def seal(
    ring: KeyRing,
    purpose: str,
    binding: str,
    value: str | bytes,
    algorithm: Algorithm = Algorithm.AES_256_GCM,
) -> bytes:
    """The value sealed in the ring's current version, to be opened only with the same purpose and binding."""
    key = _key(ring, purpose, algorithm, ring.current)
    return _sealed(key, os.urandom(NONCE_BYTES), binding, value)


def seal_many(
    ring: KeyRing,
    purpose: str,
    bindings: Sequence[str],
    values: Iterable[str | bytes | None],
    algorithm: Algorithm = Algorithm.AES_256_GCM,
) -> list[bytes | None]:
    """A column of values, each with its binding; None stays None."""
    key = _key(ring, purpose, algorithm, ring.current)
    nonces = os.urandom(NONCE_BYTES * len(bindings))
    starts = range(0, len(nonces), NONCE_BYTES)
    return [
        None if value is None else _sealed(key, nonces[start : start + NONCE_BYTES], binding, value)
        for start, binding, value in zip(starts, bindings, values, strict=True)
    ]


def unseal(ring: KeyRing, purpose: str, binding: str, sealed: bytes) -> bytes:
    """What was sealed. Raises SealBroken or SealVersionUnknown; nothing of a value that was touched is ever returned."""
    key = _key_by_head(ring, purpose, sealed[:_HEAD]) if len(sealed) >= _LEAST else None
    if key is None:
        _read_head(ring, binding, sealed)
        key = _key(ring, purpose, Algorithm(sealed[0]), key_version(sealed))
    try:
        return key.cipher.decrypt(
            sealed[_HEAD : _HEAD + NONCE_BYTES], sealed[_HEAD + NONCE_BYTES :], key.bound(binding)
        )
    except InvalidTag:
        raise broken(binding) from None


def unseal_text(ring: KeyRing, purpose: str, binding: str, sealed: bytes) -> str:
    """What was sealed, as text."""
    return unseal(ring, purpose, binding, sealed).decode()


def unseal_many(
    ring: KeyRing, purpose: str, bindings: Sequence[str], sealed: Iterable[bytes | None]
) -> list[str | None]:
    """A column of texts, each with its binding; None stays None. The first that cannot be opened is raised."""
    return [
        None if value is None else unseal(ring, purpose, binding, value).decode()
        for binding, value in zip(bindings, sealed, strict=True)
    ]


def key_version(sealed: bytes) -> int:
    """In which version of the ring a value was sealed, told without opening it."""
    return int.from_bytes(sealed[1:_HEAD], "big")


def looks_sealed(value: bytes) -> bool:
    """Whether bytes have the form of a sealed value: what has not was never sealed."""
    return len(value) >= _LEAST and value[0] in Algorithm.__members__.values() and key_version(value) > 0


def index_of(ring: KeyRing, purpose: str, normalised: str | bytes) -> bytes:
    """The blind index of one normalised text in the index version that is written."""
    return _index(ring, purpose, ring.index_versions[-1], normalised)


def index_values(ring: KeyRing, purpose: str, normalised: str | bytes) -> list[bytes]:
    """The blind indexes under which a text may stand, newest first: more than one while re-indexing runs."""
    return [_index(ring, purpose, version, normalised) for version in reversed(ring.index_versions)]


def index_many(ring: KeyRing, purpose: str, normalised: Iterable[str | None]) -> list[bytes | None]:
    """A column of blind indexes in the index version that is written; None stays None."""
    made = partial(_index, ring, purpose, ring.index_versions[-1])
    return [None if text is None else made(text) for text in normalised]


def broken(binding: str) -> SealBroken:
    """The one sentence for a value that does not open: the cipher cannot tell which of the reasons it was."""
    return SealBroken(
        _("{place} 的密文打不开：它被改动或截断过，或是从别的行、列、文件挪来的，或密钥文件不是写它的那一份。")
        .format(place=binding)
        + _("为免张冠李戴，不显示任何内容。请先用 zhikun keys show 核对密钥文件的编号，再从备份恢复这一处。")
    )  # fmt: skip


def version_unknown(ring: KeyRing, binding: str, version: int) -> SealVersionUnknown:
    """The sentence for a value of a version that the ring has not."""
    return SealVersionUnknown(
        _("{place} 是用第 {v} 版密钥加密的，密钥文件 {p} 只到第 {c} 版。请换上最新的密钥文件；刚轮换过的，请重启服务。")
        .format(place=binding, v=version, p=ring.path, c=ring.current)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Key:
    """A key ready for use with the head that its values begin with."""

    head: bytes
    cipher: AuthenticatedCipher

    def bound(self, binding: str) -> bytes:
        """What is authenticated beside the value."""
        return self.head + binding.encode()


def _sealed(key: _Key, nonce: bytes, binding: str, value: str | bytes) -> bytes:
    plain = value.encode() if isinstance(value, str) else value
    return key.head + nonce + key.cipher.encrypt(nonce, plain, key.bound(binding))


def _key(ring: KeyRing, purpose: str, algorithm: Algorithm, version: int) -> _Key:
    head = bytes([algorithm]) + version.to_bytes(2, "big")
    held = _key_by_head(ring, purpose, head)
    if held is None:
        held = _Key(head, cipher_of(algorithm, sealing_key_of(ring, purpose, version, algorithm)))
        ring.kept["sealed", purpose, head] = held
    return held


def _key_by_head(ring: KeyRing, purpose: str, head: bytes) -> _Key | None:
    held: _Key | None = ring.kept.get(("sealed", purpose, head))
    return held


def _read_head(ring: KeyRing, binding: str, sealed: bytes) -> None:
    """Refuses what no key of this ring can open, each with its own way out."""
    if len(sealed) < _LEAST:
        raise broken(binding)
    if sealed[0] not in Algorithm.__members__.values():
        raise SealVersionUnknown(
            _("{place} 用的是第 {a} 种加密办法，这一版程序不认识。请用写出它的那一版或更新的程序。").format(
                place=binding, a=sealed[0]
            )
        )
    version = key_version(sealed)
    if version == 0:
        raise broken(binding)
    if version > ring.current:
        raise version_unknown(ring, binding, version)


def _index(ring: KeyRing, purpose: str, version: int, normalised: str | bytes) -> bytes:
    begun: hmac.HMAC | None = ring.kept.get(("index", purpose, version))
    if begun is None:
        begun = hmac.new(ring.index_key(purpose, version), digestmod="sha256")
        ring.kept["index", purpose, version] = begun
    work = begun.copy()
    work.update(normalised.encode() if isinstance(normalised, str) else normalised)
    return work.digest()[:INDEX_BYTES]
