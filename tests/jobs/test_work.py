"""Work in the background: asked once, done once, resumed, cancelled, retried, fenced off."""

import threading
from datetime import time, timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from tests.installation import until

from zhikun.audit.models import Entry
from zhikun.jobs import services
from zhikun.jobs.errors import JobFailed, JobMovedOn, LeaseLost, UnknownKind
from zhikun.jobs.models import Job, WorkerSeen
from zhikun.jobs.progress import Progress
from zhikun.jobs.selectors import states_counted, waiting_since, worker_age
from zhikun.jobs.worker import Worker, claim, run, work_off

pytestmark = pytest.mark.django_db
NUMBER = "640402199001011234"


def expire(job):
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def due_now(job):
    Job.objects.filter(pk=job.pk).update(due_at=timezone.now())


class TestAsking:
    def test_the_same_key_is_the_same_work_whatever_became_of_it(self, new_kind, officers):
        new_kind("t.once", lambda progress, *, batch: {"rows": 3})
        first = services.ask("t.once", arguments={"batch": "b1"}, key="b1", by=officers["clerk"])
        assert work_off() == 1
        again = services.ask("t.once", arguments={"batch": "b1"}, key="b1", by=officers["neighbour"])
        assert again.pk == first.pk
        assert again.state == Job.State.DONE
        assert again.result == {"rows": 3}
        assert Entry.objects.filter(event="jobs.asked").count() == 1, "the second click asked for nothing"

    def test_the_same_key_of_another_kind_is_other_work(self, new_kind):
        new_kind("t.one", lambda progress: None)
        new_kind("t.two", lambda progress: None)
        assert services.ask("t.one", key="k").pk != services.ask("t.two", key="k").pk

    def test_a_kind_or_arguments_that_do_not_exist_are_refused_when_asked_not_when_run(self, new_kind):
        new_kind("t.named", lambda progress, *, batch: None)
        with pytest.raises(UnknownKind, match=r"t\.named"):
            services.ask("t.nmaed", arguments={"batch": "b"})
        with pytest.raises(TypeError):
            services.ask("t.named", arguments={"bach": "b"})
        assert not Job.objects.exists()

    def test_work_of_a_transaction_that_failed_was_never_asked_for(self, new_kind):
        new_kind("t.plain", lambda progress: None)

        @transaction.atomic
        def verb():
            services.ask("t.plain")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            verb()
        assert work_off() == 0

    def test_work_for_later_waits_for_its_hour(self, new_kind):
        new_kind("t.later", lambda progress: None)
        job = services.ask("t.later", due_at=timezone.now() + timedelta(hours=1))
        assert work_off() == 0
        assert waiting_since() is None
        due_now(job)
        assert waiting_since() is not None
        assert work_off() == 1

    def test_daily_work_is_asked_for_once_a_day_after_its_hour(self, new_kind):
        new_kind("t.daily", lambda progress: None, daily=time(2, 30))
        morning = timezone.make_aware(timezone.datetime(2026, 11, 22, 2, 29))
        mine = lambda jobs: [job.key for job in jobs if job.kind == "t.daily"]  # noqa: E731 - said once
        assert mine(services.ask_daily(morning)) == []
        assert mine(services.ask_daily(morning + timedelta(minutes=1))) == ["t.daily:2026-11-22"]
        assert mine(services.ask_daily(morning + timedelta(hours=9))) == []
        assert mine(services.ask_daily(morning + timedelta(days=1, hours=20))) == ["t.daily:2026-11-23"]


class TestRunning:
    def test_progress_result_and_percent(self, new_kind):
        seen = []

        def work(progress, *, households):
            progress.expect(households, "户")
            for row in range(households):
                progress.checkpoint({"row": row}, advance=1)
                seen.append(Job.objects.get().percent)
            return {"text": "好了"}

        new_kind("t.counts", work)
        job = services.ask("t.counts", arguments={"households": 4})
        assert job.percent is None, "nobody knows the total yet"
        work_off()
        job.refresh_from_db()
        assert (job.state, job.done, job.total, job.unit, job.percent) == (Job.State.DONE, 4, 4, "户", 100)
        assert job.result == {"text": "好了"}
        assert seen == [25, 50, 75, 100]

    def test_an_error_that_nobody_foresaw_says_its_number_and_nothing_of_the_data(self, new_kind, caplog):
        def work(progress):
            raise ValueError(f"bad number {NUMBER}")

        new_kind("t.fails", work)
        services.ask("t.fails")
        work_off()
        job = Job.objects.get()
        assert job.state == Job.State.FAILED
        assert len(job.reference) == 8
        assert NUMBER not in job.error
        assert "编号" in job.error
        assert any(getattr(record, "reference", "") == job.reference for record in caplog.records)

    def test_a_refusal_in_the_words_of_the_work_is_shown_and_never_retried(self, new_kind):
        def work(progress):
            raise JobFailed("这个批次已经撤销。", remedy="请重新上传。")

        new_kind("t.refused", work, retries=5)
        services.ask("t.refused")
        assert work_off() == 1
        job = Job.objects.get()
        assert (job.state, job.error, job.reference) == (Job.State.FAILED, "这个批次已经撤销。 请重新上传。", "")

    def test_retries_wait_longer_each_time_then_the_work_fails(self, new_kind):
        def work(progress):
            raise RuntimeError

        new_kind("t.twice", work, retries=2)
        job = services.ask("t.twice")
        waits = []
        while True:
            assert work_off() == 1
            job.refresh_from_db()
            if job.state == Job.State.FAILED:
                break
            assert work_off() == 0, "not before its time"
            waits.append(job.due_at - timezone.now())
            due_now(job)
        assert len(waits) == 2
        assert waits[0] < timedelta(seconds=31) < waits[1]
        assert job.attempts == 3

    @pytest.mark.django_db(transaction=True)
    def test_a_database_that_was_away_is_no_fault_of_the_work(self, new_kind):
        def work(progress):
            raise OperationalError("server closed the connection unexpectedly")

        new_kind("t.away", work)
        services.ask("t.away")
        work_off()
        job = Job.objects.get()
        assert job.state == Job.State.WAITING
        assert job.due_at > timezone.now()

    def test_a_kind_that_this_version_no_longer_has_fails_by_name(self, new_kind, monkeypatch):
        new_kind("t.gone", lambda progress: None)
        services.ask("t.gone")
        monkeypatch.undo()
        work_off()
        assert Job.objects.get().state == Job.State.FAILED

    def test_the_oldest_work_comes_first(self, new_kind):
        order = []
        new_kind("t.order", lambda progress, *, n: order.append(n))
        for n in range(3):
            services.ask("t.order", arguments={"n": n})
        work_off()
        assert order == [0, 1, 2]


class TestLeases:
    def test_work_of_a_killed_worker_goes_on_from_its_checkpoint(self, new_kind):
        begun_at = []

        def work(progress):
            begun_at.append((progress.state.get("row", 0), progress.done))

        new_kind("t.resumed", work)
        job = services.ask("t.resumed")
        killed = claim("first")
        handle = Progress(killed)
        with transaction.atomic():
            handle.checkpoint({"row": 200}, advance=200)
        handle.done += 57  # done after the checkpoint, and lost with the worker
        handle.renew()
        assert work_off() == 0, "its lease still runs"
        expire(job)
        assert work_off() == 1
        assert begun_at == [(200, 200)]

    def test_a_worker_that_lost_its_lease_writes_nothing_any_more(self, new_kind):
        new_kind("t.fenced", lambda progress: None)
        job = services.ask("t.fenced")
        slow = Progress(claim("slow"))
        expire(job)
        quick = Progress(claim("quick"))

        @transaction.atomic
        def write():
            WorkerSeen.objects.create(pk="work of the slow one", started_at=timezone.now(), seen_at=timezone.now())
            slow.checkpoint({"row": 1})

        with pytest.raises(LeaseLost):
            write()
        assert not WorkerSeen.objects.exists(), "what the slow one wrote went with its transaction"
        with transaction.atomic():
            quick.checkpoint({"row": 2})
        job.refresh_from_db()
        assert job.checkpoint["state"] == {"row": 2}
        with pytest.raises(LeaseLost):
            slow.renew()
        with pytest.raises(LeaseLost):
            slow.check()

    def test_a_worker_that_lost_its_lease_cannot_end_the_work(self, new_kind):
        def work(progress):
            expire(job)
            assert claim("other") is not None
            return {"rows": 1}

        new_kind("t.late", work)
        job = services.ask("t.late")
        run(claim("slow"))
        job.refresh_from_db()
        assert (job.state, job.worker, job.result) == (Job.State.RUNNING, "other", {})

    def test_a_checkpoint_prolongs_the_lease(self, new_kind):
        new_kind("t.long", lambda progress: None)
        services.ask("t.long")
        job = claim("one")
        expire(job)
        Progress(job).checkpoint({"row": 1})
        assert claim("two") is None

    def test_work_that_kills_every_worker_is_given_up(self, new_kind):
        new_kind("t.poison", lambda progress: None)
        job = services.ask("t.poison")
        for _n in range(11):
            assert claim("victim") is not None
            expire(job)
        assert work_off() == 1
        job.refresh_from_db()
        assert job.state == Job.State.FAILED
        assert "中断" in job.error

    def test_work_that_gets_on_between_kills_is_never_given_up(self, new_kind):
        new_kind("t.patient", lambda progress: None)
        job = services.ask("t.patient")
        for n in range(30):
            Progress(claim("victim")).checkpoint({"row": n})
            expire(job)
        work_off()
        job.refresh_from_db()
        assert job.state == Job.State.DONE


class TestEnding:
    def test_waiting_work_is_cancelled_at_once(self, new_kind, officers):
        new_kind("t.waits", lambda progress: None)
        job = services.cancel(services.ask("t.waits", by=officers["clerk"]), acting_officer=officers["clerk"])
        assert job.state == Job.State.CANCELLED
        assert work_off() == 0

    def test_running_work_stops_at_its_next_look_and_keeps_what_is_done(self, new_kind, officers):
        reached = []

        def work(progress):
            for row in range(10):
                progress.checkpoint({"row": row + 1}, advance=1)
                if row == 2:
                    services.cancel(job, acting_officer=officers["clerk"])
                    progress._looked = float("-inf")
                reached.append(row)
                yield

        new_kind("t.stops", work)
        job = services.ask("t.stops", by=officers["clerk"])
        work_off()
        job.refresh_from_db()
        assert (job.state, job.done, reached) == (Job.State.CANCELLED, 3, [0, 1, 2])

        job = services.retry(job, acting_officer=officers["clerk"])
        assert job.state == Job.State.WAITING
        assert job.checkpoint["state"] == {"row": 3}
        assert list(Entry.objects.order_by("number").values_list("event", flat=True)) == [
            "jobs.asked",
            "jobs.cancelled",
            "jobs.retried",
        ]

    def test_work_that_was_done_before_it_heard_of_the_cancel_is_done(self, new_kind, officers):
        def work(progress):
            services.cancel(job, acting_officer=officers["clerk"])
            return {"rows": 2}

        new_kind("t.quick", work)
        job = services.ask("t.quick", by=officers["clerk"])
        work_off()
        job.refresh_from_db()
        assert (job.state, job.result) == (Job.State.DONE, {"rows": 2})

    def test_ended_work_is_not_cancelled_and_running_work_not_retried(self, new_kind, officers):
        new_kind("t.ended", lambda progress: None)
        job = services.ask("t.ended")
        with pytest.raises(JobMovedOn):
            services.retry(job, acting_officer=officers["manager"])
        work_off()
        with pytest.raises(JobMovedOn):
            services.cancel(job, acting_officer=officers["manager"])
        with pytest.raises(JobMovedOn):
            services.retry(job, acting_officer=officers["manager"])

    def test_a_retry_clears_what_went_wrong(self, new_kind, officers):
        broken = [True]

        def work(progress):
            if broken:
                raise RuntimeError

        new_kind("t.mended", work)
        job = services.ask("t.mended")
        work_off()
        broken.clear()
        services.retry(job, acting_officer=officers["manager"])
        work_off()
        job.refresh_from_db()
        assert (job.state, job.error, job.reference) == (Job.State.DONE, "", "")

    def test_a_worker_told_to_end_gives_its_work_back_at_once(self, new_kind):
        stopping = threading.Event()

        def work(progress):
            progress.checkpoint({"row": 5})
            stopping.set()
            yield
            raise AssertionError

        new_kind("t.given_back", work)
        job = services.ask("t.given_back")
        run(claim("ending"), stopping)
        job.refresh_from_db()
        assert (job.state, job.checkpoint["state"]) == (Job.State.WAITING, {"row": 5})
        assert claim("next") is not None, "no lease has to run out first"


class TestWorker:
    @pytest.mark.django_db(transaction=True)
    def test_one_pass_does_what_is_due_and_signs_off(self, new_kind):
        new_kind("t.pass", lambda progress: None)
        services.ask("t.pass")
        worker = Worker()
        assert worker.work(once=True) >= 1
        assert Job.objects.get(kind="t.pass").worker == worker.name
        assert worker_age() is None

    @pytest.mark.django_db(transaction=True)
    def test_a_worker_that_works_long_is_seen_and_keeps_its_lease(self, new_kind, settings):
        settings.ZHIKUN_LEASE_SECONDS = 0.4
        moment = timezone.now() - timedelta(minutes=5)

        def work(progress):
            began = Job.objects.get().lease_until
            until(lambda: WorkerSeen.objects.get().seen_at > moment and Job.objects.get().lease_until > began)

        new_kind("t.slow", work)
        services.ask("t.slow")
        job = claim("w")
        WorkerSeen.objects.create(pk="w", started_at=moment, seen_at=moment)
        run(job)
        assert Job.objects.get().state == Job.State.DONE

    def test_readiness_knows_when_a_worker_was_last_seen(self):
        moment = timezone.now() - timedelta(minutes=5)
        WorkerSeen.objects.create(pk="w", started_at=moment, seen_at=moment)
        assert timedelta(minutes=5) <= worker_age() < timedelta(minutes=6)

    def test_an_idle_worker_takes_no_lock(self, new_kind, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert claim("idle") is None

    def test_states_are_counted_with_those_that_have_none(self, new_kind):
        new_kind("t.counted", lambda progress: None)
        services.ask("t.counted")
        assert states_counted() == {"waiting": 1, "running": 0, "done": 0, "failed": 0, "cancelled": 0}


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def both(self, what):
        """What two threads with connections of their own get, begun at the same moment."""
        gate, answers = threading.Barrier(2), []

        def act():
            try:
                gate.wait(60)
                answers.append(what())
            except Exception as error:  # noqa: BLE001 - told by the assertion
                answers.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=act) for _n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return answers

    def test_two_clicks_are_one_job(self, new_kind):
        new_kind("t.click", lambda progress: None)
        one, two = self.both(lambda: services.ask("t.click", key="k").pk)
        assert one == two
        assert Job.objects.count() == 1

    def test_one_piece_of_work_is_claimed_by_one_worker(self, new_kind):
        new_kind("t.race", lambda progress: None)
        for _n in range(10):
            Job.objects.all().delete()
            services.ask("t.race")
            answers = self.both(lambda: claim("w"))
            assert sum(isinstance(answer, Job) for answer in answers) == 1, answers
