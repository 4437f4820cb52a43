"""Registering and surveying a household on a telephone: conditions, a lost connection, photo, signatures, results."""

import base64
import re

import pytest
from playwright.sync_api import expect
from tests import factories, officers
from tests.browser.looking import cut_off, fits, is_sound, joined_again, picture, sign_in, speaks_chinese
from tests.surveys import factory

from zhikun.registry.models import Household
from zhikun.surveys.filed import form_in_force
from zhikun.surveys.models import Draft, Visit, VisitFile
from zhikun.surveys.services import reports, visits

pytestmark = [pytest.mark.browser, pytest.mark.frontend, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.ZHIKUN_DATA = tmp_path


@pytest.fixture
def at_the_door(phone, live_server):
    """A surveyor with the questionnaire of a household found on the way open on a telephone."""
    found = factory.found()
    sign_in(phone, officers.signed_in(factory.surveyor()), live_server.url)
    opened(phone, found)
    return phone, found


def opened(page, assignment):
    page.goto(f"/surveys/fill/{assignment.pk}")
    expect(page.locator("#survey[data-ready]")).to_be_attached()


def ask(page, title):
    """The question that begins with these words."""
    return page.locator(".sd-question", has=page.get_by_text(re.compile(f"^{re.escape(title)}"))).last


def turn_to(page, title):
    page.evaluate(
        "title => { const m = document.querySelector('#survey').zkModel; m.currentPage = m.pages.find((p) => p.title === title); }",
        title,
    )


def test_a_household_is_registered_and_surveyed_on_a_telephone(at_the_door):
    page, found = at_the_door
    picture(page, "survey-first")
    fits(page)
    page.get_by_text("农村", exact=True).click()
    turn_to(page, "土地情况")
    area = page.get_by_text("今年实际种了多少亩？")
    expect(area).to_have_count(0)
    page.get_by_text("粮食作物出售", exact=True).click()
    expect(area).to_be_visible()
    page.get_by_text("没有种植", exact=True).click()
    expect(area).to_have_count(0)
    picture(page, "survey-land")
    turn_to(page, "家庭成员")
    page.evaluate(
        "people => { document.querySelector('#survey').zkModel.setValue('rows_member', people); }",
        [
            {
                "name": "马试一",
                "relation": "head",
                "id_number": factories.id_number(60)[:-1] + "0",
                "lives_together": True,
            },
        ],
    )
    expect(page.locator("#saved")).to_have_text("已保存")
    page.get_by_role("button", name="试算").click()
    expect(page.locator("#faults")).to_contain_text("校验位")
    picture(page, "survey-wrong-number")
    page.evaluate(
        "people => { document.querySelector('#survey').zkModel.setValue('rows_member', people); }",
        [{"name": "马试一", "relation": "head", "id_number": factories.id_number(60), "lives_together": True}],
    )
    page.get_by_role("button", name="试算").click()
    expect(page.locator("#result")).to_contain_text("还要问")
    fits(page)
    picture(page, "survey-trial")
    # A reload brings everything back.
    expect(page.locator("#saved")).to_have_text("已保存")
    opened(page, found)
    assert page.evaluate("() => document.querySelector('#survey').zkModel.getValue('h_planting')") == "none"
    # Photo, position, signatures.
    page.set_input_files("#photo", {"name": "door.jpg", "mimeType": "image/jpeg", "buffer": factory.picture()})
    expect(page.locator("#photos li")).to_have_count(1)
    expect(page.locator("#photos")).not_to_contain_text("等待上传")
    page.get_by_label("不能定位的，写明原因").fill("没有信号")
    turn_to(page, "签名")
    for canvas in page.locator("canvas").all()[:2]:
        draw(page, canvas)
    page.get_by_role("button", name="提交入户调查").click()
    expect(page.locator("#faults")).to_contain_text("签名")
    page.locator("input[aria-label*='在场'], .sd-question:has-text('在场签名') input").first.fill("马试一")
    draw(page, page.locator("canvas").last)
    picture(page, "survey-signing")
    page.get_by_role("button", name="提交入户调查").click()
    expect(page.locator("#result")).to_contain_text("已提交，等待审核")
    is_sound(page, "survey-handed-in")
    visit = Visit.objects.get()
    assert VisitFile.objects.filter(visit=visit).count() == 4
    visits.accept(visit, acting_officer=factory.reviewer())
    assert Household.objects.get().head.name == "马试一"


def test_the_questionnaire_speaks_chinese_and_not_known_joins_its_question(at_the_door):
    page, _found = at_the_door
    speaks_chinese(page)
    for n in range(page.evaluate("() => document.querySelector('#survey').zkModel.visiblePages.length")):
        page.evaluate("n => { document.querySelector('#survey').zkModel.currentPageNo = n; }", n)
        speaks_chinese(page)
    page.evaluate("() => { document.querySelector('#survey').zkModel.currentPageNo = 0; }")
    box = page.locator('[data-name="h_address__u"]')
    above = page.locator('[data-name="h_address"]').bounding_box()
    assert above["y"] + above["height"] == pytest.approx(box.bounding_box()["y"], abs=1), "one card, not two"


def draw(page, canvas):
    """Sign; only once the page has come to rest, for the questionnaire scrolls after it has turned a page."""
    box = None
    for _n in range(20):
        canvas.evaluate("one => one.scrollIntoView({block: 'center'})")
        before, box = box, canvas.bounding_box()
        if box == before:
            break
        page.wait_for_timeout(150)
    page.mouse.move(box["x"] + 20, box["y"] + 30)
    page.mouse.down()
    for n in range(1, 8):
        page.mouse.move(box["x"] + 20 + 25 * n, box["y"] + 30 + (n % 2) * 50)
    page.mouse.up()


def test_what_is_typed_while_the_connection_is_lost_is_kept_and_sent_later(at_the_door):
    page, found = at_the_door
    cut_off(page)
    page.get_by_text("农村", exact=True).click()
    expect(page.locator("#saved")).to_contain_text("已存在本机")
    assert Draft.objects.count() == 0
    joined_again(page)
    expect(page.locator("#saved")).to_have_text("已保存")
    assert '"h_residence":"rural"' in Draft.objects.get(assignment=found).answers


def test_what_never_reached_the_server_is_there_after_a_reload_and_lies_sealed_on_the_device(at_the_door):
    page, found = at_the_door
    page.route("**/draft", lambda route: route.abort())
    page.get_by_text("农村", exact=True).click()
    expect(page.locator("#saved")).to_contain_text("已存在本机")
    kept = page.evaluate(
        """async () => {
          const db = await idb.openDB("zhikun-surveys", 1);
          const all = await db.getAll("drafts");
          return all.map((one) => String.fromCharCode(...new Uint8Array(one.bytes))).join("");
        }"""
    )
    assert kept
    assert "rural" not in kept
    page.on("dialog", lambda dialog: dialog.accept())
    page.unroute("**/draft")
    opened(page, found)
    assert page.evaluate("() => document.querySelector('#survey').zkModel.getValue('h_residence')") == "rural"


def test_a_visit_is_not_handed_in_without_the_photo_that_waits(at_the_door):
    page, found = at_the_door
    page.route("**/photos", lambda route: route.abort())
    page.set_input_files("#photo", {"name": "door.jpg", "mimeType": "image/jpeg", "buffer": factory.picture()})
    expect(page.locator("#photos")).to_contain_text("等待上传")
    board = "data:image/png;base64," + base64.b64encode(factory.signature()).decode()
    signed = {f"_sign_{one.officer_id}": board for one in found.team.members.all()[:2]}
    page.evaluate(
        "answers => { const m = document.querySelector('#survey').zkModel; m.data = { ...m.data, ...answers }; }",
        {**factory.new_household_answers(), **signed, "_present": "马试一", "_present_sign": board},
    )
    page.get_by_label("不能定位的，写明原因").fill("没有信号")
    page.get_by_role("button", name="提交入户调查").click()
    expect(page.locator("#saved")).to_contain_text("还没有提交")
    assert Visit.objects.count() == 0
    page.unroute("**/photos")
    page.get_by_role("button", name="提交入户调查").click()
    expect(page.locator("#result")).to_contain_text("已提交，等待审核")
    assert VisitFile.objects.filter(visit=Visit.objects.get(), kind="photo").count() == 1


def test_the_list_and_the_empty_list_are_sound(phone, desk, live_server):
    factory.found()
    for page in (phone, desk):
        sign_in(page, officers.signed_in(factory.surveyor()), live_server.url)
        page.goto("/surveys/")
        is_sound(page, "survey-mine")
        page.goto("/surveys/found")
        is_sound(page, "survey-found")


def test_without_scripts_the_page_says_so_and_offers_the_workbook(without_scripts, live_server):
    found = factory.found()
    sign_in(without_scripts, officers.signed_in(factory.surveyor()), live_server.url)
    without_scripts.goto(f"/surveys/fill/{found.pk}")
    expect(without_scripts.get_by_role("link", name="下载调查表")).to_be_visible()


def test_a_household_reports_itself_with_its_code(phone):
    from zhikun.places.models import Area
    from zhikun.surveys.models import SelfReport
    from zhikun.surveys.services import reports

    factories.areas()
    _report, code = reports.hand_code(Area.objects.get(pk=factories.VILLAGE), None, acting_officer=factory.manager())
    phone.goto("/self-report/")
    is_sound(phone, "self-report-code", "ABCD", "EFGH", "JKMN")
    phone.get_by_label("申报码").fill(code.lower())
    phone.get_by_role("button", name="开始填报").click()
    expect(phone.locator("#survey[data-ready]")).to_be_attached()
    picture(phone, "self-report")
    phone.evaluate(
        "answers => { const m = document.querySelector('#survey').zkModel; m.data = { ...m.data, ...answers }; }",
        factory.new_household_answers(),
    )
    phone.get_by_role("button", name="提交申报").click()
    expect(phone.locator("main")).to_contain_text("您的申报已经收到")
    assert SelfReport.objects.get().state == "arrived"


def test_what_was_declared_stands_under_its_question_also_of_a_member(phone, live_server):
    household = factories.household()
    report, _code = reports.hand_code(household.area, household, acting_officer=factory.manager())
    rows = [{"_row": str(one.person_id)} for one in household.memberships.order_by("position")]
    rows[1]["health"] = "weak"
    answers = {"h_phone": "13900001111", "h_residence": "rural", "rows_member": rows}
    reports.arrive(report, form_in_force().hash, answers)
    visit = reports.Verification(factory.a_round(), factory.a_team(), factory.today())
    assignment = reports.take(report, visit, acting_officer=factory.manager()).assignment
    sign_in(phone, officers.signed_in(factory.surveyor()), live_server.url)
    opened(phone, assignment)
    told = phone.locator(".sd-question", has_text="139****1111")
    expect(told).to_contain_text("请当面核实")
    expect(told.locator("input").first).to_have_value("")
    is_sound(phone, "survey-declared")
    turn_to(phone, "家庭成员")
    phone.locator(".sd-paneldynamic__panel-wrapper").nth(1).locator(".sd-element__header").first.click()
    expect(phone.locator(".sd-question", has_text="申报：").filter(has_text="体弱").first).to_be_visible()


def test_review_and_office_pages_are_sound(desk, live_server):
    assignment = factory.assigned()
    visit, _new = visits.submit(assignment, factory.handed(assignment), acting_officer=factory.surveyor())
    sign_in(desk, officers.signed_in(factory.reviewer()), live_server.url)
    for address, name in (
        ("/surveys/review/", "survey-queue"), (f"/surveys/visits/{visit.pk}", "survey-visit"),
    ):  # fmt: skip
        desk.goto(address)
        is_sound(desk, name)
    sign_in(desk, officers.signed_in(factory.manager()), live_server.url)
    for address, name in (
        ("/surveys/rounds/", "survey-rounds"),
        (f"/surveys/rounds/{assignment.round_id}", "survey-round"),
        ("/surveys/reports/", "survey-reports"),
        (f"/surveys/rounds/{assignment.round_id}/assignments", "survey-assignments"), ("/surveys/engagements/", "survey-engagements"),
        ("/surveys/teams/new", "survey-new-team"), ("/surveys/rounds/new", "survey-new-round"),
    ):  # fmt: skip
        desk.goto(address)
        is_sound(desk, name, "ABCD", "EFGH", "JKMN")
