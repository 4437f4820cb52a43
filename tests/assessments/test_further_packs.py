"""Runs by a further pack over the same records: chosen when asked for, kept apart, never in the place of the platform's own."""

import csv
import io

import pytest
from django.urls import reverse
from tests import factories
from tests.assessments.test_assessing import DAY, county, reviewer, well_known
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.assessments.models import Run
from zhikun.assessments.results import columns_of, newest_run, result_of
from zhikun.assessments.services import run as running
from zhikun.assessments.services.provisional import plan_on
from zhikun.registry import vocabulary as words
from zhikun.registry.services import recording
from zhikun.registry.services.exporting_sources import title_of
from zhikun.registry.sources import SourceKind, Told
from zhikun.web import start

pytestmark = pytest.mark.django_db


@pytest.fixture
def national(settings):
    """A platform of yuanzhou on which the law's own tests may be run as well."""
    settings.ZHIKUN_FURTHER_PACKS = ["national"]
    _forget()
    yield
    settings.ZHIKUN_FURTHER_PACKS = []
    _forget()


def _forget():
    for kept in (words.packs_in_force, words.vocabulary, words.categories, plan_on):
        kept.cache_clear()


def test_a_run_by_another_pack_stands_beside_the_platforms_own(national):
    home = well_known(n=1)
    own, _new = running.assess(county(), DAY, acting_officer=reviewer())
    other, new = running.assess(county(), DAY, "national", acting_officer=reviewer())
    assert (new, own.pack, other.pack) == (True, "yuanzhou", "national")
    assert {"dibao_eligible", "assistance_amount"} <= set(columns_of(other))
    assert result_of(home).run == own, "a trial of another pack is not the household's result"
    assert newest_run(reviewer()) == own
    assert running.assess(county(), DAY, "national", acting_officer=reviewer()) == (other, False)


def test_the_page_of_each_run_speaks_in_its_own_packs_words(national):
    well_known(n=1)
    other, _new = running.assess(county(), DAY, "national", acting_officer=reviewer())
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    page = browser.get(reverse("assessments:run", args=[other.pk])).content.decode()
    assert words.packs_in_force()["national"].title in page
    assert browser.get(reverse("assessments:households", args=[other.pk])).status_code == 200


def test_amounts_not_known_are_told_beside_the_sum_of_each_place_and_columns_have_their_words(national):
    well_known(n=1)
    factories.household(factories.OTHER_VILLAGE, 5)  # nobody has said anything of it
    other, _new = running.assess(county(), DAY, "national", acting_officer=reviewer())
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    saved = browser.get(reverse("analytics:statistics", args=[other.pk]), {"save": "places"}).content.decode(
        "utf-8-sig"
    )
    rows = list(csv.reader(io.StringIO(saved)))
    heads = next(row for row in rows if "月金额" in row)
    sums = {
        row[0]: row[heads.index("金额待定（户）")] for row in rows[rows.index(heads) + 1 :] if len(row) == len(heads)
    }
    assert int(sums["合计"]) >= 1
    assert int(sums["合计"]) == sum(int(n) for place, n in sums.items() if place != "合计")
    assert (
        title_of("run.assistance_amount")
        == words.packs_in_force()["national"].rules["household", "assistance_amount"].title + "（元/月）"
    )


def test_who_starts_a_run_chooses_among_the_packs_in_force(national):
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    address = reverse("assessments:start")
    assert 'name="pack"' in browser.get(address).content.decode()
    answer = {"area": factories.COUNTY, "on": DAY.isoformat(), "pack": "gansu"}
    assert browser.post(address, answer).status_code == 422, "a pack that is not in force"
    browser.post(address, answer | {"pack": "national"})
    assert [run.pack for run in Run.objects.all()] == ["national"]


@pytest.mark.parametrize("name", ["balinzuo", "beilin", "fuyang", "jianye", "jinxiang", "qixia", "shenhe", "taoyuan"])
def test_every_pack_of_a_place_runs_over_the_same_records_and_its_pages_open(settings, name):
    settings.ZHIKUN_FURTHER_PACKS = [name]
    _forget()
    home = well_known(n=1)
    _tell(home, name)
    run, _new = running.assess(county(), DAY, name, acting_officer=reviewer())
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    for view in ("run", "households"):
        assert browser.get(reverse(f"assessments:{view}", args=[run.pk])).status_code == 200
    assert (run.pack, run.households) == (name, 1)
    settings.ZHIKUN_FURTHER_PACKS = []
    _forget()


def _tell(home, name):
    """One row of each thing that the pack asks about, so that reading them is tried too."""
    pack, told = words.packs_in_force()[name], Told(SourceKind.OFFICER, factories.DAY)
    for entity in pack.entities:
        number = next((one for one in pack.facts_of(entity) if one.type == "number"), None)
        if entity not in {"household", "member"} and number is not None:
            recording.record(home, told, {entity: {"1": {number.name: number.min or 0}}}, acting_officer=reviewer())


def test_with_one_pack_nothing_is_asked():
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    assert 'name="pack"' not in browser.get(reverse("assessments:start")).content.decode()


def test_a_fact_of_the_further_pack_can_be_recorded(national):
    further = set(words.packs_in_force()["national"].facts) - set(words.pack_in_force().facts)
    assert further <= set(words.vocabulary())


def test_packs_that_understand_a_fact_differently_are_named_at_start(settings, tmp_path, monkeypatch):
    settings.ZHIKUN_FURTHER_PACKS = ["national"]
    _forget()
    own = words.pack_in_force()
    key = ("household", "housing_safety")
    changed = {**own.facts, key: _other_type(own.facts[key])}
    monkeypatch.setattr(words, "pack_in_force", lambda: _with_facts(own, changed))
    fault = start.packs_fault()
    _forget()
    assert all(word in fault for word in ("national", "housing_safety", "ZHIKUN_FURTHER_PACKS"))


def _other_type(fact):
    from dataclasses import replace

    return replace(fact, type="number" if fact.type != "number" else "boolean")


def _with_facts(pack, facts):
    from dataclasses import replace

    return replace(pack, facts=facts)
