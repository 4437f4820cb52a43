"""驾驶舱: the screen in a bureau's hall. It renews itself every minute, and says when it no longer can.

It asks with the header of pages that ask by themselves, so it keeps no session alive: when the officer's time is over the
screen keeps its last numbers and says from when they are. An answer that would change nothing is empty (204).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhikun.accounts import sessions
from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.roles import Right
from zhikun.analytics import wall as told
from zhikun.analytics.limits import SMALL_NUMBER
from zhikun.analytics.ui.grids import list_url, with_parameters
from zhikun.analytics.ui.statistics import named
from zhikun.analytics.wall import Line, Picture, Told
from zhikun.analytics.withholding import Form
from zhikun.assessments.errors import NotKept
from zhikun.assessments.models import Run
from zhikun.assessments.naming import pack_title
from zhikun.assessments.results import is_kept
from zhikun.assessments.ui.common import Asked, asked, found
from zhikun.pages import formats
from zhikun.pages.parts import Chart, Series
from zhikun.pages.render import render_page, wants_fragment
from zhikun.places.models import Area
from zhikun.places.selectors import spoken
from zhikun.registry.selectors.search import scope

#: A screen asks again so often, in seconds; what it was answered last, in the header of its question.
EVERY = 60
SEEN_HEADER = "X-Zhikun-Seen"
_DIGITS = 16
_BAR = 100


@dataclass(frozen=True)
class Number:
    """A number as the screen shows it, its list, and how long its bar is, in hundredths of the longest."""

    shown: SafeString
    url: str
    part: int = 0


@dataclass(frozen=True)
class Row:
    """A line of the screen."""

    title: str
    numbers: list[Number]
    url: str = ""
    open: bool = False


@requires(Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def wall(request: HttpRequest) -> HttpResponse:
    """What the newest run (or the one asked for) found in a place, to be read from afar."""
    run = _run(request)
    if run is not None and run.state != Run.State.DONE:
        return HttpResponseRedirect(reverse("assessments:run", args=[run.pk]))
    at = asked(request, run) if run is not None else None
    context: dict[str, Any] = {
        "title": _("驾驶舱"),
        "menu": [],
        "every": EVERY,
        "idle_minutes": settings.ZHIKUN_IDLE_MINUTES,
    }
    context |= {"place_name": named(at) if at else "", "small": SMALL_NUMBER.value}
    context |= _shown(at) if at is not None else {"may_run": officer_of(request).may(Right.ASSESSMENT_RUN)}
    body = render_to_string("analytics/wall_body.html", context, request)
    seen = hashlib.sha256(body.encode()).hexdigest()[:_DIGITS]
    read = timezone.localtime()
    if wants_fragment(request) and request.headers.get(SEEN_HEADER) == seen:
        answer = HttpResponse(status=204)
    else:
        context |= {
            "body": body, "seen": seen, "read": read, "until": _until(request), "here": request.get_full_path(),
            "sign_in": f"{reverse('accounts:sign-in')}?{urlencode({'next': request.get_full_path()})}",
            "leave": with_parameters(reverse("analytics:newest"), at.place if at else None),
        }  # fmt: skip
        answer = render_page(request, "analytics/wall.html", context, fragment="results")
    answer["X-Zhikun-Read"] = read.strftime("%H:%M")
    answer["X-Zhikun-Until"] = _until(request).strftime("%H:%M")
    return answer


def _run(request: HttpRequest) -> Run | None:
    """The run of the address, or the newest of the place; a place or run that is not the officer's is not there (404)."""
    text = request.GET.get("run", "")
    if text:
        try:
            return found(request, UUID(text))
        except ValueError:
            raise Http404 from None
    officer, given = officer_of(request), request.GET.get("place", "")
    place = None
    if given:
        code = int(given) if given.isascii() and given.isdigit() and len(given) == 12 else 0
        place = Area.objects.filter(pk=code).first()
        if place is None:
            raise Http404
    ranges = scope(officer, place.range if place else None)
    if not ranges:
        raise Http404
    run = told.chosen(officer, ranges)
    if run is not None and not is_kept(run):
        raise NotKept(run)
    return run


def _until(request: HttpRequest) -> datetime:
    """When the session ends if nobody works in it."""
    seen = request.session.get(sessions.SEEN, int(timezone.now().timestamp()))
    return timezone.localtime(datetime.fromtimestamp(seen, UTC) + timedelta(minutes=settings.ZHIKUN_IDLE_MINUTES))


def _shown(at: Asked) -> dict[str, Any]:
    one = told.picture(at)
    numbers = {"households": one.households, "undetermined": one.undetermined, "several": one.several}
    return {
        "run": at.run, "pack_title": pack_title(at.run), "sample": at.pack.sample,
        "numbers": {name: _number(at, number) for name, number in numbers.items() if number is not None},
        "level": f"{one.level:g}",
        "categories": _rows(at, one.categories), "causes": _rows(at, one.causes), "no_causes": not at.pack.results.causes,
        "missing": "、".join(one.missing), "places": _rows(at, one.places), "with_causes": one.several is not None,
        "warned": _warned(at, one), "rounds": _rounds(one), "more_rounds": one.more_rounds, "trend": _trend(at, one),
    }  # fmt: skip


def _number(at: Asked, one: Told, place: int | None = None, most: int = 0) -> Number:
    url = ""
    if one.wanted is not None and one.number:
        url = list_url(at.run, one.wanted, place if place is not None else at.place)
    return Number(_words(one), url, round(one.drawn * _BAR / most) if most else 0)


def _words(one: Told) -> SafeString:
    if one.form is Form.SMALL:
        return format_html('<span class="zk-wall-small">{}</span>', _("少于{n}").format(n=SMALL_NUMBER.value))
    if one.form is Form.APART:
        return format_html('<span class="zk-wall-small">{}</span>', _("不单列"))
    return formats.count(one.number)


def _rows(at: Asked, lines: Sequence[Line]) -> list[Row]:
    most = max((number.drawn for line in lines for number in line.numbers), default=0)
    rows = []
    for line in lines:
        title = line.title or _("另 {n} 个地区").format(n=line.places)
        url = ""
        if line.place is not None:
            title = spoken(line.title)  # 西湖路社区: the table has no room for its committee
            url = f"{reverse('analytics:wall')}?{urlencode({'run': at.run.pk, 'place': line.place})}"
        rows.append(Row(title, [_number(at, one, line.place, most) for one in line.numbers], url, line.code is None))
    return rows


def _warned(at: Asked, one: Picture) -> dict[str, Any] | None:
    warned = one.warned
    if warned is None:
        return None
    place = {"place": str(at.place.pk)} if at.place else {}

    def number(it: Told, **more: str) -> Number:
        query = urlencode({"of": str(warned.month), **place, **more})
        return Number(_words(it), f"{reverse('monitoring:warnings')}?{query}" if it.number else "")

    return {
        "month": warned.month.month, "sample": warned.month.sample, "overdue": number(warned.overdue, overdue="on"),
        "levels": [
            (level.name.lower(), level.label, number(it, level=str(level.value))) for level, it in warned.levels
        ],
    }  # fmt: skip


def _rounds(one: Picture) -> list[dict[str, Any]]:
    found = []
    for it in one.rounds:
        exact = it.accepted.form is Form.EXACT and it.total.form is Form.EXACT
        found.append({
            "title": it.round.title, "ends": it.round.ends, "url": reverse("surveys:round", args=[it.round.pk]),
            "total": _words(it.total), "accepted": _words(it.accepted), "submitted": _words(it.submitted),
            "part": it.accepted.number * _BAR // it.total.number if exact and it.total.number else 0,
        })  # fmt: skip
    return found


def _trend(at: Asked, one: Picture) -> Chart | None:
    if not one.trend:
        return None
    runs = [run for run, _all, _open in one.trend]
    forms = {number.form for _run, *numbers in one.trend for number in numbers}
    small = _("少于{n}").format(n=SMALL_NUMBER.value)

    def series(name: str, numbers: Sequence[Told], tone: str = "") -> Series:
        values = [it.number if it.form is Form.EXACT else None for it in numbers]
        urls = [list_url(run, it.wanted, at.place) if it.wanted else "" for run, it in zip(runs, numbers, strict=True)]
        return Series(name, values, urls, tone)

    return Chart(
        _("历次评估"), "line", [run.on.isoformat() for run in runs],
        [
            series(_("评估的家庭"), [it for _run, it, _open in one.trend]),
            series(_("尚不能确定"), [it for _run, _all, it in one.trend], "unknown"),
        ],
        _("户"), gap=_("{small}或不单列").format(small=small) if Form.APART in forms else small,
    )  # fmt: skip
