"""A page for the browser, a named block of it for HTMX, from one template."""

import pytest
from django.contrib.messages.storage.fallback import FallbackStorage
from django.template import TemplateDoesNotExist
from django.test import RequestFactory

from zhikun.pages.render import render_page

PAGES = {
    "base.html": "<html><body>{% block content %}{% endblock %}</body></html>",
    "page.html": (
        "{% extends 'base.html' %}{% block content %}<h1>页</h1>"
        "<div id='results'>{% block results %}{{ n }} {{ request.path }} {{ text }}{% block inner %}!{% endblock %}{% endblock %}</div>"
        "{% endblock %}"
    ),
}


@pytest.fixture(autouse=True)
def templates(settings):
    wanted = dict(settings.TEMPLATES[0])
    loaders = ["django.template.loaders.app_directories.Loader"]
    options = {**wanted["OPTIONS"], "loaders": [("django.template.loaders.locmem.Loader", PAGES), *loaders]}
    options["context_processors"] = options["context_processors"][:3]
    settings.TEMPLATES = [{**wanted, "APP_DIRS": False, "OPTIONS": options}]


def ask(**headers):
    request = RequestFactory().get("/somewhere/", headers=headers)
    request.session = {}
    request.user = None
    request._messages = FallbackStorage(request)
    return request


def shown(request, **more):
    return render_page(request, "page.html", {"n": 7, "text": "<b>"}, fragment="results", **more).content.decode()


def test_a_browser_gets_the_whole_page():
    assert shown(ask()).startswith("<html>")


def test_htmx_gets_the_block_as_the_page_shows_it_blocks_inside_and_context_processors_included():
    assert shown(ask(**{"HX-Request": "true"})) == "7 /somewhere/ &lt;b&gt;!"


@pytest.mark.parametrize("why", ["HX-History-Restore-Request", "HX-Boosted"])
def test_htmx_gets_the_whole_page_when_it_replaces_the_whole_page(why):
    """Going back in the browser would otherwise leave a table without header and menu."""
    assert shown(ask(**{"HX-Request": "true", why: "true"})).startswith("<html>")


def test_no_cache_serves_a_fragment_as_a_page():
    assert "HX-Request" in render_page(ask(), "page.html", {}, fragment="results")["Vary"]
    assert "HX-Request" in render_page(ask(**{"HX-Request": "true"}), "page.html", {}, fragment="results")["Vary"]


def test_waiting_messages_come_along_with_a_fragment():
    from django.contrib import messages

    request = ask(**{"HX-Request": "true"})
    messages.success(request, "已保存")
    text = shown(request)
    assert 'hx-swap-oob="true"' in text
    assert "已保存" in text


def test_an_unknown_block_is_named_with_those_that_exist():
    with pytest.raises(TemplateDoesNotExist, match=r"resutls.*content, inner, results"):
        render_page(ask(**{"HX-Request": "true"}), "page.html", {}, fragment="resutls")
