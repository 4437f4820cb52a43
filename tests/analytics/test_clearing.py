"""At night the files of runs, comparisons, statistics and fits that are gone are removed, and what is in use stays."""

import os
import shutil
import uuid
from datetime import timedelta

import pyarrow as pa
import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.analytics.made_runs import home, run
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.analytics import coded, fitting, tasks
from zhikun.analytics.fits import Fit
from zhikun.analytics.services import fit as fits
from zhikun.assessments.keeping import folder_of, results_file
from zhikun.assessments.models import Run
from zhikun.assessments.services import run as running
from zhikun.assessments.services import working
from zhikun.disk import private_folder

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(settings, tmp_path):
    """What other tests left is not counted here."""
    settings.ZHIKUN_DATA = tmp_path


def compared(earlier, later):
    url = reverse("assessments:compare", args=[earlier.pk, later.pk])
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    assert browser.get(url).status_code == 200
    return folder_of(later.pk) / "compared" / f"{earlier.pk}.parquet"


def days():
    today = timezone.localdate()
    return [run([home(illness=2.0), home()], on=today - timedelta(days=n)) for n in (60, 30, 0)]


def test_comparisons_with_runs_that_are_gone_go_and_the_others_stay():
    first, second, third = days()
    kept, lost = compared(second, third), compared(first, third)
    stranger = kept.with_name(f"{uuid.UUID(int=5)}.parquet")
    stranger.write_bytes(kept.read_bytes())
    shutil.rmtree(folder_of(first.pk))
    assert running.clear() == {"runs": 0, "compared": 2}
    assert (kept.exists(), lost.exists(), stranger.exists()) == (True, False, False)
    shutil.rmtree(folder_of(third.pk) / "results")
    assert running.clear()["compared"] == 1
    assert not kept.exists()
    assert results_file(second.pk).exists()


def test_a_folder_whose_run_is_gone_goes_after_a_day_and_one_just_begun_stays():
    (one, *_others) = days()
    gone = private_folder(folder_of(uuid.UUID(int=6)))
    beside = private_folder(folder_of(one.pk).parent / "not-a-run")
    assert running.clear()["runs"] == 0
    assert gone.exists(), "its run may not be committed yet"
    old = (timezone.now() - timedelta(days=2)).timestamp()
    os.utime(gone, (old, old))
    assert running.clear()["runs"] == 1
    assert (gone.exists(), beside.exists(), results_file(one.pk).exists()) == (False, True, True)


def test_tables_of_statistics_stay_for_the_pack_of_today_and_go_with_their_run():
    (one, other, _third) = days()
    for made in (one, other):
        coded.prepare(made)
    folder = folder_of(one.pk) / "statistics"
    (used,) = folder.glob("[!.]*.arrow")
    stale = folder / "0123456789abcdef.arrow"
    stale.write_bytes(used.read_bytes())
    (of_other,) = (folder_of(other.pk) / "statistics").glob("[!.]*.arrow")
    shutil.rmtree(folder_of(other.pk) / "results")
    assert coded.clear() == 2
    assert (used.exists(), stale.exists(), of_other.exists()) == (True, False, False)
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    assert browser.get(reverse("analytics:statistics", args=[one.pk])).status_code == 200


def test_figures_of_fits_that_are_gone_go_and_those_in_use_stay():
    (one, *_others) = days()
    officer = factories.officer(Role.COUNTY_REVIEWER)
    held = Fit.objects.create(run=one, area=one.area, area_last=one.area_last, asked={}, key="k", started_by=officer)
    gone = uuid.UUID(int=8)
    for fit in (held.pk, gone):
        fitting.keep(fit, fitting.Found({"households": 1}, pa.table({"actual": [1.0]})))
    assert fits.clear() == {"fits": 1}
    assert (fitting.has_lists(held.pk), fitting.is_kept(gone)) == (True, False)
    assert not fitting.households_file(gone).exists()


def test_the_night_says_what_it_removed():
    days()
    assert tasks.clear(working.Alone()) == {"trials": 0, "fits": 0, "statistics": 0}
    assert Run.objects.count() == 3
