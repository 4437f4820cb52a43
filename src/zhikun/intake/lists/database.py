"""A table or a query of SQLite or PostgreSQL, read through ADBC in blocks; nothing is written there.

Every column is cast to text by the database itself: exact for long numbers, and without a guess at types from the first rows.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pyarrow as pa

from zhikun.engine.packs.monitoring import ListSource, Monitoring
from zhikun.intake.lists.errors import ListUnreadable
from zhikun.intake.lists.headings import find_heading_row, no_heading_row
from zhikun.intake.lists.other_files import ArrowComing
from zhikun.wording import _

SCHEMES = ("sqlite", "postgresql", "postgres")
_BATCH_ROWS = 65_536


def open_table(
    address: str, source: ListSource, monitoring: Monitoring | None = None, *, table: str = "", query: str = ""
) -> ArrowComing:
    """A table or query at an address such as sqlite:///stays.db?table=stays. Raises ListUnreadable.

    The table may stand in the address. A password belongs in PGPASSWORD or ~/.pgpass; one in the address is never kept.
    """
    parts = urlsplit(address)
    asked = dict(parse_qsl(parts.query))
    table = table or asked.pop("table", "")
    if bool(table) == bool(query):
        raise ListUnreadable(
            _("要写明读数据库里的哪一张表，或用哪一条查询，只写一样：在地址后加 ?table=表名，或用 --table、--query。")
        )
    rest = urlencode(asked, safe="/")
    bare = address.partition("?")[0] + (f"?{rest}" if rest else "")
    chosen = f"SELECT * FROM {_quoted(table)}"  # noqa: S608 - the name is quoted
    inner = query.strip().rstrip(";") or chosen
    shown = _shown(parts.scheme, parts.hostname or "", parts.path, table)
    with _cursor(bare, shown) as cursor:
        cursor.execute(f"SELECT * FROM ({inner}) AS asked LIMIT 0")  # noqa: S608 - the officer's own query, read-only
        header = tuple(cursor.fetch_arrow_table().schema.names)
    if find_heading_row(source, [header]) is None:
        raise no_heading_row(source, [header], shown, monitoring)
    columns = ", ".join(f"CAST({_quoted_name(name)} AS TEXT) AS {_quoted_name(name)}" for name in header)
    whole = f"SELECT {columns} FROM ({inner}) AS asked"  # noqa: S608 - names come from the database and are quoted

    def batches() -> Iterator[pa.RecordBatch]:
        with _cursor(bare, shown) as cursor:
            if parts.scheme == "sqlite":
                cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(_BATCH_ROWS)})
            cursor.execute(whole)
            yield from cursor.fetch_record_batch()

    return ArrowComing(shown, header, batches)


@contextmanager
def _cursor(address: str, shown: str) -> Iterator[Any]:
    """A cursor that can only read. What the database refuses is told without its address."""
    scheme = urlsplit(address).scheme
    driver = _driver("sqlite" if scheme == "sqlite" else "postgresql")
    manager = importlib.import_module("adbc_driver_manager")
    try:
        with driver.connect(_readable(address)) as connection, connection.cursor() as cursor:
            if scheme != "sqlite":
                cursor.execute("SET default_transaction_read_only = on")
                cursor.execute("SET DateStyle = 'ISO, YMD'")
                connection.commit()
            yield cursor
    except manager.Error as error:
        reason = " ".join(str(error).replace(address, shown).split())
        password = urlsplit(address).password
        raise ListUnreadable(
            _("读不了数据库 {s}：{w}。请核对地址、表名或查询、账户的权限。").format(
                s=shown, w=reason.replace(password, "***") if password else reason
            )
        ) from None


def _driver(kind: str) -> Any:
    """The driver's module, loaded when a database is read: offices that get files need none."""
    try:
        return importlib.import_module(f"adbc_driver_{kind}.dbapi")
    except ImportError:
        raise ListUnreadable(
            _(
                "这台机器没有装读数据库的组件（adbc-driver-{k}），这份名单没有接收。"
                "请按 requirements/runtime.txt 重新安装后再试，或请对方导出文件。"
            )
            .format(k=kind)
        ) from None  # fmt: skip


def _readable(address: str) -> str:
    """The address as the driver takes it; a SQLite file is opened for reading and never made."""
    parts = urlsplit(address)
    if parts.scheme != "sqlite":
        return address
    path = Path(parts.path.removeprefix("/"))  # sqlite:///here.db and sqlite:////there/here.db, as elsewhere
    if not path.is_file():
        raise ListUnreadable(
            _("找不到数据库文件 {p}。请检查路径：sqlite:/// 后接相对路径，sqlite://// 后接绝对路径。").format(p=path)
        )
    return f"{path.resolve().as_uri()}?mode=ro"


def _shown(scheme: str, host: str, path: str, table: str) -> str:
    """What the receipt calls it: no user, no password."""
    place = f"{scheme}:{host}{path}" if host else f"{scheme}:{Path(path).name}"
    return _("{p} 的表 {t}").format(p=place, t=table) if table else _("{p} 的查询").format(p=place)


def _quoted(table: str) -> str:
    return ".".join(_quoted_name(part) for part in table.split("."))


def _quoted_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
