"""Errors are drawn in one way, say what to do, and tell nobody what exists."""

import pytest
from django import forms
from django.test import Client, RequestFactory

from zhikun.pages import errors
from zhikun.pages.errors import Conflict, DomainError

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def test_a_refusal_says_what_why_and_what_to_do_as_a_page(client):
    response = client.get("/style/refused/")
    text = response.content.decode()
    assert response.status_code == 422
    assert "这户家庭不能提交审核。" in text
    assert "须有两名调查员签名" in text
    assert "请另一名调查员补签" in text
    assert "<main" in text


def test_the_same_refusal_goes_into_the_notice_of_the_page_that_htmx_is_on(client):
    response = client.get("/style/refused/", headers=HTMX)
    assert response.status_code == 422
    assert response["HX-Retarget"] == "#notice"
    assert "<html" not in response.content.decode()
    assert "请另一名调查员补签" in response.content.decode()


def test_a_conflict_is_told_apart_by_status(client):
    assert client.get("/style/refused/?conflict=1").status_code == 409


def test_the_way_back_leads_to_our_own_page_and_never_elsewhere(client):
    ours = client.get("/style/refused/", headers={"Referer": "http://testserver/style/?page=2"})
    assert "http://testserver/style/?page=2" in ours.content.decode()
    theirs = client.get("/style/refused/", headers={"Referer": "http://elsewhere.example/x"})
    assert "elsewhere" not in theirs.content.decode()
    itself = client.get("/style/refused/", headers={"Referer": "http://testserver/style/refused/"})
    assert "返回上一页" not in itself.content.decode()


def test_what_does_not_exist_and_what_is_not_theirs_look_the_same(client, settings):
    """Neither the address nor a reason that a view gave appears: a page must not confirm that a number is somebody's."""
    settings.ZHIKUN_STYLE_PAGE = False
    hidden = client.get("/style/")
    absent = client.get("/households/T00001/")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content
    assert "T00001" not in absent.content.decode()


def test_not_found_answers_htmx_with_a_notice(client):
    response = client.get("/nothing/", headers=HTMX)
    assert response.status_code == 404
    assert response["HX-Retarget"] == "#notice"


def test_a_refused_form_token_is_explained_to_people():
    response = Client(enforce_csrf_checks=True).post("/style/")
    assert response.status_code == 403
    text = response.content.decode()
    assert "没有保存" in text
    assert "CSRF" not in text


def test_too_many_tries(rf):
    request = rf.get("/")
    response = errors.too_many(request)
    assert response.status_code == 429
    assert "十五分钟后" in response.content.decode()


def test_a_fault_of_ours_has_a_number_that_stands_in_the_log_and_tells_nothing_else(client, monkeypatch, caplog):
    def broken(request):
        raise RuntimeError("password=secret")

    monkeypatch.setattr("zhikun.pages.style.values", lambda: broken(None))
    response = client.get("/style/")
    text = response.content.decode()
    assert response.status_code == 500
    assert "secret" not in text
    code = text.split("<code>")[1].split("</code>")[0]
    assert any(code in record.getMessage() for record in caplog.records)


def test_the_page_of_a_fault_opens_without_database_officer_or_styles(client, monkeypatch, settings):
    """Whatever failed may fail again while the page is drawn."""
    settings.ZHIKUN_FRAME = "no.such.module"
    monkeypatch.setattr("zhikun.pages.style.values", lambda: 1 / 0)
    settings.STORAGES = {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
        "default": settings.STORAGES["default"],
    }
    settings.STATIC_ROOT = "/nonexistent"
    response = client.get("/style/")
    assert response.status_code == 500
    assert "系统出了故障" in response.content.decode()


class Household(forms.Form):
    income = forms.DecimalField()


def test_a_refusal_inside_a_form_stands_at_its_field_or_above_all():
    form = Household({"income": "5"})
    with errors.shown_in(form):
        raise DomainError("月收入低于最低值。", remedy="请核对。", field="income")
    assert form.errors["income"] == ["月收入低于最低值。 请核对。"]
    form = Household({"income": "5"})
    with errors.shown_in(form):
        raise Conflict("没有保存。", field="no_such_field")
    assert form.non_field_errors() == ["没有保存。"]


def test_other_errors_pass_through_a_form_and_the_handler():
    with pytest.raises(ValueError, match="a fault"), errors.shown_in(Household({})):
        raise ValueError("a fault")
    handler = errors.DomainErrorMiddleware(lambda request: None)
    assert handler.process_exception(RequestFactory().get("/"), ValueError("a fault")) is None
