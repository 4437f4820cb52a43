"""Lists out of the platform: as many rows as the page said, masked, watermarked, for one officer, for one day."""

import csv
import io
import json
import os
import tempfile
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.officers import signed_in

from zhikun.accounts.models import Appointment
from zhikun.accounts.roles import RIGHTS, Right, Role
from zhikun.audit.models import Entry
from zhikun.jobs.models import Job
from zhikun.jobs.services import retry
from zhikun.jobs.worker import work_off
from zhikun.registry.errors import NeedsReason, NotAllowedHere
from zhikun.registry.models import Export, Household
from zhikun.registry.selectors.search import find
from zhikun.registry.services import exporting, importing_clearing
from zhikun.registry.services.exporting import Filter
from zhikun.tables import read_sheets

pytestmark = pytest.mark.django_db
OPEN = Filter(state=Household.State.OPEN.value)
EXPORTERS = [role for role in Role if Right.HOUSEHOLD_EXPORT in RIGHTS[role]]


@pytest.fixture
def homes():
    return [
        factories.household(n=1, pens=3),
        factories.household(factories.VILLAGE + 1, n=2),
        factories.household(factories.OTHER_VILLAGE, n=3),
        factories.household(factories.FAR_VILLAGE, n=4),
    ]


def exported(
    officer, chosen=OPEN, columns=("number", "head", "head_id_number"), *, form="csv", why=None, purpose="核查"
):
    made = exporting.request(chosen, columns, format_=form, purpose=purpose, unmasked_why=why, acting_officer=officer)
    work_off()
    made.refresh_from_db()
    return made


def rows_of(made):
    text = b"".join(exporting.content(made)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("role", EXPORTERS)
@pytest.mark.parametrize(
    "chosen", [OPEN, Filter(state="open", text="马试一"), Filter(state="open", place=factories.TOWNSHIP)]
)
def test_what_the_page_counts_is_what_the_file_holds(homes, role, chosen):
    officer = factories.officer(role)
    on_page = find(officer, chosen.wanted(officer)).count
    made = exported(officer, chosen)
    lines = rows_of(made)[2:-1]
    assert on_page == made.rows == len(lines)
    assert {line[0] for line in lines} == set(
        Household.objects.visible_to(officer, Right.HOUSEHOLD_EXPORT)
        .filter(area_id__gte=chosen.place or 0, area_id__lte=(chosen.place or 10**12) + 999)
        .values_list("number", flat=True)
    )
    assert lines


@pytest.mark.parametrize(
    "chosen",
    [Filter(place=-1), Filter(place=factories.OTHER_COUNTY), Filter(category="没有这一类"), Filter(text="？？")],
)
def test_a_filter_that_means_nothing_exports_nothing(homes, chosen):
    assert rows_of(exported(factories.officer(Role.TOWNSHIP_CLERK), chosen))[2:-1] == []


@pytest.mark.parametrize("role", [role for role in Role if role not in EXPORTERS])
def test_without_the_right_nothing_is_exported(homes, role):
    with pytest.raises(NotAllowedHere):
        exported(factories.officer(role))


def test_particulars_are_masked_and_on_record_for_each_household(homes):
    made = exported(
        factories.officer(Role.TOWNSHIP_CLERK), columns=["head", "head_id_number", "phone", "address", "found"]
    )
    text = str(rows_of(made))
    for secret in ("马试一", factories.id_number(2), "示例路1号"):
        assert secret not in text
    assert "马**" in text
    looked = Entry.objects.filter(event="registry.exported", household=homes[0].pk).get()
    assert (looked.looks, looked.reason) == (True, "核查")
    assert not Entry.objects.filter(household=homes[3].pk, event="registry.exported").exists()


def test_with_right_and_reason_they_are_whole_and_each_look_says_why(homes):
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    with pytest.raises(NeedsReason):
        exported(clerk, why=" ")
    made = exported(clerk, why="逐户核对证件")
    assert factories.id_number(2) in str(rows_of(made))
    entry = Entry.objects.filter(event="registry.unmasked", household=homes[0].pk).get()
    assert entry.reason == "逐户核对证件"


def test_full_particulars_only_where_the_right_to_them_reaches(homes):
    officer = factories.officer(Role.COUNTY_APPROVER)
    Appointment.objects.filter(officer=officer).update(role=Role.TOWNSHIP_REVIEWER, area_id=factories.TOWNSHIP)
    exporter = type(officer).objects.get(pk=officer.pk)
    text = str(rows_of(exported(exporter, why="核对")))
    assert factories.id_number(2) in text
    assert homes[2].number not in text


def test_a_purpose_is_asked_for_and_what_was_typed_is_nowhere_in_plain_text(homes):
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    with pytest.raises(NeedsReason):
        exported(clerk, purpose=" ")
    exported(clerk, Filter(state="open", text="马试一"))
    kept = [*Export.objects.values_list(), *Entry.objects.values_list("details", "subject", "reason")]
    assert "马试一" not in str(kept)
    assert json.loads(Export.objects.get().wanted)["text"] == "马试一"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_nothing_becomes_a_formula_and_nothing_invisible_goes_along(homes, form, tmp_path):
    home = homes[0]
    home.address = '=HYPERLINK("http://例.cn")\u202e\u200b门'
    home.save()
    made = exported(factories.officer(Role.TOWNSHIP_CLERK), columns=["number", "address"], form=form, why="核对")
    path = tmp_path / f"list.{form}"
    path.write_bytes(b"".join(exporting.content(made)))
    sheet = read_sheets(path)[0]
    cells = [cell for row in sheet.head(9) for cell in row]
    found = next(cell for cell in cells if "HYPERLINK" in cell)
    assert not found.startswith("=") if form == "csv" else found.startswith("=")
    assert not set(found) & {"\u202e", "\u200b"}
    if form == "xlsx":
        import zipfile

        assert b"<f>" not in zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml")


def test_every_part_of_the_file_says_who_took_it_when_and_what_for(homes, tmp_path):
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    lines = rows_of(exported(clerk, purpose="十一月核查"))
    assert "十一月核查" in lines[0][0]
    assert lines[0] == lines[-1]
    assert clerk.name in lines[0][0]
    path = tmp_path / "list.xlsx"
    path.write_bytes(b"".join(exporting.content(exported(clerk, form="xlsx", purpose="十一月核查"))))
    first, about = read_sheets(path)
    assert "十一月核查" in first.head(1)[0][0]
    assert {"导出人", "用途", "导出时间", "户数"} <= {row[0] for row in about.head(20)}


def test_only_who_asked_fetches_it_and_only_for_a_day(homes):
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    made = exported(clerk)
    other = factories.officer(Role.TOWNSHIP_CLERK, username="another")
    address = reverse("exports:download", args=[made.pk])
    assert signed_in(other).get(address).status_code == 404
    answer = signed_in(clerk).get(address)
    assert "核查" in b"".join(answer.streaming_content).decode()
    assert Entry.objects.filter(event="registry.exported", details__step="fetched").count() == 1
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert signed_in(clerk).get(address).status_code == 302
    assert exporting.clear_expired() == 1
    with pytest.raises(FileNotFoundError):
        list(exporting.content(made))


def test_a_list_that_a_killed_run_left_open_does_not_lie_there(homes):
    left, busy = exporting.folder() / "open-killed", exporting.folder() / "open-busy"
    for bench in (left, busy):
        bench.mkdir(parents=True)
        (bench / "list.csv").write_text("马试一", encoding="utf-8")
    then = (timezone.now() - timedelta(hours=7)).timestamp()
    os.utime(left, (then, then))
    exporting.clear_expired()
    assert (left.exists(), busy.exists()) == (False, True)


def test_a_list_that_breaks_off_leaves_nothing_in_plain_text(homes, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(exporting, "MOST_ROWS", 0)
    made = exported(factories.officer(Role.TOWNSHIP_CLERK), form="xlsx")
    assert (made.state, "没有导出" in made.error) == (Export.State.FAILED, True)
    assert not list(tmp_path.iterdir())
    assert not list(exporting.folder().glob(f"open-{made.pk}"))


def test_what_a_killed_server_left_of_an_upload_goes(settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    left, busy = tmp_path / "left.upload", tmp_path / "busy.upload"
    for path in (left, busy):
        path.write_text("马试一", encoding="utf-8")
    then = (timezone.now() - timedelta(hours=7)).timestamp()
    os.utime(left, (then, then))
    assert importing_clearing.clear_uploads() == 1
    assert (left.exists(), busy.exists()) == (False, True)


def test_who_has_lost_the_right_since_gets_nothing(homes):
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    made = exporting.request(OPEN, ["number"], format_="csv", purpose="核查", acting_officer=clerk)
    Appointment.objects.filter(officer=clerk).update(revoked_at=timezone.now())
    work_off()
    made.refresh_from_db()
    assert (made.state, made.rows) == (Export.State.FAILED, None)
    Appointment.objects.filter(officer=clerk).update(revoked_at=None)
    retry(Job.objects.get(kind="registry.export"), acting_officer=clerk)
    work_off()
    made.refresh_from_db()
    assert (made.state, made.error, made.rows) == (Export.State.READY, "", len(rows_of(made)) - 3)


def test_who_moved_to_a_smaller_place_since_fetches_no_list_of_the_larger_one(homes):
    made = exported(factories.officer(Role.COUNTY_REVIEWER))
    Export.objects.filter(pk=made.pk).update(expires_at=timezone.now() + exporting.LIFE - timedelta(minutes=5))
    made.refresh_from_db()
    who = made.officer
    Appointment.objects.filter(officer=who).update(begins=timezone.now() - timedelta(days=9))
    assert exporting.fetch(made, acting_officer=type(who).objects.get(pk=who.pk)) is not None
    Appointment.objects.filter(officer=who).update(revoked_at=timezone.now())
    Appointment.objects.create(officer=who, role=Role.TOWNSHIP_CLERK, area_id=factories.TOWNSHIP)
    who = type(who).objects.get(pk=who.pk)
    assert who.may(Right.HOUSEHOLD_EXPORT)
    with pytest.raises(NotAllowedHere):
        exporting.fetch(made, acting_officer=who)


def test_from_the_search_to_the_file_by_clicks(homes):
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    client = signed_in(clerk)
    found = client.post(reverse("registry:search"), {"text": "马试一"})
    shown = client.get(found["Location"]).content.decode()
    query = found["Location"].partition("?")[2]
    assert reverse("exports:new") + "?" in shown
    page = reverse("exports:new") + f"?{query}"
    assert "2 户" in client.get(page).content.decode()
    bad = client.post(page, {"columns": ["number"], "format": "csv", "purpose": ""})
    assert bad.status_code == 422
    sent = client.post(page, {"columns": ["number", "fact.pens"], "format": "csv", "purpose": "核查"})
    work_off()
    assert "下载" in client.get(sent["Location"]).content.decode()
    lines = rows_of(Export.objects.get())
    assert lines[1] == ["户编号", "圈舍数量"]
    assert sorted(line[1] for line in lines[2:-1]) == ["", "3"]
    assert Export.objects.get().purpose in client.get(reverse("exports:list")).content.decode()


def test_a_rotation_reaches_the_lists_that_wait(homes):
    made = exported(factories.officer(Role.TOWNSHIP_CLERK))
    from zhikun.privacy.reach import FOLDERS

    mine = [file for file in FOLDERS["exports"].files() if str(made.pk) in file.path.name]
    assert [(file.purpose, file.binding) for file in mine] == [("export_file", f"registry_export.file:{made.pk}")]
