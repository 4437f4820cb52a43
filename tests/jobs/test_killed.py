"""Worker processes that are killed in the middle: nothing is lost, nothing is done twice."""

import json
import random
import signal
import sqlite3
import time
import uuid
from contextlib import closing

import psycopg
from tests.installation import until


def ask_to_count(installation, to, pause):
    """A job as `ask` writes it; the processes under test have the kind, this one need not."""
    key = uuid.uuid4()
    installation.ask("CREATE TABLE counted (n integer)")
    arguments = json.dumps({"to": to, "pause": pause})
    script = (
        "from zhikun.jobs.services import ask; import json; "
        f"print(ask('counting.count', arguments=json.loads({arguments!r}), key='{key}').pk)"
    )
    return uuid.UUID(installation.run("manage", "shell", "-v", "0", "-c", script).stdout.strip().splitlines()[-1])


def job(installation):
    sql = "SELECT state, done, total, attempts, lease FROM jobs_job WHERE kind = 'counting.count'"
    return dict(zip(("state", "done", "total", "attempts", "lease"), installation.ask(sql)[0], strict=True))


def counted(installation):
    return [n for (n,) in installation.ask("SELECT n FROM counted ORDER BY n")]


def can_be_written(installation):
    """Whether nobody holds the row of the job (PostgreSQL) or the right to write (SQLite)."""
    try:
        if installation.database:
            installation.ask("SELECT 1 FROM jobs_job WHERE kind = 'counting.count' FOR UPDATE NOWAIT")
        else:
            path = installation.data / "zhikun.sqlite3"
            with closing(sqlite3.connect(path, timeout=0.1, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
    except (psycopg.errors.LockNotAvailable, sqlite3.OperationalError):
        return False
    return True


def suspend(worker, installation):
    """Stops the process between two transactions: within one it would keep everybody else from the database."""
    while True:
        worker.send_signal(signal.SIGSTOP)
        if can_be_written(installation):
            return
        worker.send_signal(signal.SIGCONT)
        time.sleep(0.013)


def test_killed_again_and_again_every_step_is_done_once(installation):
    # A machine that is busy elsewhere for two seconds costs nobody the lease: each take-up is one after a kill.
    installation.environment["DJANGO_SETTINGS_MODULE"] = "tests.jobs.long_lease_settings"
    ask_to_count(installation, to=90, pause=0.02)
    chance = random.Random(7)
    kills = 0
    while job(installation)["state"] not in {"done", "failed"}:
        with installation.start("worker") as worker:
            before = job(installation)["done"]
            goal = before + chance.randrange(5, 18)
            until(lambda goal=goal: job(installation)["done"] >= goal or job(installation)["state"] == "done")
            if job(installation)["state"] != "done":
                worker.send_signal(signal.SIGKILL)
                kills += 1
    end = job(installation)
    assert counted(installation) == list(range(90))
    assert kills >= 3
    assert (end["state"], end["done"], end["total"]) == ("done", 90, 90)
    # A worker that did its last step between the look and the signal was killed with nothing left to do.
    assert end["attempts"] in {kills, kills + 1}


def test_a_worker_told_to_end_hands_over_without_waiting_for_its_lease(installation):
    ask_to_count(installation, to=40, pause=0.03)
    with installation.start("worker") as worker:
        until(lambda: job(installation)["done"] >= 3)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    handed = job(installation)
    assert handed["state"] == "waiting"
    assert installation.run("worker", "--once").stdout
    assert counted(installation) == list(range(40))


def test_two_workers_share_the_queue_and_do_nothing_twice(installation):
    ask_to_count(installation, to=30, pause=0.02)
    with installation.start("worker"), installation.start("worker"):
        until(lambda: job(installation)["state"] == "done")
    assert counted(installation) == list(range(30))


def test_a_worker_that_slept_through_its_lease_cannot_go_on(installation):
    """SIGSTOP is a machine that was suspended: when it wakes, its work belongs to another."""
    ask_to_count(installation, to=40, pause=0.05)
    with installation.start("worker") as sleeper:
        until(lambda: job(installation)["done"] >= 2)
        suspend(sleeper, installation)
        with installation.start("worker"):
            until(lambda: job(installation)["lease"] == 2 or sleeper.poll() is not None)
            sleeper.send_signal(signal.SIGCONT)
            until(lambda: job(installation)["state"] == "done")
    assert counted(installation) == list(range(40))
