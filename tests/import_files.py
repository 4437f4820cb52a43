"""Generated survey files for imports, and the officers who make and check them."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests import factories

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Role
from zhikun.intake import survey
from zhikun.jobs.worker import work_off
from zhikun.places.models import Area
from zhikun.registry.models import ImportBatch
from zhikun.registry.services import importing
from zhikun.registry.vocabulary import pack_in_force

_CHOICES = {"special_situations", "livestock_kinds", "disaster_effects", "current_assistance", "disability_subsidy"}


def home(number: str, n: int, area: int = factories.VILLAGE, **about: Any) -> dict[str, Any]:
    """One household of two people; `n` sets their identity numbers apart. `people` replaces its people."""
    people = about.pop("people", None) or [
        {"name": "马试一", "id_number": factories.id_number(2 * n), "relation": "head", "wage_income_year": 1200.0},
        {"name": "苏试二", "id_number": factories.id_number(2 * n + 1, "19700301"), "relation": "spouse"},
    ]
    return {"household": number, "place": str(area), "address": "示例路1号", "people": people, **about}


def tables(homes: list[dict[str, Any]]) -> dict[str, pa.Table]:
    """The engine's tables of these households."""
    own = [{key: value for key, value in one.items() if key != "people"} for one in homes]
    members = [
        {"household": one["household"], "row": row, **person}
        for one in homes
        for row, person in enumerate(one["people"], 1)
    ]
    return {"household": _table(own), "member": _table(members)}


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({
        name: pa.array([row.get(name) for row in rows], pa.list_(pa.string()) if name in _CHOICES else None)
        for name in names
    })  # fmt: skip


def workbook(homes: list[dict[str, Any]]) -> io.BytesIO:
    """The households as a survey workbook."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "survey.xlsx"
        survey.write(tables(homes), pack_in_force(), path)
        return io.BytesIO(path.read_bytes())


def zip_of_csv(homes: list[dict[str, Any]], encoding: str = "utf-8") -> io.BytesIO:
    """The households as two CSV files in a zip, named in Chinese as Windows does."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for entity, table in tables(homes).items():
            lines = [",".join(table.column_names)]
            lines += [",".join("" if v is None else str(v) for v in row.values()) for row in table.to_pylist()]
            info = zipfile.ZipInfo("调查/" + {"household": "家庭.csv", "member": "成员.csv"}[entity])
            archive.writestr(info, "\n".join(lines).encode(encoding))
    target.seek(0)
    return target


def maker(area: int = factories.TOWNSHIP) -> Officer:
    """Who uploads in the township."""
    return factories.officer(Role.TOWNSHIP_CLERK, area)


def checker(area: int = factories.TOWNSHIP) -> Officer:
    """Who approves in the township."""
    return factories.officer(Role.TOWNSHIP_REVIEWER, area)


def uploaded(
    homes: list[dict[str, Any]],
    *,
    area: int = factories.TOWNSHIP,
    by: Officer | None = None,
    source: io.BytesIO | None = None,
    name: str = "官厅镇.xlsx",
) -> ImportBatch:
    """The households as a batch that is checked."""
    by = by or maker(area)
    done = importing.upload(
        source or workbook(homes), name=name, area=Area.objects.get(pk=area), observed_on=factories.DAY, acting_officer=by
    )  # fmt: skip
    work_off()
    done.batch.refresh_from_db()
    return done.batch


def committed(homes: list[dict[str, Any]], *, area: int = factories.TOWNSHIP) -> ImportBatch:
    """The households as a batch that was approved and is in the registry."""
    batch = uploaded(homes, area=area)
    importing.submit(batch, acting_officer=maker(area))
    importing.approve(batch, acting_officer=checker(area))
    work_off()
    batch.refresh_from_db()
    return batch
