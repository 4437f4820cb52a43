"""The chain in the database: what of an entry is sealed, whether the chain is whole, and its export."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from zhikun.audit import guards, offline
from zhikun.audit.models import ChainHead, Entry
from zhikun.audit.offline import FIELDS, FORMAT, Verdict
from zhikun.disk import written_whole

_CHUNK = 2000


def body_of(entry: Entry) -> list[Any]:
    """The values that are sealed, in the order of FIELDS, in a form that both databases give back unchanged."""
    return [
        entry.number, instant(entry.at), str(entry.officer_id or ""), entry.officer_text, entry.event, entry.looks,
        str(entry.household or ""), entry.subject, entry.area, entry.reason, entry.details, str(entry.request),
        plain_address(entry.address) or "",
    ]  # fmt: skip


def instant(at: datetime) -> str:
    """A moment in UTC, to the microsecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def plain_address(text: str | None) -> str | None:
    """A network address in its one spelling; what is none (a socket of the machine) is left out."""
    try:
        address = ipaddress.ip_address((text or "").split("%", maxsplit=1)[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def plain_text(text: str, longest: int) -> str:
    """A text that fits and that every database stores: without NUL and halves of characters, cut with an ellipsis."""
    clean = text.replace("\0", "\ufffd").encode(errors="replace").decode()
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def plain_value(value: Any) -> Any:
    """A value of `details` that comes back from every database as it went in: numbers with a point become texts."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str | Promise):
        return plain_text(str(value), 2000)
    if isinstance(value, float | Decimal | uuid.UUID | date):
        return str(value)
    if isinstance(value, dict):
        return {plain_text(str(key), 100): plain_value(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_value(one) for one in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    raise TypeError(f"an audit entry cannot keep a {type(value).__name__}")


def verify(known: Verdict | None = None) -> Verdict:
    """Recompute the whole chain as it stands, in the order of numbers, a chunk at a time.

    `known` is the verdict on an exported file: its last entry must stand in the chain as it was exported, which shows
    whether the end of the chain was cut and written anew.
    """
    head = ChainHead.objects.filter(pk=1).first() or ChainHead()
    verdict = offline.walk(_stored(1, head.number), 1, b"")
    broken = verdict.broken or _end(verdict, head) or _against(known, verdict) or _guards()
    return Verdict(1, verdict.last, verdict.entries, b"", verdict.digest, broken)


def _stored(first: int, last: int) -> Iterator[tuple[list[Any], bytes]]:
    entries = Entry.objects.filter(number__gte=first, number__lte=last).order_by("number")
    return ((body_of(entry), bytes(entry.digest)) for entry in entries.iterator(chunk_size=_CHUNK))


def _end(verdict: Verdict, head: ChainHead) -> str:
    """Whether the chain ends where its head says."""
    if verdict.last < head.number:
        return _("应有 {a} 条，只有 {b} 条：最后 {n} 条被删去了。").format(
            a=head.number, b=verdict.last, n=head.number - verdict.last
        )
    if verdict.digest != bytes(head.digest):
        return _("链尾记着的摘要与第 {n} 条的摘要不符：链尾被改过。").format(n=verdict.last)
    return ""


def _against(known: Verdict | None, verdict: Verdict) -> str:
    if known is None or known.last == 0:
        return ""
    entry = Entry.objects.filter(number=known.last).first()
    if entry is None:
        return _("导出的文件到第 {a} 条，现在只有 {b} 条：导出之后有记录被删去了。").format(
            a=known.last, b=verdict.last
        )
    if bytes(entry.digest) != known.digest:
        return _("第 {n} 条与导出的文件不同：导出之后这一条或它之前的记录被改写了。").format(n=known.last)
    return ""


def _guards() -> str:
    missing = guards.missing(connection)
    if not missing:
        return ""
    return _("各条相符，但数据库里防止修改的触发器不在（{t}）：请运行数据库迁移补上，并查明是谁去掉的。").format(
        t="、".join(missing)
    )


def export(path: Path, first: int = 1) -> Verdict:
    """Write the chain from an entry on to a file of JSON lines, with its SHA-256 in a file beside it, as sha256sum reads it.

    Nothing is written for a chain that is broken: the verdict says where. Raises OSError.
    """
    head = ChainHead.objects.filter(pk=1).first() or ChainHead()
    before = Entry.objects.filter(number=first - 1).values_list("digest", flat=True).first()
    start = bytes(before) if before is not None else b""
    written = hashlib.sha256()
    with written_whole(path) as unfinished, unfinished.open("wb") as file:

        def line(value: dict[str, Any]) -> None:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            written.update(text)
            file.write(text)

        def passing() -> Iterator[tuple[list[Any], bytes]]:
            for body, digest in _stored(first, head.number):
                line({**dict(zip(FIELDS, body, strict=True)), "digest": digest.hex()})
                yield body, digest

        line({"format": FORMAT, "first": first, "before": start.hex()})
        verdict = offline.walk(passing(), first, start)
        line({"last": verdict.last, "digest": verdict.digest.hex(), "entries": verdict.entries})
        if not verdict.whole:
            raise Broken(verdict)
    path.with_name(path.name + ".sha256").write_text(f"{written.hexdigest()}  {path.name}\n", encoding="utf-8")
    return verdict


class Broken(Exception):
    """The chain is broken; the verdict says where."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.broken)
        self.verdict = verdict
