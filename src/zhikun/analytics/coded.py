"""The small numbers of a run on disk, and the stretches of them that an officer may see.

    coded(run)                      made where they are not there yet, mapped into memory, remembered by the process
    stretch(coded(run), area)       the households of an area: the same rows of every column

They lie in `assessments/<run>/statistics/<name>.arrow`, one file that is there whole or not at all: arrays of different lengths,
each one value of a table of one row, so that a page reads only what it touches and all processes share it. The name is the hash
of what is asked and of how it is kept; what other questions or another version left there goes when it is made anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhikun.analytics.coding import Column, Given, Made, Numbers, Questions, made
from zhikun.assessments.keeping import folder_of, folders, results_file
from zhikun.assessments.models import Run
from zhikun.assessments.results import causes_of, columns_of, pack_of
from zhikun.disk import clear_unfinished, one_writer, written_whole
from zhikun.documents.statistics import Scale, line_on
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.engine.run.results import UNDECIDED
from zhikun.places.models import AreaRange

#: Changes with what is counted or how it is kept, so that what an older version of the platform made is left alone.
_FORM = "2"
_ABOUT = b"zhikun.statistics"
_COLUMN = "of:"
_KEPT = 64  # runs whose file a process holds open


def coded(run: Run) -> Made:
    """A finished run as small numbers."""
    return _read(_kept(run, questions(run, pack_of(run))))


def prepare(run: Run) -> None:
    """Makes the small numbers of a run where they are not there yet: the first who asks need not wait for them."""
    _kept(run, questions(run, pack_of(run)))


def stretch(told: Made, one: AreaRange) -> slice:
    """The households of an area: they stand one after another."""
    low, high = np.searchsorted(told.areas, [one.first, one.last + 1])
    return slice(int(told.starts[low]), int(told.starts[high]))


def questions(run: Run, pack: Pack) -> Questions:
    """What the pack in force shows and the run has: a run of an older version may not have all of it."""
    results, names = pack.results, frozenset(columns_of(run))
    lists = [one for name in results.policies for one in (name, name + UNDECIDED)]
    lists += [name + UNDECIDED for name in results.flags]
    return Questions(
        causes=tuple(causes_of(run)), line=line_on(pack, run.on).level,
        lists=tuple(name for name in lists if name in names), groups=tuple(groups(pack, names)),
        eligible=results.eligible if results.eligible in names else "",
        amount=results.amount if results.amount in names else "",
    )  # fmt: skip


def groups(pack: Pack, names: frozenset[str]) -> list[str]:
    """The pack's further columns by which households fall into groups: codes and truths."""
    shown = {pack.results.category, pack.results.eligible}
    return [
        name
        for name in pack.results.columns
        if name in names and name not in shown and shown_of(pack, name).type in {"choice", "boolean"}
    ]


def clear() -> int:
    """Removes the small numbers of runs that are gone or whose results are, and those of earlier packs and forms. How many."""
    found = {run: _files(folder / "statistics") for run, folder in folders().items()}
    runs = {run.pk: run for run in Run.objects.finished().filter(pk__in=[run for run, paths in found.items() if paths])}
    gone = 0
    for key, paths in found.items():
        run = runs.get(key)
        there = run is not None and results_file(key).exists()
        used = _file_of(run, questions(run, pack_of(run))) if paths and run is not None and there else None
        for path in paths:
            if path != used:
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if not path.name.startswith(".")]


def _file_of(run: Run, asked: Questions) -> Path:
    words = json.dumps([_FORM, asdict(asked)], sort_keys=True)
    return folder_of(run.pk) / "statistics" / f"{hashlib.sha256(words.encode()).hexdigest()[:16]}.arrow"


def _kept(run: Run, asked: Questions) -> Path:
    path = _file_of(run, asked)
    if not path.exists():
        with one_writer(path.parent):
            if not path.exists():
                clear_unfinished(path.parent)
                _write(path, made(results_file(run.pk), asked))
                for other in _files(path.parent):
                    if other != path:
                        other.unlink(missing_ok=True)
    return path


def _write(path: Path, told: Made) -> None:
    arrays: dict[str, npt.NDArray[Any]] = {
        "areas": told.areas, "starts": told.starts, "townships": told.townships, "index": told.index,
        "amount": told.amount, "counts": told.counts.reshape(-1), "sums": told.sums.reshape(-1),
        **{_COLUMN + name: column.codes for name, column in told.columns.items()},
    }  # fmt: skip
    about = {
        "scale": [told.scale.width, told.scale.first, told.scale.last] if told.scale else None,
        "answers": told.answers,
        "columns": {name: [one.answers, one.own] for name, one in told.columns.items()},
    }
    lists = {
        name: pa.ListArray.from_arrays(pa.array([0, len(one)], pa.int32()), pa.array(one))
        for name, one in arrays.items()
    }
    table = pa.table(lists).replace_schema_metadata({_ABOUT: json.dumps(about)})
    with (
        written_whole(path) as beside,
        pa.OSFile(str(beside), "wb") as file,
        pa.ipc.new_file(file, table.schema) as out,
    ):
        out.write_table(table)


@lru_cache(maxsize=_KEPT)
def _read(path: Path) -> Made:
    """Of a finished run's file, which never changes."""
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    about = json.loads((table.schema.metadata or {})[_ABOUT])

    def array(name: str) -> npt.NDArray[Any]:
        return table.column(name).chunk(0).values.to_numpy(zero_copy_only=True)

    answers: list[Given] = [(name, given) for name, given in about["answers"]]
    columns = {
        name: Column(array(_COLUMN + name), [[(q, given) for q, given in one] for one in told], own)
        for name, (told, own) in about["columns"].items()
    }
    townships: Numbers = array("townships")
    return Made(
        array("areas"), array("starts"), columns, array("index"), array("amount"), townships, answers,
        array("counts").reshape(len(townships), len(answers)), array("sums").reshape(len(townships), -1)
        if len(townships) else np.zeros((0, 0), np.int64),
        Scale(*about["scale"]) if about["scale"] else None,
    )  # fmt: skip
