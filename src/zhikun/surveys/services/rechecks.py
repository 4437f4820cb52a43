"""The county's second look: a sample drawn so that anybody can draw it again, and what it found."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import DomainError
from zhikun.registry.errors import NeedsReason, NotAllowedHere
from zhikun.registry.services.guard import no_number_in
from zhikun.surveys import events
from zhikun.surveys.errors import OwnVisit, VisitDecided
from zhikun.surveys.models import Recheck, Round, Visit

_LONGEST = 200


@transaction.atomic
def draw(given: Round, seed: str, *, acting_officer: Officer) -> int:
    """Draw the round's share of the accepted visits in the officer's area; how many are new in the sample.

    Visits are ordered by SHA-256 over seed and number and the first of them taken: the same seed over the same visits
    draws the same ones, and nobody can tell before the seed is named which they will be.
    """
    held = Round.objects.select_for_update(of=("self",)).get(pk=given.pk)
    if not acting_officer.may(Right.SURVEY_RECHECK):
        raise NotAllowedHere
    if not seed.strip():
        raise DomainError(
            _("没有写抽样种子。"), why=_("有了种子，别人可以重抽一遍来核对抽样没有挑选。"),
            remedy=_("请写任意一串数字，如当天的日期。"), field="seed",
        )  # fmt: skip
    no_number_in(seed)
    # Of a household that left the county, nobody here could look again.
    mine = Visit.objects.visible_to(acting_officer, Right.SURVEY_RECHECK).filter(
        assignment__round=held, state=Visit.State.ACCEPTED
    )
    order = sorted(
        mine.values_list("pk", flat=True), key=lambda pk: hashlib.sha256(f"{seed.strip()}|{pk}".encode()).digest()
    )
    chosen = order[: math.ceil(held.recheck_share * len(order))]
    known = set(Recheck.objects.filter(visit_id__in=chosen).values_list("visit_id", flat=True))
    new = [pk for pk in chosen if pk not in known]
    Recheck.objects.bulk_create(
        Recheck(round=held, visit_id=pk, seed=seed.strip()[:40], drawn_by=acting_officer) for pk in new
    )
    note(
        events.RECHECK_DRAWN, by=acting_officer, subject=held.title, area=held.area_id,
        details={"round": str(held.pk), "seed": seed.strip()[:40], "of": len(order), "drawn": len(new)},
    )  # fmt: skip
    return len(new)


@transaction.atomic
def conclude(
    recheck: Recheck, result: str, differences: Mapping[str, tuple[str, str]], remark: str, *, acting_officer: Officer
) -> None:
    """Enter what the second look found. A failed visit is deducted from what the firm is paid; it needs the reason."""
    held = Recheck.objects.select_for_update(of=("self",)).select_related("visit__assignment").get(pk=recheck.pk)
    visit = held.visit
    if not Visit.objects.visible_to(acting_officer, Right.SURVEY_RECHECK).filter(pk=visit.pk).exists():
        raise NotAllowedHere
    if _took_part(visit, acting_officer):
        raise OwnVisit
    if held.result != Recheck.Result.OPEN:
        raise VisitDecided
    if result not in {Recheck.Result.AGREES, Recheck.Result.DIFFERS, Recheck.Result.FAILED}:
        raise DomainError(_("没有选择复核结果。"), remedy=_("请选择一致、有出入或不合格。"), field="result")
    if result == Recheck.Result.FAILED and not remark.strip():
        raise NeedsReason("remark")
    if result == Recheck.Result.AGREES and differences:
        raise DomainError(
            _("写了不同的内容，却选了“一致”。"), remedy=_("请改选“有出入”或“不合格”，或删去不同之处。"), field="result"
        )
    for text in (remark, *(after for _before, after in differences.values())):
        no_number_in(text)
    held.result, held.remark = result, remark.strip()[:300]
    held.differences = {path: [before[:_LONGEST], after[:_LONGEST]] for path, (before, after) in differences.items()}
    held.checked_by, held.checked_at = acting_officer, timezone.now()
    held.save()
    note(
        events.RECHECKED, by=acting_officer, household=visit.household_id, area=visit.assignment.area_id, reason=held.remark,
        details={"visit": str(visit.pk), "result": result, "differences": len(held.differences)},
    )  # fmt: skip


def _took_part(visit: Visit, officer: Officer) -> bool:
    """Whether the officer made, handed in or decided the visit, or is of its team: nobody looks again at their own work."""
    return (
        officer.pk in (visit.submitted_by_id, visit.decided_by_id)
        or visit.surveyors.filter(pk=officer.pk).exists()
        or visit.assignment.team.members.filter(officer=officer).exists()
    )
