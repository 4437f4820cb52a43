"""Asking for a proxy means test, and working it out in the background."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics import events, fitting
from zhikun.analytics.fits import Fit
from zhikun.analytics.fitting import Question
from zhikun.assessments.models import Run
from zhikun.assessments.results import pack_of
from zhikun.audit.services import record as note
from zhikun.jobs.errors import JobFailed
from zhikun.jobs.models import Job
from zhikun.jobs.services import ask
from zhikun.measures.errors import MeasureError
from zhikun.places.models import AreaRange
from zhikun.registry.errors import NotAllowedHere

KIND = "analytics.fit"
_OVER = (Job.State.FAILED, Job.State.CANCELLED)


def job_of(fit: Fit) -> Job | None:
    """The work behind a fit."""
    return Job.objects.filter(key=f"{KIND}:{fit.pk}").first()


@transaction.atomic
def start(question: Question, run: Run, area: AreaRange, *, acting_officer: Officer) -> tuple[Fit, bool]:
    """Ask for a fit on the households of a finished run in one area; the fit, and whether it is a new one.

    The same question of the same run and area is answered with the fit there is, unless its work failed or was cancelled, or
    what it found is lost or was kept without its households: then it is asked for anew. Raises NotAllowedHere without the
    right in all of the area.
    """
    if not any(one.first <= area.first and area.last <= one.last for one in acting_officer.reach(Right.POLICY_TRY)):
        raise NotAllowedHere
    same = Fit.objects.select_for_update().filter(run=run, area=area.first, area_last=area.last, key=question.key)
    before = same.first()
    if before is not None:
        job = job_of(before)
        under_way = before.finished_at is None and job is not None and job.state not in _OVER
        if under_way or (before.finished_at is not None and fitting.has_lists(before.pk)):
            return before, False
        before.delete()
    try:
        with transaction.atomic():
            made = Fit.objects.create(
                run=run, area=area.first, area_last=area.last, asked=question.plain, key=question.key,
                started_by=acting_officer,
            )  # fmt: skip
    except IntegrityError:  # somebody else was quicker
        return same.get(), False
    ask(KIND, arguments={"fit": str(made.pk)}, key=str(made.pk), by=acting_officer, area=area.first)
    details = {"run": str(run.pk), "target": question.target, "facts": [name for name, _bands in question.predictors]}
    note(events.FIT_STARTED, by=acting_officer, area=area.first, subject=str(made.pk), details=details)
    return made, True


def work(fit_id: uuid.UUID) -> dict[str, Any]:
    """Fit it and keep the figures. Raises JobFailed where these households cannot tell, with the reason."""
    fit = Fit.objects.select_related("run").filter(pk=fit_id).first()
    if fit is None:
        return {"text": _("已经按同样的条件重新发起，这一次不再估计。")}
    try:
        found = fitting.work_out(Question.of(fit.asked), fit.run, [fit.range], pack_of(fit.run))
    except MeasureError as error:
        raise JobFailed(str(error)) from None
    fitting.keep(fit.pk, found)
    Fit.objects.filter(pk=fit.pk).update(finished_at=timezone.now(), households=found.figures["households"])
    return {
        "text": _("{n} 户参加估计。").format(n=f"{found.figures['households']:,}"),
        "fit": str(fit.pk),
        "run": str(fit.run_id),
    }


def clear() -> dict[str, int]:
    """Removes the figures of fits that are gone: asked for anew, or of a run that is no longer there. For the night."""
    return {"fits": fitting.clear(lambda: Fit.objects.values_list("pk", flat=True))}
