"""What stands before every page: a person signed in, with the right that the page needs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def requires(
    *rights: Right, early: bool = False, methods: tuple[str, ...] = ("GET", "HEAD", "POST")
) -> Callable[[View[P]], View[P]]:
    """The page is for officers who hold one of the rights somewhere; for others it is not there (404).

    With no right named it is for everybody who is signed in. Which rows they see is the QuerySet's matter (`visible_to`).
    An `early` page opens for officers who still owe a new password or a second factor. Of other `methods` than these the
    page says 405, and only to those for whom it is there. Write it as the outermost decorator.
    """

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            officer = officer_of(request)
            if rights and not any(officer.may(right) for right in rights):
                raise Http404
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            return view(request, *args, **kwargs)

        signed_in: Any = login_required(guarded)
        signed_in.rights, signed_in.early, signed_in.methods = rights, early, methods
        return cast("View[P]", signed_in)

    return decorate


def public(view: View[P]) -> View[P]:
    """Says that a page is for everybody, signed in or not; the permission table asks every view to say something."""
    view.rights = None  # type: ignore[attr-defined]  # the permission table in the tests reads it
    return view


def is_public(view: Callable[..., HttpResponse]) -> bool:
    """Whether the view said so itself; one that says nothing is not."""
    return getattr(view, "rights", ()) is None


def is_early(view: Callable[..., HttpResponse]) -> bool:
    """Whether the page opens before sign-in is finished."""
    return bool(getattr(view, "early", False))


def officer_of(request: HttpRequest) -> Officer:
    """The officer who asks. Only behind `requires`."""
    user = request.user
    if not isinstance(user, Officer):
        raise Http404
    return user
