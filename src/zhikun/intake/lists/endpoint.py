"""A list at an HTTP address: JSON, page by page, tried again when the network fails, gone on with after a kill.

A page is {"rows": [{...}, ...], "next": "address of the next page, or null"}; `page` with `pages`, or a Link header with
rel="next", say the same; `total` is checked where it is given. Pages wait on disk encrypted, with a key of the ring, until
the list has been received: they hold identity numbers.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zhikun.disk import clear_unfinished, one_writer, private_folder, replace_file
from zhikun.engine.packs.monitoring import ListSource, Monitoring
from zhikun.identity import KeyRing
from zhikun.intake.lists.errors import ListUnreadable
from zhikun.intake.lists.headings import find_heading_row, no_heading_row
from zhikun.intake.lists.other_files import ArrowComing
from zhikun.intake.lists.store import LISTS
from zhikun.wording import _
from zhikun.workdays import Month

SCHEMES = ("http", "https")
TOKEN_VARIABLE = "ZHIKUN_ENDPOINT_TOKEN"  # noqa: S105 - the name of a variable, not its value
_PURPOSE = "fetch"
_NONCE = 12
_ATTEMPTS = 6
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0
_TIMEOUT = 60.0
_LARGEST_PAGE = 64 << 20
_MOST_PAGES = 100_000
_STALE_AFTER = 24 * 3600.0  # pages of yesterday and of today are not one list
_ROW_KEYS = ("rows", "data", "items", "records", "results", "list")
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_NEXT_LINK = re.compile(r'<([^>]+)>\s*;[^,]*rel="?next"?')


@dataclass(frozen=True, slots=True)
class _Page:
    rows: list[dict[str, Any]]
    next: str  # '' for the last page
    total: int | None


@contextmanager
def fetched(
    address: str, source: ListSource, monitoring: Monitoring | None, period: Month, data: Path, ring: KeyRing,
    *, wait: Callable[[float], object] = time.sleep,
) -> Iterator[ArrowComing]:  # fmt: skip
    """The list at the address, all its pages fetched. Raises ListUnreadable; what was fetched is then kept for the next try."""
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    folder = data / LISTS / source.id / ".fetch" / f"{period}-{name}"
    with one_writer(folder.parent):
        clear_unfinished(folder.parent)
        _clear_stale(folder.parent)
        private_folder(folder)
        pages = _Pages(folder, ring, f"{source.id}/{period}/{name}")
        resumed = pages.count
        _fetch_all(address, pages, wait)
        shown = _shown(address)
        header = pages.header()
        notes = _notes(address, resumed, pages.count)
        try:
            if find_heading_row(source, [header]) is None:
                raise no_heading_row(source, [header], shown, monitoring)
            yield ArrowComing(shown, header, lambda: pages.batches(header), ended=lambda: notes)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _clear_stale(parent: Path) -> None:
    """What was fetched and never received: nobody goes on with pages of yesterday."""
    for left in parent.iterdir():
        if left.is_dir() and all(time.time() - path.stat().st_mtime >= _STALE_AFTER for path in left.iterdir()):
            shutil.rmtree(left, ignore_errors=True)


class _Pages:
    """The pages of one list on disk, sealed; each bound to its list, period, address and place."""

    def __init__(self, folder: Path, ring: KeyRing, about: str) -> None:
        self._folder, self._about = folder, about
        self._cipher = AESGCM(ring.key(_PURPOSE, ring.current))
        fresh = [path for path in self._paths() if time.time() - path.stat().st_mtime < _STALE_AFTER]
        self.count = 0
        if len(fresh) == len(self._paths()):
            self.count = self._whole()
        for path in self._paths()[self.count :]:
            path.unlink()

    def put(self, body: bytes, link: str) -> None:
        """One more page, whole on disk before the next is asked for."""
        nonce = os.urandom(_NONCE)
        plain = json.dumps(link).encode() + b"\n" + body
        sealed = nonce + self._cipher.encrypt(nonce, plain, self._bound(self.count))
        replace_file(self._folder / f"{self.count:06d}.sealed", sealed)
        self.count += 1

    def page(self, number: int) -> _Page:
        sealed = (self._folder / f"{number:06d}.sealed").read_bytes()
        plain = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._bound(number))
        link, _line, body = plain.partition(b"\n")
        return _page(body, str(json.loads(link)))

    def header(self) -> tuple[str, ...]:
        """Every key that a row of any page has, in the order in which they come."""
        keys: dict[str, None] = {}
        for number in range(self.count):
            for row in self.page(number).rows:
                keys.update(dict.fromkeys(row))
        return tuple(keys)

    def batches(self, header: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        for number in range(self.count):
            rows = self.page(number).rows
            columns = [pa.array([_text(row.get(key)) for row in rows], pa.string()) for key in header]
            yield pa.RecordBatch.from_arrays(columns, list(header))

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.sealed"))

    def _whole(self) -> int:
        """How many pages can be read, from the first on."""
        for number in range(len(self._paths())):
            try:
                self.page(number)
            except (OSError, ValueError, InvalidTag, ListUnreadable):
                return number
        return len(self._paths())

    def _bound(self, number: int) -> bytes:
        return f"{self._about}/{number}".encode()


def _fetch_all(address: str, pages: _Pages, wait: Callable[[float], object]) -> None:
    """Every page that is not on disk yet."""
    following, rows, total = address, 0, None
    seen = set()
    for number in range(_MOST_PAGES):
        seen.add(following)
        if number < pages.count:
            page = pages.page(number)
        else:
            body, link = _asked(following, number + 1, wait)
            page = _page(body, link)
            pages.put(body, link)
        rows += len(page.rows)
        total = page.total if page.total is not None else total
        if not page.next:
            break
        following = _turned(following, page.next) if page.next.startswith("page=") else urljoin(following, page.next)
        if _origin(following) != _origin(address):
            raise ListUnreadable(
                _("{a} 第 {n} 页的下一页指向别的主机 {h}，没有继续：口令和数据不能送到别处。请与对方核对接口。").format(
                    a=_shown(address), n=number + 1, h=urlsplit(following).hostname
                )
            )
        if following in seen:
            raise ListUnreadable(
                _("{a} 第 {n} 页的下一页又指回前面的页，永远取不完。请与对方核对接口。").format(
                    a=_shown(address), n=number + 1
                )
            )
    if total is not None and total != rows:
        raise ListUnreadable(
            _(
                "{a} 说共有 {t} 行，实际取到 {r} 行：取的时候数据变了，或有的页缺了。没有接收，请过一会儿再运行一次。"
            ).format(a=_shown(address), t=total, r=rows)
        )


def _asked(address: str, number: int, wait: Callable[[float], object]) -> tuple[bytes, str]:
    """The body of one page and its Link header; failures of the network are tried again, each time after a longer wait."""
    token = os.environ.get(TOKEN_VARIABLE, "")
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - only http and https come here
    why = ""
    for attempt in range(_ATTEMPTS):
        pause = min(_FIRST_WAIT * 2**attempt * random.uniform(0.8, 1.2), _LONGEST_WAIT)  # noqa: S311 - not a secret
        try:
            with _OPENER.open(request, timeout=_TIMEOUT) as answer:
                body = answer.read(_LARGEST_PAGE + 1)
                expected = answer.headers.get("Content-Length")
                if expected is None or len(body) == int(expected) or len(body) > _LARGEST_PAGE:
                    return _not_too_large(body, address, number), _link(answer.headers.get("Link", ""))
                why = _("内容没有传完")
        except urllib.error.HTTPError as error:
            with error:
                why = f"HTTP {error.code}"
                after = error.headers.get("Retry-After", "") if error.headers else ""
            if error.code not in _AGAIN:
                break
            pause = min(float(after), _LONGEST_WAIT) if after.isdigit() else pause
        except (OSError, ValueError) as error:
            why = str(getattr(error, "reason", "") or error)
        if attempt + 1 < _ATTEMPTS:
            wait(pause)
    raise ListUnreadable(
        _(
            "从 {a} 取第 {n} 页没有成功：{w}。已取的页留着，再运行一次会接着取。请检查网络、地址和访问权限（{v}）。"
        ).format(a=_shown(address), n=number, w=why, v=TOKEN_VARIABLE)
    )


class _SameHost(urllib.request.HTTPRedirectHandler):
    """A redirection to another host would carry the token there."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if _origin(newurl) != _origin(req.full_url):
            raise urllib.error.HTTPError(req.full_url, 400, _("转向别的主机"), headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_SameHost)


def _page(body: bytes, link: str) -> _Page:
    """What a page says. Numbers stay as they are written: a double would round an identity number."""
    try:
        found = json.loads(body, parse_float=str, parse_int=str)
    except ValueError:
        raise ListUnreadable(_("对方返回的不是 JSON，可能是登录页或出错页。请核对地址和访问权限。")) from None
    if isinstance(found, list):
        found = {"rows": found}
    rows = (
        next((found[key] for key in _ROW_KEYS if isinstance(found.get(key), list)), None)
        if isinstance(found, dict)
        else None
    )
    if rows is None or not all(isinstance(row, dict) for row in rows):
        raise ListUnreadable(
            _('对方返回的 JSON 里没有行：应为 {"rows": [{…}, …], "next": "下一页的地址"}。请与对方核对接口。')
        )
    total = found.get("total")
    return _Page(rows, _next(found, link), int(total) if isinstance(total, str) and total.isdigit() else None)


def _next(found: dict[str, Any], link: str) -> str:
    """Where the next page is; '' after the last one."""
    if isinstance(found.get("next"), str) and found["next"]:
        return str(found["next"])
    page, pages = found.get("page"), found.get("pages")
    if (
        isinstance(page, str)
        and isinstance(pages, str)
        and page.isdigit()
        and pages.isdigit()
        and int(page) < int(pages)
    ):
        return f"page={int(page) + 1}"
    return link


def _turned(address: str, page: str) -> str:
    """The same address with another page number."""
    parts = urlsplit(address)
    asked = dict(parse_qsl(parts.query)) | dict(parse_qsl(page))
    return urlunsplit(parts._replace(query=urlencode(asked)))


def _link(header: str) -> str:
    found = _NEXT_LINK.search(header)
    return found[1] if found else ""


def _not_too_large(body: bytes, address: str, number: int) -> bytes:
    if len(body) > _LARGEST_PAGE:
        raise ListUnreadable(
            _("{a} 第 {n} 页超过 {m} MB。请与对方商定每页少取一些行。").format(
                a=_shown(address), n=number, m=_LARGEST_PAGE >> 20
            )
        )
    return body


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port


def _shown(address: str) -> str:
    """The address without user, password and query, which may hold a token."""
    parts = urlsplit(address)
    host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _notes(address: str, resumed: int, count: int) -> tuple[str, ...]:
    parts = urlsplit(address)
    notes = [_("共取 {n} 页").format(n=count)]
    if resumed:
        notes.append(_("前 {n} 页是上次中断前取的").format(n=resumed))
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        notes.append(_("地址是 http，传输没有加密；请与对方商定改用 https"))
    return tuple(notes)
