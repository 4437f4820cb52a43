"""Which tokens a data folder holds: each Parquet file says from which ring, in which version, in which columns.

The record stands in the file's own key-value metadata, which pyarrow and DuckDB (`KV_METADATA`) both write, and a
note in the folder says the same of the folder, so that a command need not open every file to see that it has the
right keys. Neither holds a secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zhikun.disk import only_one, replace_file
from zhikun.identity.errors import KeysMissing, KeysRefused
from zhikun.identity.keyring import KeyRing, create_ring, read_ring
from zhikun.wording import _

RECORD = "zhikun.tokens"
#: In a file that rotations wrote anew: the SHA-256 of each file that it was before, the oldest first.
RENEWED = "zhikun.renewed_from"
NOTE = "tokens.json"


@dataclass(frozen=True, slots=True)
class Held:
    """The tokens of a file or a folder: ring, version, and for a file the purpose of each column of tokens."""

    ring: str
    version: int
    columns: dict[str, str]


def token_record(ring: KeyRing, columns: dict[str, str]) -> dict[str, str]:
    """What a file of tokens has to say in its metadata: `columns` gives the purpose of each column.

    For files that DuckDB writes: `COPY ... (KV_METADATA {...})`; tables of Arrow take `with_token_record`.
    """
    body = {"ring": ring.id, "version": ring.current, "columns": columns}
    return {RECORD: json.dumps(body, ensure_ascii=False, sort_keys=True)}


def with_token_record(table: pa.Table, ring: KeyRing, columns: dict[str, str]) -> pa.Table:
    """The table with its record, ready to be written as Parquet."""
    return table.replace_schema_metadata(recorded(table.schema, ring, columns).metadata)


def recorded(schema: pa.Schema, ring: KeyRing, columns: dict[str, str]) -> pa.Schema:
    """The schema with its record, in place of an older one. Arrow keeps metadata as bytes."""
    record = {key.encode(): text.encode() for key, text in token_record(ring, columns).items()}
    return schema.with_metadata({**(schema.metadata or {}), **record})


def tokens_in(path: Path) -> Held | None:
    """What a Parquet file says about its tokens; None when it has none."""
    try:
        with pq.ParquetFile(path) as file:
            text = (file.metadata.metadata or {}).get(RECORD.encode())
        return None if text is None else _held(json.loads(text))
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise KeysRefused(
            _("读不了 {p} 里的代码记录：文件已损坏或没有写完。请从备份恢复它，或删除后重新接收。").format(p=path)
        ) from error


def renewed_from(path: Path) -> tuple[str, ...]:
    """The SHA-256 of what a file was before each rotation that wrote it anew, oldest first. Raises OSError or ValueError."""
    with pq.ParquetFile(path) as file:
        return tuple((file.metadata.metadata or {}).get(RENEWED.encode(), b"").decode().split())


def files_with_tokens(data: Path) -> list[tuple[Path, Held]]:
    """Every Parquet file with tokens below the data folder, by name."""
    found = ((path, tokens_in(path)) for path in sorted(data.rglob("*.parquet")) if path.is_file())
    return [(path, held) for path, held in found if held is not None]


def folder_note(data: Path) -> Held | None:
    """What the folder says about itself; None for one that never had tokens."""
    path = data / NOTE
    try:
        return _held(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise KeysRefused(
            _("读不了 {p}，不知道这个数据文件夹用哪一份密钥。请删除这个文件再运行：它会照各数据文件重新写出。").format(
                p=path
            )
        ) from error


def write_note(data: Path, ring: KeyRing) -> None:
    """The folder's tokens are all of this ring's current version."""
    body = {"ring": ring.id, "version": ring.current, "columns": {}}
    replace_file(data / NOTE, json.dumps(body).encode())


def init_keys(path: Path, data: Path | None, on: date, reason: str) -> KeyRing:
    """A new ring in a new file; refused where the data folder has tokens of another already."""
    if data is not None and not path.exists() and (owner := _owner(data)) is not None:
        raise KeysMissing(_lost(path, data, owner))
    return create_ring(path, on, reason, data)


def keys_for(path: Path, data: Path) -> KeyRing:
    """The ring with which tokens of this data folder are made and read, after all checks.

    Refused when the ring is missing, damaged, open to others or another folder's, when a rotation of this folder has
    not ended, and when the folder stopped at an older version. A folder used for the first time is noted as the ring's.
    """
    ring, note = ring_beside(path, data), folder_note(data)
    if ring.rotation is not None and ring.rotation.data == data.resolve():
        raise KeysRefused(
            _("数据文件夹 {d} 的密钥轮换没有做完，新旧代码混在一起，比对会漏人。请再运行一次 zhikun keys rotate。").format(d=data)
        )  # fmt: skip
    if note is not None:
        check_held(ring, data, note)
    else:
        for file, held in files_with_tokens(data):
            check_held(ring, file, held)
        if data.is_dir():
            write_note(data, ring)
    return ring


def ring_beside(path: Path, data: Path) -> KeyRing:
    """The ring in the file; where it is missing, whether tokens in the data folder wait for it."""
    try:
        return read_ring(path, data)
    except KeysMissing:
        if (owner := _owner(data)) is None:
            raise
        raise KeysMissing(_lost(path, data, owner)) from None


def check_held(ring: KeyRing, where: Path, held: Held) -> None:
    """Whether tokens of a file or folder can be compared with those made now; refused where they cannot."""
    same_ring(ring, where, held)
    if held.version > ring.current:
        ring.keys("check", 1, held.version)
    if held.version < ring.current:
        raise KeysRefused(
            _("{w} 里的代码是第 {v} 版，密钥文件已是第 {c} 版，两者比对不上。请运行 zhikun keys rotate --catch-up 把它换到第 {c} 版。")
            .format(w=where, v=held.version, c=ring.current)
        )  # fmt: skip


def check_file(ring: KeyRing, path: Path) -> None:
    """`check_held` for one Parquet file, before it is read; refused too where it does not say whose tokens it has.

    Tokens of an older version match nobody: a list left behind by a broken rotation or a backup would look empty.
    """
    held = tokens_in(path)
    if held is None:
        raise KeysRefused(
            _(
                "{p} 没有记明里面的代码是用哪一份密钥、哪一版生成的，比对会漏人。请从备份恢复它，或移走后重新接收。"
            ).format(p=path)
        )
    check_held(ring, path, held)


@contextmanager
def not_rotated(ring: KeyRing) -> Iterator[None]:
    """The keys are still those of `ring`, and no rotation begins before the end: for putting finished tokens in their place."""
    with only_one(ring.path):
        current = read_ring(ring.path)
        if (current.id, current.current) != (ring.id, ring.current):
            raise KeysRefused(
                _("运行期间密钥轮换到了第 {v} 版，刚算出的代码已经过时。结果没有写下，请再运行一次。").format(
                    v=current.current
                )
            )
        yield


def same_ring(ring: KeyRing, where: Path, held: Held) -> None:
    """Refused where the tokens were made with another ring."""
    if held.ring != ring.id:
        raise KeysRefused(
            _("{w} 里的代码是用密钥 {a} 生成的，而密钥文件 {p} 是 {b}：用它谁也认不出。请用 --keys 指明原来的那一份。")
            .format(w=where, a=held.ring, p=ring.path, b=ring.id)
        )  # fmt: skip


def _owner(data: Path) -> str | None:
    """The id of the ring from which the folder's tokens come, None where it has none."""
    note = folder_note(data)
    return note.ring if note else next((held.ring for _path, held in files_with_tokens(data)), None)


def _lost(path: Path, data: Path, owner: str) -> str:
    """What to say where data has tokens and their ring is not there."""
    return _(
        "没有密钥文件 {p}，而数据文件夹 {d} 里已有用密钥 {o} 生成的代码。新建密钥会使这些代码再也认不出人，因此不新建。"
        "请从备份恢复这份密钥文件，或用 --keys 指明它的位置。"
    ).format(p=path, d=data, o=owner)


def _held(body: dict[str, object]) -> Held:
    columns = body["columns"]
    if not isinstance(columns, dict):
        raise TypeError
    return Held(str(body["ring"]), int(str(body["version"])), {str(k): str(v) for k, v in columns.items()})
