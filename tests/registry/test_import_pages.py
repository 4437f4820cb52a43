"""The pages of imports: what each officer sees, what is done by a click, what never reaches a page."""

import io
import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from tests import factories
from tests.import_files import checker, committed, home, maker, uploaded, workbook
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.jobs.worker import work_off
from zhikun.places.models import Area
from zhikun.registry.models import Household, ImportBatch
from zhikun.registry.services.importing_told import ToldHousehold
from zhikun.registry.ui.imports_preview import _facts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def places():
    factories.areas()


@pytest.fixture
def opened(client):
    def open_as(officer, name, *args, query="", post=None, **headers):
        signed_in(officer, client)
        address = reverse(f"imports:{name}", args=args) + query
        return client.post(address, post) if post is not None else client.get(address, headers=headers)

    return open_as


def test_from_the_upload_to_the_files_by_clicks(opened):
    file = SimpleUploadedFile(
        "官厅镇.xlsx", workbook([home("A1", 1), home("B1", 2, area=factories.OTHER_VILLAGE)]).read()
    )
    sent = {"file": file, "area": factories.TOWNSHIP, "observed_on": "2026-11-02"}
    answer = opened(maker(), "new", post=sent)
    batch = ImportBatch.objects.get()
    assert answer["Location"] == reverse("imports:batch", args=[batch.pk])
    waiting = opened(maker(), "batch", batch.pk).content.decode()
    assert reverse("imports:progress", args=[batch.pk]) in waiting
    work_off()
    shown = opened(maker(), "batch", batch.pk).content.decode()
    assert "送审" in shown
    assert "所在村（社区）编码" in shown
    assert reverse("imports:rejects", args=[batch.pk]) in shown
    opened(maker(), "act", batch.pk, "submit", post={})
    assert "批准入库" not in opened(maker(), "batch", batch.pk).content.decode()
    assert "批准入库" in opened(checker(), "batch", batch.pk).content.decode()
    opened(checker(), "act", batch.pk, "approve", post={})
    work_off()
    assert Household.objects.get().number == "A1"
    assert "整批撤销" in opened(checker(), "batch", batch.pk).content.decode()
    assert "整批撤销" not in opened(maker(), "batch", batch.pk).content.decode()


def test_the_same_file_again_leads_to_its_batch_and_says_so(opened, client):
    source = workbook([home("A1", 1)])
    batch = uploaded([], source=source)
    sent = {
        "file": SimpleUploadedFile("别名.xlsx", source.getvalue()),
        "area": factories.TOWNSHIP,
        "observed_on": "2026-11-02",
    }
    answer = opened(maker(), "new", post=sent)
    assert answer["Location"] == reverse("imports:batch", args=[batch.pk])
    assert "已经上传过" in client.get(answer["Location"]).content.decode()


def test_a_preview_is_masked_and_on_record(opened):
    batch = uploaded([home("A1", 1, phone="12000000001", livestock_kinds=["cattle"])])
    shown = opened(checker(), "row", batch.pk, 1).content.decode()
    assert "马**" in shown
    assert "牛" in shown
    for secret in ("马试一", factories.id_number(2), "12000000001"):
        assert secret not in shown
    # Tags hold keys of rows and tokens, and those any four digits.
    assert "1968" not in re.sub(r"<[^>]*>", " ", shown), "the year of birth"
    entry = Entry.objects.filter(looks=True).get()
    assert (entry.officer_id, entry.subject) == (checker().pk, f"{batch.pk}:1")


def test_the_rejects_are_for_who_brought_the_file_and_on_record(opened):
    batch = uploaded([home("A1", 1), home("B1", 2, area=factories.OTHER_VILLAGE)])
    answer = opened(maker(), "rejects", batch.pk)
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    assert Entry.objects.filter(event="registry.exported", subject=str(batch.pk)).count() == 1
    colleague = factories.officer(Role.TOWNSHIP_CLERK, username="colleague")
    for other in (checker(), colleague):
        assert opened(other, "rejects", batch.pk).status_code == 404
        assert reverse("imports:rejects", args=[batch.pk]) not in opened(other, "batch", batch.pk).content.decode()


def test_what_is_said_of_a_file_tells_no_day_of_birth(opened):
    people = [
        {"name": "马试一", "id_number": factories.id_number(2), "relation": "head"},
        {
            "name": "苏试二",
            "id_number": factories.id_number(3, "19700301"),
            "relation": "spouse",
            "birth_date": date(1970, 3, 2),
        },
    ]
    batch = uploaded([home("A1", 1, people=people)])
    assert "1970-03-**" in str(batch.messages)
    assert "1970-03-02" not in str(batch.messages)
    shown = opened(checker(), "batch", batch.pk, query="?view=messages").content.decode()
    assert "填的是“1970-03-**”，与身份证号里的出生日期不一致" in shown


def test_a_supporters_birth_is_previewed_by_year_and_month():
    (_heading, lines), *_rest = _facts(
        ToldHousehold("A1", factories.VILLAGE, [], rows={"supporter": [{"birth_date": "1990-11-27"}]})
    )
    assert [line.value for line in lines] == ["1990-11-**"]


def test_why_a_file_goes_back_holds_no_number(opened):
    batch = uploaded([home("A1", 1)])
    opened(maker(), "act", batch.pk, "submit", post={})
    for number in (factories.id_number(2), "13900012345"):
        opened(checker(), "act", batch.pk, "send-back", post={"reason": f"{number} 重复"})
        batch.refresh_from_db()
        assert (batch.state, batch.decision_reason) == (ImportBatch.State.SUBMITTED, "")


@pytest.mark.parametrize("view", ["problems", "messages", "households"])
@pytest.mark.parametrize("households", [1, 60])
def test_each_view_costs_the_same_however_long_the_file(opened, client, view, households, django_assert_num_queries):
    wrong = [home(f"B{n}", 90 + n, area=factories.OTHER_VILLAGE) for n in range(1, 1 + households)]
    batch = uploaded([*(home(f"A{n}", n) for n in range(1, 1 + households)), *wrong])
    opened(maker(), "list")
    address = reverse("imports:batch", args=[batch.pk]) + f"?view={view}"
    with django_assert_num_queries(8 if view == "households" else 5):
        assert client.get(address).status_code == 200


def test_outside_the_area_there_is_nothing(opened):
    batch = uploaded([home("A1", 1)])
    others = [
        maker(factories.OTHER_TOWNSHIP),
        factories.officer(Role.VILLAGE_ASSISTANT),
        factories.officer(Role.AUDITOR),
    ]
    for officer in others:
        for name, args in (("batch", ()), ("progress", ()), ("rejects", ()), ("row", (1,))):
            assert opened(officer, name, batch.pk, *args).status_code == 404, (officer.username, name)
        assert opened(officer, "act", batch.pk, "drop", post={}).status_code == 404
    assert "官厅镇.xlsx" not in opened(others[0], "list").content.decode()
    assert ImportBatch.objects.get().state == ImportBatch.State.CHECKED


def test_a_refusal_is_said_in_full_and_nothing_is_done(opened):
    batch = uploaded([home("A1", 1)])
    answer = opened(checker(), "act", batch.pk, "approve", post={})
    assert answer.status_code == 409
    assert "刷新页面" in answer.content.decode()
    assert opened(checker(), "act", batch.pk, "steal", post={}).status_code == 404
    assert opened(checker(), "act", batch.pk, "approve").status_code == 405


def test_when_the_work_has_ended_the_page_is_read_anew(opened):
    batch = committed([home("A1", 1)])
    answer = opened(maker(), "progress", batch.pk, **{"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"


def test_the_empty_workbook_and_the_list(opened):
    assert opened(maker(), "template").content[:2] == b"PK"
    batch = uploaded([home("A1", 1)])
    shown = opened(checker(), "list").content.decode()
    assert batch.file_name in shown
    assert "上传调查表" not in shown


def test_a_file_that_cannot_be_read_opens_with_the_reason(opened):
    batch = uploaded([], source=io.BytesIO("这不是工作簿".encode()))
    shown = opened(maker(), "batch", batch.pk).content.decode()
    assert "没有要改正的问题" not in shown
    assert batch.messages[0]["found"] in shown
    assert "原因见“逐行说明”" in opened(maker(), "batch", batch.pk, query="?view=problems").content.decode()


def test_what_came_in_is_opened_from_the_batch(opened):
    batch = committed([home("A1", 1)])
    listed = opened(checker(), "batch", batch.pk).content.decode()
    assert "入库的户" in listed
    assert "待入库的户" not in listed
    assert Area.objects.get(pk=factories.VILLAGE).name in listed
    shown = opened(checker(), "row", batch.pk, 1).content.decode()
    assert reverse("registry:household", args=[Household.objects.get().pk]) in shown
