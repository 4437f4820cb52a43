"""The export of a run's list: as many rows as the list says, what the run found beside what the file knows, on record in codes."""

import csv
import io
import json
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.assessments.test_assessing import reviewer, well_known
from tests.assessments.test_lists import CITY, CLERK, FIGURES, VILLAGE_ASSISTANT, address_of, number_of, office
from tests.assessments.test_pages import anchors, counted, run_now
from tests.officers import signed_in

from zhikun.accounts.models import Appointment
from zhikun.accounts.roles import Role
from zhikun.assessments.results import result_of
from zhikun.assessments.services import working
from zhikun.assessments.wanted import Term, Wanted
from zhikun.audit.models import Entry
from zhikun.jobs.worker import work_off
from zhikun.pages.errors import DomainError
from zhikun.places.models import Area
from zhikun.registry.models import Export
from zhikun.registry.services import exporting, structure
from zhikun.registry.services.change import Change
from zhikun.tables import read_sheets
from zhikun.wording import SAMPLE_MARK

pytestmark = pytest.mark.django_db

REVIEWER = Role.COUNTY_REVIEWER
SCORES = ["run._category", "run._index", "run.housing", "run.illness", "run._undetermined", "run._rank_village"]


def address_of_export(run, wanted=None, **more):
    query = [("list", "run"), ("run", str(run.pk)), *(wanted or Wanted()).query(), *more.items()]
    return f"{reverse('exports:new')}?{urlencode(query)}"


def exported(browser, address, *, form="csv", columns=("number", "head", *SCORES), **more):
    """What comes of the form, once the work in the background is done."""
    sent = browser.post(address, {"columns": list(columns), "format": form, "purpose": "入户核查", **more})
    assert sent.status_code == 302, sent.content.decode()
    work_off()
    return Export.objects.order_by("-asked_at").first()


def rows_of(made, tmp_path):
    """Headings and rows of the file."""
    content = b"".join(exporting.content(made))
    if made.format == "csv":
        told = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        return told[1], told[2:-1]
    path = tmp_path / f"{made.pk}.xlsx"
    path.write_bytes(content)
    told = list(read_sheets(path)[0].head(100))
    return told[1], told[2:]


@pytest.mark.parametrize("role", [CLERK, REVIEWER])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_each_number_is_the_length_of_its_list_and_of_its_file(role, form, tmp_path):
    office()
    run, officer = run_now(), factories.officer(role)
    browser = signed_in(officer)
    for name, wanted in FIGURES.items():
        number = number_of(run, officer, wanted)
        page = browser.get(address_of(run, wanted)).content.decode()
        (link,) = [url for url, words in anchors(page) if words == "导出"]
        assert f"按下面的条件共 {number} 户" in browser.get(link).content.decode()
        made = exported(browser, link, form=form)
        _headings, rows = rows_of(made, tmp_path)
        assert (made.rows, len(rows)) == (number, number), name
        assert counted(browser, address_of(run, wanted)) == (number, number), name


@pytest.mark.parametrize("role", [VILLAGE_ASSISTANT, CITY])
def test_who_may_look_but_not_export_is_not_offered_to(role):
    office()
    run = run_now()
    browser = signed_in(factories.officer(role))
    page = browser.get(reverse("assessments:households", args=[run.pk])).content.decode()
    assert "exports" not in page
    assert browser.get(address_of_export(run)).status_code == 404


def test_who_sees_more_than_they_may_export_is_told_and_gets_only_that(tmp_path):
    office()
    run, officer = run_now(), factories.officer(CITY)
    Appointment.objects.create(officer=officer, role=CLERK, area_id=factories.TOWNSHIP)
    browser = signed_in(officer)
    assert counted(browser, reverse("assessments:households", args=[run.pk])) == (7, 7)
    page = browser.get(address_of_export(run)).content.decode()
    assert "按下面的条件共 4 户" in page
    assert "另有 3 户在您没有导出权限的地区" in page
    made = exported(browser, address_of_export(run), columns=["area"])
    assert [row[0][:9] for row in rows_of(made, tmp_path)[1]] == [str(factories.TOWNSHIP)[:9]] * 4
    other = browser.get(address_of_export(run, place=str(factories.OTHER_TOWNSHIP))).content.decode()
    assert "没有可以导出的家庭" in other


def test_a_household_that_moved_away_stays_a_row_without_particulars(tmp_path):
    gone = office()[0]
    run, clerk = run_now(), factories.officer(CLERK)
    home = structure.Home(Area.objects.get(pk=factories.OTHER_VILLAGE), "")
    structure.move(gone, home, Change(timezone.localdate(), "搬家", gone.version), acting_officer=reviewer())
    browser = signed_in(clerk)
    wanted = FIGURES["at least"]
    made = exported(browser, address_of_export(run, wanted), columns=["number", "head", "village", "run.housing"])
    _headings, rows = rows_of(made, tmp_path)
    assert len(rows) == counted(browser, address_of(run, wanted))[1] == 2
    assert ["已迁出管辖地区", "", "", "3.5"] in rows
    text = b"".join(exporting.content(made)).decode()
    assert gone.number not in text
    looked = Entry.objects.filter(event="registry.exported", details__export=str(made.pk))
    assert looked.count() == 1
    assert not looked.filter(household=gone.pk).exists()


def test_the_file_says_what_the_run_found_and_unknown_is_not_zero(tmp_path):
    made = office()
    run = run_now()
    browser = signed_in(reviewer())
    columns = ["number", *SCORES, "run._flags", "run._missing", "run.main_cause", "run.needs", "run.income_per_head"]
    headings, rows = rows_of(exported(browser, address_of_export(run), columns=columns), tmp_path)
    assert headings[1:4] == ["需求类别", "困难指数（分）", "因房（分）"]
    told = {row[0]: dict(zip(headings, row, strict=True)) for row in rows}
    known, flagged, open_ = (told[made[n].number] for n in (0, 1, 5))
    kept = result_of(made[0])
    assert (known["因房（分）"], known["需求类别"], known["主要致困原因"]) == ("3.5", "单一需求（转介办理）", "因房")
    assert float(known["困难指数（分）"]) == kept.index
    assert known["本村（社区）困难排序"] == str(kept.ranks["village"][0])
    assert flagged["须由人确认"] == "有较大医药支出而没有登记大病、慢性病"
    assert (known["尚不能确定"], open_["尚不能确定"]) == ("否", "是")
    assert (open_["需求类别"], open_["困难指数（分）"], open_["因病（分）"]) == ("尚不能确定",) * 3
    assert "医疗" in open_["还缺的情况"]


def test_names_are_masked_unless_there_is_a_right_and_a_reason(tmp_path):
    office()
    run, clerk = run_now(), factories.officer(CLERK)
    browser, address = signed_in(clerk), address_of_export(run, FIGURES["at least"])
    text = str(rows_of(exported(browser, address, columns=["head", "head_id_number"]), tmp_path))
    assert "马**" in text
    assert factories.id_number(2) not in text
    whole = {"unmasked": "on", "unmasked_why": "逐户核对证件"}
    assert factories.id_number(2) in str(
        rows_of(exported(browser, address, columns=["head", "head_id_number"], **whole), tmp_path)
    )
    assert Entry.objects.filter(event="registry.unmasked", reason="逐户核对证件").count() == 2


def test_the_record_and_the_file_say_what_was_asked(tmp_path):
    office()
    run = run_now()
    made = exported(signed_in(reviewer()), address_of_export(run, FIGURES["both"]), form="xlsx")
    entries = Entry.objects.filter(event="registry.exported", subject=str(made.pk)).order_by("pk")
    assert [entry.details["step"] for entry in entries] == ["asked", "made"]
    for entry in entries:
        assert (entry.details["run"], entry.details["asked"]) == (
            str(run.pk),
            "category=single_need&which=housing%3E%3D2",
        )
    path = tmp_path / "list.xlsx"
    path.write_bytes(b"".join(exporting.content(made)))
    about = {row[0]: row[1] for row in read_sheets(path)[1].head(30)}
    assert about["条件"] == "类别：单一需求（转介办理）；因房 ≥ 2 分"
    assert about["地区"] == "原州区（您管辖的范围内）"
    assert run.on.isoformat() in about["评估"]
    assert about["参数"] == SAMPLE_MARK, "its categories and index rest on examples"


@pytest.mark.parametrize(
    "more",
    [
        {"which": "nothing>=2"}, {"which": "housing>=x"}, {"category": "x' OR 'a'='a"}, {"place": str(factories.OTHER_TOWNSHIP)},
        {"place": "1 OR 1=1"}, {"run": "7"}, {"list": "nobody"}, {"missing": "x"},
    ],
)  # fmt: skip
def test_what_is_not_there_or_cannot_be_read_is_not_exported(more):
    office()
    run = run_now()
    query = {"list": "run", "run": str(run.pk)} | more
    browser = signed_in(factories.officer(CLERK))
    for send in (browser.get, browser.post):
        assert send(f"{reverse('exports:new')}?{urlencode(query)}").status_code == 404
    assert not Export.objects.exists()


def test_a_run_of_another_county_is_not_there():
    office()
    run = run_now()
    browser = signed_in(factories.officer(REVIEWER, factories.OTHER_COUNTY))
    assert browser.get(address_of_export(run)).status_code == 404


def test_too_long_a_list_is_refused_before_it_is_written(monkeypatch):
    office()
    run = run_now()
    monkeypatch.setattr(exporting, "MOST_ROWS", 6)
    answer = signed_in(reviewer()).post(
        address_of_export(run), {"columns": ["number"], "format": "csv", "purpose": "核查"}
    )
    assert (answer.status_code, "没有导出" in answer.content.decode()) == (422, True)
    assert not Export.objects.exists()


def test_who_has_lost_the_area_since_gets_nothing():
    office()
    run, clerk = run_now(), factories.officer(CLERK)
    sent = signed_in(clerk).post(address_of_export(run), {"columns": ["number"], "format": "csv", "purpose": "核查"})
    assert sent.status_code == 302
    Appointment.objects.filter(officer=clerk).update(area_id=factories.OTHER_COUNTY)
    work_off()
    made = Export.objects.get()
    assert (made.state, made.rows) == (Export.State.FAILED, None)


def test_a_condition_that_the_pack_has_lost_since_ends_the_export_with_a_reason():
    office()
    run = run_now()
    made = exported(signed_in(reviewer()), address_of_export(run, FIGURES["at least"]))
    told = json.loads(made.wanted)
    told["what"]["query"] = [["which", "nothing>=2"]]
    made.wanted, made.state = json.dumps(told), Export.State.WAITING
    made.save()
    with pytest.raises(DomainError, match="读不出来"):
        exporting.make(made.pk, working.Alone())
    made.refresh_from_db()
    assert (made.state, "没有导出" in made.error) == (Export.State.FAILED, True)


def test_parts_of_a_list_make_one_file_in_its_order(monkeypatch, tmp_path):
    from zhikun.registry.services import exporting_lists

    monkeypatch.setattr(exporting_lists, "AT_ONCE", 2)
    made = [well_known(n=n) for n in range(1, 6)]
    run = run_now()
    for form in ("csv", "xlsx"):
        _headings, rows = rows_of(exported(signed_in(reviewer()), address_of_export(run), form=form), tmp_path)
        assert [row[0] for row in rows] == sorted(home.number for home in made)


def test_the_page_asks_the_database_a_fixed_number_of_times(django_assert_max_num_queries):
    office()
    run = run_now()
    browser = signed_in(reviewer())
    address = address_of_export(run, Wanted(terms=(Term("housing", ">=", 2.0),)))
    browser.get(address)
    with django_assert_max_num_queries(16):
        assert browser.get(address).status_code == 200
    made = exported(browser, address)
    page = browser.get(reverse("exports:export", args=[made.pk])).content.decode()
    assert "因房（分）" in page
    assert "run." not in page
