"""The menu shows each officer what they may open, and where they are."""

from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from zhikun.pages import menu
from zhikun.pages.frame import Crumb


@pytest.fixture(autouse=True)
def own_entries(monkeypatch):
    monkeypatch.setattr(menu, "_entries", {})


def officer(*permissions):
    return SimpleNamespace(is_authenticated=True, may=lambda wanted: wanted in permissions, get_username=lambda: "z")


def request_at(view, who):
    request = RequestFactory().get("/")
    request.user = who
    request.resolver_match = SimpleNamespace(view_name=view)
    return request


def titles(groups):
    return [line.title for group in groups for line in group.lines]


def test_an_entry_is_shown_to_those_who_hold_its_permission():
    menu.register(
        menu.Entry("档案", "pages:style", "home", permission="registry.view"),
        menu.Entry("我的", "pages:style-job", "user"),
    )
    assert titles(menu.menu_for(request_at("", officer()))) == ["我的"]
    assert titles(menu.menu_for(request_at("", officer("registry.view")))) == ["档案", "我的"]


def test_nobody_has_a_menu_before_signing_in():
    menu.register(menu.Entry("我的", "pages:style", "user"))
    assert menu.menu_for(request_at("", SimpleNamespace(is_authenticated=False))) == []


def test_entries_of_a_group_stand_together_where_its_first_stands():
    menu.register(
        menu.Entry("统计", "pages:style", "home", group="信息统计", order=30),
        menu.Entry("档案", "pages:style-job", "home", group="信息录入", order=10),
        menu.Entry("首页", "pages:style-refused", "home", order=0),
    )
    groups = menu.menu_for(request_at("", officer()))
    assert [group.title for group in groups] == ["", "信息录入", "信息统计"]


def test_registering_a_view_again_replaces_its_line():
    menu.register(menu.Entry("旧", "pages:style", "home"))
    menu.register(menu.Entry("新", "pages:style", "home"))
    assert titles(menu.menu_for(request_at("", officer()))) == ["新"]


def test_one_line_is_the_current_one_the_nearest():
    menu.register(
        menu.Entry("档案", "pages:style", "home", within=("registry:",)),
        menu.Entry("导入", "pages:style-job", "home", within=("registry:import",)),
    )

    def current(view):
        return [line.title for g in menu.menu_for(request_at(view, officer())) for line in g.lines if line.current]

    assert current("registry:household") == ["档案"]
    assert current("registry:import-review") == ["导入"]
    assert current("pages:style") == ["档案"]
    assert current("accounts:me") == []


def test_the_page_draws_menu_crumbs_and_the_way_past_them():
    menu.register(menu.Entry("档案<", "pages:style", "home", group="信息录入"))
    request = request_at("pages:style", officer())
    context = {"title": "张*家", "crumbs": [Crumb("档案", "/style/"), Crumb("张*家")]}
    text = render_to_string("pages/base.html", context, request)
    assert '<a class="zk-skip" href="#main">' in text
    assert "档案&lt;" in text
    assert '<span aria-current="page">张*家</span>' in text
    assert 'id="menu-switch"' in text


def test_a_way_of_one_step_is_not_told_above_the_same_words():
    context = {"title": "后台任务", "crumbs": [Crumb("后台任务")]}
    text = render_to_string("pages/base.html", context, request_at("pages:style", officer()))
    assert "当前位置" not in text


def test_a_folded_menu_stays_folded(settings):
    menu.register(menu.Entry("档案", "pages:style", "home"))
    client = Client()
    assert 'id="menu-switch" autocomplete="off" aria-label="收起或展开菜单">' in client.get("/style/").content.decode()
    client.cookies["zhikun_menu"] = "folded"
    assert 'aria-label="收起或展开菜单" checked>' in client.get("/style/").content.decode()
