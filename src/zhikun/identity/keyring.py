"""The key ring: the secrets from which tokens are made, in a file outside the data.

A ring has an id that never changes and versions that only grow. Each version holds 32 random bytes, from
which every purpose gets a key of its own (HKDF, RFC 5869), so that tokens of two purposes cannot be joined.
The file carries a sum of its content: a key with one damaged bit would give other tokens, and nobody would be found.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import stat
import sys
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zhikun.disk import only_one, private_folder, replace_file
from zhikun.identity.errors import KeysMissing, KeysRefused, KeysUnwritten
from zhikun.wording import _

_SECRET_BYTES = 32
_FORMAT = 1
_PURPOSE = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """One version: its number from 1, the day it was made, what for, and its secret."""

    number: int
    created: date
    reason: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation that has begun and not ended: the version it leads to and the data folder it is in."""

    to: int
    data: Path


class Kept(dict[Hashable, Any]):
    """What was derived from a ring's secrets, so that nothing is derived twice. Never shown, never carried elsewhere."""

    def __repr__(self) -> str:
        return "Kept(...)"

    def __reduce__(self) -> tuple[type[Kept], tuple[()]]:
        return (Kept, ())


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The versions of a ring, oldest first; the last is the current one.

    `index_versions` are those in which blind indexes may stand: the last is written, the others are looked for too until the
    re-indexing has ended (docs/reference/privacy.md).
    """

    id: str
    path: Path
    versions: tuple[KeyVersion, ...]
    rotation: Rotation | None = None
    index_versions: tuple[int, ...] = (1,)
    kept: Kept = field(default_factory=Kept, init=False, repr=False, compare=False)

    @property
    def current(self) -> int:
        return self.versions[-1].number

    def key(self, purpose: str, version: int) -> bytes:
        """The 32 bytes with which tokens of this purpose are made in this version."""
        return self._derived("tokens", purpose, version)

    def sealing_key(self, purpose: str, version: int, algorithm: str, length: int) -> bytes:
        """The key with which values of this purpose are sealed by this algorithm in this version."""
        return self._derived(f"sealed/{algorithm}", purpose, version, length)

    def index_key(self, purpose: str, version: int) -> bytes:
        """The 32 bytes with which blind indexes of this purpose are made in this index version."""
        return self._derived("index", purpose, version)

    def _derived(self, use: str, purpose: str, version: int, length: int = _SECRET_BYTES) -> bytes:
        if not _PURPOSE.fullmatch(purpose):
            raise ValueError(_("代码的用途 {p} 应为小写英文字母、数字和下划线。").format(p=purpose))
        if not 1 <= version <= self.current:
            raise KeysRefused(
                _("密钥文件 {p} 没有第 {v} 版，最新的是第 {c} 版：这份数据是用更新的密钥文件生成的，请换回那一份。")
                .format(p=self.path, v=version, c=self.current)
            )  # fmt: skip
        info = f"zhikun/{use}/{purpose}/{version}".encode()
        derive = HKDF(algorithm=SHA256(), length=length, salt=self.id.encode(), info=info)
        return derive.derive(self.versions[version - 1].secret)

    def keys(self, purpose: str, first: int = 1, last: int | None = None) -> list[bytes]:
        """The keys of the versions from `first` to `last` (the current one), in the order in which they are applied."""
        return [self.key(purpose, version) for version in range(first, (last or self.current) + 1)]


def create_ring(path: Path, on: date, reason: str, data: Path | None = None) -> KeyRing:
    """A new ring in a new file. Refused where one stands already, and inside the data folder."""
    refuse_inside(path, data)
    ring = KeyRing(secrets.token_hex(8), path, (KeyVersion(1, on, reason, secrets.token_bytes(_SECRET_BYTES)),))
    try:
        private_folder(path.parent)
        with only_one(path):
            if path.exists():
                raise KeysRefused(
                    _("已经有密钥文件 {p}。覆盖它会使已有的代码再也认不出人，因此不覆盖；要换新的密钥请用轮换命令 keys rotate。")
                    .format(p=path)
                )  # fmt: skip
            _write(ring)
    except OSError as error:
        raise _unwritten(path, error) from None
    return ring


def read_ring(path: Path, data: Path | None = None) -> KeyRing:
    """The ring in the file, if it is whole, for its owner's eyes only, and outside the data folder."""
    refuse_inside(path, data)
    try:
        held = path.stat()
        if stat.S_ISDIR(held.st_mode):
            raise KeysRefused(_("密钥文件的位置 {p} 是一个文件夹。请写出文件名。").format(p=path))
        _refuse_open_to_others(path, held)
        content = path.read_bytes()
    except FileNotFoundError:
        raise KeysMissing(
            _("没有密钥文件 {p}。没有它就不能把证件号码换成代码。第一次使用请运行 zhikun keys init；用过的请从备份放回原处。")
            .format(p=path)
        ) from None  # fmt: skip
    except OSError as error:
        raise KeysRefused(
            _("读不了密钥文件 {p}：{why}。请换有权限的账户运行。").format(p=path, why=error.strerror or error)
        ) from None
    return _parsed(path, content)


def with_new_version(ring: KeyRing, on: date, reason: str, data: Path) -> KeyRing:
    """The ring with one more version and the rotation that it begins, written. The caller holds the ring's lock."""
    new = KeyVersion(ring.current + 1, on, reason, secrets.token_bytes(_SECRET_BYTES))
    return write_ring(replace(ring, versions=(*ring.versions, new), rotation=Rotation(new.number, data)))


def announce_index(path: Path, data: Path | None = None) -> KeyRing:
    """From now on blind indexes are looked for in the ring's current version too, and still written in the older one.

    Before `begin_index`, by as much as the slowest process needs to notice: who has not noticed that indexes are written in a new
    version does not find the person who was registered a moment ago, and registers them again.
    """

    def announced(ring: KeyRing) -> tuple[int, ...]:
        return ring.index_versions if ring.current in ring.index_versions else (ring.current, *ring.index_versions)

    return _with_indexes(path, data, announced)


def begin_index(path: Path, data: Path | None = None) -> KeyRing:
    """From now on blind indexes are written in the ring's current version; the older ones stay findable. Twice is once."""
    return _with_indexes(
        path, data, lambda ring: (*(n for n in ring.index_versions if n != ring.current), ring.current)
    )


def end_index(path: Path, data: Path | None = None, *, target: int | None = None) -> KeyRing:
    """Only the newest index version is looked for from now on: every row has it.

    `target`: the version that every row has. Where a newer one has begun meanwhile nothing is given up.
    """

    def ended(ring: KeyRing) -> tuple[int, ...]:
        newest = ring.index_versions[-1]
        return ring.index_versions if target not in {None, newest} else (newest,)

    return _with_indexes(path, data, ended)


def _with_indexes(path: Path, data: Path | None, versions: Callable[[KeyRing], tuple[int, ...]]) -> KeyRing:
    with only_one(path):
        ring = read_ring(path, data)
        return write_ring(replace(ring, index_versions=versions(ring)))


def write_ring(ring: KeyRing) -> KeyRing:
    """The ring in its file. The caller holds the ring's lock."""
    try:
        _write(ring)
    except OSError as error:
        raise _unwritten(ring.path, error) from None
    return ring


def refuse_inside(path: Path, data: Path | None) -> None:
    """Who copies the data folder must not get the keys with it."""
    if data is not None and path.resolve().is_relative_to(data.resolve()):
        raise KeysRefused(
            _("密钥文件 {p} 在数据文件夹 {d} 里面：谁拿到数据就能还原代码。请把密钥文件移到别处，用 --keys 指明。")
            .format(p=path, d=data)
        )  # fmt: skip


def _refuse_open_to_others(path: Path, held: os.stat_result) -> None:
    if sys.platform == "win32":
        return
    if held.st_mode & 0o077:
        raise KeysRefused(
            _("密钥文件 {p} 的权限是 {m}，别的用户也能读写：代码可能已被还原。请运行 chmod 600 {p}，并考虑轮换密钥。")
            .format(p=path, m=f"{stat.S_IMODE(held.st_mode):o}")
        )  # fmt: skip
    if path.resolve().parent.stat().st_mode & 0o022:
        raise KeysRefused(
            _("密钥文件所在的文件夹 {p} 别的用户也能写，密钥文件可能被换掉。请运行 chmod 700 {p}。").format(
                p=path.parent
            )
        )


def _write(ring: KeyRing) -> None:
    body: dict[str, Any] = {
        "format": _FORMAT,
        "ring": ring.id,
        "versions": [
            {
                "number": v.number,
                "created": v.created.isoformat(),
                "reason": v.reason,
                "secret": base64.b64encode(v.secret).decode(),
            }
            for v in ring.versions
        ],
        "current": ring.current,
        "index_versions": list(ring.index_versions),
        "rotation": None if ring.rotation is None else {"to": ring.rotation.to, "data": str(ring.rotation.data)},
    }
    whole = {**body, "sum": _sum(body)}
    replace_file(ring.path, json.dumps(whole, ensure_ascii=False, indent=1).encode())


def _sum(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _parsed(path: Path, content: bytes) -> KeyRing:
    try:
        body = json.loads(content)
        known = body["format"] == _FORMAT
        ring = _ring(path, body) if known else None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeysRefused(
            _(
                "密钥文件 {p} 已损坏（内容与校验和不符）：用它会算出错的代码，谁也认不出。请从备份恢复，不要重建。"
            ).format(p=path)
        ) from None
    if ring is None:
        raise KeysRefused(
            _("密钥文件 {p} 的格式是第 {f} 种，这一版程序不认识。请用写出它的那一版或更新的程序。").format(
                p=path, f=body["format"]
            )
        )
    return ring


def _ring(path: Path, body: dict[str, Any]) -> KeyRing:
    """The ring that the file describes. ValueError, KeyError and TypeError where it is not whole."""
    total = body.pop("sum")
    versions = tuple(
        KeyVersion(int(v["number"]), date.fromisoformat(v["created"]), str(v["reason"]), base64.b64decode(v["secret"]))
        for v in body["versions"]
    )
    whole = [v.number for v in versions] == list(range(1, int(body["current"]) + 1))
    indexes = tuple(int(number) for number in body.get("index_versions", [1]))
    whole &= bool(indexes) and len(set(indexes)) == len(indexes) and set(indexes) <= {v.number for v in versions}
    if total != _sum(body) or not versions or not whole or any(len(v.secret) != _SECRET_BYTES for v in versions):
        raise ValueError(path)
    begun = body["rotation"]
    rotation = None if begun is None else Rotation(int(begun["to"]), Path(begun["data"]))
    return KeyRing(str(body["ring"]), path, versions, rotation, indexes)


def _unwritten(path: Path, error: OSError) -> KeysUnwritten:
    return KeysUnwritten(
        _("写不了 {p}：{why}。请换一个位置或检查权限和磁盘空间。").format(p=path, why=error.strerror or error)
    )


def today() -> date:
    """The day that a version made now carries."""
    return datetime.now(UTC).astimezone().date()
