"""What the page kit shows of the officer around every page."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from zhikun.accounts.models import Officer
from zhikun.pages.frame import Frame


def frame(request: HttpRequest) -> Frame:
    """Officer, organisation and area; for a guest only the way home. For the setting ZHIKUN_FRAME."""
    officer = getattr(request, "user", None)
    if not isinstance(officer, Officer):
        return Frame()
    places = list(dict.fromkeys(one.area.name for one in officer.held))
    return Frame(
        officer=officer.name,
        organisation=officer.organisation.name,
        place="、".join(places[:2]) + ("等" if len(places) > 2 else ""),
        account_url=reverse("accounts:me"),
        sign_out_url=reverse("accounts:sign-out"),
    )
