"""An officer of another township: nothing of a household, its documents, its imports is there, by whatever address."""

import uuid

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from tests import factories
from tests.browser.journeys import both_sizes, person, sits_down
from tests.import_files import home, uploaded
from tests.registry.test_documents import photo
from tests.surveys import factory

from zhikun.accounts.roles import Role
from zhikun.jobs.worker import work_off
from zhikun.registry import urls
from zhikun.registry.models import Contradiction, Household, ImportBatch, Recording
from zhikun.registry.services import document, exporting, recording, things
from zhikun.registry.sources import SourceKind, Told
from zhikun.registry.ui import imports_urls
from zhikun.surveys.models import VisitFile
from zhikun.surveys.services import files, visits

pytestmark = [pytest.mark.browser, pytest.mark.frontend]


def a_full_file(clerk):
    """A household of the township with one of everything that has an address."""
    made = factories.household(business_income_year=0)
    told = Told(SourceKind.DEPARTMENT, factories.DAY)
    recording.record(made, told, {"household": {"": {"business_income_year": 24000}}}, acting_officer=clerk)
    vehicle = things.add(made, "vehicle", {"value": 20000}, told, acting_officer=clerk)
    picture = document.add(made, document.Upload(photo(), "visit_photo"), acting_officer=clerk)
    return made, vehicle, picture


def addresses(made, vehicle, picture):
    """Every address of the rooms of households and imports that names one of them, with things that are there."""
    person_id = made.head_id
    one = {
        "settle": Contradiction.objects.get(household=made).pk,
        "recording": Recording.objects.filter(household=made).first().pk,
    }
    given = {"kind": "move", "entity": "household", "row": str(person_id), "person": person_id}
    found = []
    for pattern in urls.urlpatterns:
        names = pattern.pattern.converters
        if "pk" in names:
            own = given | {"pk": made.pk, "one": one.get(pattern.name, picture.pk)}
            if pattern.name == "edit-row":
                own["entity"] = "member"
            if pattern.name in {"add-thing", "remove-thing"}:
                own |= {"entity": "vehicle", "row": vehicle}
            found.append(reverse(f"registry:{pattern.name}", kwargs={name: own[name] for name in names}))
    return found


def import_addresses(batch):
    given = {"pk": batch.pk, "position": 1, "verb": "drop"}
    return [
        reverse(f"imports:{pattern.name}", kwargs={name: given[name] for name in pattern.pattern.converters})
        for pattern in imports_urls.urlpatterns
        if "pk" in pattern.pattern.converters
    ]


def asked(page, address, *, post=False):
    """The status of an address, as this officer's browser gets it."""
    token = page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value")
    if post:
        return page.request.post(address, headers={"X-CSRFToken": token}, form={}, max_redirects=0).status
    return page.request.get(address, max_redirects=0).status


def test_another_townships_officer_finds_nothing_by_any_address(desk, live_server):
    clerk = person(Role.TOWNSHIP_CLERK, "方经办")
    reviewer = person(Role.TOWNSHIP_REVIEWER, "石审核")
    made, vehicle, picture = a_full_file(clerk)
    batch = uploaded([home("A1", 41), home("B1", 42, area=factories.OTHER_VILLAGE)], by=clerk)
    of_file, of_import = addresses(made, vehicle, picture), import_addresses(batch)
    sits_down(desk, clerk, live_server.url)
    desk.goto(reverse("registry:household", args=[made.pk]))
    here = {address: asked(desk, address) for address in [*of_file, *of_import]}
    sits_down(desk, reviewer, live_server.url)
    desk.goto(reverse("registry:household", args=[made.pk]))
    there = {address: asked(desk, address) for address in here}
    hidden = [address for address in here if 404 in {here[address]} & {there[address]}]
    assert not hidden, "of these nothing is learnt: nobody of the township finds them either"

    for role in (Role.TOWNSHIP_CLERK, Role.TOWNSHIP_REVIEWER):
        sits_down(desk, person(role, "外乡人", factories.OTHER_TOWNSHIP), live_server.url)
        desk.goto(reverse("registry:search"))
        statuses = {address: asked(desk, address) for address in here}
        # An address that takes nothing but a form says so to everybody; the form itself finds nothing.
        assert set(statuses.values()) <= {404, 405}, statuses
        assert {address for address, status in statuses.items() if status == 405} == {
            address for address, status in here.items() if status == 405
        }
        posted = {address: asked(desk, address, post=True) for address in here}
        assert set(posted.values()) <= {404, 405}, posted
        assert {posted[address] for address in here if here[address] == 405} == {404}
        for text in ("马试一", made.head.id_number, made.number):
            desk.locator("#id_text").fill(text)
            desk.get_by_role("button", name="查询").click()
            expect(desk.get_by_text("在您管辖的地区没有找到。")).to_be_visible()
        desk.goto(reverse("imports:list") if role == Role.TOWNSHIP_CLERK else reverse("imports:waiting"))
        assert "官厅镇.xlsx" not in desk.content()
    desk.goto(of_file[0])
    both_sizes(desk, "not-found")
    made.refresh_from_db()
    assert (made.state, ImportBatch.objects.get().state) == (Household.State.OPEN, ImportBatch.State.CHECKED)


def a_round_with_a_visit():
    """Addresses of a round, an assignment, a visit, its photo: everything of a survey that is read by its number."""
    assignment = factory.assigned(n=60)
    photo_client = uuid.uuid4()
    files.add_photo(assignment, photo_client, factory.picture(), None, acting_officer=factory.surveyor())
    handed = factory.handed(assignment, photos=(photo_client,))
    visit, _new = visits.submit(assignment, handed, acting_officer=factory.surveyor())
    shot = VisitFile.objects.filter(visit=visit).first()
    return [
        reverse("surveys:round", args=[assignment.round_id]),
        reverse("surveys:assignments", args=[assignment.round_id]),
        reverse("surveys:visit", args=[visit.pk]),
        reverse("surveys:visit-file", args=[visit.pk, shot.pk]),
    ]


def test_another_townships_officer_finds_no_export_no_visit_and_no_round(desk, live_server, settings, tmp_path):
    settings.ZHIKUN_DATA = tmp_path
    clerk, reviewer = person(Role.TOWNSHIP_CLERK, "方经办"), person(Role.TOWNSHIP_REVIEWER, "石审核")
    batch = uploaded([home("A1", 41)], by=clerk)
    wanted = exporting.Filter(state=Household.State.OPEN)
    export = exporting.request(wanted, ["number"], format_="csv", purpose="核查", acting_officer=clerk)
    work_off()
    addresses = [
        reverse("exports:export", args=[export.pk]),
        reverse("exports:download", args=[export.pk]),
        reverse("imports:batch", args=[batch.pk]),
        *a_round_with_a_visit(),
    ]

    def statuses(who):
        sits_down(desk, who, live_server.url)
        desk.goto(reverse("registry:search"))
        return {address: asked(desk, address) for address in addresses}

    own = [statuses(who) for who in (clerk, reviewer)]
    assert not [one for one in addresses if all(seen[one] == 404 for seen in own)], (
        "somebody of the township finds each"
    )
    for role in (Role.TOWNSHIP_CLERK, Role.TOWNSHIP_REVIEWER):
        assert set(statuses(person(role, "外乡人", factories.OTHER_TOWNSHIP)).values()) == {404}
