"""The chain as a file: how an entry is sealed, and how an exported file is verified with no database and no Django.

    first line   {"format": 1, "first": 1, "before": ""}
    an entry     {"number": 1, "at": "2026-11-22T08:00:00.000000Z", ..., "digest": "ab12..."}
    last line    {"last": 3, "digest": "...", "entries": 3}

The digest of an entry is SHA-256 over the digest before it (nothing for the first) and the values of `FIELDS` as one JSON
list: UTF-8, no spaces, the keys of objects sorted. docs/reference/audit.md says so for auditors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from zhikun.wording import _

FORMAT = 1
_BEIJING = timezone(timedelta(hours=8))
#: In the order in which they are sealed.
FIELDS = (
    "number", "at", "officer", "officer_text", "event", "looks", "household", "subject", "area", "reason", "details",
    "request", "address",
)  # fmt: skip


class NotAnExport(ValueError):
    """The file is no export of the record, or it was cut."""


@dataclass(frozen=True)
class Verdict:
    """What a verification found. `broken` is a sentence about the first entry that does not fit, empty if all do."""

    first: int
    last: int
    entries: int
    before: bytes
    digest: bytes
    broken: str = ""

    @property
    def whole(self) -> bool:
        """Whether every entry fits."""
        return not self.broken


def seal(body: list[Any], before: bytes) -> bytes:
    """The digest of an entry whose values in the order of FIELDS are `body`."""
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


def walk(entries: Iterable[tuple[list[Any], bytes]], first: int, before: bytes) -> Verdict:
    """Recompute the chain over entries in their order: bodies in the order of FIELDS, with the digest that each carries."""
    number, digest, count = first - 1, before, 0
    for body, carried in entries:
        if body[0] != number + 1:
            return Verdict(first, number, count, before, digest, _gap(number, body[0]))
        expected = seal(body, digest)
        if expected != carried:
            return Verdict(first, number, count, before, digest, _altered(body))
        number, digest, count = body[0], carried, count + 1
    return Verdict(first, number, count, before, digest)


def _gap(number: int, found: int) -> str:
    if found <= number:
        return _("第 {a} 条之后又是第 {b} 条：次序或编号被改过。").format(a=number, b=found)
    if found == number + 2:
        return _("第 {a} 条之后是第 {b} 条：第 {m} 条被删去了。").format(a=number, b=found, m=number + 1)
    return _("第 {a} 条之后是第 {b} 条：第 {m} 至 {n} 条被删去了。").format(
        a=number, b=found, m=number + 1, n=found - 1
    )


def _altered(body: list[Any]) -> str:
    values = dict(zip(FIELDS, body, strict=True))
    return _("第 {n} 条（{t}，{e}）与它的摘要不符：这一条或它之前的摘要在写下之后被改过。").format(
        n=values["number"], t=_local(str(values["at"])), e=values["event"]
    )


def _local(instant: str) -> str:
    """The moment as people here read it; whatever else stands there, as it stands."""
    try:
        return f"{datetime.fromisoformat(instant).astimezone(_BEIJING):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return instant[:30]


def verify_file(path: Path, after: Verdict | None = None) -> Verdict:
    """Verify an exported file. With `after`, the verdict on the file before it, also that the two join.

    Raises NotAnExport for a file that is no export or was cut, OSError where it cannot be read.
    """
    with path.open(encoding="utf-8") as lines:
        head = _object(path, lines.readline())
        if head.get("format") != FORMAT or not isinstance(head.get("first"), int):
            raise NotAnExport(_("{p} 不是知困导出的留痕记录。").format(p=path))
        first, before = head["first"], _bytes(path, head.get("before"))
        end: dict[str, Any] = {}
        verdict = walk(_entries(path, lines, end), first, before)
    if not verdict.whole:
        return verdict
    if not end:
        raise NotAnExport(
            _("{p} 不完整：没有结尾一行，到第 {n} 条为止。请重新导出或复制。").format(p=path, n=verdict.last)
        )
    broken = ""
    if (end.get("last"), end.get("entries"), end.get("digest")) != (
        verdict.last,
        verdict.entries,
        verdict.digest.hex(),
    ):
        broken = _("结尾一行写的是到第 {a} 条，文件里到第 {b} 条：末尾被改过。").format(
            a=end.get("last"), b=verdict.last
        )
    elif after is not None and (after.last + 1, after.digest) != (first, before):
        broken = _("它从第 {a} 条开始，与前一个文件（到第 {b} 条）接不上。").format(a=first, b=after.last)
    return Verdict(first, verdict.last, verdict.entries, before, verdict.digest, broken)


def _entries(path: Path, lines: Iterable[str], end: dict[str, Any]) -> Iterator[tuple[list[Any], bytes]]:
    for line in lines:
        value = _object(path, line)
        if "last" in value:
            end.update(value)
            return
        if set(value) != {*FIELDS, "digest"}:
            raise NotAnExport(_("{p} 里有一行不是留痕记录：{t}").format(p=path, t=line[:60].strip()))
        yield [value[name] for name in FIELDS], _bytes(path, value["digest"])


def _object(path: Path, line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise NotAnExport(_("{p} 不是知困导出的留痕记录，或者被截断了。").format(p=path))
    return value


def _bytes(path: Path, text: object) -> bytes:
    try:
        return bytes.fromhex(str(text))
    except ValueError:
        raise NotAnExport(_("{p} 里有一个摘要不是十六进制。").format(p=path)) from None
