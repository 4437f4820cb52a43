"""A month of warnings out of the data folder, before the officers: each run once, nothing that somebody has touched written over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.audit.services import record as note
from zhikun.engine.packs import PackErrors, load
from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import LEVELS
from zhikun.identity import KeysRefused
from zhikun.monitoring import events
from zhikun.monitoring.errors import NothingToPublish
from zhikun.monitoring.models import NO_DAY, RaisedWarning, WarningMonth
from zhikun.monitoring.services import people
from zhikun.privacy import ring
from zhikun.screening import Decisions, Runs, ScreeningDamaged, ScreeningRefused
from zhikun.screening.model import Earlier
from zhikun.screening.reminders import waiting_causes
from zhikun.workdays import Month

State = RaisedWarning.State
Report = Callable[[int, int], None]
#: What a repetition of the month may change in a warning that nobody has touched.
_SAID = (
    "level", "level_before", "score", "at_least", "change", "cleared_by", "way", "causes", "reasons", "raised", "due",
    "provisional", "state", "area_id",
)  # fmt: skip
_COLUMNS = [
    "person", "place", "direction", "level", "score", "at_least", "change", "cleared_by", "level_before", "way", "causes",
    "reasons", "raised", "deadline", "provisional", "month", "counted_from",
]  # fmt: skip
_ROWS = 20_000  # rows of a month in memory at a time


@dataclass(frozen=True)
class Received:
    """What became of a month: whether its run was known already, and of its warnings how many are in what state."""

    month: WarningMonth
    new_run: bool
    waiting: int
    unfiled: int
    added: int = 0
    changed: int = 0
    gone: int = 0
    kept: int = 0


def receive(month: Month, pack: str, *, acting_officer: Officer | None, report: Report | None = None) -> Received:
    """Take in the warnings of a month that was screened in the platform's data folder.

    The same run with the same feedback is recognised: only who and where is looked up again. Without an officer it was a
    command on the machine. Raises NothingToPublish.
    """
    loaded, run = _run_of(month, pack)
    report = report or (lambda _done, _total: None)
    with transaction.atomic():
        people.bring_tokens_along()
        held, created = WarningMonth.objects.select_for_update().get_or_create(
            pack=loaded.id, month=str(month), defaults=_about(loaded, run) | {"received_at": timezone.now(), "run": ""}
        )
        history = _history(run)
        counts = {"added": 0, "changed": 0, "gone": 0, "kept": 0}
        new_run = created or (held.run, held.findings) != (run.id, len(history))
        if new_run:
            counts = _take_in(held, run, loaded, history, report)
            for name, value in (_about(loaded, run) | {"findings": len(history)}).items():
                setattr(held, name, value)
            held.received_by, held.received_at = acting_officer, timezone.now()
            held.save()
        people.place(list(held.warnings.only("pk", "token", "person", "household")))
        waiting = held.warnings.waiting()
        found = Received(held, new_run, waiting.count(), waiting.filter(household__isnull=True).count(), **counts)
        if new_run:
            note(
                events.RECEIVED, by=acting_officer, subject=str(held.month),
                details={"pack": held.pack, "run": held.run, "waiting": found.waiting, "unfiled": found.unfiled, **counts},
            )  # fmt: skip
    return found


def _run_of(month: Month, pack: str) -> tuple[Pack, Earlier]:
    """The pack and the month's run. Raises NothingToPublish."""
    try:
        loaded = load(pack)
        run = Runs(Path(settings.ZHIKUN_DATA), loaded.id, ring()).latest(month)
        run.file("warnings")
    except PackErrors as error:
        raise NothingToPublish(_("政策包“{n}”不能用。").format(n=pack)) from error
    except (ScreeningRefused, ScreeningDamaged, KeysRefused) as error:
        raise NothingToPublish(str(error)) from error
    return loaded, run


def _about(pack: Pack, run: Earlier) -> dict[str, Any]:
    return {
        "run": run.id, "pack_title": pack.title, "pack_version": str(run.run["pack"]["version"]), "sent_on": run.on,
        "sample": pack.sample,
    }  # fmt: skip


def _history(run: Earlier) -> list[Any]:
    """What visits have found until now, as it was reported by file."""
    try:
        log = Decisions(Path(settings.ZHIKUN_DATA), ring())
        log.check([run])
        return log.history()
    except ScreeningDamaged as error:
        raise NothingToPublish(str(error)) from error


def _take_in(held: WarningMonth, run: Earlier, pack: Pack, history: list[Any], report: Report) -> dict[str, int]:
    """The rows of the run beside those that are there: added, changed, taken away where nobody has touched them."""
    before = {(bytes(one.token), one.direction): one for one in held.warnings.all()}
    counts = {"added": 0, "changed": 0, "gone": 0, "kept": 0}
    file = pq.ParquetFile(run.file("warnings"))
    done = 0
    for batch in file.iter_batches(_ROWS, columns=_COLUMNS):
        table = pa.Table.from_batches([batch])
        waits = waiting_causes(table, pack.id, history)
        rows = table.to_pylist()
        areas = people.areas_of({row["place"] for row in rows if row["place"]})
        new, other, kept = [], [], []
        for row, causes in zip(rows, waits, strict=True):
            said = said_of(row, causes, areas)
            one = before.pop((row["person"], row["direction"]), None)
            if one is None:
                new.append(
                    RaisedWarning(
                        of=held, token=row["person"], token_version=ring().current, direction=row["direction"], **said
                    )
                )
            elif _same(one, said):
                continue
            elif one.touched_at is not None:
                one.differs = True
                kept.append(one)
            else:
                for name, value in said.items():
                    setattr(one, name, value)
                other.append(one)
        RaisedWarning.objects.bulk_create(new, batch_size=500)
        RaisedWarning.objects.bulk_update(other, [name.removesuffix("_id") for name in _SAID], batch_size=200)
        RaisedWarning.objects.bulk_update(kept, ["differs"], batch_size=500)
        for name, some in (("added", new), ("changed", other), ("kept", kept)):
            counts[name] += len(some)
        done += len(rows)
        report(done, file.metadata.num_rows)
    return _without(before.values(), counts)


def _without(rest: Iterable[RaisedWarning], counts: dict[str, int]) -> dict[str, int]:
    """Those that the month does not have any more: gone, unless somebody has touched them."""
    gone, kept = [], []
    for one in rest:
        if one.touched_at is None:
            gone.append(one.pk)
        else:
            one.differs = True
            kept.append(one)
    for some in people.blocks(gone, 500):
        RaisedWarning.objects.filter(pk__in=some).delete()
    RaisedWarning.objects.bulk_update(kept, ["differs"], batch_size=500)
    return counts | {"gone": len(gone), "kept": counts["kept"] + len(kept)}


def _same(one: RaisedWarning, said: Mapping[str, Any]) -> bool:
    return not one.differs and all(getattr(one, name) == value for name, value in said.items())


def said_of(row: Mapping[str, Any], waiting: list[str], areas: Mapping[int, int]) -> dict[str, Any]:
    """What a row of warnings.parquet says, as the fields of a warning. `waiting`: the causes that wait for a visit."""
    cleared = row["level"] is None
    return {
        "level": level_of(row["level"]),
        "level_before": level_of(row["level_before"]),
        "score": row["score"],
        "at_least": row["at_least"],
        "change": row["change"],
        "cleared_by": row["cleared_by"] or "",
        "way": row["way"] or "",
        "causes": list(row["causes"]) if cleared or not waiting else waiting,
        "reasons": [
            {"indicator": one["indicator"], "value": _number(one["value"]), "unit": one["unit"]}
            for one in row["reasons"] or ()
            if one["contribution"] and not one["quiet"]
        ],
        "raised": row["raised"],
        "due": row["deadline"] or NO_DAY,
        "provisional": bool(row["provisional"]),
        "state": State.CLEARED if cleared else State.WAITING if waiting else State.ANSWERED,
        "area_id": areas.get(row["place"]),
    }


def level_of(code: str | None) -> int:
    """The rank of a colour: 0 for none, the graver the greater."""
    return LEVELS.index(code) + 1 if code else 0


def _number(value: Decimal | None) -> str | None:
    """An exact number as JSON can keep it."""
    return None if value is None else str(value)


def follow() -> int:
    """Once a night: people who have come into a file, moved, been merged; how many warnings follow them.

    Of each pack only the newest month is looked at: earlier ones are history.
    """
    with transaction.atomic():
        people.bring_tokens_along()
        newest: dict[str, WarningMonth] = {one.pack: one for one in WarningMonth.objects.order_by("month")}
        return sum(
            people.place(list(one.warnings.only("pk", "token", "person", "household"))) for one in newest.values()
        )
