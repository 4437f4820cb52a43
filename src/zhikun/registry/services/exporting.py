"""Lists of households out of the platform: scoped, on record, masked unless there is a right and a reason, watermarked."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import RIGHTS, Right, Role
from zhikun.audit.services import Act, record_many
from zhikun.audit.services import record as note
from zhikun.disk import private_folder
from zhikun.jobs.services import ask
from zhikun.pages.errors import DomainError
from zhikun.privacy import open_file, remove_file, seal_file
from zhikun.registry import events
from zhikun.registry.errors import NeedsReason, NotAllowedHere
from zhikun.registry.models import Export, HouseholdFacts
from zhikun.registry.selectors.search import scope
from zhikun.registry.services.exporting_columns import Line, columns_offered
from zhikun.registry.services.exporting_files import Sheet, write
from zhikun.registry.services.exporting_lists import Filter, FromSource, Pair, Told
from zhikun.registry.services.guard import no_number_in
from zhikun.registry.services.importing_work import Step

LIFE = timedelta(hours=24)
MOST_ROWS = 200_000
_PURPOSE = "export_file"


class TooMany(DomainError):
    """More households than one list may hold."""

    def __init__(self) -> None:
        super().__init__(
            _("超过 {n} 户，没有导出。").format(n=f"{MOST_ROWS:,}"),
            why=_("一份名单越大，泄露的后果越重，也打不开。"),
            remedy=_("请按乡镇或类别缩小范围，分几次导出。"),
        )


@transaction.atomic
def request(
    chosen: Filter | FromSource,
    columns: Sequence[str],
    *,
    format_: str,
    purpose: str,
    unmasked_why: str | None = None,
    acting_officer: Officer,
) -> Export:
    """Ask for a list. `unmasked_why`: full names and numbers, for a reason; None: masked.

    Raises NotAllowedHere without the right, NeedsReason without a purpose or, for full particulars, a reason; TooMany;
    DomainError for a number in either.
    """
    if not acting_officer.may(Right.HOUSEHOLD_EXPORT):
        raise NotAllowedHere
    if not purpose.strip():
        raise NeedsReason("purpose")
    if unmasked_why is not None and not acting_officer.may(Right.HOUSEHOLD_UNMASK):
        raise NotAllowedHere
    if unmasked_why is not None and not unmasked_why.strip():
        raise NeedsReason("unmasked_why")
    no_number_in(purpose, "purpose")
    no_number_in(unmasked_why or "", "unmasked_why")
    told = chosen.told(acting_officer)
    if told.expected is not None and told.expected > MOST_ROWS:
        raise TooMany
    known = columns_offered() | dict(told.columns)
    wanted = [name for name in known if name in set(columns)]
    if not wanted:
        raise DomainError(_("没有选择要导出的列。"), remedy=_("请至少选择一列。"), field="columns")
    export = Export(
        officer=acting_officer, purpose=purpose.strip()[:200], unmasked_why=(unmasked_why or "").strip()[:200], columns=wanted,
        format=Export.Format(format_),
    )  # fmt: skip
    export.wanted = json.dumps(asdict(chosen), ensure_ascii=False)
    export.save(force_insert=True)
    ask(
        "registry.export",
        arguments={"export": str(export.pk)},
        key=str(export.pk),
        by=acting_officer,
        area=told.place,
    )
    note(
        events.EXPORTED, by=acting_officer, subject=str(export.pk), area=told.place, reason=export.purpose,
        details={"step": "asked", **told.codes, "columns": wanted, "unmasked": unmasked_why is not None,
                 "format": export.format},
    )  # fmt: skip
    return export


def make(export_id: uuid.UUID, step: Step) -> dict[str, Any]:
    """Write the list, sealed. Begun again after a kill it is written anew; only a whole one is ever offered."""
    export = Export.objects.select_related("officer__organisation").get(pk=export_id)
    if export.state == Export.State.FAILED:  # somebody saw to the reason and lets the job run again
        export.state, export.error = Export.State.WAITING, ""
        export.save(update_fields=["state", "error"])
    if export.state != Export.State.WAITING:
        return {}
    try:
        return _made(export, step)
    except DomainError as error:
        export.state, export.error = Export.State.FAILED, str(error)[:300]
        export.save(update_fields=["state", "error"])
        raise


def content(export: Export) -> Iterator[bytes]:
    """The plain file in chunks. Raises FileNotFoundError where it is gone."""
    return open_file(_place(export.pk), purpose=_PURPOSE, binding=_binding(export.pk))


@transaction.atomic
def fetch(export: Export, *, acting_officer: Officer) -> Iterator[bytes] | None:
    """The file, for who asked for it, as long as the day is not over and all that is in it is still theirs; on record. None: gone."""
    if export.officer_id != acting_officer.pk or not _still_theirs(export, acting_officer):
        raise NotAllowedHere
    if export.state != Export.State.READY or export.expires_at is None or export.expires_at <= timezone.now():
        return None
    try:
        chunks = content(export)
    except FileNotFoundError:
        return None
    note(
        events.EXPORTED, by=acting_officer, subject=str(export.pk), reason=export.purpose,
        details={"step": "fetched", "rows": export.rows},
    )  # fmt: skip
    return chunks


def _still_theirs(export: Export, officer: Officer) -> bool:
    """Whether the rights that the list was made with reach as far today: who has moved on takes no old lists along."""
    made = export.expires_at - LIFE if export.expires_at is not None else export.asked_at
    held = [
        one
        for one in officer.appointments.filter(begins__lte=made).select_related("area")
        if (one.ends is None or one.ends > made) and (one.revoked_at is None or one.revoked_at > made)
    ]
    for right in (Right.HOUSEHOLD_EXPORT, *([Right.HOUSEHOLD_UNMASK] if export.unmasked_why else [])):
        now = officer.reach(right)
        then = [one.area.range for one in held if right in RIGHTS[Role(one.role)]]
        if not now or not all(any(a.first <= b.first and b.last <= a.last for a in now) for b in then):
            return False
    return True


#: A list that lies open for longer than it takes to write one was left by a process that was killed.
_OPEN = timedelta(hours=6)


def clear_expired() -> int:
    """Remove the files whose day is over, and what a killed run left open. How many."""
    for bench in folder().glob("open-*"):
        age = timezone.now() - datetime.fromtimestamp(bench.stat().st_mtime, tz=timezone.get_current_timezone())
        if age > _OPEN:
            shutil.rmtree(bench, ignore_errors=True)
    over = Export.objects.filter(state=Export.State.READY, expires_at__lte=timezone.now())
    gone = 0
    for export in over:
        remove_file(_place(export.pk))
        Export.objects.filter(pk=export.pk).update(state=Export.State.GONE)
        gone += 1
    return gone


def _made(export: Export, step: Step) -> dict[str, Any]:
    officer = export.officer
    if not officer.may(Right.HOUSEHOLD_EXPORT):
        raise NotAllowedHere
    told = chosen_of(export).told(officer)
    titles = columns_offered() | dict(told.columns)  # without what the pack of today no longer asks
    names = [name for name in export.columns if name in titles]
    acts: list[Act] = []
    sheet = Sheet(
        title=told.title,
        headings=[titles[name] for name in names],
        rows=_lines(export, names, told, step, acts),
        about=_about(export, officer, told),
        mark=_mark(export, officer),
    )
    bench = private_folder(folder() / f"open-{export.pk}")
    plain = bench / f"list.{export.format}"
    try:
        rows = write(plain, sheet)
        with plain.open("rb") as source:
            seal_file(source, _place(export.pk), purpose=_PURPOSE, binding=_binding(export.pk))
    finally:
        shutil.rmtree(bench, ignore_errors=True)
    with transaction.atomic():
        done = Export.objects.filter(pk=export.pk, state=Export.State.WAITING).update(
            state=Export.State.READY, rows=rows, expires_at=timezone.now() + LIFE
        )
        if done:
            event = events.UNMASKED if export.unmasked_why else events.EXPORTED
            record_many(event, acts, by=officer, reason=export.unmasked_why or export.purpose, looks=True)
            note(
                events.EXPORTED, by=officer, subject=str(export.pk), area=told.place, reason=export.purpose,
                details={"step": "made", "rows": rows, **told.codes},
            )  # fmt: skip
    return {"text": _("{n} 户").format(n=f"{rows:,}")}


def chosen_of(export: Export) -> Filter | FromSource:
    """What the export was asked for."""
    told = json.loads(export.wanted)
    return FromSource(**told) if "source" in told else Filter(**told)


def _lines(export: Export, names: Sequence[str], told: Told, step: Step, acts: list[Act]) -> Iterator[list[object]]:
    """The rows; each household's look is noted in `acts`."""
    full_ranges = scope(export.officer, None, Right.HOUSEHOLD_UNMASK) if export.unmasked_why else []
    count = 0
    for pairs, expected in told.parts:
        facts = _facts(pairs)
        for hit, values in pairs:
            home = hit.household if hit is not None else None
            full = home is not None and any(one.first <= home.area_id <= one.last for one in full_ranges)
            line = Line(hit, facts.get(home.pk, {}) if home else {}, full)
            yield [values.get(name) if name in told.columns else line.value(name) for name in names]
            if home is not None:
                acts.append(Act(home.pk, home.number, home.area_id, {"export": str(export.pk), "full": full}))
        count += len(pairs)
        step.expect(max(expected, count), _("户"))
        step.check()
        if count > MOST_ROWS:
            raise TooMany


def _facts(pairs: Sequence[Pair]) -> dict[uuid.UUID, dict[str, Any]]:
    ids = [hit.household.pk for hit, _values in pairs if hit is not None]
    rows = HouseholdFacts.objects.filter(household_id__in=ids).values_list("household_id", "values")
    return {id_: values.get("household", {}).get("", {}) for id_, values in rows}


def _mark(export: Export, officer: Officer) -> str:
    """The line that stands in every file: who took it, when, for what."""
    at = timezone.localtime().strftime("%Y-%m-%d %H:%M")
    return _("{who} 于 {at} 导出，用途：{why}。含个人信息，不得转给他人。编号 {id}").format(
        who=officer, at=at, why=export.purpose, id=str(export.pk)[:8]
    )


def _about(export: Export, officer: Officer, told: Told) -> list[tuple[str, str]]:
    """What the sheet beside the list says."""
    return [
        (_("导出人"), str(officer)),
        (_("账号"), officer.username),
        (_("导出时间"), timezone.localtime().strftime("%Y-%m-%d %H:%M")),
        (_("用途"), export.purpose),
        *told.lines,
        (
            _("完整个人信息"),
            _("是，理由：{r}").format(r=export.unmasked_why) if export.unmasked_why else _("否，已遮盖"),
        ),
        (_("编号"), str(export.pk)),
        (_("注意"), _("含个人信息，只能用于上述用途，不得转给他人；用完请删除。导出已留痕，当事人可以查询。")),
    ]


def folder() -> Path:
    """Where the sealed lists lie."""
    return Path(settings.ZHIKUN_DATA) / "exports"


def sealed_as(path: Path) -> tuple[str, str] | None:
    """Purpose and binding of a file below the folder; None for what is not sealed."""
    try:
        key = uuid.UUID(path.stem)
    except ValueError:
        return None
    return (_PURPOSE, _binding(key)) if path.suffix == ".file" and len(path.parts) == 1 else None


def _place(export: uuid.UUID) -> Path:
    return folder() / f"{export}.file"


def _binding(export: uuid.UUID) -> str:
    return f"registry_export.file:{export}"
