"""One household in one run, as it was then: what the run found, the facts it used, and how the one came of the other.

Results and facts are read from what the run kept. How they come about is worked out again only where the pack is still the run's own
and gives the same; otherwise the kept values stand alone, which the page says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _

from zhikun.assessments.bridge import ARROW, ID, ROW, UNSEEN
from zhikun.assessments.errors import NotKept
from zhikun.assessments.keeping import facts_file
from zhikun.assessments.models import Run
from zhikun.assessments.naming import RANK_TITLES, category_words, fact_words, flag_words, place_words
from zhikun.assessments.results import Kept, facts_of, homes_of, is_kept, kept_in, pack_of, result_of
from zhikun.assessments.services.provisional import explainer_on, plan_on
from zhikun.assessments.veiled import BIRTH, without_birth_days
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Fact, Pack
from zhikun.engine.run import FactsError, one_household
from zhikun.engine.run.display import number
from zhikun.identity.masks import mask_birth_date
from zhikun.pages.errors import DomainError
from zhikun.pages.explanation import tree
from zhikun.pages.parts import Detail, Step
from zhikun.places.models import Area
from zhikun.registry.models import Household
from zhikun.registry.words import in_words

Rows = Mapping[str, list[dict[str, Any]]]


class NotInRun(DomainError):
    """The run did not see this household."""

    status = 404

    def __init__(self, run: Run) -> None:
        super().__init__(
            _("{on} 这次评估里没有这一户。").format(on=run.on.isoformat()),
            why=_("那时它还没有建档、已经销户，或者住在这次评估没有覆盖的地区。"), remedy=_("请看这一户最新的评估。"),
        )  # fmt: skip


@dataclass(frozen=True)
class Past:
    """What a run found of a household. `newer`: the newest run that has it, where that is another; `steps`: empty where not told."""

    household: Household
    run: Run
    pack: Pack
    kept: Kept
    newer: Run | None
    heads: list[Detail]
    causes: list[Detail]
    others: list[Detail]
    flags: list[str]
    missing: list[str]
    facts: list[tuple[str, list[Detail]]]
    steps: list[Step]

    @property
    def same_pack(self) -> bool:
        """Whether the pack is still what it was."""
        return _is_same(self.pack, self.run)


def past(household: Household, run: Run) -> Past:
    """The household in a finished run. Raises NotKept and NotInRun. The household has passed `visible`, the run `visible_to`."""
    if not is_kept(run) or not facts_file(run.pk, ID).exists():
        raise NotKept(run)
    kept = kept_in(run, household.pk, homes_of(household))
    if kept is None:
        raise NotInRun(run)
    pack, rows = pack_of(run), facts_of(run, [kept.position])[kept.position]
    return Past(
        household, run, pack, kept, _newer(household, run, kept), _heads(pack, kept),
        [_line(pack, name, value) for name, value in kept.causes.items()],
        [_line(pack, name, value) for name, value in kept.values.items()],
        [flag_words(pack, code) for code in kept.flags], [fact_words(pack, path) for path in kept.missing],
        _facts(pack, rows), _steps(run, pack, kept, rows),
    )  # fmt: skip


def _newer(household: Household, run: Run, kept: Kept) -> Run | None:
    """The newest run by the same pack that has the household; None where it is this one, or this one is not compared."""
    if Run.objects.filter(pk=run.pk).usual().exists():
        newest = result_of(household)
        return newest.run if newest is not None and newest.run.pk != run.pk else None
    first = Run.objects.finished().filter(pack=run.pack).over(kept.area).first()
    return first if first is not None and first.pk != run.pk else None


def _heads(pack: Pack, kept: Kept) -> list[Detail]:
    shown = pack.results
    told = [Detail(shown_of(pack, shown.category).title, category_words(pack, kept.category))] if shown.category else []
    told += [_line(pack, shown.index, kept.index)] if shown.index else []
    for name, (rank, among) in kept.ranks.items():
        told.append(Detail(_("{where}困难排序").format(where=RANK_TITLES[name]), place_words(rank, among)))
    return told


def _line(pack: Pack, name: str, value: Any) -> Detail:
    shown = shown_of(pack, name)
    if value is None:
        return Detail(shown.title, None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Detail(shown.title, number(value, shown.unit))
    return Detail(shown.title, shown.text(value))


def _facts(pack: Pack, rows: Rows) -> list[tuple[str, list[Detail]]]:
    """The facts that the run used: of the household, of each member by number and relation, and of each other row."""
    found = []
    for entity in pack.entities:
        for row in rows.get(entity, []):
            title = str(pack.entities[entity].title)
            if entity == "member":
                relation = row.get("relation")
                title = _("第 {n} 人").format(n=row[ROW])
                title += f"（{in_words(entity, 'relation', relation)}）" if relation else ""
            elif entity != ID:
                title = _("{t}第 {n} 项").format(t=title, n=row[ROW])
            told = [
                Detail(str(one.title), _said(one, row[one.name])) for one in pack.facts_of(entity) if one.name in row
            ]
            found.append((title, told))
    return found


def _said(fact: Fact, value: Any) -> str | None:
    """A fact's value as people read it: a place by its name and code, of a birth date the month."""
    if value is None:
        return None
    if fact.name == BIRTH:
        return mask_birth_date(value)
    if fact.type == "place" and str(value).isdigit():
        area = Area.objects.filter(pk=int(str(value).ljust(12, "0"))).first()
        return f"{area.name}（{value}）" if area is not None else str(value)
    return in_words(fact.entity, fact.name, value)


def _is_same(pack: Pack, run: Run) -> bool:
    return pack.id == run.pack and pack.hash == run.pack_hash


def _steps(run: Run, pack: Pack, kept: Kept, rows: Rows) -> list[Step]:
    """How it came about, where the pack of the run is in force unchanged and gives what was kept."""
    if not _is_same(pack, run):
        return []
    plan, explainer = plan_on(run.on, run.pack), explainer_on(run.on, run.pack)
    try:
        told = explainer.explain(one_household(plan, _tables(pack, rows)), str(kept.household)).data
    except FactsError:
        return []
    values = {one["name"]: one["value"] for one in told["targets"]}
    shown = pack.results
    same = (values.get(shown.category, kept.category) or None, values.get(shown.index, kept.index))
    if same != (kept.category, kept.index):
        return []
    whom = {("member", row[ROW]): title for row, title in _members(rows)}
    return tree(without_birth_days(told), whom=whom)


def _members(rows: Rows) -> list[tuple[dict[str, Any], str]]:
    found = []
    for row in rows.get("member", []):
        relation = row.get("relation")
        words = in_words("member", "relation", relation) if relation else _("关系不清楚")
        found.append((row, _("第 {n} 人，{r}").format(n=row[ROW], r=words)))
    return found


def _tables(pack: Pack, rows: Rows) -> dict[str, pa.Table]:
    """The kept rows as the engine takes them."""
    found = {}
    for entity in pack.entities:
        own: Sequence[dict[str, Any]] = rows.get(entity, [])
        columns: dict[str, Any] = {ID: pa.array([str(row[ID]) for row in own], pa.string())}
        if entity != ID:
            columns[ROW] = pa.array([row[ROW] for row in own], pa.int32())
        for fact in pack.facts_of(entity):
            if fact.type not in UNSEEN:
                columns[fact.name] = pa.array([row.get(fact.name) for row in own], ARROW[fact.type])
        found[entity] = pa.table(columns)
    return found
