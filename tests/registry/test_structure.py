"""Split, merge, move, a new head, death, birth, marriage, closing: at their edges, and two at once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from tests import factories

from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.pages.errors import DomainError
from zhikun.places.models import Area
from zhikun.registry.errors import (
    EditConflict,
    FileNotInUse,
    HeadMissing,
    LeavesNobody,
    MemberMissing,
    NeedsReason,
    NotAllowedHere,
    PersonElsewhere,
    WrongDay,
)  # fmt: skip
from zhikun.registry.models import (
    CategoryHeld,
    Household,
    HouseholdEvent,
    HouseholdFacts,
    Membership,
    NameKey,
    Person,
    Recording,
)  # fmt: skip
from zhikun.registry.services import help as helping
from zhikun.registry.services import members, recording, structure, things
from zhikun.registry.services.change import Change
from zhikun.registry.services.household import NewMember
from zhikun.registry.services.person import Particulars, by_number
from zhikun.registry.sources import SourceKind, Told

pytestmark = pytest.mark.django_db
LATER = factories.DAY + timedelta(days=10)
CHANGE = Change(LATER, "户口簿变更")


def clerk():
    return factories.officer(Role.TOWNSHIP_CLERK)


def reviewer():
    return factories.officer(Role.TOWNSHIP_REVIEWER)


def family(n=1, **facts):
    """A couple and their son."""
    people = [
        factories.member("马试一", "02", 10 * n, wage_income_year=8000),
        factories.member("苏试二", "10", 10 * n + 1, "19700301"),
        factories.member("马试三", "20", 10 * n + 2, "19950301", wage_income_year=30000, health="healthy"),
    ]
    return factories.household(n=n, members=people, **facts)


def relations(household):
    rows = Membership.objects.now().filter(household=household).order_by("position")
    return [row.relation for row in rows]


def member(household, position):
    return Membership.objects.now().filter(household=household).order_by("position")[position].person


def home(area=factories.VILLAGE, address="示例路9号"):
    return structure.Home(Area.objects.get(pk=area), address)


def values(household):
    return HouseholdFacts.objects.get(household=household).values


def whole(household):
    """What must always hold: one head if anybody, the numbers beside the row, name keys in the household's area."""
    household.refresh_from_db()
    rows = list(Membership.objects.now().filter(household=household))
    assert household.people == len(rows)
    assert [row.person_id for row in rows if row.relation == "02"] == ([household.head_id] if rows else [])
    assert (household.state == Household.State.OPEN) == bool(rows)
    areas = NameKey.objects.filter(person__in=[row.person_id for row in rows]).values_list("area", flat=True)
    assert set(areas) <= {household.area_id}
    return household


def test_a_son_founds_his_own_household_his_facts_go_along_and_the_old_income_is_not_doubled():
    made = family(business_income_year=12000)
    son = member(made, 2)
    new = structure.split(made, {son.pk: "02"}, home(), CHANGE, acting_officer=clerk())
    assert relations(whole(made)) == ["02", "10"]
    assert relations(whole(new)) == ["02"]
    assert values(new) == {"member": {str(son.pk): {"wage_income_year": 30000, "health": "healthy"}}}
    assert values(made)["household"][""] == {"business_income_year": 12000}
    assert str(son.pk) not in values(made)["member"]
    copied = Recording.objects.get(household=new)
    assert (copied.source, copied.observed_on) == (SourceKind.SURVEY, factories.DAY)
    kinds = set(HouseholdEvent.objects.filter(household=made).values_list("kind", flat=True))
    assert kinds == {"registered", "split"}
    assert Entry.objects.filter(event="registry.household_changed").count() == 2


def test_what_is_withdrawn_is_withdrawn_wherever_people_took_it_along():
    made = family()
    son = member(made, 2)
    new = structure.split(made, {son.pk: "02"}, home(), CHANGE, acting_officer=clerk())
    groom = family(2)
    bride = NewMember(Particulars("马试三", son.id_number), "38")
    members.marries(groom, bride, CHANGE, acting_officer=clerk())
    before = {one.pk: one.version for one in Household.objects.all()}
    recording.withdraw(Recording.objects.get(household=made), reason="问错了人", acting_officer=reviewer())
    assert str(son.pk) not in values(groom)["member"]
    for one in (made, new):
        assert not Recording.objects.filter(household=one, withdrawn_at__isnull=True).exists()
    assert Recording.objects.filter(household=groom, withdrawn_at__isnull=True).count() == 1
    noted = Entry.objects.filter(event="registry.recording_withdrawn", reason="问错了人")
    assert set(noted.values_list("household", flat=True)) == {made.pk, new.pk, groom.pk}
    assert {one.pk: one.version for one in Household.objects.all()} == {pk: n + 1 for pk, n in before.items()}


def test_a_copy_that_is_withdrawn_leaves_the_original():
    made = family()
    son = member(made, 2)
    new = structure.split(made, {son.pk: "02"}, home(), CHANGE, acting_officer=clerk())
    recording.withdraw(Recording.objects.get(household=new), reason="已核对", acting_officer=reviewer())
    assert Recording.objects.get(household=made).withdrawn_at is None
    assert values(new) == {}


def test_things_that_go_along_are_gone_from_the_old_household_with_their_particulars():
    made = family()
    officer = clerk()
    told = Told(SourceKind.OFFICER, factories.DAY)
    for plate, value in (("宁D·A0001", 1), ("宁D·A0002", 2)):
        things.add(made, "vehicle", {"value": value}, told, personal={"plate": plate}, acting_officer=officer)
    new = structure.split(
        made, {member(made, 2).pk: "02"}, home(), CHANGE, rows=[("vehicle", "2")], acting_officer=officer
    )
    assert values(new)["vehicle"] == {"1": {"value": 2}}
    assert [row for row, said in values(made)["vehicle"].items() if not said.get("_removed")] == ["1"]
    assert any("宁D·A0002" in (one.personal or "") for one in Recording.objects.filter(household=new))


def test_when_the_head_goes_those_who_stay_need_a_new_one_and_else_nothing_is_done():
    made = family()
    head, wife, son = (member(made, n) for n in range(3))
    with pytest.raises(HeadMissing):
        structure.split(made, {head.pk: "02"}, home(), CHANGE, acting_officer=clerk())
    assert Household.objects.count() == 1
    assert relations(whole(made)) == ["02", "10", "20"]
    new = structure.split(
        made, {head.pk: "02"}, home(), CHANGE, staying={wife.pk: "02", son.pk: "20"}, acting_officer=clerk()
    )
    assert whole(new).head == head
    assert whole(made).head == wife


@pytest.mark.parametrize("count", [0, 3])
def test_neither_nobody_nor_everybody_can_split_off(count):
    made = family()
    leaving = {member(made, n).pk: ("02", "10", "20")[n] for n in range(count)}
    with pytest.raises((DomainError, LeavesNobody)):
        structure.split(made, leaving, home(), CHANGE, acting_officer=clerk())
    assert Household.objects.count() == 1


def test_somebody_who_is_not_here_cannot_be_split_off():
    made, other = family(), family(2)
    with pytest.raises(MemberMissing):
        structure.split(made, {other.head_id: "02"}, home(), CHANGE, acting_officer=clerk())


def test_two_households_become_one_and_no_income_is_added_up():
    one, two = family(business_income_year=100), family(2, business_income_year=900)
    helping.holds(two, "dibao", Change(factories.DAY, "审批"), acting_officer=clerk())
    coming = {member(two, 0).pk: "71", member(two, 1).pk: "72", member(two, 2).pk: "93"}
    structure.merge(two, one, coming, CHANGE, acting_officer=clerk())
    assert len(relations(whole(one))) == 6
    assert whole(two).state == Household.State.MERGED
    assert two.merged_into == one
    assert values(one)["household"][""] == {"business_income_year": 100}
    assert len(values(one)["member"]) == 4
    assert CategoryHeld.objects.get(household=two).until == LATER
    with pytest.raises(FileNotInUse):
        structure.close(two, CHANGE, acting_officer=clerk())


def test_a_merge_needs_everybody_no_second_head_and_another_household():
    one, two = family(), family(2)
    all_of_two = {member(two, n).pk: "97" for n in range(3)}
    with pytest.raises(MemberMissing):
        structure.merge(two, one, dict(list(all_of_two.items())[:2]), CHANGE, acting_officer=clerk())
    with pytest.raises(HeadMissing):
        structure.merge(two, one, all_of_two | {member(two, 0).pk: "02"}, CHANGE, acting_officer=clerk())
    with pytest.raises(DomainError, match="自己"):
        structure.merge(two, two, all_of_two, CHANGE, acting_officer=clerk())
    assert whole(two).people == 3


def test_a_household_of_another_place_can_be_neither_source_nor_target():
    here, there = family(), factories.household(factories.OTHER_VILLAGE, n=40)
    coming = {member(there, n).pk: "97" for n in range(2)}
    for source, into, said in ((there, here, coming), (here, there, {member(here, n).pk: "97" for n in range(3)})):
        with pytest.raises(NotAllowedHere):
            structure.merge(source, into, said, CHANGE, acting_officer=clerk())


def test_who_moves_is_seen_by_the_officers_of_the_new_place_only():
    made = family()
    officer, there = clerk(), factories.officer(Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP)
    structure.move(made, home(factories.OTHER_VILLAGE), CHANGE, acting_officer=officer)
    assert list(Household.objects.visible_to(officer)) == []
    assert list(Household.objects.visible_to(there)) == [whole(made)]
    assert [(r.area_id, r.until) for r in made.residences.order_by("since")] == [
        (factories.VILLAGE, LATER), (factories.OTHER_VILLAGE, None),
    ]  # fmt: skip
    with pytest.raises(NotAllowedHere):
        structure.close(made, CHANGE, acting_officer=officer)
    assert set(Entry.objects.filter(event="registry.household_changed").values_list("area", flat=True)) == {
        factories.VILLAGE, factories.OTHER_VILLAGE,
    }  # fmt: skip


def test_a_move_to_the_same_address_or_to_a_county_is_none():
    made = factories.household()
    with pytest.raises(DomainError, match="没有变化"):
        structure.move(made, home(address="示例路1号"), CHANGE, acting_officer=clerk())
    with pytest.raises(DomainError, match="没有变化"):
        structure.move(made, home(address=" "), CHANGE, acting_officer=clerk())
    assert whole(made).address == "示例路1号", "an address that nobody typed anew is not forgotten"
    with pytest.raises(DomainError, match="只写到了县"):
        structure.move(made, home(factories.COUNTY), CHANGE, acting_officer=clerk())


def test_a_new_head_needs_everybodys_relation_anew():
    made = family()
    head, wife, son = (member(made, n) for n in range(3))
    for said in (
        {wife.pk: "02"},
        {wife.pk: "02", head.pk: "02", son.pk: "20"},
        {wife.pk: "10", head.pk: "11", son.pk: "20"},
    ):
        with pytest.raises((MemberMissing, HeadMissing)):
            structure.change_head(made, said, CHANGE, acting_officer=clerk())
    structure.change_head(made, {wife.pk: "02", head.pk: "11", son.pk: "20"}, CHANGE, acting_officer=clerk())
    assert whole(made).head == wife
    assert relations(made) == ["11", "02", "20"]
    assert Membership.objects.filter(household=made, until=LATER, ended_by="relation").count() == 2


def test_after_the_heads_death_there_is_a_new_head_and_after_the_last_ones_the_file_is_closed():
    made = family()
    head, wife, son = (member(made, n) for n in range(3))
    with pytest.raises(HeadMissing):
        members.died(made, head.pk, CHANGE, acting_officer=clerk())
    head.refresh_from_db()
    assert head.died_on is None
    members.died(made, head.pk, CHANGE, staying={wife.pk: "02"}, acting_officer=clerk())
    assert whole(made).head == wife
    head.refresh_from_db()
    assert head.died_on == LATER
    members.died(made, son.pk, CHANGE, acting_officer=clerk())
    members.died(made, wife.pk, CHANGE, acting_officer=clerk())
    assert whole(made).state == Household.State.CLOSED
    with pytest.raises(DomainError, match="已登记死亡"):
        members.joins(family(2), NewMember(Particulars("马试一", head.id_number), "51"), CHANGE, acting_officer=clerk())


@pytest.mark.parametrize("on", [factories.DAY - timedelta(days=1), factories.DAY.replace(year=2027)])
def test_a_day_before_they_came_or_in_the_future_is_refused(on):
    made = family()
    with pytest.raises(WrongDay):
        members.died(made, member(made, 2).pk, Change(on, "死亡证明"), acting_officer=clerk())
    assert whole(made).people == 3


def test_a_newborn_has_no_number_and_is_found_by_name():
    made = family()
    child = members.born(made, NewMember(Particulars("马试四", sex="female"), "41"), CHANGE, acting_officer=clerk())
    assert (child.born_on, child.id_number, child.sex) == (LATER, None, "female")
    assert relations(whole(made)) == ["02", "10", "20", "41"]
    assert NameKey.objects.filter(person=child).exists()


def test_a_newborn_entered_once_more_stays_one():
    made = family()
    child = NewMember(Particulars("马试四", sex="female"), "41")
    members.born(made, child, CHANGE, acting_officer=clerk())
    again = Change(CHANGE.on, CHANGE.reason, whole(made).version)
    with pytest.raises(DomainError, match="同名、同一天出生"):
        members.born(whole(made), child, again, acting_officer=clerk())
    assert whole(made).people == 4
    members.born(whole(made), NewMember(Particulars("马试五", sex="female"), "41"), again, acting_officer=clerk())
    assert whole(made).people == 5, "her twin has another name"


def test_a_bride_brings_her_facts_along_and_her_parents_keep_their_household():
    groom, bride_home = family(), family(2)
    bride = member(bride_home, 2)
    new = NewMember(Particulars("马试三", bride.id_number), "38")
    assert members.marries(groom, new, CHANGE, acting_officer=clerk()) == bride
    assert relations(whole(groom)) == ["02", "10", "20", "38"]
    assert relations(whole(bride_home)) == ["02", "10"]
    assert values(groom)["member"][str(bride.pk)] == {"wage_income_year": 30000, "health": "healthy"}
    assert str(bride.pk) not in values(bride_home)["member"]


def test_no_household_loses_its_head_by_a_marriage_and_a_lone_one_is_closed():
    groom, other = family(), family(2)
    lone = factories.household(n=3, members=[factories.member("王试五", "02", 77, "19800301")])
    with pytest.raises(DomainError, match="户主"):
        members.marries(
            groom, NewMember(Particulars("马试一", other.head.id_number), "10"), CHANGE, acting_officer=clerk()
        )
    assert whole(other).people == 3
    members.marries(groom, NewMember(Particulars("王试五", lone.head.id_number), "38"), CHANGE, acting_officer=clerk())
    assert whole(lone).state == Household.State.CLOSED
    assert whole(groom).people == 4


def test_somebody_of_another_place_cannot_be_taken_and_is_not_told_of():
    there = factories.household(factories.OTHER_VILLAGE, n=40)
    person = member(there, 1)
    with pytest.raises(PersonElsewhere) as refused:
        members.joins(
            family(), NewMember(Particulars("苏试二", person.id_number), "38"), CHANGE, acting_officer=clerk()
        )
    assert there.number not in str(refused.value)
    assert whole(there).people == 2


def test_the_last_member_cannot_leave_and_who_left_can_come_back():
    made = factories.household()
    wife = member(made, 1)
    members.leaves(made, wife.pk, "divorced", CHANGE, acting_officer=clerk())
    with pytest.raises(LeavesNobody):
        members.leaves(made, made.head_id, "moved_out", CHANGE, acting_officer=clerk())
    assert whole(made).people == 1
    back = members.joins(made, NewMember(Particulars("苏试二", wife.id_number), "10"), CHANGE, acting_officer=clerk())
    assert back == wife
    assert Membership.objects.filter(person=wife).count() == 2


def test_a_closed_file_is_opened_again_by_those_who_are_still_free():
    made = family()
    structure.close(made, CHANGE, acting_officer=clerk())
    assert whole(made).people == 0
    other = factories.household(n=4, members=[factories.member("王试五", "02", 77)])
    son = Person.objects.get(pk=by_number("resident", factories.id_number(12, "19950301")).pk)
    members.joins(other, NewMember(Particulars("马试三", son.id_number), "99"), CHANGE, acting_officer=clerk())
    structure.reopen(made, Change(LATER, "又回来了"), acting_officer=clerk())
    assert relations(whole(made)) == ["02", "10"]
    with pytest.raises(DomainError, match="只有已销户"):
        structure.reopen(made, CHANGE, acting_officer=clerk())


def test_a_corrected_name_is_found_and_the_wrong_one_is_not():
    made = family()
    from zhikun.registry.services.person import looked_up

    right = Particulars("麻试一", made.head.id_number, phone="13800000000")
    members.correct(made, made.head_id, right, CHANGE, acting_officer=clerk())
    assert NameKey.objects.filter(key__in=looked_up("name", "麻试一")).exists()
    assert not NameKey.objects.filter(key__in=looked_up("name", "马试一")).exists()
    assert whole(made).head.name == "麻试一"
    event = HouseholdEvent.objects.get(household=made, kind="corrected")
    assert event.details["fields"] == ["name", "phone"]
    assert "麻试一" not in str(Entry.objects.values_list("details", "subject", "reason"))


def test_a_number_that_is_somebody_elses_is_refused():
    made, other = family(), family(2)
    with pytest.raises(PersonElsewhere) as refused:
        members.correct(made, made.head_id, Particulars("马试一", other.head.id_number), CHANGE, acting_officer=clerk())
    assert other.number in refused.value.what


@pytest.mark.parametrize("reason", ["", "   "])
def test_every_change_says_why(reason):
    made = family()
    with pytest.raises(NeedsReason):
        structure.close(made, Change(LATER, reason), acting_officer=clerk())


def test_a_version_that_is_no_longer_current_changes_nothing():
    made = family()
    recording.record(
        made, Told(SourceKind.OFFICER, factories.DAY), {"household": {"": {"pens": 1}}}, acting_officer=clerk()
    )
    for verb in (
        lambda change: structure.close(made, change, acting_officer=clerk()),
        lambda change: members.died(made, member(made, 2).pk, change, acting_officer=clerk()),
        lambda change: structure.move(made, home(factories.VILLAGE + 1), change, acting_officer=clerk()),
    ):
        with pytest.raises(EditConflict):
            verb(Change(LATER, "户口簿变更", version=1))
    assert whole(made).people == 3


def test_a_category_begins_once_stops_once_and_stands_in_lists():
    made = family()
    held = helping.holds(made, "dibao", CHANGE, acting_officer=clerk())
    made.refresh_from_db()
    assert made.category == "dibao"
    with pytest.raises(DomainError, match="正在享受"):
        helping.holds(made, "dibao", CHANGE, acting_officer=clerk())
    helping.stops(made, held, CHANGE, acting_officer=clerk())
    made.refresh_from_db()
    assert made.category == ""
    with pytest.raises(DomainError, match="已经停止"):
        helping.stops(made, held, CHANGE, acting_officer=clerk())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["head", "split"])
def test_of_two_officers_at_once_one_wins_and_nothing_is_half_done(how):
    if connection.vendor != "postgresql":
        pytest.skip("two writers at once need PostgreSQL: SQLite has one")
    made = family()
    made.refresh_from_db()
    head, wife, son = (member(made, n).pk for n in range(3))
    officers = [clerk(), factories.officer(Role.COUNTY_REVIEWER)]
    ready, outcomes = threading.Barrier(2), []

    def act(officer):
        try:
            ready.wait()
            change = Change(LATER, "同时办理", version=made.version)
            if how == "head":
                structure.change_head(made, {wife: "02", head: "11", son: "20"}, change, acting_officer=officer)
            else:
                structure.split(made, {son: "02"}, home(), change, acting_officer=officer)
            outcomes.append("done")
        except EditConflict:
            outcomes.append("conflict")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=(officer,)) for officer in officers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "done"]
    for one in Household.objects.all():
        whole(one)
    assert Household.objects.count() == (2 if how == "split" else 1)
    assert HouseholdEvent.objects.filter(household=made).exclude(kind="registered").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_merges_in_opposite_directions_end_and_leave_one_household():
    if connection.vendor != "postgresql":
        pytest.skip("two writers at once need PostgreSQL: SQLite has one")
    one, two = family(), family(2)
    people = {made.pk: {member(made, n).pk: "97" for n in range(3)} for made in (one, two)}
    officer = clerk()
    ready, outcomes = threading.Barrier(2), []

    def act(source, into):
        try:
            ready.wait()
            structure.merge(source, into, people[source.pk], CHANGE, acting_officer=officer)
            outcomes.append("done")
        except DomainError:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    assert sorted(whole(made).people for made in (one, two)) == [0, 6]


def test_a_look_without_words_is_answered_with_the_example_of_a_look():
    assert "核对低保复核材料" in NeedsReason("text", looking=True).remedy
    assert "户口簿更正" in NeedsReason().remedy
