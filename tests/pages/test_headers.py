"""What every answer carries: the strict content policy, no caching of pages, redirects that HTMX can follow."""

import re

from django.http import HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory

from zhikun.pages.middleware import HeadersMiddleware, HtmxRedirectMiddleware

HTMX = {"HX-Request": "true"}


def test_nothing_inline_and_nothing_foreign_is_allowed():
    response = Client().get("/style/")
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == policy["base-uri"] == "'self'"
    assert policy["object-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["img-src"] == "'self' data: blob:"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "nonce" not in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "camera=(self)" in response["Permissions-Policy"]
    assert "geolocation=(self)" in response["Permissions-Policy"]


def test_pages_hold_nothing_inline():
    """The policy would drop it in silence: a chart of no height, a button that does nothing."""
    text = Client().get("/style/").content.decode()
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text)
    for attributes in re.findall(r"<script([^>]*)>", text):
        assert "src=" in attributes or 'type="application/json"' in attributes


def test_pages_are_kept_by_no_cache_unless_they_say_so():
    assert Client().get("/style/")["Cache-Control"] == "private, no-store"
    said = HttpResponse(headers={"Cache-Control": "public, max-age=60"})
    assert HeadersMiddleware(lambda request: said)(RequestFactory().get("/"))["Cache-Control"] == "public, max-age=60"


def test_a_redirect_moves_the_whole_page_that_htmx_is_on_and_keeps_its_cookies():
    def view(request):
        answer = HttpResponseRedirect("/sign-in/?next=/x/")
        answer.set_cookie("kept", "1")
        return answer

    moved = HtmxRedirectMiddleware(view)(RequestFactory().get("/x/", headers=HTMX))
    assert moved.status_code == 204
    assert moved["HX-Redirect"] == "/sign-in/?next=/x/"
    assert moved.cookies["kept"].value == "1"
    assert HtmxRedirectMiddleware(view)(RequestFactory().get("/x/")).status_code == 302
