"""Every page, fragment and file of the platform is opened by every role where it may see the household: none tells in full who they are.

Names, numbers, days of birth, telephones, addresses, accounts and plates of one household are looked for in all that is sent. What is
there for those who asked for it, with a reason and on record, is not opened here: unmasking, and files with everything in them.
"""

import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings
from django.urls import reverse
from tests import factories
from tests.accounts.test_neighbouring_township import text_of
from tests.accounts.test_permission_table import PAGES, addresses
from tests.monitoring.conftest import a_warning
from tests.officers import signed_in
from tests.permission_objects import INSIDE, areas, home
from tests.surveys import factory as surveys
from tests.surveys.test_rechecks_reports_account import report_of

from zhikun.accounts.roles import Role
from zhikun.places.models import Area
from zhikun.registry import vocabulary
from zhikun.registry.models import Contradiction, Recording
from zhikun.registry.services import recording, things
from zhikun.registry.services.household import NewHousehold, NewMember, register
from zhikun.registry.services.person import Particulars
from zhikun.registry.sources import SourceKind, Told
from zhikun.surveys.filed import form_in_force, to_start_from
from zhikun.surveys.services import reports, visits

pytestmark = pytest.mark.django_db

BORN, NEW_BORN, OTHER_BORN = "1968-05-13", "1951-07-23", "1990-11-27"
NUMBER, NEW_NUMBER, OTHER_NUMBER = (
    factories.id_number(n, day.replace("-", "")) for n, day in ((71, BORN), (72, NEW_BORN), (73, OTHER_BORN))
)
#: Everything that a household of the tests says of who they are.
SECRETS = {
    "name": "欧阳测全", "number": NUMBER, "born": BORN, "phone": "13900012345", "address": "测试路八十八弄",
    "supporter's name": "司徒测远", "supporter's number": OTHER_NUMBER, "supporter's birth": OTHER_BORN,
    "supporter's birth elsewhere": "1990-11-28",
    "supporter's phone": "13700054321", "plate": "宁D8K6T2", "account": "6222020012349876", "holder": "欧阳测户",
    "newcomer's name": "慕容测新", "newcomer's number": NEW_NUMBER, "newcomer's birth": NEW_BORN, "told phone": "13600067890",
    "told address": "测试路九十九弄",
}  # fmt: skip
TEAM = "team"
PACK = (vocabulary.packs_in_force, vocabulary.vocabulary, vocabulary.categories)
#: Pages that are meant to tell some of it, with the reason.
MEANT: dict[str, set[str]] = {"surveys:fill": {"born", "newcomer's birth"}}  # many questions are asked by age


@pytest.fixture(scope="module")
def everything(django_db_setup, django_db_blocker):
    """A household with all of it, told by visit, declaration and department, and the pages that stand to them."""
    for one in PACK:
        one.cache_clear()
    further = [*settings.ZHIKUN_FURTHER_PACKS, "national"]
    with override_settings(ZHIKUN_FURTHER_PACKS=further), django_db_blocker.unblock(), transaction.atomic():
        areas()
        yield _told()
        transaction.set_rollback(True)
    for one in PACK:
        one.cache_clear()


def _told():
    clerk, told = factories.officer(Role.COUNTY_REVIEWER), Told(SourceKind.OFFICER, factories.DAY)
    head = NewMember(Particulars(SECRETS["name"], NUMBER, phone=SECRETS["phone"]), "02", {})
    facts = {"business_income_year": 0}
    new = NewHousehold(Area.objects.get(pk=INSIDE), [head], f"{SECRETS['address']}6号", facts)
    made = register(new, Told(SourceKind.SURVEY, factories.DAY), generated=True, acting_officer=clerk)
    assert home(True) == made, "the objects of the permission table are of this household"
    things.add(made, "vehicle", {"kind": "car"}, told, personal={"plate": SECRETS["plate"]}, acting_officer=clerk)
    account = {"number": SECRETS["account"], "holder": SECRETS["holder"]}
    things.add(made, "account", {"kind": "bank"}, told, personal=account, acting_officer=clerk)
    who = {"name": SECRETS["supporter's name"], "id_number": OTHER_NUMBER, "phone": SECRETS["supporter's phone"]}
    row = things.add(made, "supporter", {"birth_date": OTHER_BORN}, told, personal=who, acting_officer=clerk)
    department = Told(SourceKind.DEPARTMENT, factories.DAY)
    said = {
        "household": {"": {"business_income_year": 24000}},
        "supporter": {row: {"birth_date": SECRETS["supporter's birth elsewhere"]}},
    }
    recording.record(made, department, said, acting_officer=clerk)
    a_warning(made, level=4)
    return {**_handed_in(made), **_of_supporter(made, row)}


def _handed_in(made):
    """A visit and a self-report that tell of a newcomer, another telephone and another address, at each of their stages."""
    answers = {**to_start_from(made), "h_phone": SECRETS["told phone"], "h_address": f"{SECRETS['told address']}1号"}
    newcomer = {
        "name": SECRETS["newcomer's name"],
        "relation": "spouse",
        "id_number": NEW_NUMBER,
        "birth_date": NEW_BORN,
    }
    answers["rows_member"] = [*answers["rows_member"], newcomer]
    report, _code = report_of(made)
    reports.arrive(report, form_in_force().hash, answers)
    team, pages = surveys.a_team(), {"surveys:report": {"pk": report.pk}}
    for title in ("waits", "accepted"):
        assignment = surveys.assigned(made, team=team)
        visit, _new = visits.submit(
            assignment, surveys.handed(assignment, answers=answers), acting_officer=surveys.surveyor()
        )
        if title == "accepted":
            visits.accept(visit, acting_officer=surveys.reviewer())
        pages |= {f"surveys:visit {title}": {"pk": visit.pk}}
    waiting = {"pk": surveys.assigned(made, team=team).pk}
    return pages | dict.fromkeys(("surveys:fill", "surveys:draft", "surveys:trial", "surveys:assignment"), waiting)


def _of_supporter(made, row):
    """The pages of the household on which a supporter is told of."""
    pages = {
        "registry:edit-row": {"entity": "supporter", "row": row},
        "registry:remove-thing": {"entity": "supporter", "row": row},
    }
    pages |= {f"registry:settle {one.fact}": {"one": one.pk} for one in Contradiction.objects.filter(household=made)}
    pages |= {
        f"registry:recording {n}": {"one": one.pk} for n, one in enumerate(Recording.objects.filter(household=made))
    }
    return {name: {"pk": made.pk, **told} for name, told in pages.items()}


@pytest.fixture(scope="module")
def browsers(everything):
    """A browser for each role, where such a role works, and one for who is sent to the household."""
    people = {**{role: factories.officer(role) for role in Role}, TEAM: surveys.surveyor()}
    return {name: (who, signed_in(who)) for name, who in people.items()}


def told_in(answer):
    """What of the household is told in full, by its title."""
    text = text_of(answer)
    return {title for title, words in SECRETS.items() if words in text}


def every_address(view, everything, who):
    yield addresses(view, True)(who)
    for name, kwargs in everything.items():
        if name.split()[0] == view.name:
            yield reverse(view.name, kwargs=kwargs)


@pytest.mark.parametrize("view", PAGES, ids=lambda view: view.name)
def test_no_answer_tells_in_full_who_they_are(view, everything, browsers):
    told = {}
    for role, (who, browser) in browsers.items():
        for url in every_address(view, everything, who):
            for asked in ("", "?dimension=赡养情况", f"?on={factories.DAY}"):
                answer = browser.get(f"{url}{asked}")
                assert answer.status_code < 500, url
                if found := told_in(answer) - MEANT.get(view.name, set()):
                    told[str(role), url, asked] = found
    assert not told, view.name


def test_unmasked_with_a_reason_the_page_tells_it(everything, browsers):
    _who, browser = browsers[Role.TOWNSHIP_CLERK]
    pk = everything["registry:edit-row"]["pk"]
    browser.post(reverse("registry:unmask", args=[pk]), {"why": "contact", "text": "电话回访"})
    found = told_in(browser.get(reverse("registry:household", args=[pk])))
    told = {"told phone", "told address", "plate", "account", "supporter's name", "supporter's birth"}
    assert found >= {"name", "number", *told}


def test_at_the_door_the_form_has_the_household(everything, browsers):
    """Or the pages of the team would be looked through in vain."""
    who, browser = browsers[TEAM]
    assert who.name
    answer = browser.get(reverse("surveys:fill", kwargs=everything["surveys:fill"]))
    assert told_in(answer) == MEANT["surveys:fill"]
