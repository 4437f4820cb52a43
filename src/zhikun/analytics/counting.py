"""What a run found, counted once: every number of the statistics pages comes out of one small table.

    counted(run, ranges, unit)      what the households in these areas came out with, whole and by place below

Households are counted by each of some questions (a cause's score, the category, an item of a list): one row an area, question
and answer. For whole townships that table is made once for all of the run and kept beside its results: a million households
come down to some hundred thousand small rows. For less than a township the results themselves are counted, which is a row
group or two. Either way it is the same questions over the same relation as the list behind each number.

Finished runs never change, so the process remembers what was counted.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zhikun.assessments.keeping import folder_of, folders, results_file
from zhikun.assessments.models import Run
from zhikun.assessments.results import answer, answer_from, causes_of, columns_of, pack_of
from zhikun.assessments.wanted import Causes, Term, Wanted, quoted
from zhikun.disk import only_one, private_folder, written_whole
from zhikun.documents.statistics import GRID, Scale, line_on, scale_over, tail_at
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.engine.run.results import UNDECIDED
from zhikun.places.models import FREE_DIGITS, AreaRange, Level

#: What is counted beside the pack's own names.
ALL, OPEN, FLAGGED, FLAGS, CATEGORY, REACHED = "_all", "_undetermined", "_flagged", "_flags", "_category", "_reached"
AMOUNT, AMOUNT_OPEN, INDEX = "_amount", "_amount_open", "_index"
#: What is told of each place below, too.
OF_PLACES = (ALL, OPEN, CATEGORY, REACHED, AMOUNT, AMOUNT_OPEN)

Answer = str | None
Counts = Mapping[str, Mapping[Answer, int]]

_TOWNSHIP = 10 ** FREE_DIGITS[Level.TOWNSHIP]
_GROUP = 16_384
#: Changes with what is counted or how, so that tables kept by an older version are left alone.
_FORM = "1"
_SCALE = b"zhikun.scale"
#: The columns of an expression stand in quotation marks.
_NAMED = re.compile(r'"([A-Za-z0-9_]+)"')


@dataclass(frozen=True)
class Question:
    """One thing that households are counted by: an expression over the results, or a list whose items count apiece."""

    name: str
    expression: str
    several: bool = False
    number: str = "count(*)"


@dataclass(frozen=True)
class Counted:
    """How many households gave which answer; None: not known yet. Amounts are in millionths of 元, by category.

    `places`: the same for what is told by place, under the code of the area. `scale`: the bins of the index, which are the
    same everywhere in a run; None where nobody has an index.
    """

    whole: Counts
    places: Mapping[int, Counts]
    scale: Scale | None
    columns: frozenset[str] = field(default_factory=frozenset)

    @property
    def households(self) -> int:
        """All of them."""
        return self.whole.get(ALL, {}).get(None, 0)

    def of(self, name: str, answer: Answer = None) -> int:
        """How many gave this answer."""
        return self.whole.get(name, {}).get(answer, 0)


def counted(run: Run, ranges: Sequence[AreaRange], unit: int) -> Counted:
    """What a finished run found in these areas. `unit`: how many codes a place below spans (1: a village; 0: none below)."""
    return _counted(run, tuple(ranges), unit, pack_of(run).hash)


def prepare(run: Run) -> None:
    """Makes the run's small table where it is not there yet: the first who asks need not wait for it."""
    _kept(run, _questions(run, pack_of(run)))


@lru_cache(maxsize=200)
def _counted(run: Run, ranges: tuple[AreaRange, ...], unit: int, _pack: str) -> Counted:
    asked = _questions(run, pack_of(run))
    path, scale = _kept(run, asked)
    whole_townships = all(one.first % _TOWNSHIP == 0 and (one.last + 1) % _TOWNSHIP == 0 for one in ranges)
    if whole_townships and (not unit or unit >= _TOWNSHIP):
        told = answer_from(path, ranges, _summed("found", unit)).fetchall()
    else:
        at_once = _at_once([*asked, *_of_index(scale)])
        told = answer(run, ranges, f"{at_once} {_summed('counted', unit)}").fetchall()
    whole: dict[str, dict[Answer, int]] = defaultdict(lambda: defaultdict(int))
    below: dict[int, dict[str, dict[Answer, int]]] = defaultdict(lambda: defaultdict(dict))
    for place, name, given, number in told:
        whole[name][given] += number
        if place is not None:
            below[place][name][given] = number
    return Counted(_plain(whole), {code: _plain(counts) for code, counts in below.items()}, scale, _names(run))


def _summed(rows: str, unit: int) -> str:
    """Question, answer and number, whole or under the code of the place below."""
    places = ", ".join(quoted(name) for name in OF_PLACES)
    place = f"CASE WHEN name IN ({places}) THEN _area // {int(unit)} * {int(unit)} END" if unit else "NULL"
    return f"SELECT {place} AS place, name, answer, sum(number)::BIGINT FROM {rows} GROUP BY ALL"  # noqa: S608 - columns of the run, numbers, quoted texts of the pack


def _plain(counts: Mapping[str, Mapping[Answer, int]]) -> Counts:
    return {name: dict(answers) for name, answers in counts.items()}


@lru_cache(maxsize=200)
def _names(run: Run) -> frozenset[str]:
    return frozenset(columns_of(run))


def _questions(run: Run, pack: Pack) -> list[Question]:
    """What the pack in force shows and the run has: a run of an older version may not have all of it."""
    results, names = pack.results, _names(run)
    level = line_on(pack, run.on).level
    causes = causes_of(run)
    asked = [
        Question(ALL, "NULL"), Question(OPEN, '"_undetermined"'), Question(FLAGGED, 'len("_flags") > 0'),
        Question(CATEGORY, _column("_category")), Question(FLAGS, _column("_flags"), several=True),
    ]  # fmt: skip
    asked += [Question(name, _column(name)) for name in causes]
    if causes:
        over = ", ".join(f"CASE WHEN {_column(name)} >= {level:g} THEN {quoted(name)} END" for name in causes)
        asked.append(Question(REACHED, f"[{over}]", several=True))
        asked += [Question(number_of_causes(at), _number_of(causes, at)) for at in sorted({1.0, level})]
    for name in results.policies:
        asked += [Question(one, _column(one), several=True) for one in (name, name + UNDECIDED) if one in names]
    asked += [
        Question(one, _column(one), several=True) for one in (f + UNDECIDED for f in results.flags) if one in names
    ]
    asked += [Question(name, _column(name)) for name in groups(pack, names)]
    if results.eligible in names:
        asked.append(Question(results.eligible, _column(results.eligible)))
    if results.amount in names:
        amount, category = _column(results.amount), _column("_category")
        micro = f"coalesce(sum(round({amount} * {GRID})::BIGINT), 0)"
        asked.append(Question(AMOUNT, category, number=micro))
        asked.append(Question(AMOUNT_OPEN, category, number=f"count(*) FILTER (WHERE {amount} IS NULL)"))
    return asked


def number_of_causes(at: float) -> str:
    """What is counted: how many causes are scored so or above."""
    return f"_causes@{at:g}"


def true_of(name: str) -> Wanted:
    """Those of whom something holds."""
    return Wanted(terms=(Term(name, "=", True),))


def groups(pack: Pack, names: frozenset[str]) -> list[str]:
    """The pack's further columns by which households fall into groups: codes and truths."""
    shown = {pack.results.category, pack.results.eligible}
    return [
        name
        for name in pack.results.columns
        if name in names and name not in shown and shown_of(pack, name).type in {"choice", "boolean"}
    ]


def _number_of(causes: Sequence[str], at: float) -> str:
    """How many causes are scored at `at` or above; unknown as soon as one score is: as `Causes` filters."""
    return Causes(at, ">=", 0).condition(causes).removesuffix(" >= 0")


def _of_index(scale: Scale | None) -> list[Question]:
    if scale is None:
        return []
    micro = f'round("_index" * {GRID})::BIGINT'
    # least() passes over NULL, and an index that is not known would stand in the last bin.
    number = f"least(floor({micro} / {scale.width})::BIGINT, {scale.last})"
    return [Question(INDEX, f'CASE WHEN "_index" IS NOT NULL THEN {number} END')]


def clear() -> int:
    """Removes small tables of runs that are gone or whose results are, and those of earlier packs and forms. How many."""
    found = {run: list((folder / "statistics").glob("*.parquet")) for run, folder in folders().items()}
    runs = {run.pk: run for run in Run.objects.finished().filter(pk__in=[run for run, paths in found.items() if paths])}
    gone = 0
    for key, paths in found.items():
        run = runs.get(key)
        there = run is not None and results_file(key).exists()
        used = _file_of(run, _questions(run, pack_of(run))) if paths and run is not None and there else None
        for path in paths:
            if path != used:
                path.unlink(missing_ok=True)
                path.with_name(f".{path.name}.lock").unlink(missing_ok=True)
                gone += 1
    return gone


def _file_of(run: Run, asked: Sequence[Question]) -> Path:
    words = "\n".join([_FORM, *(f"{one.name}={one.expression}|{one.number}" for one in asked)])
    name = hashlib.sha256(words.encode()).hexdigest()[:16]
    return folder_of(run.pk) / "statistics" / f"{name}.parquet"


def _kept(run: Run, asked: Sequence[Question]) -> tuple[Path, Scale | None]:
    """The run's small table, which is made where it is not there, and the bins of the index."""
    path = _file_of(run, asked)
    if not path.exists():
        private_folder(path.parent)
        with only_one(path):
            if not path.exists():
                _make(run, asked, path)
    return path, _scale_of(path)


@lru_cache(maxsize=200)
def _scale_of(path: Path) -> Scale | None:
    told = json.loads((pq.read_schema(path).metadata or {})[_SCALE])
    return Scale(*told) if told else None


def _make(run: Run, asked: Sequence[Question], path: Path) -> None:
    scale = _index_scale(run)
    told = [*asked, *_of_index(scale)]
    tables = [answer(run, [run.range], _grouped(one, _TOWNSHIP)).to_arrow_table() for one in told]
    whole = pa.concat_tables(tables).sort_by("_area")
    kept = json.dumps([scale.width, scale.first, scale.last] if scale else None).encode()
    with written_whole(path) as beside:
        pq.write_table(
            whole.replace_schema_metadata({_SCALE: kept}),
            beside,
            row_group_size=_GROUP,
            use_dictionary=["name", "answer"],
        )


def _index_scale(run: Run) -> Scale | None:
    """The bins over all that the run saw, as the county's report draws them."""
    count, low = answer(run, [run.range], "SELECT count(_index), min(_index) FROM found").fetchall()[0]
    if not count:
        return None
    sorted_ = f"SELECT _index FROM found WHERE _index IS NOT NULL ORDER BY 1 LIMIT 1 OFFSET {tail_at(count)}"  # noqa: S608 - a number
    return scale_over(low, answer(run, [run.range], sorted_).fetchall()[0][0])


def _grouped(one: Question, unit: int, found: str = "found") -> str:
    """Rows of area, question, answer and number, out of the relation of that name."""
    listed = f"(SELECT _area, unnest({one.expression}) AS item FROM {found}) WHERE item IS NOT NULL"  # noqa: S608 - columns of the run, numbers, quoted texts of the pack
    answer, rows = ("item", listed) if one.several else (one.expression, found)
    by_area = f"SELECT _area // {unit} AS area, {answer} AS answer, {one.number} AS number FROM {rows} GROUP BY 1, 2"  # noqa: S608 - columns of the run, numbers, quoted texts of the pack
    told = f"area * {unit} AS _area, {quoted(one.name)} AS name, answer::VARCHAR AS answer, number::BIGINT AS number"
    return f"SELECT {told} FROM ({by_area})"  # noqa: S608 - columns of the run, numbers, quoted texts of the pack


def _at_once(asked: Sequence[Question]) -> str:
    """All of them over a few row groups, of which the columns that are asked for are read once."""
    named = {name for one in asked for name in _NAMED.findall(one.expression + one.number)}
    columns = ", ".join(_column(name) for name in sorted(named | {"_area"}))
    counted = " UNION ALL ".join(_grouped(one, 1, "seen") for one in asked)
    return f", seen AS MATERIALIZED (SELECT {columns} FROM found), counted AS ({counted})"  # noqa: S608 - columns of the run, numbers, quoted texts of the pack


def _column(name: str) -> str:
    return '"' + name.replace('"', "") + '"'
