"""Lists out of databases and from HTTP addresses, against real ones."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.installation import until
from tests.intake.lists.factory import MONITORING, NOVEMBER, STAYS, STAYS_HEADER, number, stay

from zhikun.intake import lists

ROOT = Path(__file__).resolve().parents[3]


def take(office, coming):
    return lists.receive(coming, office.delivery(), office.data, office.ring, office.folder / "rejects.xlsx")


# ---------------------------------------------------------------- databases


def make_table(cursor, rows, mark="?"):
    columns = ", ".join(f'"{title}" {"REAL" if title == "自付费用" else "TEXT"}' for title in STAYS_HEADER)
    cursor.execute(f'CREATE TABLE "住院" ({columns})')
    marks = ", ".join([mark] * len(STAYS_HEADER))
    cursor.executemany(f'INSERT INTO "住院" VALUES ({marks})', rows)  # noqa: S608 - generated people in a test


@pytest.fixture
def database(office):
    pytest.importorskip(
        "adbc_driver_sqlite", reason="adbc-driver-sqlite is not installed: see requirements/runtime.txt"
    )
    path = office.folder / "hospital.db"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        rows = [stay(i, 自付费用=None if i % 2 else 1234.5) for i in range(2000)]
        make_table(connection, [*rows, stay(3000, 自付费用="约三千")])
    return path


def test_a_table_of_sqlite_is_read_in_blocks_and_its_bad_rows_come_back(office, database):
    coming = lists.open_table(f"sqlite:///{database}?table=住院", STAYS, MONITORING)
    received = take(office, coming)
    receipt = received.file.receipt
    assert (receipt.rows, receipt.accepted, receipt.rejected) == (2001, 2000, {"number": 1})
    assert receipt.file == "sqlite:hospital.db 的表 住院"
    assert office.rows(received).column("cost").to_pylist()[:3] == [1234.5, None, 1234.5]
    assert take(office, lists.open_table(f"sqlite:///{database}?table=住院", STAYS)).again


def test_a_query_reads_what_it_says_and_cannot_write(office, database):
    query = 'SELECT * FROM "住院" WHERE "自付费用" IS NULL;'
    assert take(office, lists.open_table(f"sqlite:///{database}", STAYS, query=query)).file.receipt.accepted == 1000
    with pytest.raises(lists.ListUnreadable):
        lists.open_table(f"sqlite:///{database}", STAYS, query='DELETE FROM "住院"')
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert connection.execute('SELECT count(*) FROM "住院"').fetchone() == (2001,)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("sqlite:///{db}?table=没有", "读不了数据库"),
        ("sqlite:///{db}", "只写一样"),
        ("sqlite:///{db}.none?table=住院", "找不到数据库文件"),
        ("sqlite:///{text}?table=住院", "读不了数据库"),
    ],
)
def test_what_a_database_refuses_is_told_with_the_way_out(office, database, address, says):
    text = office.put("text.db", b"this is no database, whatever its name says")
    with pytest.raises(lists.ListUnreadable, match=says):
        lists.open_table(address.format(db=database, text=text), STAYS, MONITORING)
    assert not Path(f"{database}.none").exists()


def test_without_the_driver_the_way_out_is_named(office, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
    with pytest.raises(lists.ListUnreadable, match=r"requirements/runtime\.txt"):
        lists.open_table("postgresql://nobody@localhost/x?table=t", STAYS)


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL of its own, without a password, on a socket in a folder of its own."""
    pytest.importorskip(
        "adbc_driver_postgresql", reason="adbc-driver-postgresql is not installed: see requirements/runtime.txt"
    )
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.skip("no PostgreSQL server programs: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="zhikun-pg-"))
    as_user = []
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "nobody")
        as_user = ["runuser", "-u", "nobody", "--"]

    def run(*words):
        subprocess.run([*as_user, *words], check=True, capture_output=True, cwd=folder)

    run(found[-1] / "initdb", "-D", folder / "db", "-A", "trust", "-U", "office", "-E", "UTF8")
    options = f"-k {folder} -c listen_addresses="
    run(found[-1] / "pg_ctl", "-D", folder / "db", "-o", options, "-l", folder / "log", "-w", "start")
    yield f"postgresql:///postgres?host={folder}&user=office"
    run(found[-1] / "pg_ctl", "-D", folder / "db", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def test_a_table_of_postgresql_keeps_long_numbers_dates_and_decimals(office, postgres):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute(
            'CREATE TABLE stays ("身份证号" text, "姓名" text, "入院日期" date, "自付费用" numeric(12,2), "是否参保" boolean)'
        )
        for i in range(40):
            values = f"'{number(i)}', '张三丰', '2026-11-03', {i}.25, {i % 2 == 0}"
            cursor.execute(f"INSERT INTO stays VALUES ({values})")  # noqa: S608 - generated people in a test
        connection.commit()
    received = take(office, lists.open_table(f"{postgres}&table=stays", STAYS, MONITORING))
    assert received.file.receipt.rejected == {}
    rows = office.rows(received).to_pylist()
    assert [(str(r["admitted_on"]), r["cost"], r["insured"]) for r in rows[:2]] == [
        ("2026-11-03", 0.25, True),
        ("2026-11-03", 1.25, False),
    ]
    with pytest.raises(lists.ListUnreadable, match="读不了数据库"):
        lists.open_table(postgres, STAYS, query="DELETE FROM stays RETURNING *")


# ---------------------------------------------------------------- HTTP


class Service:
    """A department's interface: pages of a hundred rows, and troubles on demand."""

    def __init__(self, rows):
        self.rows, self.asked, self.troubles, self.tokens = rows, [], {}, set()
        self.style, self.total, self.next_host = "next", len(rows), ""
        self.open_to, self.goes_on = len(rows), threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                service.answer(self)

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/stays?secret=swordfish"

    def answer(self, handler):
        page = int(parse_qs(urlsplit(handler.path).query).get("page", ["1"])[0])
        self.asked.append(page)
        self.tokens.add(handler.headers.get("Authorization"))
        if page > self.open_to:
            self.goes_on.wait(60)
        troubles = self.troubles.get(page, [])
        trouble = troubles.pop(0) if troubles else None
        if isinstance(trouble, int):
            handler.send_response(trouble)
            handler.send_header("Retry-After", "1")
            handler.end_headers()
            return
        rows = self.rows[(page - 1) * 100 : page * 100]
        pages = -(-len(self.rows) // 100)
        body = {"rows": rows, "total": self.total}
        more = f"{self.next_host}/stays?page={page + 1}" if page < pages else None
        if self.style == "next":
            body["next"] = more
        elif self.style == "pages":
            body |= {"page": page, "pages": pages}
        content = trouble if isinstance(trouble, bytes) else json.dumps(body).encode()
        handler.send_response(200)
        if self.style == "link" and more:
            handler.send_header("Link", f'<{more}>; rel="next"')
        handler.send_header("Content-Length", str(len(content) + (9 if trouble == b"{" else 0)))
        handler.end_headers()
        handler.wfile.write(content)


@pytest.fixture
def service():
    made = Service([dict(zip(STAYS_HEADER, stay(i, 自付费用=100.25), strict=True)) for i in range(450)])
    yield made
    made.server.shutdown()


def fetch(office, service, waits=None):
    wait = (waits if waits is not None else []).append
    with lists.fetched(service.address, STAYS, MONITORING, NOVEMBER, office.data, office.ring, wait=wait) as coming:
        return take(office, coming)


@pytest.mark.parametrize("style", ["next", "pages", "link"])
def test_every_page_is_fetched_once_whatever_names_the_next(office, service, style, monkeypatch):
    monkeypatch.setenv(lists.TOKEN_VARIABLE, "open sesame")
    service.style = style
    received = fetch(office, service)
    assert received.file.receipt.accepted == 450
    assert service.asked == [1, 2, 3, 4, 5]
    assert service.tokens == {"Bearer open sesame"}
    assert "swordfish" not in received.file.receipt.to_json().decode()
    assert office.rows(received).column("cost")[0].as_py() == 100.25
    assert not list((office.data / "lists" / "stays").glob(".fetch/*/*.sealed"))
    assert fetch(office, service).again


def test_troubles_of_the_network_are_tried_again_with_longer_waits(office, service):
    service.troubles = {2: [503, 502], 3: [b"{"], 4: [429]}
    waits = []
    assert fetch(office, service, waits).file.receipt.accepted == 450
    assert service.asked == [1, 2, 2, 2, 3, 3, 4, 4, 5]
    assert len(waits) == 4
    assert waits[3] == 1.0


def test_what_was_fetched_waits_sealed_for_the_next_try(office, service):
    service.troubles = {4: [500] * 6}
    with pytest.raises(lists.ListUnreadable, match=r"第 4 页.*接着取"):
        fetch(office, service)
    left = list((office.data / "lists" / "stays").glob(".fetch/*/*.sealed"))
    assert len(left) == 3
    assert not any(number(5).encode() in path.read_bytes() for path in left)
    service.asked.clear()
    received = fetch(office, service)
    assert service.asked == [4, 5]
    assert received.file.receipt.accepted == 450
    assert "前 3 页是上次中断前取的" in received.file.receipt.notes


def test_a_damaged_page_is_fetched_again_and_pages_of_yesterday_too(office, service):
    service.troubles = {4: [500] * 6, 5: [500] * 6}
    with pytest.raises(lists.ListUnreadable):
        fetch(office, service)
    left = sorted((office.data / "lists" / "stays").glob(".fetch/*/*.sealed"))
    left[1].write_bytes(left[1].read_bytes()[:-1])
    service.asked.clear()
    with pytest.raises(lists.ListUnreadable):
        fetch(office, service)
    assert service.asked == [2, 3, 4, 5, 5, 5, 5, 5, 5]
    os.utime(left[0], (time.time() - 90_000,) * 2)
    service.asked.clear()
    fetch(office, service)
    assert service.asked == [1, 2, 3, 4, 5]


def test_killed_in_the_middle_it_goes_on_where_it_was(office, service):
    service.open_to = 3
    code = f"""
from pathlib import Path
from tests.intake.lists.factory import MONITORING, NOVEMBER, STAYS
from zhikun.identity import keys_for
from zhikun.intake import lists
data = Path({str(office.data)!r})
ring = keys_for(Path({str(office.ring.path)!r}), data)
with lists.fetched({service.address!r}, STAYS, MONITORING, NOVEMBER, data, ring): pass
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    process = subprocess.Popen([sys.executable, "-c", code], env=env)
    until(lambda: 4 in service.asked)
    process.send_signal(signal.SIGKILL)
    process.wait()
    service.open_to = 5
    service.goes_on.set()
    assert len(list((office.data / "lists" / "stays").glob(".fetch/*/*.sealed"))) == 3
    service.asked.clear()
    assert fetch(office, service).file.receipt.accepted == 450
    assert service.asked == [4, 5]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: s.troubles.update({1: [401]}), "HTTP 401"),
        (lambda s: s.troubles.update({2: [b"<html>login</html>"]}), "不是 JSON"),
        (lambda s: s.troubles.update({1: [b'{"message": "ok"}']}), "没有行"),
        (lambda s: setattr(s, "total", 451), "说共有 451 行，实际取到 450 行"),
        (lambda s: setattr(s, "next_host", "http://elsewhere.invalid"), "别的主机 elsewhere.invalid"),
        (lambda s: s.rows.__setitem__(slice(None), [{"甲": "1"}]), "找不到“患病住院”的表头"),
    ],
)
def test_an_interface_that_answers_wrongly_is_refused(office, service, change, says):
    change(service)
    if says.startswith("找不到"):
        service.total = 1
    with pytest.raises(lists.ListUnreadable, match=says):
        fetch(office, service)
    assert office.lists.periods("stays") == []
