"""The pages of work: everybody's own, a manager's areas, nothing of others; with and without JavaScript."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from tests.officers import signed_in, township

from zhikun.jobs import services
from zhikun.jobs.errors import JobFailed
from zhikun.jobs.models import Job
from zhikun.jobs.worker import claim, work_off

pytestmark = pytest.mark.django_db
POLL = {"HX-Request": "true", "X-Zhikun-Poll": "1"}


@pytest.fixture
def asked(new_kind, officers):
    """The clerk's work in the township."""
    new_kind("t.page", lambda progress: {"text": "写入 12 户"}, title="写入导入批次", link=lambda _a, _r: "/batches/7/")
    return services.ask("t.page", title="导入三营镇调查表", by=officers["clerk"], area=township().pk)


def page(name, *args):
    return reverse(f"jobs:{name}", args=args)


@pytest.mark.parametrize(
    ("who", "detail", "own", "everybody"),
    [("clerk", 200, True, None), ("neighbour", 404, False, None), ("manager", 200, False, True), ("stranger", 404, False, False)],
)  # fmt: skip
def test_who_sees_it_in_which_list(asked, officers, who, detail, own, everybody):
    browser = signed_in(officers[who])
    assert browser.get(page("job", asked.pk)).status_code == detail
    assert (asked.title in browser.get(page("mine")).content.decode()) is own
    response = browser.get(page("all"))
    if everybody is None:
        assert response.status_code == 404
    else:
        assert (asked.title in response.content.decode()) is everybody


@pytest.mark.parametrize("act", ["cancel", "retry"])
@pytest.mark.parametrize(("who", "status"), [("neighbour", 404), ("stranger", 404), ("clerk", 302), ("manager", 302)])
def test_who_may_steer_it(asked, officers, act, who, status):
    if act == "retry":
        Job.objects.update(state=Job.State.FAILED)
    before = Job.objects.get().state
    assert signed_in(officers[who]).post(page(act, asked.pk)).status_code == status
    assert (Job.objects.get().state != before) is (status == 302)


def test_acts_are_never_links(asked, officers):
    browser = signed_in(officers["clerk"])
    assert browser.get(page("cancel", asked.pk)).status_code == 405
    answer = browser.get(page("retry", asked.pk))
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "这个网址不能直接打开" in answer.content.decode(), "who signs in again after a pause is sent here"


def test_daily_work_of_the_platform_is_for_managers(new_kind, officers):
    new_kind("t.nightly", lambda progress: None)
    job = services.ask("t.nightly", title="核对留痕")
    assert signed_in(officers["manager"]).get(page("job", job.pk)).status_code == 200
    assert signed_in(officers["stranger"]).get(page("job", job.pk)).status_code == 200
    assert signed_in(officers["clerk"]).get(page("job", job.pk)).status_code == 404


def test_work_of_an_officer_without_an_area_is_the_officers_alone(new_kind, officers):
    new_kind("t.own", lambda progress: None)
    job = services.ask("t.own", by=officers["clerk"])
    assert signed_in(officers["clerk"]).get(page("job", job.pk)).status_code == 200
    assert signed_in(officers["manager"]).get(page("job", job.pk)).status_code == 404


def test_polling_gets_the_bar_alone_until_the_end(asked, officers):
    browser = signed_in(officers["clerk"])
    claim("w")
    Job.objects.update(done=1920, total=4803, unit="户")
    part = browser.get(page("job", asked.pk), headers=POLL).content.decode()
    assert "<html" not in part
    assert 'hx-trigger="every 2s"' in part
    assert "X-Zhikun-Poll" in part
    assert "1,920" in part
    Job.objects.update(state=Job.State.WAITING, lease_until=None)
    work_off()
    part = browser.get(page("job", asked.pk), headers=POLL).content.decode()
    assert "hx-trigger" not in part, "a page of ended work asks no more"
    assert "写入 12 户" in part
    assert 'href="/batches/7/"' in part


def test_without_javascript_there_is_a_link_to_look_again(asked, officers):
    text = signed_in(officers["clerk"]).get(page("job", asked.pk)).content.decode()
    assert f'href="{page("job", asked.pk)}"' in text
    assert "刷新" in text


def test_polling_keeps_no_session_alive(asked, officers, settings):
    browser = signed_in(officers["clerk"])
    session = browser.session
    session["zhikun_seen"] -= settings.ZHIKUN_IDLE_MINUTES * 60 - 30
    session.save()
    seen = session["zhikun_seen"]
    browser.get(page("job", asked.pk), headers=POLL)
    assert browser.session["zhikun_seen"] == seen
    browser.get(page("job", asked.pk))
    assert browser.session["zhikun_seen"] > seen


def test_a_failure_says_its_reason_or_its_number_and_offers_to_go_on(new_kind, officers):
    def refused(progress):
        raise JobFailed("批次已被撤销。", remedy="请重新上传。")

    def broken(progress):
        raise ValueError("张三 640402199001011234")

    new_kind("t.refused", refused)
    new_kind("t.broken", broken)
    one = services.ask("t.refused", by=officers["clerk"])
    other = services.ask("t.broken", by=officers["clerk"])
    work_off()
    browser = signed_in(officers["clerk"])
    text = browser.get(page("job", one.pk)).content.decode()
    assert "批次已被撤销。 请重新上传。" in text
    assert page("retry", one.pk) in text
    text = browser.get(page("job", other.pk)).content.decode()
    other.refresh_from_db()
    assert other.reference in text
    assert "张三" not in text
    assert "640402199001011234" not in text


def test_work_that_will_try_again_says_when(new_kind, officers):
    new_kind("t.again", lambda progress: 1 / 0, retries=1)
    job = services.ask("t.again", by=officers["clerk"])
    work_off()
    job.refresh_from_db()
    text = signed_in(officers["clerk"]).get(page("job", job.pk)).content.decode()
    assert timezone.localtime(job.due_at).strftime("%H:%M:%S") in text
    assert job.reference in text


def test_cancelling_running_work_says_that_it_will_stop(asked, officers):
    browser = signed_in(officers["clerk"])
    claim("w")
    text = browser.post(page("cancel", asked.pk), follow=True).content.decode()
    assert "下一个检查点" in text
    assert "正在停下" in text
    assert page("cancel", asked.pk) not in text, "not twice"


def test_cancelling_what_has_ended_is_said_kindly(asked, officers):
    work_off()
    response = signed_in(officers["clerk"]).post(page("cancel", asked.pk))
    assert response.status_code == 409
    assert "已经结束" in response.content.decode()


def test_the_filter_stands_in_the_address_and_an_unknown_value_finds_nothing(asked, officers, new_kind):
    new_kind("t.other", lambda progress: None, title="导出名册")
    services.ask("t.other", title="导出一份名册", by=officers["clerk"], due_at=timezone.now() + timedelta(days=1))
    work_off()
    browser = signed_in(officers["clerk"])
    done = browser.get(page("mine"), {"state": "done"}).content.decode()
    assert "导入三营镇调查表" in done
    assert "导出一份名册" not in done
    both = browser.get(page("mine"), {"state": "done", "kind": "t.other"}).content.decode()
    assert "没有符合条件" in both
    wrong = browser.get(page("mine"), {"state": "none-such"}).content.decode()
    assert "导入三营镇调查表" not in wrong
    assert "导出一份名册" not in wrong


def test_a_longer_list_costs_no_more_queries(new_kind, officers):
    new_kind("t.many", lambda progress: None)

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert browser.get(page("all")).status_code == 200
        return len(asked)

    browser = signed_in(officers["manager"])
    services.ask("t.many", by=officers["clerk"], area=township().pk)
    few = queries()
    for _n in range(20):
        services.ask("t.many", by=officers["neighbour"], area=township().pk)
    assert queries() == few <= 9
