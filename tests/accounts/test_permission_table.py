"""The permission table: every address x every role x in and out of scope.

The addresses come from the resolver itself, so no page can be forgotten. A view says which rights open it (`requires`,
`public`); the table says what each role must get: in scope the page, out of scope and without the right 404, as if it were not
there. Objects come from tests/permission_objects.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from tests import factories
from tests.officers import signed_in
from tests.permission_objects import HIDDEN, OBJECTS, UNGUARDED, areas

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import RIGHTS, Role

#: Each test is undone inside the transaction in which the officers were made.
pytestmark = pytest.mark.django_db
MISSING = object()
#: Answers of a page that is there: shown, led on, only for POST, a form or filter that wants more.
THERE = {200, 204, 302, 303, 400, 405, 422}


@dataclass(frozen=True)
class Page:
    """One address of the platform."""

    name: str
    rights: Any
    takes_arguments: bool


def pages() -> Iterator[Page]:
    for name, pattern, arguments in walk(get_resolver(), "", set()):
        yield Page(name, getattr(pattern.callback, "rights", MISSING), bool(arguments))


def walk(resolver: URLResolver, namespace: str, arguments: set[str]) -> Iterator[tuple[str, URLPattern, set[str]]]:
    for one in resolver.url_patterns:
        taken = arguments | set(one.pattern.converters)
        if isinstance(one, URLResolver):
            inner = f"{namespace}{one.namespace}:" if one.namespace else namespace
            yield from walk(one, inner, taken)
        else:
            yield f"{namespace}{one.name or one.pattern}", one, taken


PAGES = sorted(pages(), key=lambda view: view.name)
NUMBERED = [page for page in PAGES if page.takes_arguments]
each_page = pytest.mark.parametrize("view", PAGES, ids=lambda view: view.name)


@pytest.fixture(scope="module")
def officers(django_db_setup, django_db_blocker):
    """One officer for each role, made once for the whole table and undone after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        areas()
        yield {role: factories.officer(role) for role in Role}
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def browsers(officers):
    """A browser for each, with sign-in finished."""
    return {role: signed_in(who) for role, who in officers.items()}


def addresses(page: Page, in_scope: bool) -> Callable[[Officer], str]:
    """Where each officer asks for a page. An object that belongs to none of them is made once: looking at it changes nothing."""
    if not page.takes_arguments:
        return lambda _asking: reverse(page.name)
    make = OBJECTS.get(page.name)
    assert make is not None, f"add an object for {page.name} to tests/permission_objects.py"
    if len(inspect.signature(make).parameters) > 1:
        return lambda asking: reverse(page.name, kwargs=make(in_scope, asking))
    made = reverse(page.name, kwargs=make(in_scope))
    return lambda _asking: made


def opens(page: Page, role: Role) -> bool:
    """What the table says for a page in scope."""
    if role in HIDDEN.get(page.name, (frozenset(), ""))[0]:
        return False
    return not page.rights or bool(set(page.rights) & set(RIGHTS[role]))


def get(browser: Client, url: str) -> int:
    return browser.get(url).status_code


@each_page
def test_every_view_says_whom_it_is_for(view):
    assert view.rights is not MISSING or view.name in UNGUARDED, (
        f"{view.name}: decorate the view with accounts.access.requires(...) or public, or say in UNGUARDED why not"
    )


@each_page
def test_in_scope_the_page_opens_for_those_with_the_right_and_is_not_there_for_the_others(view, officers, browsers):
    wrong, address = {}, addresses(view, True)
    for role, browser in browsers.items():
        status = get(browser, address(officers[role]))
        if (status in THERE) is not opens(view, role) or (not opens(view, role) and status != 404):
            wrong[role.value] = status
    assert not wrong, f"{view.name} for {view.rights}: {wrong}"


@pytest.mark.parametrize("view", NUMBERED, ids=lambda view: view.name)
def test_out_of_scope_it_is_there_for_nobody(view, officers, browsers):
    wrong, address = {}, addresses(view, False)
    for role, browser in browsers.items():
        if view.rights is None:
            continue
        url = address(officers[role])
        status = get(browser, url)
        if status == 405:
            status = browser.post(url).status_code
        if status != 404:
            wrong[role.value] = status
    assert not wrong, f"{view.name} outside its area: {wrong}"


@each_page
def test_a_guest_is_led_to_sign_in(view, officers):
    url = addresses(view, True)(officers[Role.TOWNSHIP_CLERK])
    answer = Client().get(url)
    if view.rights is None or view.name in UNGUARDED:
        assert answer.status_code < 500
    else:
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in?next=")
        assert Client().post(url).status_code == 302, "nor does a POST act for a guest"


def test_nothing_is_listed_that_is_not_there():
    names = {page.name for page in PAGES}
    assert set(OBJECTS) | set(HIDDEN) | set(UNGUARDED) <= names
