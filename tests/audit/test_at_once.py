"""Many officers act in the same second: one order, no gap, nobody turned away."""

import os
import subprocess
import sys

import pytest
from django.db import connection
from tests.audit import writers

from zhikun.audit import guards
from zhikun.audit.chain import verify
from zhikun.audit.models import Entry


@pytest.mark.django_db(transaction=True)
def test_eight_writers_on_a_server():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite: in the test below, with a file; make test runs this one on PostgreSQL")
    writers.write_all()
    verdict = verify()
    assert (verdict.broken, verdict.entries, verdict.last) == ("", 400, 400)


def test_eight_writers_on_a_file(tmp_path):
    environment = {
        **os.environ,
        "ZHIKUN_DATA": str(tmp_path / "data"),
        "ZHIKUN_KEYS": str(tmp_path / "keys" / "keys.json"),
        "ZHIKUN_DATABASE": "",
    }
    done = subprocess.run(
        [sys.executable, writers.__file__], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.split()[:3] == ["400", "400", "whole"], done.stderr


@pytest.mark.django_db(transaction=True)
def test_tables_are_emptied_between_tests_and_guarded_in_them():
    assert not Entry.objects.exists()
    assert guards.missing(connection) == []
