"""What stands before a page of a room that lies below the one that knows officers.

Rights are words ("area.manage"), and whoever is signed in answers `may(right)` for themselves. Rooms above use
`zhikun.accounts.access`, which does the same with its own names for rights.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def requires(*rights: str) -> Callable[[View[P]], View[P]]:
    """The page is for whoever holds one of the rights somewhere; for others it is not there (404).

    With no right named it is for everybody who is signed in.
    """

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            may = getattr(request.user, "may", None)
            if rights and not (may and any(may(right) for right in rights)):
                raise Http404
            return view(request, *args, **kwargs)

        signed_in = login_required(guarded)
        signed_in.rights = rights  # type: ignore[attr-defined]  # the permission table in the tests reads it
        return cast("View[P]", signed_in)

    return decorate
