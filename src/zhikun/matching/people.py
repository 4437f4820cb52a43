"""People with ids that never change: which record belongs to whom, from run to run.

Every run adds one file of rows (record, person); none is ever changed. Ids are numbers counted upwards. Two people
become one only through decisions; the smaller id then stands for both, the other stays known as its alias. Where such a
decision is corrected, both ids are themselves again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhikun.disk import one_writer, written_whole
from zhikun.matching.decisions import Decisions, Verdict
from zhikun.matching.errors import MatchingError
from zhikun.matching.groups import Groups
from zhikun.matching.model import Model
from zhikun.matching.pairs import judged, sides
from zhikun.matching.scoring import Scope
from zhikun.wording import _

MEMBERS = pa.schema([("record_id", pa.string()), ("person_id", pa.int64())])
Ids = dict[str, int]


@dataclass(frozen=True, slots=True)
class Joined:
    """What a run did: `members` (record, person) of the new records, and every pair with its outcome and reasons."""

    members: pa.Table
    pairs: pa.Table


class People:
    """The people of one folder, with the decisions kept beside them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.decisions = Decisions(folder)

    def members(self) -> pa.Table:
        """Every record with the person it belongs to today, aliases followed."""
        own = self._own()
        aliases = self._aliases(own)
        rows = [{"record_id": record, "person_id": aliases.get(own[record], own[record])} for record in sorted(own)]
        return pa.Table.from_pylist(rows, MEMBERS)

    def aliases(self) -> dict[int, int]:
        """Ids that a decision merged away, each with the id that stands for it now."""
        return self._aliases(self._own())

    def join(self, new: pa.Table, known: pa.Table, *, model: Model) -> Joined:
        """Give each record a person: an existing one where linked, else a new one.

        `known` are the records that joined before, as they are kept elsewhere; records of `new` that have a person keep
        it. The same call again adds nothing; a killed one has either added all or nothing.
        """
        with one_writer(self._folder):
            own = self._own()
            _known_only(known, own)
            decisions = self.decisions.in_force()
            new_ids = new["record_id"].to_pylist()
            others = known.filter(pc.invert(pc.is_in(known["record_id"], new["record_id"])))
            table = sides(new, others, model)
            pairs = judged(table, model, Scope.NEW, decisions, {r: str(p) for r, p in own.items()})
            added = self._separated(own)
            added |= _assigned(sorted(set(new_ids) - set(own)), pairs, own | added)
            self._write(added)
            own |= added
        aliases = self._aliases(own)
        rows = [{"record_id": record, "person_id": aliases.get(own[record], own[record])} for record in sorted(new_ids)]
        return Joined(pa.Table.from_pylist(rows, MEMBERS), pairs)

    def _parts(self) -> list[Path]:
        return sorted(self._folder.glob("members-*.parquet"))

    def _own(self) -> Ids:
        own: Ids = {}
        for part in self._parts():
            table = pq.read_table(part)
            own |= dict(zip(table["record_id"].to_pylist(), table["person_id"].to_pylist(), strict=True))
        return own

    def _aliases(self, own: Ids) -> dict[int, int]:
        groups: dict[int, int] = {}

        def standing(person: int) -> int:
            while person in groups:
                person = groups[person]
            return person

        for (left, right), decision in sorted(self.decisions.in_force().items()):
            if decision.verdict is Verdict.SAME and left in own and right in own:
                small, large = sorted((standing(own[left]), standing(own[right])))
                if small != large:
                    groups[large] = small
        return {person: standing(person) for person in groups}

    def _separated(self, own: Ids) -> Ids:
        """A record that shares an id with one it was decided not to be: the one that came later gets an id of its own."""
        order = {record: number for number, record in enumerate(own)}
        moved: Ids = {}
        for (left, right), decision in sorted(self.decisions.in_force().items()):
            now = own | moved
            if decision.verdict is Verdict.DIFFERENT and left in now and now[left] == now.get(right):
                moved[max(left, right, key=lambda record: order[record])] = max(now.values()) + 1
        return moved

    def _write(self, added: Ids) -> None:
        if not added:
            return
        number = len(self._parts()) + 1
        rows = [{"record_id": record, "person_id": person} for record, person in added.items()]
        with written_whole(self._folder / f"members-{number:06d}.parquet") as beside:
            pq.write_table(pa.Table.from_pylist(rows, MEMBERS), beside)


def _known_only(known: pa.Table, own: Ids) -> None:
    if "record_id" not in known.column_names:
        raise MatchingError(_("已有人员的表没有 record_id 列，结果无法对应到记录。请为每条记录加上不重复的编号。"))
    given = set(known["record_id"].to_pylist())
    if strangers := len(given - set(own)):
        message = _("已有人员的表里有 {count} 条记录从未归并过，不知道是谁。请先把它们作为新记录归并。")
        raise MatchingError(message.format(count=strangers))
    if absent := len(set(own) - given):
        message = _("已有人员的表缺少 {count} 条归并过的记录；缺了它们，同一个人会得到第二个编号。请给出全部记录。")
        raise MatchingError(message.format(count=absent))


def _assigned(new: list[str], pairs: pa.Table, own: Ids) -> Ids:
    """Existing ids through links; new ids in the order of record ids for groups that nobody is linked to."""
    groups = Groups()
    fresh = set(new)
    for pair in pairs.select(["left_id", "right_id", "outcome"]).to_pylist():
        if pair["outcome"] == "linked" and (pair["left_id"] in fresh or pair["right_id"] in fresh):
            groups.join(_node(pair["left_id"], own), _node(pair["right_id"], own))
    person: dict[str, int] = {}
    for known in sorted(set(own.values())):
        person.setdefault(groups.find(f"\0{known}"), known)
    following = max(own.values(), default=0) + 1
    found: Ids = {}
    for record in new:
        root = groups.find(_node(record, own))
        if root not in person:
            person[root] = following
            following += 1
        found[record] = person[root]
    return found


def _node(record: str, own: Ids) -> str:
    """Known records of one person are one point; the mark cannot stand in a record's own id."""
    return f"\0{own[record]}" if record in own else record
