"""The server for real: granian and a worker, started by the command, ended by SIGTERM, killed in the middle."""

import http.client
import json
import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest
from tests.installation import until
from tools.with_postgres import free_port


class Served:
    """A server that answers; `get` asks it."""

    def __init__(self, installation, process, port):
        self.installation, self.process, self.port = installation, process, port

    def get(self, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()
        finally:
            connection.close()

    def answers(self, path="/healthz"):
        try:
            return self.get(path)[0] == 200
        except OSError:
            return False

    def answering(self):
        """How many of the server's processes have answered: each writes down what it was asked."""
        return len(list((self.installation.data / "run" / "metrics").glob("*.json")))

    def children(self):
        """Process ids of what the server started: its workers and the worker for jobs."""
        numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in numbers if status(pid)[1] == self.process.pid and status(pid)[0] != "Z"]


def status(pid):
    """State and parent of a process; of none, the state of one that has ended."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
    except OSError:
        return "Z", 0
    return state, int(parent)


def gone(pids):
    return all(status(pid)[0] == "Z" for pid in pids)


@pytest.fixture
def served(installation):
    port = free_port()
    with installation.start("serve", "--port", str(port), "--workers", "2", "--threads", "2") as process:
        one = Served(installation, process, port)
        # One that is told to end while it still starts is killed after ten seconds, and the log says so.
        until(lambda: process.poll() is not None or (one.answers("/readyz") and one.answering() == 2))
        assert process.poll() is None, installation.log("serve")
        yield one
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def test_the_sign_in_page_answers_and_sigterm_ends_everything(served):
    status, headers, _text = served.get("/jobs/")
    assert status == 302
    status, headers, text = served.get(headers["location"])
    assert status == 200
    assert "知困" in text
    assert "default-src 'self'" in headers["content-security-policy"]
    styles = re.findall(r'href="(/static/[^"]+\.css)"', text)
    assert styles
    assert served.get(styles[-1])[0] == 200
    assert "zhikun_requests_total" in served.get("/metrics")[2]

    children = served.children()
    assert len(children) == 3
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(60) == 0
    until(lambda: gone(children))
    lines = served.installation.log_lines("serve")
    requests = [line for line in lines if line["log"] == "zhikun.requests"]
    assert {line["view"] for line in requests} >= {"accounts:sign-in"}
    # Until the worker is there, /readyz says so, and that is logged.
    early = [line for line in lines if line["log"] == "zhikun.probes" or line.get("status_code") == 503]
    assert {line["level"] for line in lines if line not in early} == {"info"}, lines


def sockets(pid):
    """The sockets that a process has open, by the system's number of them."""
    found = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            name = str(handle.readlink())
        except OSError:
            continue
        if name.startswith("socket:["):
            found.add(name.removeprefix("socket:[").removesuffix("]"))
    return found


def ports_of(pid):
    """The local TCP ports of those."""
    own, ports = sockets(pid), []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="utf-8").splitlines()[1:]:
            about = line.split()
            if about[9] in own:
                ports.append(int(about[1].rpartition(":")[2], 16))
    return set(ports)


def test_no_connection_to_the_database_is_shared_between_processes(served):
    """Two processes on one connection read each other's answers, and a killed one's transaction goes on in the next."""
    if not served.installation.database:
        pytest.skip("SQLite 没有连接可以共用")
    until(lambda: served.answers("/readyz"))
    asked = "SELECT client_port FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    connected = {port for (port,) in served.installation.ask(asked)}
    holders = {pid: ports_of(pid) & connected for pid in [served.process.pid, *served.children()]}
    assert holders[served.process.pid] == set(), "the server itself leaves the database before it forks"
    every = [port for ports in holders.values() for port in ports]
    assert len(every) == len(set(every)) >= 2


def test_a_killed_part_is_started_again(served):
    killed = set(served.children())
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(set(served.children()) - killed) == 3)
    until(lambda: served.answers("/readyz"))


def test_when_the_server_is_killed_its_processes_end_and_the_port_is_free(served):
    children = served.children()
    served.process.send_signal(signal.SIGKILL)
    served.process.wait(60)
    until(lambda: gone(children))
    assert not served.answers()
    with served.installation.start("serve", "--port", str(served.port), "--no-worker") as again:
        until(lambda: again.poll() is not None or served.answers())
        assert again.poll() is None, served.installation.log("serve")
        again.send_signal(signal.SIGTERM)
        assert again.wait(60) == 0


def test_killed_during_requests_and_work_nothing_is_lost_and_nothing_done_twice(installation):
    """Requests go on while server processes die; the job goes on from its checkpoint after the server is started again."""
    installation.ask("CREATE TABLE counted (n integer)")
    script = "from zhikun.jobs.services import ask; ask('counting.count', arguments={'to': 40, 'pause': 0.02})"
    installation.run("manage", "shell", "-v", "0", "-c", script)
    port = free_port()

    def done():
        return installation.ask("SELECT done, state FROM jobs_job WHERE kind = 'counting.count'")[0]

    statuses, stop = [], threading.Event()

    def visit(one):
        while not stop.is_set():
            try:
                statuses.append(one.get("/healthz")[0])
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)

    for goal in (5, 15, 41):
        with installation.start("serve", "--port", str(port)) as process:
            one = Served(installation, process, port)
            visitor = threading.Thread(target=visit, args=(one,))
            stop.clear()
            visitor.start()
            until(lambda goal=goal: done()[0] >= goal or done()[1] == "done")
            children = one.children()
            process.send_signal(signal.SIGKILL)
            stop.set()
            visitor.join()
            until(lambda children=children: gone(children))
    installation.run("worker", "--once")
    assert done() == (40, "done")
    assert [n for (n,) in installation.ask("SELECT n FROM counted ORDER BY n")] == list(range(40))
    assert set(statuses) <= {200}


class TestRefusals:
    def test_a_port_that_is_taken_is_said(self, served):
        said = served.installation.run("serve", "--port", str(served.port), code=6)
        assert "已被占用" in said.stderr
        assert "--port" in said.stderr

    def test_an_empty_database_names_the_command(self, empty_installation):
        said = empty_installation.run("serve", code=6).stderr
        assert "zhikun migrate" in said
        assert "Traceback" not in said

    def test_missing_keys_name_the_command_and_warn_of_new_ones(self, installation):
        installation.keys.unlink()
        said = installation.run("worker", "--once", code=6).stderr
        assert f"zhikun keys init --keys {installation.keys}" in said
        assert "不要新建" in said

    def test_a_database_that_is_away_is_said_without_its_password(self, installation):
        away = f"postgresql://zhikun:geheim@127.0.0.1:{free_port()}/zhikun"
        said = installation.run("migrate", code=6, ZHIKUN_DATABASE=away)
        assert "连不上" in said.stderr
        assert "geheim" not in said.stderr + said.stdout
        assert "Traceback" not in said.stderr

    def test_wrong_variables_are_all_said(self, installation):
        said = installation.run("serve", code=6, ZHIKUN_HTTPS="ja", ZHIKUN_HTPS="1").stderr
        assert "ZHIKUN_HTTPS：" in said
        assert "ZHIKUN_HTPS：" in said


def test_migrate_twice_does_nothing_the_second_time(empty_installation):
    assert "项更新" in empty_installation.run("migrate").stdout
    assert "已是最新" in empty_installation.run("migrate").stdout


def test_manage_passes_on(installation):
    assert json.loads(installation.run("manage", "shell", "-v", "0", "-c", "print([1])").stdout) == [1]
    assert "showmigrations" in installation.run("manage", "help").stdout
