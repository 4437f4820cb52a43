"""The tree for everybody, the import for those who keep areas."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from tests import officers
from tests.places.files import CHANGES, COUNTY

from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.places.models import Area
from zhikun.places.services.areas import import_shipped

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def clerk():
    import_shipped()
    return officers.signed_in(officers.officer(Role.TOWNSHIP_CLERK))


@pytest.fixture
def administrator():
    return officers.signed_in(officers.officer(Role.ADMINISTRATOR, where=officers.province()))


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def upload(name, content):
    return SimpleUploadedFile(name, content.encode())


def test_the_tree_opens_at_an_area_with_its_history(clerk, django_assert_max_num_queries):
    with django_assert_max_num_queries(18):
        page = text_of(clerk.get(reverse("places:tree"), {"at": 640402002000}))
    assert "宁夏回族自治区固原市原州区古雁街道" in page
    assert "由“新区街道”更名" in page
    assert "固政函〔2014〕206号" in page
    assert "金城花园居委会" in page
    assert "吉强镇" not in page  # a county that is not opened
    assert "北京市" not in page


def test_the_tree_opens_at_the_officers_office_and_shows_the_country_when_asked(clerk):
    page = text_of(clerk.get(reverse("places:tree")))
    assert "三营镇" in page
    assert "北京市" not in page
    page = text_of(clerk.get(reverse("places:tree"), {"all": "1"}))
    assert "北京市" in page
    assert "三营镇" not in page


def test_an_ended_code_says_what_it_is_now(clerk):
    page = text_of(clerk.get(reverse("places:tree"), {"at": 640421000000}))
    assert "已停用" in page
    assert "宁夏回族自治区中卫市海原县" in page


def test_a_branch_for_htmx_and_a_page_without(clerk):
    address = reverse("places:children", args=[640402000000])
    branch = text_of(clerk.get(address, headers=HTMX))
    assert "三营镇" in branch
    assert "<html" not in branch
    assert clerk.get(address)["Location"] == f"{reverse('places:tree')}?at=640402000000"


@pytest.mark.parametrize("at", ["1", "abc", "640402999999", "9" * 13, "９"])
def test_what_is_no_area_is_not_there(clerk, at):
    assert clerk.get(reverse("places:tree"), {"at": at}).status_code == 404


def test_search_by_old_and_new_names(clerk):
    assert "宁夏回族自治区固原市原州区" in text_of(clerk.get(reverse("places:tree"), {"q": "固原县"}))
    assert "没有找到这个名称或代码" in text_of(clerk.get(reverse("places:tree"), {"q": "<b>无</b>"}))
    assert "只列出前 50 个" in text_of(clerk.get(reverse("places:tree"), {"q": "村"}, headers=HTMX))


def test_nobody_sees_areas_without_signing_in(client, db):
    assert client.get(reverse("places:tree")).status_code == 302


def test_a_clerk_has_no_import(clerk):
    assert clerk.get(reverse("places:import")).status_code == 404
    assert clerk.post(reverse("places:import"), {"areas": upload("a.csv", COUNTY)}).status_code == 404
    assert "导入" not in text_of(clerk.get(reverse("places:tree"))).split("<main")[1]


def test_first_a_look_then_the_import_then_nothing_new(administrator):
    checked = text_of(administrator.post(reverse("places:import"), {"areas": upload("固原.csv", COUNTY)}))
    assert not Area.objects.filter(pk=640402103221).exists()
    ticket = re.search(r'name="ticket" value="([^"]+)"', checked)[1]
    done = administrator.post(reverse("places:import"), {"ticket": ticket}, follow=True)
    assert "已导入：新增" in text_of(done)
    assert Area.objects.filter(pk=640402103221).exists()
    entry = Entry.objects.get(event="places.areas_imported")
    assert (entry.subject, entry.officer_text[:4]) == ("固原.csv", "生成人员")
    again = administrator.post(reverse("places:import"), {"ticket": ticket}, follow=True)
    assert "没有变化" in text_of(again)
    assert Entry.objects.filter(event="places.areas_imported").count() == 1


def test_a_bad_file_is_told_row_by_row_and_cannot_be_confirmed(administrator):
    bad = COUNTY + "64040210,坏乡,,,,,\n"
    page = text_of(administrator.post(reverse("places:import"), {"areas": upload("坏.csv", bad)}))
    assert "“坏.csv”表第 10 行“code”列" in page
    assert "请改好后重新上传" in page
    assert "确认导入" not in page


def test_what_is_outside_the_administrators_place_is_refused():
    where = officers.township()
    keeper = officers.signed_in(officers.officer(Role.ADMINISTRATOR, where=where))
    page = text_of(keeper.post(reverse("places:import"), {"areas": upload("a.csv", COUNTY)}))
    assert "不在您管理的地区内" in page


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "请至少选择一个文件"),
        ({"areas": ("a.exe", COUNTY)}, "不能上传这种文件"),
        ({"areas": ("a.xlsx", "PK\x03\x04 no workbook")}, "a"),
        ({"changes": ("c.csv", CHANGES + "1,2,3,4,5,6\n")}, "“1”不是区划代码"),
    ],
)
def test_uploads_that_are_no_such_file(administrator, files, words):
    sent = {field: upload(name, content) for field, (name, content) in files.items()}
    answer = administrator.post(reverse("places:import"), sent)
    assert words in text_of(answer)
    assert "确认导入" not in text_of(answer)


def test_a_forged_ticket_imports_nothing(administrator):
    page = text_of(administrator.post(reverse("places:import"), {"ticket": "../../etc/passwd"}, follow=True))
    assert "没有导入。请重新上传" in page
