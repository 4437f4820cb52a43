"""Files of households on their way in: what the check finds, who may approve, what is committed, what is undone."""

import io
import time
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone
from tests import factories, import_files
from tests.import_files import checker, committed, home, maker, uploaded, workbook, zip_of_csv

from zhikun.accounts.models import Appointment
from zhikun.accounts.roles import Role
from zhikun.assessments.bridge import known
from zhikun.audit.models import Entry
from zhikun.jobs.worker import work_off
from zhikun.places.models import Area
from zhikun.registry.errors import NeedsReason, NotAllowedHere
from zhikun.registry.models import (
    Household,
    HouseholdFacts,
    ImportBatch,
    ImportRow,
    Membership,
    NameKey,
    Person,
    Recording,
)
from zhikun.registry.services import importing, importing_work, person, recording, structure
from zhikun.registry.services import importing_files as files
from zhikun.registry.services.change import Change
from zhikun.registry.services.importing_errors import (
    BatchMovedOn,
    FileRefused,
    NotAnotherPerson,
    NothingToCommit,
    NotYours,
)
from zhikun.registry.sources import SourceKind, Told

pytestmark = pytest.mark.django_db
State = ImportBatch.State


def said(batch, severity="error"):
    return [m for m in batch.messages if m["severity"] == severity]


@pytest.fixture(autouse=True)
def places():
    factories.areas()


def test_a_workbook_becomes_files_like_those_that_are_registered_by_hand():
    batch = committed([home("A1", 1, business_income_year=300.5, livestock_kinds=["cattle"]), home("A2", 2)])
    assert (batch.state, batch.counts["opened"], batch.counts["late"]) == (State.COMMITTED, 2, 0)
    made = Household.objects.get(number="A1")
    by_hand = factories.household(n=9, business_income_year=300.5)
    assert (made.head.name, made.head.sex, made.head.born_on) == ("马试一", "female", by_hand.head.born_on)
    assert made.address == "示例路1号"
    assert made.residences.get().address == "示例路1号"
    assert list(made.memberships.order_by("position").values_list("relation", flat=True)) == ["02", "10"]
    assert made.people == 2
    facts = HouseholdFacts.objects.get(household=made)
    told = Recording.objects.get(household=made)
    assert facts.values["household"][""] == {"business_income_year": 300.5, "livestock_kinds": ["cattle"]}
    assert facts.values["member"] == {str(made.head_id): {"wage_income_year": 1200}}
    assert facts.origins["household"][""]["business_income_year"] == str(told.pk)
    assert (told.source, told.came_with, told.recorded_by) == (SourceKind.IMPORT, f"import:{batch.pk}", maker())
    found = NameKey.objects.filter(key__in=person.looked_up(person.KeyKind.PINYIN, "mashiyi"), area=factories.VILLAGE)
    assert made.head_id in set(found.values_list("person_id", flat=True))
    assert known([made])[0].members[0].born_on == made.head.born_on


def test_what_stands_can_be_worked_out_again_from_the_recordings():
    committed([home("A1", 1, pens=2)])
    made = Household.objects.get()
    before = HouseholdFacts.objects.get(household=made)
    values, origins = before.values, before.origins
    recording.refresh(made)
    after = HouseholdFacts.objects.get(household=made)
    assert (after.values, after.origins) == (values, origins)


def test_each_file_has_its_entry_and_the_chain_has_no_gap():
    committed([home("A1", 1), home("A2", 2)])
    entries = list(Entry.objects.order_by("number"))
    assert [e.number for e in entries] == list(range(1, len(entries) + 1))
    registered = [e for e in entries if e.event == "registry.household_registered"]
    assert {e.household for e in registered} == set(Household.objects.values_list("pk", flat=True))
    assert {e.officer_id for e in registered} == {checker().pk}
    text = " ".join(str(e.details) + e.subject for e in entries)
    assert "马试一" not in text
    assert factories.id_number(2) not in text


def test_nothing_of_a_waiting_batch_stands_in_plain_text(settings):
    batch = uploaded([home("A1", 1)])
    kept = " ".join(str(row) for row in [*ImportRow.objects.values_list(), *ImportBatch.objects.values_list()])
    assert "马试一" not in kept
    assert factories.id_number(2) not in kept
    lying = [path for path in files.folder().rglob("*") if path.is_file() and str(batch.pk) in path.name]
    assert [path.suffix for path in lying] == [".file"]
    assert b"xl/workbook.xml" not in lying[0].read_bytes(), "a workbook names its parts in plain text"
    assert not list(files.folder().glob("open-*"))


def test_after_the_decision_neither_file_nor_rows_are_kept(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        batch = committed([home("A1", 1)])
    assert not files.has(batch.pk, "file")
    assert ImportRow.objects.get().payload is None


def test_rows_say_where_and_what_is_wrong_and_only_those_households_go_back():
    bad = home("B1", 3)
    bad["people"][1]["id_number"] = "640402197003010041"
    batch = uploaded([home("A1", 1), bad, home("C1", 4, area=factories.OTHER_VILLAGE)])
    assert (batch.state, batch.counts["ready"], batch.counts["rejected"]) == (State.CHECKED, 1, 2)
    number, place = said(batch)
    assert (number["sheet"], number["column"], number["household"]) == ("家庭", "所在村（社区）编码", "C1") or (
        number["sheet"], number["column"], number["household"],
    ) == ("成员", "身份证号", "B1")  # fmt: skip
    assert all(one["row"] and one["found"] and one["remedy"] for one in (number, place))
    assert "640402197003010041" not in str(batch.messages)
    assert files.has(batch.pk, "rejects")


def test_the_rejects_are_mended_and_come_as_a_new_batch(tmp_path):
    wrong = home("B1", 3, area=factories.OTHER_VILLAGE)
    batch = uploaded([home("A1", 1), wrong])
    path = tmp_path / "rejects.xlsx"
    path.write_bytes(b"".join(files.content(batch.pk, "rejects")))
    from zhikun.intake import survey
    from zhikun.registry.vocabulary import pack_in_force

    back = survey.read(path, pack_in_force())
    assert back.tables["household"]["household"].to_pylist() == ["B1"]
    mended = uploaded([home("B1", 3)], name="改好.xlsx")
    assert (mended.pk != batch.pk, mended.counts["ready"]) == (True, 1)


def test_a_village_of_another_township_is_refused_even_where_the_file_is_right():
    batch = uploaded([home("A1", 1, area=factories.FAR_VILLAGE)])
    assert batch.counts["ready"] == 0
    assert "不在本批次的地区里" in said(batch)[0]["found"] or "范围" in str(said(batch, "warning"))
    with pytest.raises(NothingToCommit):
        importing.submit(batch, acting_officer=maker())


@pytest.mark.parametrize("place", ["640402", "640402103999", "640402103"])
def test_places_are_townships_or_villages_in_force(place):
    one = home("A1", 1)
    one["place"] = place
    assert uploaded([one]).counts["ready"] == (1 if place == "640402103" else 0)


def test_the_same_people_are_one_more_recording_and_never_a_second_file():
    made = factories.household(n=1)
    batch = committed([home("Z9", 1, pens=3)])
    assert (batch.counts["opened"], batch.counts["recorded"]) == (0, 1)
    assert Household.objects.get() == made
    made.refresh_from_db()
    assert made.version == 2
    assert HouseholdFacts.objects.get(household=made).values["household"][""]["pens"] == 3
    assert ImportRow.objects.get().adds is False


def test_a_number_on_file_with_other_people_is_refused_and_says_what_to_do():
    committed([home("A1", 1)])
    batch = uploaded([home("A1", 5)], name="再来.xlsx")
    assert "已经是另一户的" in said(batch)[0]["found"]
    third = home("A1", 1)
    third["people"].append({"name": "马小三", "id_number": factories.id_number(77, "20100101"), "relation": "son"})
    assert "现有的成员与表里不同" in said(uploaded([third], name="三.xlsx"))[0]["found"]


def test_somebody_of_another_household_is_told_on_their_row_and_elsewhere_not_which():
    here = factories.household(n=1)
    mixed = home("B1", 2)
    mixed["people"][1]["id_number"] = factories.id_number(2)
    found = said(uploaded([mixed]))[0]
    assert (found["sheet"], found["row"], here.number in found["found"]) == ("成员", 4, True)
    far = factories.household(factories.FAR_VILLAGE, n=40)
    mixed["people"][1]["id_number"] = factories.id_number(80)
    found = said(uploaded([mixed], name="二.xlsx"))[0]
    assert far.number not in str(found)
    assert "别的地区" in found["found"]


def test_doubles_inside_the_file_go_back():
    batch = uploaded([home("A1", 1), home("A1", 2), home("B1", 3), home("B2", 3)])
    assert batch.counts["ready"] == 0
    assert {m["household"] for m in said(batch)} == {"A1", "B1", "B2"}


def test_the_same_file_in_the_same_area_is_recognised_and_free_again_once_dropped():
    source = workbook([home("A1", 1)])
    first = uploaded([], source=source)
    source.seek(0)
    again = importing.upload(
        source,
        name="别名.xlsx",
        area=Area.objects.get(pk=factories.TOWNSHIP),
        observed_on=factories.DAY,
        acting_officer=maker(),
    )
    assert again.known
    assert again.batch == first
    importing.drop(first, acting_officer=maker())
    source.seek(0)
    assert uploaded([], source=source).pk != first.pk


def test_a_zip_of_chinese_csv_files_is_read():
    batch = uploaded([], source=zip_of_csv([home("A1", 1)], "gb18030"), name="调查.zip")
    assert (batch.state, batch.counts["ready"]) == (State.CHECKED, 1)


def test_a_zip_that_lies_about_its_size_or_climbs_out_is_harmless(monkeypatch):
    monkeypatch.setattr(files, "_MOST_UNPACKED", 1000)
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../家庭.csv", b"a" * 5000)
    source.seek(0)
    batch = uploaded([], source=source, name="大.zip")
    assert batch.state == State.UNREADABLE
    assert "1000 MB" in batch.messages[0]["found"]


@pytest.mark.parametrize(
    ("name", "content"), [("表.xlsx", b"PK\x03\x04 broken"), ("表.csv", b"%PDF-1.7"), ("表.zip", b"no")]
)
def test_what_cannot_be_read_says_so_and_is_not_kept(name, content):
    batch = uploaded([], source=io.BytesIO(content), name=name)
    assert batch.state == State.UNREADABLE
    assert batch.messages[0]["found"]
    assert not files.has(batch.pk, "file")


@pytest.mark.parametrize(("name", "content"), [("表.exe", b"MZ"), ("表.xlsx", b"")])
def test_other_files_are_not_taken(name, content):
    with pytest.raises(FileRefused):
        uploaded([], source=io.BytesIO(content), name=name)


def test_nobody_uploads_for_a_place_that_is_not_theirs():
    with pytest.raises(NotAllowedHere):
        uploaded([home("A1", 1)], area=factories.OTHER_TOWNSHIP, by=maker())


def test_who_made_it_does_not_approve_it():
    batch = uploaded([home("A1", 1)])
    importing.submit(batch, acting_officer=maker())
    Appointment.objects.create(officer=maker(), role=Role.TOWNSHIP_REVIEWER, area_id=factories.TOWNSHIP)
    both = type(maker()).objects.get(pk=maker().pk)
    with pytest.raises(NotAnotherPerson):
        importing.approve(batch, acting_officer=both)


def test_a_right_lent_by_the_maker_does_not_approve():
    batch = uploaded([home("A1", 1)])
    importing.submit(batch, acting_officer=maker())
    friend = factories.officer(None, username="friend")
    Appointment.objects.create(
        officer=friend, role=Role.TOWNSHIP_REVIEWER, area_id=factories.TOWNSHIP, delegated_by=maker(),
        ends=timezone.now() + timedelta(days=3),
    )  # fmt: skip
    with pytest.raises(NotAnotherPerson):
        importing.approve(batch, acting_officer=friend)
    assert ImportBatch.objects.get().state == State.SUBMITTED


def test_who_lent_the_maker_the_right_does_not_approve_either():
    boss = checker()
    helper = factories.officer(None, username="helper")
    Appointment.objects.create(
        officer=helper, role=Role.TOWNSHIP_CLERK, area_id=factories.TOWNSHIP, delegated_by=boss,
        ends=timezone.now() + timedelta(days=3),
    )  # fmt: skip
    batch = uploaded([home("A1", 1)], by=helper)
    importing.submit(batch, acting_officer=helper)
    with pytest.raises(NotAnotherPerson):
        importing.approve(batch, acting_officer=boss)
    importing.approve(batch, acting_officer=factories.officer(Role.COUNTY_APPROVER))


def test_another_townships_reviewer_does_not_approve_and_a_reason_is_asked_for():
    batch = uploaded([home("A1", 1)])
    with pytest.raises(NotYours):
        importing.submit(batch, acting_officer=factories.officer(Role.COUNTY_REVIEWER))
    importing.submit(batch, acting_officer=maker())
    with pytest.raises(NotAllowedHere):
        importing.approve(batch, acting_officer=checker(factories.OTHER_TOWNSHIP))
    with pytest.raises(NeedsReason):
        importing.send_back(batch, reason=" ", acting_officer=checker())
    importing.send_back(batch, reason="日期不对", acting_officer=checker())
    importing.submit(batch, acting_officer=maker())
    importing.refuse(batch, reason="不是本镇的调查", acting_officer=checker())
    assert ImportRow.objects.get().payload is None
    with pytest.raises(BatchMovedOn):
        importing.approve(batch, acting_officer=checker())


def test_what_changed_since_the_check_is_judged_anew_and_the_rest_goes_on():
    batch = uploaded([home("A1", 1), home("A2", 2), home("A3", 3)])
    importing.submit(batch, acting_officer=maker())
    factories.household(members=[factories.member("马试一", "02", 4)])  # the head of A2 is on file by now
    importing.approve(batch, acting_officer=checker())
    work_off()
    batch.refresh_from_db()
    assert (batch.counts["opened"], batch.counts["late"]) == (2, 1)
    late = ImportRow.objects.get(state=ImportRow.State.REJECTED)
    assert late.number == "A2"
    assert "已经在" in late.problem
    assert "马试一" not in late.problem


def test_a_file_that_is_closed_while_its_household_comes_in_is_not_recorded_onto(monkeypatch):
    made = factories.household(n=1, pens=1)
    batch = uploaded([home("Z9", 1, pens=3), home("A2", 2)])
    importing.submit(batch, acting_officer=maker())
    real, judged = importing_work.judge, []

    def judge_then_close(told, bounds):
        found = real(told, bounds)
        if not judged:
            structure.close(made, Change(timezone.localdate(), "全户迁走"), acting_officer=maker())
        judged.append(found)
        return found

    monkeypatch.setattr(importing_work, "judge", judge_then_close)
    importing.approve(batch, acting_officer=checker())
    work_off()
    assert len(judged) > 0
    assert not Recording.objects.filter(household=made, source=SourceKind.IMPORT).exists()
    assert Household.objects.filter(number="A2").exists()


def undone(batch):
    importing.undo(batch, reason="表格有误", acting_officer=checker())
    work_off()


def test_an_import_never_changes_the_name_of_somebody_who_is_known():
    undone(committed([home("A1", 1), home("A2", 2)]))
    renamed = home("A1", 1)
    renamed["people"][0]["name"] = "马示一"
    again = uploaded([renamed, home("A2", 2)])
    assert (again.counts["ready"], again.counts["rejected"]) == (1, 1)
    (message,) = [m for m in said(again) if m["column"] == "姓名"]
    assert "登记的姓名与表里的不同" in message["found"]
    assert "马试一" not in str(again.messages)
    assert person.by_number("resident", factories.id_number(2)).name == "马试一"


def test_a_file_of_the_same_household_with_another_name_under_a_number_goes_back():
    made = factories.household(n=1, pens=1)
    renamed = home("Z9", 1, pens=3)
    renamed["people"][0]["name"] = "马示一"
    assert uploaded([renamed]).counts["ready"] == 0
    assert Household.objects.get(pk=made.pk).head.name == "马试一"


def test_who_comes_back_keeps_one_record_and_the_file_fills_in_only_what_is_empty():
    undone(committed([home("A1", 1), home("A2", 2, phone="13800000002")]))
    known = person.by_number("resident", factories.id_number(2))
    known.phone = "13900000001"
    known.save()
    again = committed([home("A1", 1, phone="13800000001"), home("A2", 2)])
    assert again.counts["opened"] == 2
    made = Household.objects.get(number="A1")
    assert (made.head, made.head.name, made.head.phone) == (known, "马试一", "13900000001")
    assert Person.objects.count() == 4
    assert set(NameKey.objects.filter(person=made.head).values_list("key", flat=True)) == set(
        person.name_indexes("马试一")
    )


def test_an_undone_batch_leaves_files_closed_people_free_and_keeps_what_was_worked_on():
    batch = committed([home("A1", 1), home("A2", 2)])
    worked = Household.objects.get(number="A2")
    told = Told(SourceKind.OFFICER, factories.DAY)
    recording.record(worked, told, {"household": {"": {"pens": 1}}}, acting_officer=maker())
    importing.undo(batch, reason="整批重复", acting_officer=checker())
    with pytest.raises(BatchMovedOn):
        importing.undo(batch, reason="再来", acting_officer=checker())
    work_off()
    batch.refresh_from_db()
    assert (batch.state, batch.counts["undone"], batch.counts["kept"]) == (State.UNDONE, 1, 1)
    closed = Household.objects.get(state=Household.State.CLOSED)
    assert closed.number.startswith("A1-X")
    assert HouseholdFacts.objects.get(household=closed).values == {}
    assert not Membership.objects.filter(household=closed, until__isnull=True).exists()
    assert closed.events.filter(kind="undone").exists()
    assert Entry.objects.filter(event="registry.import_undone", household=closed.pk).exists()
    worked.refresh_from_db()
    assert worked.state == Household.State.OPEN
    assert "已有改动" in ImportRow.objects.get(household=worked).problem


def test_undoing_takes_back_what_was_added_to_an_older_file_and_nothing_else():
    made = factories.household(n=1, pens=1)
    batch = committed([home("Z9", 1, pens=3, planted_area=2.5)])
    importing.undo(batch, reason="旧表", acting_officer=checker())
    work_off()
    made.refresh_from_db()
    assert made.state == Household.State.OPEN
    assert HouseholdFacts.objects.get(household=made).values["household"][""] == {"pens": 1}
    assert Recording.objects.filter(household=made, withdrawn_why="旧表").count() == 1


def test_undoing_takes_back_what_somebody_took_along_into_another_household():
    made = factories.household(n=1, pens=1)
    wage = home("Z9", 1)
    wage["people"][1]["wage_income_year"] = 7000.0
    batch = committed([wage])
    wife = Membership.objects.get(household=made, position=2).person
    place = structure.Home(Area.objects.get(pk=factories.VILLAGE), "示例路9号")
    new = structure.split(made, {wife.pk: "02"}, place, Change(timezone.localdate(), "分户"), acting_officer=maker())
    assert HouseholdFacts.objects.get(household=new).values["member"][str(wife.pk)]["wage_income_year"] == 7000
    undone(batch)
    assert "wage_income_year" not in HouseholdFacts.objects.get(household=new).values.get("member", {}).get(
        str(wife.pk), {}
    )
    assert Entry.objects.filter(event="registry.import_undone", household=new.pk).exists()


def test_only_an_approver_undoes():
    batch = committed([home("A1", 1)])
    with pytest.raises(NotAllowedHere):
        importing.undo(batch, reason="我的", acting_officer=maker())


def test_who_sees_which_batches():
    import_files.uploaded([home("A1", 1)])
    seen = {role for role in Role if ImportBatch.objects.visible_to(factories.officer(role)).exists()}
    assert seen == {Role.TOWNSHIP_CLERK, Role.TOWNSHIP_REVIEWER, Role.COUNTY_REVIEWER, Role.COUNTY_APPROVER}
    assert not ImportBatch.objects.visible_to(maker(factories.OTHER_TOWNSHIP)).exists()


def test_what_is_kept_long_enough_goes_and_what_is_needed_stays(django_capture_on_commit_callbacks):
    import os

    from zhikun.registry.services import importing_clearing

    with django_capture_on_commit_callbacks(execute=True):
        batch = committed([home("A1", 1), home("B1", 2, area=factories.OTHER_VILLAGE)])
    waiting = uploaded([home("C1", 3)], name="等.xlsx")
    stray, left = files.folder() / "00000000-0000-4000-8000-000000000001.file", files.folder() / "open-x"
    stray.write_bytes(b"sealed")
    left.mkdir()
    half = files.folder() / f".{stray.name}.77.part"
    half.write_bytes(b"half an upload")
    assert importing_clearing.clear() == 0
    for path in files.folder().iterdir():
        os.utime(path, (0, 0))
    assert importing_clearing.clear() >= 3
    assert not stray.exists()
    assert not half.exists()
    assert not left.exists()
    assert not files.has(batch.pk, "rejects")
    assert files.has(waiting.pk, "file")


@pytest.mark.parametrize("state", ["committed", "unreadable", "refused", "dropped", "undone"])
def test_a_file_that_a_kill_left_to_a_batch_that_has_ended_goes_with_the_night(state):
    import os

    from zhikun.registry.services import importing_clearing

    batch = uploaded([home("A1", 1), home("B1", 2, area=factories.OTHER_VILLAGE)])
    ImportBatch.objects.filter(pk=batch.pk).update(state=state)
    seven_hours_ago = time.time() - 7 * 3600
    for path in files.folder().iterdir():
        os.utime(path, (seven_hours_ago, seven_hours_ago))
    importing_clearing.clear()
    assert not files.has(batch.pk, "file")
    assert files.has(batch.pk, "rejects") is (state in {"committed", "undone", "unreadable"})
