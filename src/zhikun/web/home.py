"""The first page after sign-in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from zhikun.accounts.access import officer_of, requires
from zhikun.pages import desk, menu
from zhikun.pages.render import render_page


@requires()
def home(request: HttpRequest) -> HttpResponse:
    """What waits for this officer, and where they may go."""
    officer = officer_of(request)
    context = {
        "title": _("工作台"),
        "officer": officer,
        "figures": desk.figures_for(officer),
        "groups": [group for group in menu.menu_for(request) if group.title],
        "held": officer.held,
    }
    return render_page(request, "web/home.html", context)
