"""A household opened from the list of a run stands there as that run found it, with the facts of that run, and says so."""

import shutil
import uuid
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.assessments.test_assessing import DAY, county, reviewer, well_known
from tests.assessments.test_further_packs import national  # noqa: F401 - a fixture
from tests.assessments.test_one_household import say
from tests.assessments.test_pages import anchors
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.assessments.keeping import folder_of, results_file, write
from zhikun.assessments.models import Run
from zhikun.assessments.past import past
from zhikun.assessments.results import kept_in
from zhikun.assessments.services import run as running
from zhikun.audit.models import Entry
from zhikun.places.models import Area
from zhikun.registry.services import structure
from zhikun.registry.services.change import Change

pytestmark = pytest.mark.django_db


def assessed(on=DAY, pack=""):
    return running.assess(county(), on, pack, acting_officer=reviewer())[0]


def before_and_after():
    """A house that was in danger when it was assessed, and is safe now: two runs."""
    made = well_known(n=1, housing_safety="d")
    earlier = assessed()
    say(made, "household", "", housing_safety="b")
    made.refresh_from_db()
    return made, earlier, assessed(DAY + timedelta(days=1))


def address(made, run):
    return f"{reverse('assessments:household', args=[made.pk])}?run={run.pk}"


def page_of(made, run, who=None):
    return signed_in(who or reviewer()).get(address(made, run)).content.decode()


def test_each_list_leads_to_its_own_run_with_the_facts_and_values_of_that_run():
    made, earlier, later = before_and_after()
    browser = signed_in(reviewer())
    for run in (earlier, later):
        page = browser.get(reverse("assessments:households", args=[run.pk])).content.decode()
        (link,) = [url for url, words in anchors(page) if words == made.number]
        assert link == address(made, run)
        told, kept = past(made, run), kept_in(run, made.pk)
        shown = browser.get(link).content.decode()
        assert f"{kept.index:g}" in shown
        assert told.steps, "by the same pack it is told how it came about"
        assert ("D级" in shown or "D 级" in shown) == (run == earlier)
    compared = browser.get(reverse("assessments:compare", args=[earlier.pk, later.pk])).content.decode()
    assert address(made, later) in compared


def test_an_earlier_run_says_that_it_is_not_the_newest_and_leads_there():
    made, earlier, later = before_and_after()
    page = page_of(made, earlier)
    assert f"这是 {DAY.isoformat()} 评估的结果，不是最新一次" in page
    assert address(made, later) in page
    newest = page_of(made, later)
    assert "不是最新一次" not in newest
    assert f"这是 {(DAY + timedelta(days=1)).isoformat()} 评估的结果" in newest
    assert reverse("assessments:household", args=[made.pk]) in [url for url, _words in anchors(newest)]
    assert "马试一" not in page + newest


def test_a_pack_changed_since_leaves_what_was_kept_and_computes_nothing_anew():
    made, earlier, _later = before_and_after()
    Run.objects.filter(pk=earlier.pk).update(pack_hash="another")
    page = page_of(made, earlier)
    assert "政策包在那次评估之后改过" in page
    assert f"{kept_in(earlier, made.pk).index:g}" in page
    assert "那次评估所用的情况" in page


def test_what_cannot_be_worked_out_as_it_was_is_not_put_down_to_the_pack():
    made, earlier, _later = before_and_after()
    path = results_file(earlier.pk)
    kept = pq.read_table(path)
    at = kept.column_names.index("_index")
    write(path, [kept.set_column(at, "_index", pa.array([99.5] * kept.num_rows))])
    page = page_of(made, earlier)
    assert "99.5" in page
    assert "与那次保存的结果不一致" in page
    assert "政策包在那次评估之后改过" not in page


def test_unknown_stays_unknown():
    made = factories.household(n=4)
    page = page_of(made, assessed())
    assert "尚不能确定" in page
    assert "那时还缺的情况" in page


def test_files_that_were_cleared_and_a_household_that_was_not_there_are_told_in_words():
    made, earlier, later = before_and_after()
    newcomer = well_known(n=7)
    browser = signed_in(reviewer())
    missing = browser.get(address(newcomer, later))
    assert (missing.status_code, "里没有这一户" in missing.content.decode()) == (404, True)
    assert (
        f"{Area.objects.get(pk=made.area_id).name}（{made.area_id}）"
        in browser.get(address(made, later)).content.decode()
    )
    shutil.rmtree(folder_of(earlier.pk))
    gone = browser.get(address(made, earlier))
    assert (gone.status_code, "结果文件已经不在了" in gone.content.decode()) == (404, True)


@pytest.mark.parametrize("text", ["", "zzz", "7", str(uuid.UUID(int=7))])
def test_a_run_that_there_is_not_is_not_there(text):
    made = well_known(n=1)
    url = reverse("assessments:household", args=[made.pk])
    assert signed_in(reviewer()).get(url, {"run": text}).status_code == 404


def test_who_may_not_see_the_household_or_no_part_of_the_run_gets_neither():
    made, earlier, _later = before_and_after()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    assert "不是最新一次" in page_of(made, earlier, clerk)
    for role, area in ((Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP), (Role.COUNTY_REVIEWER, factories.OTHER_COUNTY)):
        assert signed_in(factories.officer(role, area)).get(address(made, earlier)).status_code == 404
    home = structure.Home(Area.objects.get(pk=factories.FAR_VILLAGE), "")
    city = factories.officer(Role.COUNTY_REVIEWER, 640400000000, username="of-the-city")
    structure.move(made, home, Change(timezone.localdate(), "搬家", made.version), acting_officer=city)
    # Who has the household now was never given the other county's runs.
    assert (
        signed_in(factories.officer(Role.COUNTY_REVIEWER, factories.OTHER_COUNTY))
        .get(address(made, earlier))
        .status_code
        == 404
    )
    assert signed_in(clerk).get(address(made, earlier)).status_code == 404


def test_the_look_is_on_record_with_the_run():
    made, earlier, _later = before_and_after()
    browser = signed_in(reviewer())
    for _time in range(2):
        browser.get(address(made, earlier))
    (entry,) = Entry.objects.filter(event="assessments.household_opened", household=made.pk)
    assert entry.details["run"] == str(earlier.pk)


@pytest.mark.usefixtures("national")
def test_a_run_by_a_further_pack_is_told_by_that_pack():
    made = well_known(n=1)
    run = assessed(pack="national")
    page = page_of(made, run)
    assert "不是最新一次" not in page
    assert "低保" in page
