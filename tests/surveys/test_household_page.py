"""Visits and their photos on the household's page: of accepted visits alone, for who may see the household."""

import uuid
from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from tests import factories
from tests.officers import signed_in
from tests.surveys import factory
from tests.surveys.test_visits import handed_in

from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.places.models import Area
from zhikun.registry.models import Household
from zhikun.registry.services import recording, structure
from zhikun.registry.services.change import Change
from zhikun.surveys.models import VisitFile
from zhikun.surveys.panels import context
from zhikun.surveys.services import files, visits
from zhikun.surveys.services.visits import Comment, Position

pytestmark = pytest.mark.django_db
TAKEN = datetime(2026, 11, 20, 6, 3, tzinfo=UTC)


@pytest.fixture
def assignment():
    return factory.assigned()


def photographed(assignment, n=1):
    clients = [uuid.uuid4() for _each in range(n)]
    for one in clients:
        files.add_photo(assignment, one, factory.picture(size=(1600, 1200)), TAKEN, acting_officer=factory.surveyor())
    where = Position(36.0102, 106.2853, 12.0, TAKEN)
    return handed_in(assignment, photos=clients, position=where, no_position="")


def accepted(assignment, n=1):
    return visits.accept(photographed(assignment, n), acting_officer=factory.reviewer())


def page(officer, household):
    return signed_in(officer).get(reverse("registry:household", args=[household.pk])).content.decode()


def address(household, file, small=False):
    return reverse(f"surveys:household-photo{'-small' if small else ''}", args=[household.pk, file.pk])


def photo_of(visit):
    return visit.files.get(kind="photo")


def test_the_photos_of_an_accepted_visit_stand_among_the_documents_with_day_position_and_time(assignment):
    visit = accepted(assignment)
    shown = page(factory.manager(), assignment.household)
    documents = shown[shown.index('id="documents"') :]
    assert address(assignment.household, photo_of(visit), small=True) in documents
    for words in (
        "入户调查",
        "已通过",
        "入户照片",
        "36.010200, 106.285300",
        "（±12",
        "2026-11-20 14:03",
        "测试员、测试员",
    ):
        assert words in documents, words
    assert reverse("surveys:visit", args=[visit.pk]) in documents
    signatures = visit.files.exclude(kind="photo")
    assert signatures.count() == 3
    assert not any(str(one.pk) in shown for one in signatures)


def test_who_may_see_the_household_but_no_visits_sees_the_photos_and_no_link(assignment):
    visit = accepted(assignment)
    approver = factories.officer(Role.VILLAGE_ASSISTANT)
    shown = page(approver, assignment.household)
    assert address(assignment.household, photo_of(visit)) in shown
    assert reverse("surveys:visit", args=[visit.pk]) not in shown


def test_a_visit_that_waits_or_went_back_shows_no_photo(assignment):
    visit = photographed(assignment)
    photo = photo_of(visit)
    client = signed_in(factory.manager())
    assert "待审核" in page(factory.manager(), assignment.household)
    assert str(photo.pk) not in page(factory.manager(), assignment.household)
    assert client.get(address(assignment.household, photo)).status_code == 404
    visits.give_back(visit, [Comment("请补拍")], acting_officer=factory.reviewer())
    assert "已退回" in page(factory.manager(), assignment.household)
    assert client.get(address(assignment.household, photo)).status_code == 404


def test_the_photos_of_a_visit_that_was_withdrawn_are_there_no_more(assignment):
    visit = accepted(assignment)
    recording.withdraw(visit.recording, reason="认错了门", acting_officer=factory.reviewer())
    shown = page(factory.manager(), assignment.household)
    assert "已撤回" in shown
    assert str(photo_of(visit).pk) not in shown
    for small in (False, True):
        gone = address(assignment.household, photo_of(visit), small=small)
        assert signed_in(factory.manager()).get(gone).status_code == 404


def test_signatures_and_photos_of_others_are_not_served_here(assignment):
    visit = accepted(assignment)
    client = signed_in(factory.manager())
    signature = visit.files.filter(kind=VisitFile.Kind.SIGNED_BY_HOUSEHOLD).get()
    assert client.get(address(assignment.household, signature)).status_code == 404
    other = factories.household(n=7)
    assert client.get(address(other, photo_of(visit))).status_code == 404


def test_a_small_picture_is_small_and_each_look_at_the_large_one_is_on_record(assignment):
    visit = accepted(assignment)
    photo, client = photo_of(visit), signed_in(factory.manager())
    page(factory.manager(), assignment.household)
    small = client.get(address(assignment.household, photo, small=True))
    assert max(Image.open(BytesIO(small.content)).size) == 320
    assert not Entry.objects.filter(event="surveys.file_seen").exists()
    large = client.get(address(assignment.household, photo))
    assert max(Image.open(BytesIO(large.content)).size) == 1600
    assert large["Cache-Control"] == "private, no-store"
    entry = Entry.objects.get(event="surveys.file_seen")
    assert (entry.household, entry.details, entry.looks) == (assignment.household_id, {"file": str(photo.pk)}, True)


def test_a_small_picture_that_is_asked_for_alone_is_a_look(assignment):
    visit = accepted(assignment)
    signed_in(factory.manager()).get(address(assignment.household, photo_of(visit), small=True))
    assert Entry.objects.filter(event="surveys.file_seen", household=assignment.household_id).count() == 1


def test_a_photo_follows_the_household_to_its_new_place_and_is_closed_to_the_old_one(assignment):
    visit = accepted(assignment)
    held = Household.objects.get(pk=assignment.household_id)
    place = structure.Home(Area.objects.get(pk=factories.OTHER_VILLAGE), "示例路3号")
    structure.move(
        held, place, Change(timezone.localdate(), "迁移"), acting_officer=factories.officer(Role.COUNTY_REVIEWER)
    )
    there = factories.officer(Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP)
    assert signed_in(there).get(address(held, photo_of(visit))).status_code == 200
    assert signed_in(factory.manager()).get(address(held, photo_of(visit))).status_code == 404


def test_a_file_that_was_touched_says_so_and_a_lost_one_is_not_there(assignment):
    visit = accepted(assignment)
    photo, client = photo_of(visit), signed_in(factory.manager())
    sealed = photo.path.read_bytes()
    photo.path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert "打不开" in client.get(address(assignment.household, photo, small=True)).content.decode()
    photo.path.unlink()
    assert client.get(address(assignment.household, photo)).status_code == 404


@pytest.mark.parametrize("photos", [1, 6])
def test_the_panel_costs_three_queries_however_many_photos(assignment, photos):
    accepted(assignment, photos)
    officer = factory.manager()
    assert officer.held
    with CaptureQueriesContext(
        connection,
    ) as queries:
        shown = context(assignment.household, officer)
    assert len(shown["visits"][0].photos) == photos
    assert len(queries) == 3


def test_the_latest_visit_with_photos_is_unfolded(assignment):
    visit = accepted(assignment)
    shown = context(assignment.household, factory.manager())
    assert shown["unfolded"].visit == visit


def test_a_household_that_nobody_visited_has_no_panel(assignment):
    other = factories.household(n=9)
    assert 'id="panel-surveys"' not in page(factory.manager(), other)
