"""A visit from the assignment to the household file: once, signed, reviewed by somebody else, nothing lost."""

import json
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from tests import factories
from tests.surveys import factory

from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.places.models import Area
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.models import Household, HouseholdEvent, HouseholdFacts, Recording
from zhikun.registry.services import recording
from zhikun.registry.sources import SourceKind, Told
from zhikun.surveys.errors import (
    AlreadyFound,
    AnswersRefused,
    DraftOlder,
    FileRefused,
    LivesElsewhere,
    NotYours,
    OwnVisit,
    PositionMissing,
    QuestionnaireChanged,
    RoundOver,
    SignaturesMissing,
    TeamIncomplete,
    VisitDecided,
    WrongDay,
)  # fmt: skip
from zhikun.surveys.filed import to_start_from
from zhikun.surveys.models import Assignment, Draft, Visit, VisitFile
from zhikun.surveys.services import assigning, drafts, files, rounds, visits
from zhikun.surveys.services.visits import Comment, Position

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment():
    return factory.assigned()


def handed_in(assignment, **more):
    visit, _new = visits.submit(assignment, factory.handed(assignment, **more), acting_officer=factory.surveyor())
    return visit


def facts_of(household):
    return HouseholdFacts.objects.get(household=household).values


def test_what_was_found_at_the_door_stands_in_the_file_with_its_source_and_day(assignment):
    answers = to_start_from(assignment.household) | {"h_pens": 3, "h_land_let_area__u": ["__unknown"]}
    visit = handed_in(assignment, answers=answers, visited_on=factory.today() - timedelta(days=1))
    assert facts_of(assignment.household) == {}, "nothing counts before the review"
    visits.accept(visit, acting_officer=factory.reviewer())
    assert Recording.objects.get(came_with=f"visit:{visit.pk}").source_text == ""  # its kind says it already
    kept = Recording.objects.get(came_with=f"visit:{visit.pk}")
    assert (kept.source, kept.observed_on) == (SourceKind.SURVEY, visit.visited_on)
    assert kept.facts["household"][""]["land_let_area"] is None
    assert facts_of(assignment.household)["household"][""] == {"pens": 3}
    assert Entry.objects.get(event="surveys.visit_accepted").household == assignment.household_id


def test_a_visit_that_is_handed_in_twice_is_one(assignment):
    handed = factory.handed(assignment)
    first, new = visits.submit(assignment, handed, acting_officer=factory.surveyor())
    again, new_again = visits.submit(assignment, handed, acting_officer=factory.surveyor())
    assert (first, new, new_again) == (again, True, False)
    assert Visit.objects.count() == 1
    assert VisitFile.objects.filter(visit=first).count() == 3


def test_another_visit_of_a_household_that_is_handed_in_is_refused(assignment):
    handed_in(assignment)
    with pytest.raises(NotYours):
        handed_in(assignment)


def test_it_is_accepted_once_and_never_by_who_made_it(assignment):
    visit = handed_in(assignment)
    reviewer = factory.reviewer()
    visit.surveyors.add(reviewer)
    with pytest.raises(OwnVisit):
        visits.accept(visit, acting_officer=reviewer)
    visit.surveyors.remove(reviewer)
    visits.accept(visit, acting_officer=reviewer)
    with pytest.raises(VisitDecided):
        visits.accept(visit, acting_officer=reviewer)
    with pytest.raises(VisitDecided):
        visits.give_back(visit, [Comment("再核")], acting_officer=reviewer)
    assert Recording.objects.filter(household=assignment.household, source=SourceKind.SURVEY).count() == 2


@pytest.mark.parametrize("role", [Role.TOWNSHIP_CLERK, Role.VILLAGE_ASSISTANT, Role.SURVEYOR, Role.COUNTY_APPROVER])
def test_who_does_not_review_cannot_accept(assignment, role):
    with pytest.raises(NotAllowedHere):
        visits.accept(handed_in(assignment), acting_officer=factories.officer(role))


def test_a_reviewer_of_another_township_cannot_accept(assignment):
    with pytest.raises(NotAllowedHere):
        visits.accept(handed_in(assignment), acting_officer=factory.reviewer(factories.OTHER_TOWNSHIP))


# --- signatures, position, day


def test_two_surveyors_of_the_team_sign(assignment):
    team = list(assignment.team.members.values_list("officer_id", flat=True))
    stranger = factories.officer(Role.SURVEYOR, factories.OTHER_TOWNSHIP)
    for signed in (
        {team[0]: factory.signature()},
        {},
        {team[0]: factory.signature(), stranger.pk: factory.signature()},
    ):
        with pytest.raises(SignaturesMissing):
            handed_in(assignment, signed=signed)
    assert Visit.objects.count() == 0


@pytest.mark.parametrize(
    "board", [factory.signature(0), b"", b"GIF89a", factory.picture("JPEG"), factory.signature()[:200]]
)
def test_an_empty_board_is_no_signature(assignment, board):
    with pytest.raises(FileRefused):
        handed_in(assignment, present_signed=board)
    assert VisitFile.objects.count() == 0


def test_somebody_of_the_household_is_named(assignment):
    with pytest.raises(SignaturesMissing):
        handed_in(assignment, present=" ")


def test_a_position_or_why_there_is_none(assignment):
    with pytest.raises(PositionMissing):
        handed_in(assignment, no_position=" ")
    where = Position(Decimal("36.016"), Decimal("106.242"), 18.5, timezone.now())
    visit = handed_in(assignment, position=where)
    assert (visit.latitude, visit.accuracy, visit.no_position) == (Decimal("36.016"), 18.5, "")


@pytest.mark.parametrize("days", [1, -400])
def test_a_visit_cannot_be_of_tomorrow_or_of_last_year(assignment, days):
    with pytest.raises(WrongDay):
        handed_in(assignment, visited_on=factory.today() + timedelta(days=days))


def test_an_older_questionnaire_is_not_taken(assignment):
    with pytest.raises(QuestionnaireChanged):
        handed_in(assignment, questionnaire="0" * 64)


def test_wrong_answers_are_named_and_nothing_is_kept(assignment):
    answers = to_start_from(assignment.household) | {"h_pens": 1001}
    with pytest.raises(AnswersRefused) as refused:
        handed_in(assignment, answers=answers)
    assert [fault.path for fault in refused.value.faults] == ["h_pens"]
    assert (Visit.objects.count(), VisitFile.objects.count()) == (0, 0)
    assignment.refresh_from_db()
    assert assignment.state == Assignment.State.ASSIGNED


# --- a household that is not on file


def test_a_household_found_by_accident_is_registered_when_it_is_accepted():
    found = factory.found()
    visit = handed_in(found)
    assert Household.objects.count() == 0
    visits.accept(visit, acting_officer=factory.reviewer())
    made = Household.objects.get()
    assert (made.area_id, made.people, made.address, made.head.name) == (factories.VILLAGE, 2, "示例路2号", "马试一")
    found.refresh_from_db()
    assert (found.household, found.state) == (made, Assignment.State.ACCEPTED)
    assert facts_of(made)["member"][str(made.head_id)]["health"] == "weak"
    assert Recording.objects.get(household=made).came_with == f"visit:{visit.pk}"


def test_a_finding_sent_again_is_the_same_and_two_families_in_the_same_words_are_two():
    made, me = factory.found(), factory.surveyor()

    def again(client=made.client, how="邻里反映", officer=me):
        finding = assigning.Finding(client, made.team, made.area, how)
        return assigning.found(made.round, finding, acting_officer=officer)

    assert again() == made
    other = again(uuid.uuid4())
    assert other != made, "another family, told in the same words"
    assert again(officer=factory.surveyor(2)) not in {made, other}, "a number is that of one officer's page"
    with pytest.raises(AlreadyFound):
        again(how="走访途中")
    drafts.save(made, 1, {"h_residence": "rural"}, "x", acting_officer=me)
    with pytest.raises(AlreadyFound):
        again()
    assert again(other.client) == other
    files.add_photo(other, uuid.uuid4(), factory.picture(), None, acting_officer=me)
    with pytest.raises(AlreadyFound):
        again(other.client)
    assert Entry.objects.filter(event="surveys.household_found").count() == Assignment.objects.count() == 3


def test_somebody_who_is_in_another_household_stops_the_whole_of_it():
    factories.household(members=[factories.member("马试一", "02", 60)])
    visit = handed_in(factory.found())
    with pytest.raises(Exception, match="已经在"):
        visits.accept(visit, acting_officer=factory.reviewer())
    visit.refresh_from_db()
    assert (visit.state, Household.objects.count()) == (Visit.State.SUBMITTED, 1)


def test_a_village_outside_the_township_is_not_taken_over():
    found = factory.found()
    visit = handed_in(found, answers=factory.new_household_answers(h_place=str(factories.OTHER_VILLAGE)))
    visits.accept(visit, acting_officer=factory.reviewer())
    assert Household.objects.get().area_id == factories.VILLAGE


def test_the_address_and_telephone_found_at_the_door_come_into_the_file(assignment):
    made = assignment.household
    answers = to_start_from(made) | {"h_address": "新盖的院子8号", "h_phone": "13900000000"}
    visits.accept(handed_in(assignment, answers=answers), acting_officer=factory.reviewer())
    made = Household.objects.get(pk=made.pk)
    assert (made.address, made.head.phone) == ("新盖的院子8号", "13900000000")
    assert made.residences.get(until__isnull=True).address == "新盖的院子8号"
    assert HouseholdEvent.objects.get(household=made, kind="corrected").details == {"fields": ["address", "phone"]}


def test_what_was_left_blank_at_the_door_takes_nothing_away(assignment):
    before = assignment.household.address
    answers = {**to_start_from(assignment.household), "h_address": ""}
    visits.accept(handed_in(assignment, answers=answers), acting_officer=factory.reviewer())
    assert Household.objects.get(pk=assignment.household_id).address == before
    assert not HouseholdEvent.objects.filter(kind="corrected").exists()


@pytest.mark.parametrize("place", [str(factories.OTHER_VILLAGE), str(factories.VILLAGE + 1)])
def test_another_village_than_the_files_is_never_passed_over(assignment, place):
    answers = {**to_start_from(assignment.household), "h_place": place}
    visit = handed_in(assignment, answers=answers)
    with pytest.raises(LivesElsewhere):
        visits.accept(visit, acting_officer=factory.reviewer())
    assert facts_of(assignment.household) == {}


@pytest.mark.parametrize("place", [str(factories.VILLAGE), str(factories.TOWNSHIP)[:9]])
def test_the_same_village_or_its_township_alone_is_the_same_place(assignment, place):
    answers = {**to_start_from(assignment.household), "h_place": place}
    visits.accept(handed_in(assignment, answers=answers), acting_officer=factory.reviewer())


def test_a_child_nobody_had_on_file_joins_with_what_was_told(assignment):
    answers = to_start_from(assignment.household)
    answers["rows_member"].append(
        {"name": "马小三", "relation": "son", "birth_date": "2026-01-02", "health": "healthy"}
    )
    visits.accept(handed_in(assignment, answers=answers), acting_officer=factory.reviewer())
    made = Household.objects.get()
    child = made.memberships.get(position=3).person
    assert (made.people, child.name, child.born_on.isoformat()) == (3, "马小三", "2026-01-02")
    assert facts_of(made)["member"][str(child.pk)]["health"] == "healthy"
    assert HouseholdEvent.objects.filter(household=made, kind="member_joined").count() == 1


def test_nothing_personal_of_a_visit_stands_in_the_database_in_plain_text():
    found = factory.found()
    answers = factory.new_household_answers()
    drafts.save(found, 1, answers, "x", acting_officer=factory.surveyor())
    kept = str(list(Draft.objects.values_list()))
    handed_in(found, answers=answers)
    kept += str(list(Visit.objects.values_list())) + str(
        list(Entry.objects.values_list("details", "subject", "reason"))
    )
    for plain in ("马试一", factories.id_number(60), "示例路2号"):
        assert plain not in kept


# --- back to the team


def test_what_is_sent_back_is_mended_and_handed_in_again(assignment):
    visit = handed_in(assignment, answers=to_start_from(assignment.household) | {"h_pens": 3})
    visits.give_back(visit, [Comment("圈舍数不对", "h_pens", "圈舍数量")], acting_officer=factory.reviewer())
    assignment.refresh_from_db()
    assert assignment.state == Assignment.State.RETURNED
    draft = Draft.objects.get(assignment=assignment)
    assert json.loads(draft.answers)["h_pens"] == 3
    again = handed_in(assignment, answers=json.loads(draft.answers) | {"h_pens": 1})
    visits.accept(again, acting_officer=factory.reviewer())
    assert facts_of(assignment.household)["household"][""]["pens"] == 1
    assert [one.text for one in visit.comments.all()] == ["圈舍数不对"]


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_is_sent_back_without_a_word(assignment, text):
    with pytest.raises(Exception, match="理由"):
        visits.give_back(handed_in(assignment), [Comment(text)], acting_officer=factory.reviewer())


def test_no_identity_number_stands_in_a_remark(assignment):
    with pytest.raises(Exception, match="身份证号"):
        visits.give_back(
            handed_in(assignment), [Comment(f"{factories.id_number(2)} 核对")], acting_officer=factory.reviewer()
        )


# --- drafts and photos


def test_an_older_draft_that_comes_late_never_replaces_a_newer(assignment):
    me = factory.surveyor()
    drafts.save(assignment, 2, {"h_pens": 2}, "x", acting_officer=me)
    for late in (1, 2):
        with pytest.raises(DraftOlder):
            drafts.save(assignment, late, {"h_pens": 1}, "x", acting_officer=me)
    assert json.loads(Draft.objects.get().answers) == {"h_pens": 2}
    drafts.save(assignment, 2, {"h_pens": 2}, "x", acting_officer=me)
    assignment.refresh_from_db()
    assert assignment.state == Assignment.State.STARTED


def test_the_draft_of_a_colleague_is_another(assignment):
    drafts.save(assignment, 9, {"h_pens": 9}, "x", acting_officer=factory.surveyor(1))
    drafts.save(assignment, 1, {"h_pens": 1}, "x", acting_officer=factory.surveyor(2))
    assert Draft.objects.count() == 2


def test_a_photo_sent_twice_is_one_sealed_and_freed_of_what_the_camera_wrote(assignment):
    me, client = factory.surveyor(), uuid.uuid4()
    content = factory.picture(size=(3000, 2000))
    one = files.add_photo(assignment, client, content, None, acting_officer=me)
    assert files.add_photo(assignment, client, content, None, acting_officer=me) == one
    assert VisitFile.objects.count() == 1
    opened = b"".join(files.content_of(one))
    assert opened[:64] not in one.path.read_bytes()
    assert opened.startswith(b"\xff\xd8")
    visit = handed_in(assignment, photos=[client])
    one.refresh_from_db()
    assert one.visit == visit


@pytest.mark.parametrize(
    "content", [b"", b"<svg/>", b"%PDF-1.4", factory.picture()[:500], b"\x89PNG\r\n\x1a\n" + b"0" * 50]
)
def test_what_is_no_photo_is_refused(assignment, content):
    with pytest.raises(FileRefused):
        files.add_photo(assignment, uuid.uuid4(), content, None, acting_officer=factory.surveyor())


def test_a_signature_that_unpacks_to_a_wall_is_refused_before_it_is_unpacked(assignment, monkeypatch):
    def unpacked(_picture):
        pytest.fail("its pixels were unpacked")

    wall = factory.picture("PNG", (2001, 1000))
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", unpacked)
    with pytest.raises(FileRefused):
        files.as_signature(wall)


def test_a_signature_of_two_million_pixels_is_taken():
    assert files.as_signature(factory.picture("PNG", (2000, 1000), "black")).startswith(b"\x89PNG")


# --- who may, and when


def test_only_the_team_fills_in_and_only_until_it_is_handed_in(assignment):
    for stranger in (
        factory.surveyor(7),
        factory.manager(),
        factory.reviewer(),
        factories.officer(Role.SURVEYOR, factories.OTHER_TOWNSHIP),
    ):
        assert not Assignment.objects.to_fill(stranger).exists()
        with pytest.raises(NotYours):
            drafts.save(assignment, 1, {}, "x", acting_officer=stranger)
    me = factory.surveyor()
    assert Assignment.objects.to_fill(me).get() == assignment
    handed_in(assignment)
    assert not Assignment.objects.to_fill(me).exists()
    with pytest.raises(NotYours):
        drafts.save(assignment, 1, {}, "x", acting_officer=me)


def test_a_surveyor_whose_appointment_has_ended_sees_nothing_any_more(assignment):
    me = factory.surveyor()
    me.appointments.update(ends=timezone.now())
    again = type(me).objects.get(pk=me.pk)
    assert not Assignment.objects.to_fill(again).exists()
    assert not Assignment.objects.of_teams(again).exists()


def test_a_closed_round_takes_nothing_more_from_the_door_but_is_still_reviewed(assignment):
    other = factory.assigned(n=9, round_=assignment.round, team=assignment.team)
    visit = handed_in(assignment)
    rounds.close_round(assignment.round, acting_officer=factory.manager())
    with pytest.raises(NotYours):
        handed_in(other)
    with pytest.raises(RoundOver):
        assigning.by_village(
            assignment.round,
            assignment.team,
            Area.objects.get(pk=factories.VILLAGE),
            factory.today(),
            acting_officer=factory.manager(),
        )
    visits.accept(visit, acting_officer=factory.reviewer())
    assert Recording.objects.filter(came_with=f"visit:{visit.pk}").exists()


def test_a_team_needs_two_who_may_survey():
    manager = factory.manager()
    area = Area.objects.get(pk=factories.TOWNSHIP)
    with pytest.raises(TeamIncomplete):
        rounds.form_team("一组", area, {factory.surveyor(): "social"}, acting_officer=manager)
    with pytest.raises(TeamIncomplete):
        rounds.form_team(
            "一组", area, {factory.surveyor(): "social", factory.reviewer(): "township"}, acting_officer=manager
        )


def test_a_village_is_assigned_in_one_go_and_nobody_twice():
    for n in (1, 2, 3):
        factories.household(n=n)
    factories.household(factories.OTHER_VILLAGE, n=4)
    round_, team, manager = factory.a_round(), factory.a_team(), factory.manager()
    village = Area.objects.get(pk=factories.VILLAGE)
    give = lambda area: assigning.by_village(round_, team, area, factory.today(), acting_officer=manager)  # noqa: E731 - said three times
    assert give(village) == 3
    assert give(village) == 0
    assert give(Area.objects.get(pk=factories.OTHER_TOWNSHIP)) == 0, (
        "another township's households are not this clerk's to give"
    )
    one = round_.assignments.first()
    assigning.take_back(one, acting_officer=manager)
    assert give(village) == 1


def test_numbers_that_name_nobody_here_are_told():
    here, there = factories.household(n=1), factories.household(factories.OTHER_VILLAGE, n=2)
    round_, team = factory.a_round(), factory.a_team()
    told = assigning.by_list(
        round_, team, [here.number, there.number, "X-1", " "], factory.today(), acting_officer=factory.manager()
    )
    assert told == (1, sorted([there.number, "X-1"]))


def test_a_visit_that_contradicts_what_was_declared_is_for_a_person(assignment):
    clerk = factory.manager()
    said = {"household": {"": {"business_income_year": 0}}}
    recording.record(assignment.household, Told(SourceKind.SELF, factory.today()), said, acting_officer=clerk)
    answers = to_start_from(assignment.household) | {"h_business_income_year": 24000}
    visits.accept(handed_in(assignment, answers=answers), acting_officer=factory.reviewer())
    clash = assignment.household.contradictions.get()
    assert [side["source"] for side in clash.sides] == ["survey", "self"]


def test_a_household_that_moved_away_or_was_closed_is_no_longer_the_teams(assignment):
    me, household = factory.surveyor(), assignment.household
    Household.objects.filter(pk=household.pk).update(area_id=factories.OTHER_VILLAGE)
    assert not Assignment.objects.to_fill(me).exists()
    assert not Assignment.objects.of_teams(me).exists()
    with pytest.raises(NotYours):
        handed_in(assignment)
    Household.objects.filter(pk=household.pk).update(area_id=factories.VILLAGE, state=Household.State.CLOSED)
    assert not Assignment.objects.to_fill(me).exists()
    with pytest.raises(NotYours):
        drafts.save(assignment, 1, {}, "x", acting_officer=me)
    Household.objects.filter(pk=household.pk).update(state=Household.State.OPEN)
    assert Assignment.objects.to_fill(me).get() == assignment


def test_a_team_does_not_read_a_household_that_moved_out_of_its_area_where_the_officer_still_surveys(assignment):
    both = factories.officer(Role.SURVEYOR, factories.COUNTY, "surveyor-county")
    assignment.team.members.create(officer=both, part=factory.PART.SOCIAL)
    assert Assignment.objects.to_fill(both).get() == assignment
    Household.objects.filter(pk=assignment.household_id).update(area_id=factories.OTHER_VILLAGE)
    assert not Assignment.objects.to_fill(both).exists()
