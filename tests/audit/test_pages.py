"""The record on the screen: what an auditor finds, what they do not see, and that their own looks are on record."""

import csv
import io
import re
import uuid

import pytest
from django.urls import reverse
from tests import officers

from zhikun.accounts.roles import Right, Role
from zhikun.audit.models import VIEW, Entry
from zhikun.audit.services import record

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def searched(browser, **conditions):
    return text_of(browser.get(reverse("audit:search"), conditions, headers=HTMX))


@pytest.fixture
def auditor():
    return officers.signed_in(officers.officer(Role.AUDITOR))


@pytest.fixture
def clerk():
    return officers.officer(Role.TOWNSHIP_CLERK, where=officers.township(), name="张某", username="zhang")


@pytest.fixture
def looked(clerk):
    """A household that the clerk looked at."""
    household = uuid.uuid4()
    record(
        "registry.household_viewed", by=clerk, household=household, subject="H-1", area=officers.village().code,
        reason="入户核查", looks=True,
    )  # fmt: skip
    return household


def test_the_right_is_the_one_that_auditors_hold():
    assert VIEW == Right.AUDIT_VIEW


def test_entries_are_told_in_sentences(auditor, looked):
    page = searched(auditor)
    assert "查看家庭档案 H-1" in page
    assert "张某（" in page
    assert "三营镇金轮村" in page
    assert "入户核查" in page


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({"officer": "张"}, True),
        ({"officer": "ZHANG"}, True),
        ({"officer": "无此人"}, False),
        ({"household": "H-1"}, True),
        ({"household": "H-2"}, False),
        ({"area": "三营镇"}, True),
        ({"area": "640402100201"}, True),
        ({"area": "640422"}, False),
        ({"area": "金轮"}, True),
        ({"event": "registry.household_viewed"}, True),
        ({"event": "registry.exported"}, False),
        ({"kind": "looks"}, True),
        ({"kind": "acts"}, False),
        ({"since": "2020-01-01"}, True),
        ({"until": "2020-01-01"}, False),
        # What is not understood finds nothing, never everything.
        ({"since": "昨天"}, False),
        ({"event": "no.such"}, False),
        ({"kind": "x"}, False),
        ({"area": "没有的镇"}, False),
        ({"since": "2026-02-01", "until": "2026-01-01"}, False),
    ],
)
def test_conditions(auditor, looked, conditions, found):
    officers.area(640422000000, "西吉县", 3)
    assert ("H-1" in searched(auditor, **conditions)) is found


def test_a_household_is_found_by_its_id(auditor, looked):
    assert "H-1" in searched(auditor, household=str(looked))
    assert "H-1" not in searched(auditor, household=str(uuid.uuid4()))


def test_an_auditor_sees_their_own_area_and_the_machine(looked, clerk):
    """Another county's entries are not listed, not opened, not counted and not exported."""
    elsewhere = officers.area(640422000000, "西吉县", 3)
    record("jobs.asked", by=None, subject="系统任务")
    other = officers.signed_in(officers.officer(Role.AUDITOR, where=elsewhere))
    assert "H-1" not in searched(other)
    assert "H-1" not in searched(other, household=str(looked))
    assert "系统任务" in searched(other)
    number = Entry.objects.get(event="registry.household_viewed").number
    assert other.get(reverse("audit:entry", args=[number])).status_code == 404
    assert "张某" not in text_of(other.get(reverse("audit:busiest")))
    assert "H-1" not in export(other)


def test_without_the_right_no_page_is_there(looked, clerk):
    browser = officers.signed_in(clerk)
    number = Entry.objects.get(event="registry.household_viewed").number
    for address in (
        reverse("audit:search"), reverse("audit:busiest"), reverse("audit:export"), reverse("audit:entry", args=[number]),
    ):  # fmt: skip
        assert browser.get(address).status_code == 404
    assert browser.post(reverse("audit:export"), {"reason": "x"}).status_code == 404


def test_noise_is_left_out_unless_asked_for(auditor, clerk):
    record("accounts.sign_in_failed", by=clerk, subject="zhang")
    assert "登录失败 zhang" not in searched(auditor)
    assert "登录失败 zhang" in searched(auditor, all="on")
    assert "登录失败 zhang" in searched(auditor, event="accounts.sign_in_failed")


def test_an_event_that_no_app_knows_is_shown_as_its_code(auditor, clerk):
    record("old.thing_done", by=clerk, subject="某物")
    assert "old.thing_done 某物" in searched(auditor)


def test_a_look_at_the_record_is_on_record(auditor, looked):
    searched(auditor, household="H-1", officer="张某")
    entry = Entry.objects.get(event="audit.searched")
    assert entry.looks
    assert entry.details["conditions"] == ["officers", "subject"]
    assert "张某" not in str(entry.details)


def test_pages_go_on_by_number_and_miss_nothing(auditor, clerk):
    for number in range(120):
        record("test.done", by=clerk, subject=f"件{number:03}", area=officers.township().code)
    seen, address = [], reverse("audit:search")
    while address:
        page = auditor.get(address).content.decode()
        seen += re.findall(r"件(\d{3})", page)
        older = re.search(r'<a href="([^"]*before=\d+[^"]*)"', page)
        address = reverse("audit:search") + older[1].replace("&amp;", "&") if older else ""
    assert seen == [f"{number:03}" for number in reversed(range(120))]


def test_a_page_takes_few_queries_and_counts_nothing(auditor, clerk, django_assert_max_num_queries):
    for number in range(60):
        record("test.done", by=clerk, subject=str(number), area=officers.village().code)
    auditor.get(reverse("audit:search"))
    with django_assert_max_num_queries(14) as made:
        auditor.get(reverse("audit:search"))
    assert not [one["sql"] for one in made.captured_queries if "COUNT(" in one["sql"] and "audit_entry" in one["sql"]]


def test_one_entry_with_what_else_the_request_did(auditor, looked):
    number = Entry.objects.get(event="registry.household_viewed").number
    page = text_of(auditor.get(reverse("audit:entry", args=[number])))
    assert "registry.household_viewed" in page
    assert bytes(Entry.objects.get(number=number).digest).hex() in page.replace("<wbr>", "")
    assert auditor.get(reverse("audit:entry", args=[999999])).status_code == 404
    assert auditor.get(f"/audit/{10**30}").status_code == 404


def export(browser, reason="季度审计", **conditions):
    answer = browser.post(reverse("audit:export", query=conditions), {"reason": reason})
    return b"".join(answer).decode("utf-8-sig")


def test_an_export_is_scoped_safe_and_on_record(auditor, clerk, looked):
    record("test.done", by=clerk, subject="=1+1", reason="+cmd", area=officers.village().code)
    rows = list(csv.DictReader(io.StringIO(export(auditor))))
    assert [(row["对象"], row["理由"]) for row in rows] == [("'=1+1", "'+cmd"), ("H-1", "入户核查")]
    entry = Entry.objects.get(event="audit.exported")
    assert (entry.reason, entry.details["rows"]) == ("季度审计", 2)


def test_an_export_has_a_reason_and_no_link_exports(auditor, looked):
    answer = auditor.post(reverse("audit:export"), {"reason": " "})
    assert answer.status_code == 422
    assert auditor.get(reverse("audit:export"))["Content-Type"].startswith("text/html")
    assert auditor.post(reverse("audit:export", query={"since": "x"}), {"reason": "y"}).status_code == 404
    assert not Entry.objects.filter(event="audit.exported").exists()


def test_too_many_for_a_spreadsheet(auditor, looked, clerk, monkeypatch):
    monkeypatch.setattr("zhikun.audit.exports.MOST", 0)
    answer = auditor.post(reverse("audit:export"), {"reason": "季度审计"})
    assert (answer.status_code, "没有导出" in text_of(answer)) == (422, True)
    assert not Entry.objects.filter(event="audit.exported").exists()


def test_who_looked_at_many_and_outside_their_place(auditor, clerk):
    outside = officers.area(640402107000, "头营镇", 4)
    for number in range(3):
        record(
            "registry.household_viewed", by=clerk, household=uuid.uuid4(), subject=str(number),
            area=outside.code if number == 0 else officers.village().code, looks=True,
        )  # fmt: skip
    page = text_of(auditor.get(reverse("audit:busiest")))
    row = re.search(r"张某.*?</tr>", page)[0]
    assert re.findall(r'zk-number">(\d+)<', row) == ["3", "3"]
    assert "1 次" in row
    assert "officer=zhang&amp;kind=looks" in page


@pytest.mark.parametrize("asked", [{"since": "x"}, {"since": "2026-01-01", "until": "2026-03-01"}])
def test_a_period_that_is_not_understood_counts_nothing(auditor, looked, asked):
    assert "张某" not in text_of(auditor.get(reverse("audit:busiest"), asked))


def opened(auditor, event):
    return text_of(
        auditor.get(reverse("audit:entry", args=[Entry.objects.filter(event=event).latest("number").number]))
    )


def visible(page):
    """What stands on the page before anything is unfolded."""
    return page.split("<details", 1)[0] if "<details" in page else page


def test_an_entry_is_told_in_words_and_the_hash_is_folded_away(auditor, clerk):
    record(
        "registry.exported", by=clerk, area=officers.township().code, reason="季度核对",
        details={"step": "made", "rows": 12345, "columns": ["number", "village"], "unmasked": True, "zzz_later": {"a": 1}},
    )  # fmt: skip
    page = opened(auditor, "registry.exported")
    shown = page[page.index("什么时候") : page.index("防篡改校验")]
    for words in (
        "导出家庭名单",
        "步骤",
        "已生成",
        "12,345",
        "户编号、村（社区）",
        "显示完整个人信息",
        "是",
        "季度核对",
    ):
        assert words in shown, words
    assert "registry.exported" not in shown
    assert '{"' not in shown
    assert shown.index("行数") < shown.index("zzz_later"), "what no room has a name for comes last and is still there"
    digest = bytes(Entry.objects.get(event="registry.exported").digest).hex()
    assert digest in page.replace("<wbr>", "")
    assert digest[:8] not in shown


def test_a_change_is_told_as_what_was_and_what_is(auditor, clerk):
    before = {"name": "张某", "organisation": "A-1", "expires_on": None}
    details = {"before": before, "after": before | {"expires_on": "2027-06-30"}}
    record("accounts.officer_edited", by=clerk, subject="zhang", area=officers.township().code, details=details)
    page = opened(auditor, "accounts.officer_edited")
    assert "账号到期日" in page
    assert "由“没有”改为“2027-06-30”" in page
    assert "A-1" not in page[: page.index("防篡改校验")], "what stayed is not said"


def test_a_long_number_is_not_part_of_a_sentence(auditor, clerk):
    record("jobs.asked", by=clerk, subject=str(uuid.UUID(int=7)), details={"kind": "registry.import_check"})
    page = searched(auditor)
    assert "提交后台任务（编号 00000000）" in " ".join(page.split())
    assert str(uuid.UUID(int=7)) not in page


@pytest.mark.parametrize("room", ["accounts", "audit", "jobs", "places", "registry", "surveys", "web", "assessments"])
def test_each_room_names_the_details_that_it_writes(room):
    """The keys in the source beside `details=` all have a Chinese name."""
    import ast
    from pathlib import Path

    from zhikun.audit import words

    root = Path(words.__file__).parents[1] / room
    written = {
        key.value
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in {"note", "record", "_note"}
        for word in node.keywords
        if word.arg == "details" and isinstance(word.value, ast.Dict)
        for key in word.value.keys
        if isinstance(key, ast.Constant)
    } - {"before", "after"}
    told = words.lines(f"{room}.x", dict.fromkeys(written, 1))
    assert [one.label for one in told if not one.known] == []
