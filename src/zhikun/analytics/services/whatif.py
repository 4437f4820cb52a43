"""Trying a policy before it is published: asking, working it out, clearing away. Nothing is written to any household."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics import events, trying, weights
from zhikun.analytics.errors import CannotTry, NothingChanged, PackChangedSince
from zhikun.analytics.levers import Change, levers, read, variant
from zhikun.analytics.models import Trial
from zhikun.analytics.trying import KINDS, SUMS
from zhikun.assessments.models import Run
from zhikun.assessments.results import pack_of, results_in, within_areas
from zhikun.assessments.services.provisional import plan_on
from zhikun.audit.services import record as note
from zhikun.engine.plan import Plan
from zhikun.engine.run import FactsError
from zhikun.engine.run.results import MagnitudeError
from zhikun.jobs.models import Job
from zhikun.jobs.services import ask
from zhikun.pages.errors import DomainError
from zhikun.places.models import AreaRange
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.selectors.search import scope

logger = logging.getLogger("zhikun.analytics")

KIND = "analytics.whatif"
#: Up to so many households the answer is there before a job of the background would have begun.
AT_ONCE = 30_000
#: How long what came out is kept. A figure of ours: long enough for a meeting and the one after it.
LIFE = timedelta(days=30)
_MOST_CHANGES = 50


def job_of(trial: Trial) -> Job | None:
    """The work behind a trial; None where it was made at once."""
    return Job.objects.filter(key=f"{KIND}:{_job_key(trial)}").first()


def start(run: Run, texts: Sequence[str], *, acting_officer: Officer) -> Trial:
    """Try the changes (as levers.read reads them) on a finished run, in the officer's own areas of it.

    The same again is the trial there was. Few households are worked out here and now, many in the background.
    Raises NotAllowedHere, PackChangedSince, NothingChanged and CannotTry.
    """
    base = _base(run)
    changes = read(levers(base.pack, run.on, run.range), texts)
    if not changes:
        raise NothingChanged
    if len(changes) > _MOST_CHANGES:
        raise CannotTry(_("一次最多试 {n} 项改动。").format(n=_MOST_CHANGES), remedy=_("请分几次试算。"))
    variant(base, changes)
    trial = _opened(run, changes, acting_officer)
    if trial.state == Trial.State.WAITING and _is_quick(trial):
        _made_now(trial)
        trial.refresh_from_db()
    return trial


def _made_now(trial: Trial) -> None:
    """Worked out while the officer waits. What nobody foresaw ends the trial in words, as it would end a job: with a number."""
    try:
        make(trial.pk)
    except Exception:  # whatever it is, the trial must say that it failed
        number = secrets.token_hex(4).upper()
        logger.exception("trial failed", extra={"reference": number, "trial": str(trial.pk)})
        said = _("出了没有预料到的错误，没有算成。请把错误编号 {n} 告诉系统管理员，排除后可以再试一次。").format(
            n=number
        )
        Trial.objects.filter(pk=trial.pk, state=Trial.State.WAITING).update(state=Trial.State.FAILED, error=said)


def make(trial_id: uuid.UUID) -> dict[str, Any]:
    """Work a trial out, unless it is there. Killed anywhere, it is begun anew: it takes seconds, and only the whole counts."""
    trial = Trial.objects.select_related("run").get(pk=trial_id)
    if trial.state != Trial.State.WAITING:
        return {}
    try:
        if not trying.is_done(trial.key):
            base = _base(trial.run)
            changed = variant(base, read(levers(base.pack, trial.run.on, trial.run.range), trial.asked_for))
            with trying.alone(trial.key):  # by two officers of the same reach, or twice by a quick finger
                if not trying.is_done(trial.key):
                    trying.work(trial.run, (base, changed), trial.ranges, trial.key)
        found = _totals(trial)
    except (DomainError, FactsError, MagnitudeError) as error:
        Trial.objects.filter(pk=trial.pk, state=Trial.State.WAITING).update(
            state=Trial.State.FAILED, error=str(error)[:400]
        )
        return {"text": str(error)}
    found["weights"] = [one.words for one in weights_of(trial.run, trial.asked_for)]
    Trial.objects.filter(pk=trial.pk, state=Trial.State.WAITING).update(state=Trial.State.DONE, totals=found)
    text = _("{n} 户，{m} 户的类别、指数或金额有变化").format(n=f"{found['households']:,}", m=f"{found['changed']:,}")
    return {"text": text}


def weights_of(run: Run, texts: Sequence[str]) -> list[weights.Sum]:
    """The sums of weights that these changes move. By a pack that has changed since nothing is told."""
    try:
        base = _base(run)
        return weights.moved(base, read(levers(base.pack, run.on, run.range), texts))
    except DomainError:  # what cannot be tried is told where it is tried
        return []


def clear(now: datetime | None = None) -> dict[str, int]:
    """Removes what came out of trials whose time is over, and what killed processes left. For the night."""
    over = Trial.objects.filter(asked_at__lte=(now or timezone.now()) - LIFE).exclude(state=Trial.State.GONE)
    gone = over.update(state=Trial.State.GONE, totals={})
    # Looked at before the trials are: a folder that is made meanwhile has one that asked for it.
    found = list(trying.folder().glob("*"))
    kept = set(Trial.objects.exclude(state=Trial.State.GONE).values_list("key", flat=True))
    for path in found:
        if path.name not in kept:
            trying.clear(path.name)
    return {"trials": gone}


def _base(run: Run) -> Plan:
    """The plan by which the run was made, if the pack is still the same."""
    if pack_of(run).hash != run.pack_hash:
        raise PackChangedSince
    return plan_on(run.on, run.pack)


@transaction.atomic
def _opened(run: Run, changes: Sequence[Change], officer: Officer) -> Trial:
    """The officer's trial of these changes: the one there is, or asked for now."""
    ranges = scope(officer, run.range, Right.POLICY_TRY)
    households = results_in(run, ranges).aggregate("count(*)").fetchall()[0][0] if ranges else 0
    if run.state != Run.State.DONE or not households:
        raise NotAllowedHere
    told, now = [_told(one) for one in changes], timezone.now()
    key = _key(run, told, ranges)
    values = {"run": run, "households": households, "reach": [list(one) for one in ranges], "changes": told}
    mine = Trial.objects.select_for_update().filter(officer=officer, key=key)
    trial = mine.first()
    if trial is None:
        try:
            with transaction.atomic():
                trial = Trial.objects.create(officer=officer, key=key, asked_at=now, **values)
        except IntegrityError:  # the same officer was quicker in another window
            return mine.get()
    elif not _is_over(trial):
        return trial
    else:
        trial.attempt += 1
        trial.state, trial.error, trial.totals, trial.asked_at = Trial.State.WAITING, "", {}, now
        trial.save()
    if not _is_quick(trial):
        ask(
            KIND, title=_("政策试算：{on}").format(on=run.on.isoformat()), arguments={"trial": str(trial.pk)},
            key=_job_key(trial), by=officer, area=run.area,
        )  # fmt: skip
    note(
        events.TRIED, by=officer, area=run.area, subject=str(trial.pk),
        details={"run": str(run.pk), "trial": str(trial.pk), "changes": "；".join(trial.asked_for)[:300]},
    )  # fmt: skip
    return trial


def _is_quick(trial: Trial) -> bool:
    """Whether nobody needs to wait for it: few households, or somebody of the same reach has tried the same."""
    return trial.households <= AT_ONCE or trying.is_done(trial.key)


def _is_over(trial: Trial) -> bool:
    """Whether it has to be asked for anew: it failed, was cleared away, or its work was cancelled or never done."""
    if trial.state == Trial.State.DONE:
        return not trying.is_done(trial.key)
    if trial.state != Trial.State.WAITING:
        return True
    job = job_of(trial)
    return job is not None and job.has_ended


def _told(change: Change) -> dict[str, str]:
    lever = change.lever
    return {
        "text": change.text, "name": lever.name, "title": lever.title, "where": lever.where, "was": change.was,
        "now": change.now,
    }  # fmt: skip


def _key(run: Run, changes: Sequence[dict[str, str]], ranges: Sequence[AreaRange]) -> str:
    told = [str(run.pk), sorted(one["text"] for one in changes), [list(one) for one in ranges]]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def _job_key(trial: Trial) -> str:
    return f"{trial.pk}:{trial.attempt}"


def _totals(trial: Trial) -> dict[str, Any]:
    """The sums over all areas of a trial, and how many households differ in anything."""
    rows = within_areas(trying.places_file(trial.key), trial.ranges)
    found = rows.aggregate(", ".join(f'sum("{name}")' for name in SUMS)).fetchall()[0]
    told = " OR ".join(f'"{name}"' for name in KINDS if name != "open")
    changed = within_areas(trying.changed_file(trial.key), trial.ranges).filter(told).aggregate("count(*)").fetchall()
    return {**dict(zip(SUMS, map(_plain, found), strict=True)), "changed": changed[0][0]}


def _plain(value: Any) -> int | float:
    number = round(float(value or 0), 6)
    return int(number) if number.is_integer() else number
