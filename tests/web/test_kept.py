"""A thread's connection to a SQLite file outlives its page, but not its file."""

import sqlite3
from contextlib import closing

import pytest
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.utils import timezone, translation

from zhikun.web import kept


def made(path, word):
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE said (word TEXT)")
        database.execute("INSERT INTO said VALUES (?)", [word])
        database.commit()
    return path


def said(connection):
    with connection.cursor() as cursor:
        return cursor.execute("SELECT word FROM said").fetchone()[0]


@pytest.fixture
def connection(tmp_path, django_db_blocker):
    settings = connections.configure_settings({"default": {"ENGINE": "django.db.backends.sqlite3"}})["default"]
    opened = DatabaseWrapper({**settings, "NAME": str(made(tmp_path / "office.sqlite3", "old"))})
    with django_db_blocker.unblock():  # not the tests' database, and none of its tables
        kept.let_go_of_moved(opened)
        opened.ensure_connection()
        yield opened
        opened.close()


def test_another_file_in_the_place_of_the_old_one_is_opened(connection, tmp_path):
    assert said(connection) == "old"
    made(tmp_path / "restored.sqlite3", "new").replace(tmp_path / "office.sqlite3")
    assert said(connection) == "old"  # the open file is still the one that was moved over
    kept.let_go_of_moved(connection)
    assert said(connection) == "new"


def test_a_file_that_is_gone_is_not_answered_from(connection, tmp_path):
    (tmp_path / "office.sqlite3").rename(tmp_path / "put-aside.sqlite3")
    kept.let_go_of_moved(connection)
    assert connection.connection is None


def test_the_same_file_keeps_its_connection(connection):
    before = connection.connection
    assert before is not None
    kept.let_go_of_moved(connection)
    assert connection.connection is before


def test_a_page_speaks_the_platforms_language_and_time_whatever_the_thread_did_before(client):
    with translation.override("en"), timezone.override("UTC"):
        client.get("/healthz")
        assert translation.get_language() == "zh-hans"
        assert timezone.get_current_timezone_name() == "Asia/Shanghai"
