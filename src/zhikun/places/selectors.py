"""What pages and other rooms ask about areas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from zhikun.audit.names import Found
from zhikun.places.codes import above, level_of, read_code, short
from zhikun.places.models import FREE_DIGITS, Area, AreaChange, AreaQuerySet, AreaRange, Level
from zhikun.places.uses import Succession

#: Levels that exist only so that the code has its digits; nobody says them in an address.
_UNSPOKEN = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}
_VILLAGE_ENDINGS = (("村民委员会", "村"), ("村委会", "村"), ("社区居民委员会", "社区"), ("社区居委会", "社区"))
MOST_FOUND = 50


def spoken(name: str) -> str:
    """The place that a committee is named after: 石庄村委会 is the committee of 石庄村."""
    for ending, place in _VILLAGE_ENDINGS:
        if name.endswith(ending):
            return name.removesuffix(ending) + place
    return name


def ancestors(code: int) -> list[Area]:
    """The areas that contain this one, the province first. In one query."""
    found = Area.objects.in_bulk(above(code))
    return [found[one] for one in above(code) if one in found]


def full_names(codes: Iterable[int]) -> dict[int, str]:
    """The whole name of each code that is known: 宁夏回族自治区固原市原州区官厅镇石庄村. In one query, however many."""
    chains = {code: [*above(code), code] for code in set(codes)}
    wanted = {one for chain in chains.values() for one in chain}
    names = dict(Area.objects.filter(pk__in=wanted).values_list("code", "name"))
    return {code: _joined(chain, names) for code, chain in chains.items() if code in names}


def full_name(code: int) -> str:
    """The whole name of one code; empty where it is not known."""
    return full_names([code]).get(code, "")


def short_names(codes: Iterable[int]) -> dict[int, str]:
    """Names from the township down (官厅镇石庄村), for lists within one county; above the township the name itself."""
    chains = {
        code: [one for one in (*above(code), code) if level_of(one) >= Level.TOWNSHIP] or [code] for code in set(codes)
    }
    wanted = {one for chain in chains.values() for one in chain}
    names = dict(Area.objects.filter(pk__in=wanted).values_list("code", "name"))
    return {code: _joined(chain, names) for code, chain in chains.items() if code in names}


def _joined(chain: list[int], names: dict[int, str]) -> str:
    return "".join(spoken(names[one]) for one in chain if one in names and names[one] not in _UNSPOKEN)


def children(code: int | None, on: date | None = None) -> AreaQuerySet:
    """The areas directly below one (None: the provinces), those in force on the day if one is given."""
    below = Area.objects.filter(parent_id=code)
    below = below.in_force(on) if on else below
    return below.annotate(has_children=Exists(Area.objects.filter(parent_id=OuterRef("pk"))))


def found(text: str) -> list[Area]:
    """Areas by code, by the beginning of a code or by a part of the name, the larger first; at most fifty.

    石庄村 finds 石庄村委会. Codes of old (642221) find what they became. An empty text finds nothing.
    """
    plain = "".join(text.split())
    if not plain:
        return []
    if plain.isascii() and plain.isdigit():
        return _by_digits(plain)
    bare = plain.removesuffix("社区") if len(plain) > 3 else plain
    old = AreaChange.objects.filter(old_name__contains=plain).values("new_id")
    named = Area.objects.filter(Q(name__contains=plain) | Q(name__startswith=bare) | Q(pk__in=old))
    return list(named.order_by("level", "code")[:MOST_FOUND])


def _by_digits(plain: str) -> list[Area]:
    code = read_code(plain)
    first = int(plain[:12].ljust(12, "0"))
    last = int(plain[:12].ljust(12, "9"))
    old = AreaChange.objects.filter(old=code).values("new_id") if code else AreaChange.objects.none().values("new_id")
    if len(plain) > 12 or plain.startswith("0"):
        return []
    return list(
        Area.objects.filter(Q(code__gte=first, code__lte=last) | Q(pk__in=old)).order_by("level", "code")[:MOST_FOUND]
    )


def meant(text: str) -> list[Found]:
    """The areas that a name or a code means, for the record: a name that fits exactly comes alone."""
    areas = found(text)
    exact = [area for area in areas if text.strip() in {area.name, spoken(area.name), str(area.code), short(area.code)}]
    areas = exact or areas
    names = full_names(area.code for area in areas)
    return [Found(names[area.code], *area.range) for area in areas]


@dataclass(frozen=True)
class Choice:
    """One line of a picker of areas."""

    code: int
    name: str
    has_children: bool


def picker(reach: list[AreaRange], parent: int | None, on: date) -> list[Choice]:
    """What an officer can choose below an area: what lies in their reach, and what leads to it; of no reach, nothing.

    A township clerk is offered the province, city, county and township of theirs, and all villages of the township.
    """
    leading = {code for one in reach for code in above(one.first)}
    wanted = Q(pk__in=leading)
    for one in reach:
        wanted |= Q(code__gte=one.first, code__lte=one.last)
    return [Choice(area.code, area.name, area.has_children) for area in children(parent, on).filter(wanted)]  # type: ignore[attr-defined]  # annotated by `children`


def top(reach: list[AreaRange]) -> list[Area]:
    """The areas an officer's reach begins with, none inside another."""
    widest = [
        one for one in set(reach) if not any(o != one and o.first <= one.first and one.last <= o.last for o in reach)
    ]
    return list(Area.objects.filter(pk__in=[one.first for one in widest]).order_by("code"))


def history(code: int) -> list[AreaChange]:
    """What became this area and what this area became, the earliest first."""
    return list(AreaChange.objects.filter(Q(old=code) | Q(new_id=code)).select_related("new").order_by("on", "old"))


def current_of(code: int, on: date) -> list[Area]:
    """The areas in force on the day that a code, old or new, stands for.

    A split gives several; a code that nobody knows gives none. Each step of a chain is no earlier than the one before.
    """
    steps: dict[int, list[AreaChange]] = defaultdict(list)
    seen: set[tuple[int, date]] = set()
    waiting: list[tuple[int, date]] = [(code, date.min)]
    ends: set[int] = set()
    while waiting:
        at, since = waiting.pop()
        if (at, since) in seen:
            continue
        seen.add((at, since))
        if at not in steps:
            steps[at] = list(AreaChange.objects.filter(old=at, on__lte=on).exclude(new_id=at))
        onward = [(one.new_id, one.on) for one in steps[at] if one.on >= since]
        waiting += onward
        if not onward or any(one.kind == AreaChange.Kind.SPLIT for one in steps[at]):
            ends.add(at)
    return list(Area.objects.filter(pk__in=ends).in_force(on).order_by("code"))


def successor(code: int, on: date) -> Succession | None:
    """What took a code over that is not in force on the day: one area of the same level that is; None where there is none.

    Codes that ended as another or in another are followed as far as they go; what was split off took nothing over.
    """
    if Area.objects.filter(pk=code).in_force(on).exists():
        return None
    steps: list[AreaChange] = []
    at, since = code, date.min
    seen = {code}
    while True:
        ended = AreaChange.objects.filter(old=at, on__gte=since, on__lte=on, kind__in=AreaChange.ENDING)
        step = ended.exclude(new_id__in=seen).select_related("new").order_by("on").first()
        if step is None:
            break
        steps.append(step)
        at, since = step.new_id, step.on
        seen.add(at)
    if not steps or level_of(at) != level_of(code) or not Area.objects.filter(pk=at).in_force(on).exists():
        return None
    merged = any(step.kind == AreaChange.Kind.MERGED for step in steps)
    return Succession(code, steps[-1].new, steps[0].on, steps[0].source, merged)


def former(reach: Sequence[tuple[int, int]]) -> set[int]:
    """The codes that ended, by way of others too, as areas in these ranges, and are used by no other area now."""
    into = Q(pk__in=[])
    for first, last in reach:
        into |= Q(new_id__gte=first, new_id__lte=last)
    found: set[int] = set()
    while (
        before := set(AreaChange.objects.filter(into, kind__in=AreaChange.ENDING).values_list("old", flat=True)) - found
    ):
        found |= before
        into = Q(new_id__in=before)
    if not found:
        return found
    return found - set(Area.objects.in_force(timezone.localdate()).filter(pk__in=found).values_list("pk", flat=True))


def inside(code: int) -> int:
    """How many areas lie below one, in force or not."""
    return Area.objects.filter(code__gt=code, code__lt=code + 10 ** FREE_DIGITS[level_of(code)]).count()


@dataclass
class Node:
    """One area in the tree; `below` is None where it is not opened."""

    area: Area
    has_children: bool
    current: bool = False
    below: list[Node] | None = None


def tree(at: int | None) -> list[Node]:
    """The provinces; with an area its own province alone, opened along the way to the area, whose children are shown too."""
    way = [*above(at), at] if at is not None else []
    top_nodes = branch(None)
    nodes = top_nodes
    for code in way:
        node = next((one for one in nodes if one.area.code == code), None)
        if node is None:
            break
        node.current = code == at
        node.below = nodes = branch(code)
    return [one for one in top_nodes if one.below is not None] or top_nodes


def branch(code: int | None) -> list[Node]:
    """The areas directly below one, not opened."""
    return [Node(area, area.has_children) for area in children(code)]  # type: ignore[attr-defined]  # annotated by `children`
