"""Many officers at once on the real server: each gets their own page. And a connection never goes along into a forked process."""

import http.client
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.installation import ROOT, until
from tools.with_postgres import free_port

OFFICERS = 8
PAGES = 12  # that each of them asks for

SIGN_IN = """
from tests import officers
from zhikun.accounts.roles import Role
for n in range({count}):
    one = officers.officer(Role.TOWNSHIP_CLERK, where=officers.township(), username=f"clerk-{{n}}", name=f"第{{n}}号经办")
    print("session", officers.signed_in(one).cookies["zhikun_session"].value)
"""


def test_many_at_once_each_reads_their_own_page(installation):
    """The account page names who is signed in: a connection shared by two processes would swap the answers."""
    said = installation.run("manage", "shell", "-v", "0", "-c", SIGN_IN.format(count=OFFICERS)).stdout
    sessions = [line.split()[1] for line in said.splitlines() if line.startswith("session")]
    assert len(sessions) == OFFICERS
    port = free_port()

    def seen(n):
        """What the officer's pages say: each page's status and the name in its head."""
        answers = []
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for _each in range(PAGES):
            connection.request("GET", "/households/", headers={"Cookie": f"zhikun_session={sessions[n]}"})
            response = connection.getresponse()
            text = response.read().decode()
            answers.append((response.status, *set(re.findall(r"第\d号经办", text))))
        connection.close()
        return answers

    with installation.start("serve", "--port", str(port), "--no-worker", "--workers", "2", "--threads", "4") as server:

        def answers():
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                connection.request("GET", "/healthz")
                return connection.getresponse().status == 200
            except OSError:
                return False

        until(lambda: server.poll() is not None or answers())
        assert server.poll() is None, installation.log("serve")
        with ThreadPoolExecutor(OFFICERS) as pool:
            found = list(pool.map(seen, range(OFFICERS)))
    assert found == [[(200, f"第{n}号经办")] * PAGES for n in range(OFFICERS)]


FORK = """
import os
from zhikun.cli.django import ready
ready()
from django.db import connection
def line():
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return cursor.fetchone()[0]
mine = line()
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    os.write(writing, str(line()).encode())
    os._exit(0)
os.waitpid(child, 0)
theirs = int(os.read(reading, 100))
assert line() == mine, "the parent lost its line"
print("own" if theirs != mine else "shared")
"""


@pytest.mark.skipif(not os.environ.get("ZHIKUN_DATABASE"), reason="a file has no lines to share")
def test_a_forked_process_opens_a_connection_of_its_own(installation):
    done = subprocess.run(
        [sys.executable, "-c", FORK], env=installation.environment, cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.stdout.split() == ["own"], done.stdout + done.stderr
