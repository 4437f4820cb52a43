"""A run in the background: killed, cancelled, retried, started twice, and the same again."""

import shutil
import uuid
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.assessments.test_assessing import DAY, county, reviewer, well_known
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.assessments import keeping, reading
from zhikun.assessments.keeping import Bench, facts_file, folder_of, results_file
from zhikun.assessments.models import Run
from zhikun.assessments.results import facts_of, kept_in, result_of, results_in
from zhikun.assessments.services import run as running
from zhikun.assessments.services import working
from zhikun.jobs.errors import JobCancelled
from zhikun.jobs.models import Job
from zhikun.jobs.services import cancel, retry
from zhikun.jobs.worker import work_off
from zhikun.places.models import Area
from zhikun.places.uses import Succession
from zhikun.registry.models import Household
from zhikun.registry.services import recording, structure
from zhikun.registry.services.change import Change
from zhikun.registry.services.following import follow
from zhikun.registry.sources import SourceKind, Told

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """What a SIGKILL is to the code: nothing of it runs any more."""


class Dying(working.Alone):
    """Ends the work at a count of households of one of its three steps."""

    def __init__(self, name, at, error=Killed):
        self.name, self.at, self.error = name, at, error

    def checkpoint(self, state, *, advance=0):
        if state[self.name] >= self.at:
            raise self.error


def three_parts(monkeypatch):
    monkeypatch.setattr(working, "PART", 2)
    for n in range(1, 6):
        well_known(factories.VILLAGE if n % 2 else factories.OTHER_VILLAGE, n=n, business_income_year=n * 1000)


def rows(run):
    return sorted(results_in(run, [run.range]).fetchall())


@pytest.mark.parametrize(
    ("alike", "step", "at", "reads", "assesses"),
    [
        # Nothing like it was ever assessed: each part is assessed while the next is read.
        (False, "read", 2, 3, 2),
        (False, "read", 5, 0, 0),
        (False, "assessed", 2, 3, 2),
        (False, "written", 2, 0, 0),
        # It may prove to be the same as an earlier one: nothing is assessed before all is read.
        (True, "read", 2, 3, 3),
        (True, "read", 5, 0, 3),
        (True, "assessed", 2, 0, 2),
        (True, "written", 2, 0, 0),
    ],
)
def test_after_a_kill_only_what_is_missing_is_done_again_and_the_results_are_the_same(
    monkeypatch, alike, step, at, reads, assesses, django_capture_on_commit_callbacks
):
    three_parts(monkeypatch)
    if alike:
        running.assess(county(), DAY, acting_officer=reviewer())
        made = Household.objects.order_by("number").first()
        told = Told(SourceKind.OFFICER, factories.DAY)
        recording.record(made, told, {"household": {"": {"pens": 3}}}, acting_officer=reviewer())
    run, _new = running.start(county(), DAY, acting_officer=reviewer())
    with pytest.raises(Killed):
        working.work(run.pk, Dying(step, at))
    run.refresh_from_db()
    assert run.state == Run.State.ACTIVE
    assert not results_file(run.pk).exists()
    read, assessed = [], []
    columns, part = reading.columns, working.PartsRun.part
    monkeypatch.setattr(
        reading, "columns", lambda pack, homes, said: read.append(homes.num_rows) or columns(pack, homes, said)
    )
    monkeypatch.setattr(working.PartsRun, "part", lambda self, *told: assessed.append(1) or part(self, *told))
    with django_capture_on_commit_callbacks(execute=True):
        working.work(run.pk, working.Alone())
    run.refresh_from_db()
    assert (run.state, run.households) == (Run.State.DONE, 5)
    assert (sum(read), len(assessed)) == (reads, assesses)
    monkeypatch.undo()
    whole, _new = running.assess(county(), DAY - timedelta(days=1), acting_officer=reviewer())
    assert rows(whole) == rows(run)
    for entity in facts_in(whole):
        assert facts_in(run)[entity].equals(facts_in(whole)[entity])
    assert not (folder_of(run.pk) / "parts").exists()


def facts_in(run):
    return {path.stem: pq.read_table(path) for path in sorted((folder_of(run.pk) / "facts").glob("*.parquet"))}


def test_work_that_was_interrupted_and_ends_late_does_not_pass_for_newer_than_what_was_assessed_meanwhile(
    monkeypatch, django_capture_on_commit_callbacks
):
    three_parts(monkeypatch)
    slow, _new = running.start(county(), DAY, acting_officer=reviewer())
    with pytest.raises(Killed):
        working.work(slow.pk, Dying("read", 4))
    made = Household.objects.filter(area=factories.VILLAGE).order_by("number").first()
    told = Told(SourceKind.OFFICER, factories.DAY)
    recording.record(made, told, {"household": {"": {"housing_safety": "d"}}}, acting_officer=reviewer())
    quick, _new = running.assess(Area.objects.get(pk=factories.TOWNSHIP), DAY, acting_officer=reviewer())
    with django_capture_on_commit_callbacks(execute=True):
        working.work(slow.pk, working.Alone())
    slow.refresh_from_db()
    made.refresh_from_db()
    assert slow.state == Run.State.DONE
    assert kept_in(slow, made.pk).index != kept_in(quick, made.pk).index
    assert result_of(made).run == quick, "the facts that it rests on are the newer ones"


def test_progress_counts_and_the_end_is_told_in_words(monkeypatch):
    three_parts(monkeypatch)
    run, _new = running.start(county(), DAY, acting_officer=reviewer())
    work_off()
    job = running.job_of(run)
    assert (job.state, job.done, job.total) == (Job.State.DONE, 15, 15)
    assert job.checkpoint["state"] == {"households": 5, "read": 5, "assessed": 5, "written": 5}
    assert "评估 5 户" in job.result["text"]


def test_cancelled_work_leaves_no_results_and_goes_on_when_it_is_asked_to(monkeypatch):
    three_parts(monkeypatch)
    run, _new = running.start(county(), DAY, acting_officer=reviewer())
    with pytest.raises(JobCancelled):
        working.work(run.pk, Dying("read", 2, JobCancelled))
    job = cancel(running.job_of(run), acting_officer=reviewer())
    assert (job.state, Run.objects.finished().count()) == (Job.State.CANCELLED, 0)
    retry(job, acting_officer=reviewer())
    work_off()
    assert Run.objects.finished().get().pk == run.pk


def test_of_two_who_start_the_same_the_second_is_led_to_the_first():
    factories.household()
    first, new = running.start(county(), DAY, acting_officer=reviewer())
    again, newer = running.start(
        county(), DAY, acting_officer=factories.officer(Role.COUNTY_REVIEWER, username="other")
    )
    assert (new, newer, again.pk, Job.objects.count()) == (True, False, first.pk, 1)
    _other, elsewhere = running.start(county(), DAY - timedelta(days=1), acting_officer=reviewer())
    assert elsewhere


def test_what_was_cancelled_gives_way_to_a_new_start(django_capture_on_commit_callbacks):
    factories.household()
    first, _new = running.start(county(), DAY, acting_officer=reviewer())
    cancel(running.job_of(first), acting_officer=reviewer())
    Bench(first.pk).begin()
    with django_capture_on_commit_callbacks(execute=True):
        second, new = running.start(county(), DAY, acting_officer=reviewer())
    first.refresh_from_db()
    assert (new, first.state, second.pk == first.pk) == (True, Run.State.STOPPED, False)
    assert not folder_of(first.pk).exists()
    retry(running.job_of(first), acting_officer=reviewer())
    work_off()
    assert Run.objects.finished().get().pk == second.pk


def test_the_same_again_reads_nothing_and_after_a_change_taken_back_computes_nothing(monkeypatch):
    made = well_known()
    first, _new = running.assess(county(), DAY, acting_officer=reviewer())
    monkeypatch.setattr(reading, "said_of", lambda _homes: pytest.fail("read although no version changed"))
    assert running.assess(county(), DAY, acting_officer=reviewer()) == (first, False)
    monkeypatch.undo()
    told = Told(SourceKind.OFFICER, factories.DAY)
    kept = recording.record(made, told, {"household": {"": {"pens": 3}}}, acting_officer=reviewer())
    recording.withdraw(kept, reason="录错了", acting_officer=reviewer())
    monkeypatch.setattr(working, "_assess", lambda *_told: pytest.fail("computed although nothing differs"))
    assert running.assess(county(), DAY, acting_officer=reviewer()) == (first, False)
    monkeypatch.undo()
    first.refresh_from_db()
    assert first.current_at > first.finished_at


def test_a_list_of_long_ago_is_not_gone_on_with(monkeypatch):
    three_parts(monkeypatch)
    run, _new = running.start(county(), DAY, acting_officer=reviewer())
    with pytest.raises(Killed):
        working.work(run.pk, Dying("read", 2))
    Run.objects.filter(pk=run.pk).update(listed_at=timezone.now() - working.FRESH - timedelta(minutes=1))
    late = well_known(n=9)
    working.work(run.pk, working.Alone())
    assert result_of(late).run == run


def test_a_household_that_moved_since_is_found_and_one_that_came_later_is_not():
    made, other = well_known(), well_known(factories.OTHER_VILLAGE, n=2)
    run, _new = running.assess(county(), DAY, acting_officer=reviewer())
    change = Change(timezone.localdate(), "搬家", made.version)
    home = structure.Home(Area.objects.get(pk=factories.OTHER_VILLAGE), "")
    structure.move(made, home, change, acting_officer=reviewer())
    made.refresh_from_db()
    assert made.area_id == factories.OTHER_VILLAGE
    assert (result_of(made).run, result_of(made).area) == (run, factories.VILLAGE)
    assert result_of(other).household == other.pk
    assert result_of(well_known(n=3)) is None


def test_a_household_whose_village_has_another_code_since_is_found():
    made = well_known()
    run, _new = running.assess(county(), DAY, acting_officer=reviewer())
    new = Area.objects.get(pk=factories.VILLAGE + 1)
    follow(Succession(factories.VILLAGE, new, factories.DAY - timedelta(days=1), "撤并", merged=True), None)
    made.refresh_from_db()
    assert (made.area_id, result_of(made).run) == (new.pk, run)


def test_a_merged_file_has_no_result_of_its_own():
    made = well_known()
    running.assess(county(), DAY, acting_officer=reviewer())
    made.state = Household.State.MERGED
    assert result_of(made) is None


def test_what_is_kept_has_no_names_and_is_the_owners_alone():
    made = well_known()
    run, _new = running.assess(county(), DAY, acting_officer=reviewer())
    for path in folder_of(run.pk).rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
        if path.is_file():
            content = path.read_bytes()
            assert "马试".encode() not in content
            assert factories.id_number(2).encode() not in content
    position = kept_in(run, made.pk).position
    used = facts_of(run, [position])[position]
    assert used["household"][0]["business_income_year"] == 1000
    assert [row["relation"] for row in used["member"]] == ["head"]
    assert facts_file(run.pk, "member").exists()


def test_the_place_of_no_household_is_a_run_of_nobody():
    factories.areas()
    run, new = running.assess(county(), DAY, acting_officer=reviewer())
    assert (new, run.households, rows(run)) == (True, 0, [])


def test_at_night_what_ended_without_results_is_cleared():
    factories.household()
    running.assess(county(), DAY, acting_officer=reviewer())
    left = Run.objects.create(
        pack="yuanzhou", pack_version="1", pack_hash="x", on=DAY, area=factories.COUNTY, area_last=factories.COUNTY,
        state=Run.State.STOPPED, pk=uuid.uuid4(),
    )  # fmt: skip
    keeping.Bench(left.pk).begin()
    assert running.clear() == {"runs": 1, "compared": 0}
    assert not folder_of(left.pk).exists()
    done = Run.objects.finished().get()
    assert results_file(done.pk).exists()
    assert not (folder_of(done.pk) / "parts").exists()


def test_a_database_that_came_back_without_the_files_of_a_run_says_so_and_the_run_can_be_made_again():
    made = well_known()
    gone, _new = running.assess(county(), DAY, acting_officer=reviewer())
    shutil.rmtree(folder_of(gone.pk))
    browser = signed_in(reviewer())
    for name in ("run", "households"):
        answer = browser.get(reverse(f"assessments:{name}", args=[gone.pk]))
        assert (answer.status_code, "结果文件已经不在了" in answer.content.decode()) == (404, True), name
    for view in ("registry:household", "assessments:household"):
        assert browser.get(reverse(view, args=[made.pk])).status_code == 200, view
    assert result_of(made) is None
    again, new = running.assess(county(), DAY, acting_officer=reviewer())
    assert (new, result_of(made).run) == (True, again)
    gone.refresh_from_db()
    assert gone.state == Run.State.STOPPED


def test_where_only_the_newest_runs_files_are_gone_a_household_shows_the_one_before():
    made = well_known()
    before, _new = running.assess(county(), DAY, acting_officer=reviewer())
    newest, _new = running.assess(county(), DAY + timedelta(days=1), acting_officer=reviewer())
    assert result_of(made).run == newest
    shutil.rmtree(folder_of(newest.pk))
    assert result_of(made).run == before


def test_a_household_that_moved_keeps_its_result_however_often_the_place_it_left_is_assessed():
    made = well_known()
    run, _new = running.assess(county(), DAY, acting_officer=reviewer())
    home = structure.Home(Area.objects.get(pk=factories.OTHER_VILLAGE), "")
    structure.move(made, home, Change(factories.DAY, "搬家"), acting_officer=reviewer())
    for n in range(1, 7):
        running.assess(Area.objects.get(pk=factories.TOWNSHIP), DAY + timedelta(days=n), acting_officer=reviewer())
    assert result_of(Household.objects.get(pk=made.pk)).run == run
