"""The pages of runs: every number is the length of the list it opens, for each officer in their own place."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.assessments.test_assessing import DAY, county, reviewer, well_known
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.assessments import comparing, selectors
from zhikun.assessments.models import Run
from zhikun.assessments.results import result_of
from zhikun.assessments.services import run as running
from zhikun.audit.models import Entry
from zhikun.jobs.worker import work_off
from zhikun.places.models import Area
from zhikun.registry.services import recording, structure
from zhikun.registry.services.change import Change
from zhikun.registry.sources import SourceKind, Told
from zhikun.registry.vocabulary import pack_in_force

pytestmark = pytest.mark.django_db

READERS = (
    Role.COUNTY_REVIEWER,
    Role.TOWNSHIP_CLERK,
    Role.VILLAGE_ASSISTANT,
    Role.CITY_SUPERVISOR,
    Role.PROVINCE_SUPERVISOR,
)


def office():
    """Households of two townships: some known, some open."""
    made = [well_known(n=1, housing_safety="d"), well_known(n=2), well_known(factories.OTHER_VILLAGE, n=3)]
    made.append(factories.household(n=4))
    made.append(factories.household(factories.OTHER_VILLAGE, n=5))
    return made


def run_now(day=DAY):
    return running.assess(county(), day, acting_officer=reviewer())[0]


def anchors(page):
    """Each link of a page with its words."""
    found = re.findall(r'<a[^>]*href="([^"]*)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return [(url.replace("&amp;", "&"), re.sub(r"<[^>]*>", " ", words).strip()) for url, words in found]


def counted(browser, url):
    """How many a list says there are, and how many lines its pages have."""
    lines, said = 0, None
    while url:
        page = browser.get(url).content.decode()
        lines += page.count('<th scope="row"')
        told = re.search(r"共 ([\d,]+) 户", page)
        said = int(told[1].replace(",", "")) if told else 0
        further = re.search(r'href="([^"]+)" rel="next"', page)
        url = further[1].replace("&amp;", "&") if further else ""
    return said, lines


@pytest.mark.parametrize("role", READERS)
def test_every_figure_of_a_run_is_the_length_of_its_list(role, monkeypatch):
    monkeypatch.setattr(selectors, "PER_PAGE", 2)
    office()
    run = run_now()
    browser = signed_in(factories.officer(role))
    page = browser.get(reverse("assessments:run", args=[run.pk])).content.decode()
    numbers = {url: words for url, words in anchors(page) if "/households" in url and re.search(r"\d", words)}
    assert len(numbers) >= 4
    for url, words in numbers.items():
        number = int(re.search(r"[\d,]+", words)[0].replace(",", ""))
        assert counted(browser, url) == (number, number), url
    whole, _lines = counted(browser, reverse("assessments:households", args=[run.pk]))
    assert whole == {Role.TOWNSHIP_CLERK: 3, Role.VILLAGE_ASSISTANT: 3}.get(role, 5)


def test_a_place_outside_ones_own_is_not_there_and_a_filter_nobody_offered_is_refused():
    office()
    run = run_now()
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    url = reverse("assessments:households", args=[run.pk])
    assert clerk.get(url, {"place": factories.OTHER_TOWNSHIP}).status_code == 404
    assert clerk.get(url, {"place": factories.VILLAGE}).status_code == 200
    assert clerk.get(url, {"place": "1 OR 1=1"}).status_code == 404
    for strange in ("nobody", "x' OR 'a'='a"):
        refused = clerk.get(url, {"category": strange})
        assert (refused.status_code, "没有列出家庭" in refused.content.decode()) == (422, True)
    assert signed_in(factories.officer(Role.COUNTY_REVIEWER, factories.OTHER_COUNTY)).get(url).status_code == 404


def test_who_may_only_look_is_not_offered_to_start_and_who_may_start_does_so_in_their_place_only():
    office()
    supervisor = signed_in(factories.officer(Role.CITY_SUPERVISOR))
    start = reverse("assessments:start")
    assert start not in supervisor.get(reverse("assessments:runs")).content.decode()
    assert supervisor.get(reverse("assessments:start")).status_code == 404
    browser = signed_in(reviewer())
    today = timezone.localdate()
    assert browser.post(start, {"area": factories.OTHER_COUNTY, "on": today}).status_code == 422
    assert browser.post(start, {"area": factories.COUNTY, "on": today + timedelta(days=1)}).status_code == 422
    assert browser.post(start, {"area": factories.COUNTY, "on": "2001-01-01"}).status_code == 422
    assert Run.objects.count() == 0
    answer = browser.post(start, {"area": factories.COUNTY, "on": today})
    run = Run.objects.get()
    assert answer["Location"] == reverse("assessments:run", args=[run.pk])
    under_way = browser.get(answer["Location"]).content.decode()
    assert "排队等待" in under_way
    assert "取消" in under_way
    assert "取消</button>" not in supervisor.get(answer["Location"]).content.decode()
    again = browser.post(start, {"area": factories.COUNTY, "on": today}, follow=True).content.decode()
    assert "同样的评估正在进行" in again
    work_off()
    polled = browser.get(answer["Location"], headers={"HX-Request": "true", "X-Zhikun-Poll": "1"})
    assert polled["HX-Redirect"] == answer["Location"]
    assert "分地区" in browser.get(answer["Location"]).content.decode()


def test_the_same_again_leads_to_the_run_there_was():
    office()
    run = run_now()
    again, new = running.start(county(), DAY, acting_officer=reviewer())
    assert new
    work_off()
    page = signed_in(reviewer()).get(reverse("assessments:run", args=[again.pk]), follow=True)
    assert page.redirect_chain[-1][0] == reverse("assessments:run", args=[run.pk])
    assert "没有重新计算" in page.content.decode()


def test_a_household_that_moved_away_is_counted_where_it_was_and_named_to_nobody_who_may_not_see_it():
    made = office()[0]
    run = run_now()
    home = structure.Home(Area.objects.get(pk=factories.OTHER_VILLAGE), "")
    structure.move(made, home, Change(timezone.localdate(), "搬家", made.version), acting_officer=reviewer())
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    url = reverse("assessments:households", args=[run.pk])
    page = clerk.get(url).content.decode()
    assert "已迁出管辖地区" in page
    assert made.number not in page
    assert counted(clerk, url) == (3, 3)


def test_a_list_is_a_look_and_stands_in_the_record_once():
    office()
    run = run_now()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    for _again in range(2):
        browser.get(reverse("assessments:households", args=[run.pk]))
    (entry,) = Entry.objects.filter(event="assessments.listed")
    assert (entry.looks, entry.details["count"]) == (True, 3)


def changed():
    """Two runs between which one household changed, one came, and one was closed."""
    made = office()
    earlier = run_now()
    told = Told(SourceKind.OFFICER, factories.DAY)
    recording.record(made[1], told, {"household": {"": {"housing_safety": "d"}}}, acting_officer=reviewer())
    well_known(n=7)
    made[2].refresh_from_db()
    structure.close(made[2], Change(timezone.localdate(), "外迁", made[2].version), acting_officer=reviewer())
    later = run_now()
    assert later != earlier
    return made, earlier, later


def test_two_runs_say_who_changed_and_why_and_each_count_is_its_list():
    made, earlier, later = changed()
    browser = signed_in(reviewer())
    url = reverse("assessments:compare", args=[earlier.pk, later.pk])
    page = browser.get(url).content.decode()
    assert made[1].number in page
    assert "住房" in page
    assert result_of(made[1]).run == later
    tabs = {url: int(re.search(r"\d+", words)[0]) for url, words in anchors(page) if "kind=" in url}
    assert (sum(tabs.values()), len(tabs)) == (3, 4)
    for address, n in tabs.items():
        shown = browser.get(address).content.decode()
        part = shown[shown.index("<h2>有变化的家庭</h2>") :]
        assert part.count('<th scope="row"') == n
    moves = [(address, int(words)) for address, words in anchors(page) if "move=" in address]
    assert moves
    for address, n in moves:
        shown = browser.get(address).content.decode()
        assert f"共 {n} 户" in shown
    assert browser.get(url, {"move": "99"}).status_code == 404
    assert url in browser.get(reverse("assessments:run", args=[later.pk])).content.decode()
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    assert made[2].number not in clerk.get(url).content.decode()
    assert clerk.get(url, {"place": factories.OTHER_TOWNSHIP}).status_code == 404
    assert browser.get(url, {"kind": "nonsense"}).status_code == 404
    assert browser.get(reverse("assessments:compare", args=[later.pk, later.pk])).status_code == 404


def test_where_only_the_day_differs_the_page_says_so():
    made = well_known()
    earlier, later = run_now(DAY - timedelta(days=1)), run_now(DAY)
    pack = pack_in_force()
    facts = {"household": [{"household": str(made.pk), "pens": 1.0}]}
    assert comparing.reasons((earlier, later), pack, facts, facts, values=True) == ["评估日：2026-11-19 → 2026-11-20"]
    more = {"household": [{"household": str(made.pk), "pens": 2.0}], "member": [{"row": 1}]}
    told = comparing.reasons((later, later), pack, facts, more, values=True)
    assert (told[0][:5], told[1]) == ("圈舍数量：", "家庭成员：0 → 1")
    # Of a household that one may not see, only what differs, not from what to what.
    assert comparing.reasons((later, later), pack, facts, more, values=False) == ["圈舍数量", "家庭成员：0 → 1"]


@pytest.mark.parametrize(
    ("page", "most"), [("runs", 13), ("run", 16), ("households", 18), ("compare", 22)]
)  # fmt: skip
def test_pages_ask_the_database_a_fixed_number_of_times(page, most, django_assert_max_num_queries):
    _made, earlier, later = changed()
    browser = signed_in(reviewer())
    given = {"runs": [], "compare": [earlier.pk, later.pk]}.get(page, [later.pk])
    url = reverse(f"assessments:{page}", args=given)
    browser.get(url)
    with django_assert_max_num_queries(most):
        assert browser.get(url).status_code == 200


def test_lists_comparisons_and_trends_say_that_the_parameters_are_examples():
    office()
    one, other = run_now(), run_now(DAY + timedelta(days=1))
    browser = signed_in(reviewer())
    for url in (
        reverse("assessments:households", args=[one.pk]), reverse("assessments:compare", args=[one.pk, other.pk]),
        reverse("analytics:trends"), reverse("analytics:trends") + "?measure=index",
    ):  # fmt: skip
        assert "示例参数" in browser.get(url).content.decode(), url
