"""The work of a killed worker goes on at once where another runs on the same machine; that of a living one is left alone."""

import fcntl
import json
import signal
import socket
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.installation import until

from zhikun.jobs import presence, services
from zhikun.jobs.models import Job
from zhikun.jobs.worker import claim

HERE = f"{socket.gethostname()[:60]}:4711:abcdef"


@pytest.fixture
def held(new_kind, settings, tmp_path):
    """Work held by a worker of this machine for another minute."""
    settings.ZHIKUN_DATA = tmp_path
    new_kind("t.held", lambda progress: None)
    services.ask("t.held")
    return claim(HERE)


def lock_of(folder, name=HERE):
    """What a killed worker leaves: its file, which nobody holds."""
    path = folder / "workers" / f".{'-'.join(name.split(':')[1:])}.lock"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return path


@pytest.mark.django_db
class TestWhoLives:
    def test_a_living_worker_keeps_its_work(self, held):
        with presence.present(HERE):
            assert presence.release_of_the_dead() == 0
            assert claim("other") is None

    def test_the_work_of_a_killed_one_is_claimed_at_once(self, held, tmp_path):
        path = lock_of(tmp_path)
        assert presence.release_of_the_dead() == 1
        again = claim("other")
        assert (again.pk, again.losses, again.lease) == (held.pk, 1, held.lease + 1)
        assert not path.exists()

    def test_of_another_machine_nobody_here_can_know(self, held, tmp_path):
        Job.objects.update(worker="elsewhere:4711:abcdef")
        lock_of(tmp_path)
        assert presence.release_of_the_dead() == 0

    def test_without_a_lock_the_lease_counts(self, held):
        assert presence.release_of_the_dead() == 0
        assert Job.objects.get(pk=held.pk).lease_until > timezone.now() + timedelta(seconds=30)

    def test_on_a_drive_without_locks_the_lease_counts(self, held, tmp_path, monkeypatch):
        lock_of(tmp_path)

        def refused(*_about):
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr(fcntl, "flock", refused)
        assert presence.release_of_the_dead() == 0

    def test_who_leaves_takes_the_lock_away(self, held, tmp_path):
        with presence.present(HERE):
            assert len(list((tmp_path / "workers").iterdir())) == 1
        assert list((tmp_path / "workers").iterdir()) == []


def test_a_killed_workers_job_goes_on_long_before_its_lease_is_over(installation):
    installation.environment["DJANGO_SETTINGS_MODULE"] = "tests.jobs.long_lease_settings"
    installation.ask("CREATE TABLE counted (n integer)")
    arguments = json.dumps({"to": 60, "pause": 0.05})
    script = (
        f"from zhikun.jobs.services import ask; import json; ask('counting.count', arguments=json.loads({arguments!r}))"
    )
    installation.run("manage", "shell", "-v", "0", "-c", script)

    def done():
        return installation.ask("SELECT done, state FROM jobs_job WHERE kind = 'counting.count'")[0]

    with installation.start("worker") as worker:
        until(lambda: done()[0] >= 3)
        worker.send_signal(signal.SIGKILL)
        worker.wait(60)
    with installation.start("worker"):
        until(lambda: done()[1] == "done")
    assert [n for (n,) in installation.ask("SELECT n FROM counted ORDER BY n")] == list(range(60))
