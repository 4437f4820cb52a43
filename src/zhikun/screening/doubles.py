"""The population looked at by the means of linking: one person in two households, one household twice, the dead still watched.

Nothing is taken off any list: each finding is a question for a person, with its reasons. Only people who share name and birth
date in a county, or name and village, are compared; the rest is a table of numbers for each row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhikun.disk import written_whole
from zhikun.documents.book import WHOLE, WRAP, Book, Head
from zhikun.engine.packs.monitoring import Monitoring
from zhikun.identity import TOKEN, token_text
from zhikun.matching import (
    HOUSEHOLDS,
    Decision,
    by_probability_possible,
    dead_on_list,
    households_twice,
    in_memory,
    people_twice,
)
from zhikun.screening.received import reading_files
from zhikun.screening.review import DOUBLES, VERDICTS
from zhikun.screening.watched import Watched
from zhikun.screening.words import generated_words
from zhikun.wording import _

#: The cause by which a pack names deaths.
DEATH = "death"
_COUNTY = 1_000_000
#: The same person on two rows of the population: household, and what people see of the person.
MEMBERS = pa.schema(
    [
        ("record_id", pa.string()), ("token", TOKEN), ("name", pa.string()), ("birth_date", pa.date32()),
        ("place", pa.string()), ("household", pa.string()), ("shown", pa.string()),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Doubles:
    """What was found: rows for eyes, names masked. `compared`: whether names were compared by probability too."""

    people: list[list[object]]
    households: list[list[object]]
    dead: list[list[object]]
    compared: bool
    deaths: tuple[str, ...]  # the files of deaths looked at


def find_doubles(
    watched: Watched, deaths: Iterable[tuple[str, Path]], decided: Mapping[tuple[bytes, bytes], Decision]
) -> Doubles:
    """People and households that stand twice in a population, and its dead. `deaths` are files by their labels.

    `decided` are pairs of people by their tokens: who was found to be two people is not asked about again.
    """
    members = _members(watched)
    known = _known(members, decided)
    exact_only = not by_probability_possible()
    model = watched.model
    twice = people_twice(members, model=model, decisions=known, exact_only=exact_only) if len(members) else None
    homes = HOUSEHOLDS.empty_table()
    if len(members):
        homes = households_twice(members, model=model, decisions=known, exact_only=exact_only)
    named = tuple(deaths)
    return Doubles(
        _people_rows(twice, members), [list(row.values()) for row in homes.to_pylist()],
        _dead_rows(watched, named), not exact_only, tuple(label for label, _path in named),
    )  # fmt: skip


def _known(members: pa.Table, decided: Mapping[tuple[bytes, bytes], Decision]) -> dict[tuple[str, str], Decision]:
    """The decisions about these members by their records: a person has one for each household."""
    records: dict[bytes, list[str]] = {}
    for record, token in zip(members["record_id"].to_pylist(), members["token"].to_pylist(), strict=True):
        records.setdefault(token, []).append(record)
    return {
        (min(one, other), max(one, other)): decision
        for (first, second), decision in decided.items()
        for one in records.get(first, ())
        for other in records.get(second, ())
    }


def death_lists(monitoring: Monitoring) -> list[str]:
    """The lists that name the dead."""
    return sorted({one.list_source for one in monitoring.indicators.values() if one.cause == DEATH})


def write_doubles(found: Doubles, title: str, path: Path) -> None:
    """The workbook, a sheet for each question, readable to its owner alone."""
    households = [
        Head(_("户编号"), 16), Head(_("另一户编号"), 16), Head(_("判断"), 12), Head(_("相同人数"), 9, WHOLE),
        Head(_("这户人数"), 9, WHOLE), Head(_("另一户人数"), 9, WHOLE), Head(_("依据"), 60, WRAP),
    ]  # fmt: skip
    people = [
        Head(_("人员"), 26), Head(_("户编号"), 16), Head(_("另一处的人员"), 26), Head(_("另一户编号"), 16),
        Head(_("判断"), 12), Head(_("依据"), 70, WRAP), Head(_("区划"), 15), Head(_("另一处的区划"), 15),
        Head(DOUBLES["verdict"], 12, choices=tuple(VERDICTS)), Head(DOUBLES["why"], 24, WRAP),
        Head(DOUBLES["person"], 34), Head(DOUBLES["other"], 34),
    ]  # fmt: skip
    dead = [
        Head(_("人员"), 26),
        Head(_("户编号"), 16),
        Head(_("死亡日期"), 12),
        Head(_("名单"), 22),
        Head(_("依据"), 50, WRAP),
        Head(_("区划"), 15),
    ]
    remarks = [_("每一行是一个要核实的问题，系统不会自行删人、并户。姓名和证件号码已遮盖。")]
    asked = _(
        "号码不同的两人：请在“认定”写 是同一人 或 不是同一人，并写明理由，用 zhikun match decide 收回；不是同一人的以后不再问，"
        "是同一人的列到名册改正为止。号码相同的（没有代码的行）请核实应在哪一户，请报送单位改正名册。"
    )
    mark = generated_words(str(row[0]) for row in (*found.people, *found.dead))
    with written_whole(path) as beside, Book(beside, title) as book:
        for name, heads, rows, more in (
            (_("一人在两户"), people, found.people, [asked]), (_("一户两个编号"), households, found.households, []),
            (_("已故仍在册"), dead, found.dead, []),
        ):  # fmt: skip
            headed = _("{t}：{n}").format(t=title, n=name)
            book.table(name, heads, rows, title=headed, remarks=remarks + more, warning=mark)


def _members(watched: Watched) -> pa.Table:
    """Everybody of the households in which somebody may stand twice: MEMBERS."""
    rows = _rows_alike(watched) | _rows_in_two_households(watched)
    if not rows:
        return MEMBERS.empty_table()
    listed = watched.asked(
        """, p AS (SELECT person, row, household, shown FROM listed WHERE person IS NOT NULL),
            h AS (SELECT DISTINCT household FROM p SEMI JOIN alike USING (row))
        SELECT person, household, min(row) AS row, arg_min(shown, row) AS shown FROM p SEMI JOIN h USING (household)
        GROUP BY person, household ORDER BY row""",
        alike=pa.table({"row": pa.array(sorted(rows), pa.int32())}),
    )
    wanted = listed["row"].combine_chunks().cast(pa.int32())
    with in_memory() as con:
        con.register("listed", listed)
        con.register("n", pa.concat_tables([c.filter(pc.is_in(c["row"], wanted)) for c in watched.chunks()]))
        found = con.sql(
            "SELECT 'row' || lpad(CAST(l.row AS VARCHAR), 9, '0') AS record_id, l.person AS token, n.name, n.birth_date,"
            " n.place, l.household, l.shown FROM listed l LEFT JOIN n ON n.row = l.row ORDER BY record_id"
        ).to_arrow_table()
    return pa.table([found[field.name].cast(field.type) for field in MEMBERS], schema=MEMBERS)


def _rows_in_two_households(watched: Watched) -> set[int]:
    """Rows of people whose number stands in two households."""
    found = watched.asked(
        """SELECT min(row) AS row FROM listed WHERE person IN (
            SELECT person FROM listed WHERE person IS NOT NULL GROUP BY person HAVING count(DISTINCT household) > 1)
        GROUP BY person, household"""
    )
    return set(found["row"].to_pylist())


def _rows_alike(watched: Watched) -> set[int]:
    """Rows that share name and birth date in a county, or name and village, with a row of somebody else.

    Of each row only two numbers of 64 bits are kept while the names go by.
    """
    parts: list[tuple[NDArray[np.int32], NDArray[np.uint64], NDArray[np.uint64]]] = []
    with in_memory() as con:
        for chunk in watched.chunks():
            con.register("c", chunk)
            made = con.sql(
                "SELECT row, hash(name, birth_date, left(place, 6)) AS born, hash(name, place) AS lives FROM c"
                " WHERE name IS NOT NULL AND birth_date IS NOT NULL AND place IS NOT NULL"
            ).to_arrow_table()
            parts.append((made["row"].to_numpy(), made["born"].to_numpy(), made["lives"].to_numpy()))
            con.unregister("c")
    if not parts:
        return set()
    rows, born, lives = (np.concatenate([part[n] for part in parts]) for n in range(3))
    return _shared(watched, rows, born) | _shared(watched, rows, lives)


def _shared(watched: Watched, rows: NDArray[np.int32], keys: NDArray[np.uint64]) -> set[int]:
    """Rows whose key stands for several people."""
    person = watched.person_by_row[rows]
    order = np.lexsort((person, keys))
    keys, person, rows = keys[order], person[order], rows[order]
    first = np.concatenate([[True], keys[1:] != keys[:-1]])
    group = np.cumsum(first) - 1
    differs = np.zeros(int(group[-1]) + 1 if len(group) else 0, bool)
    differs[group[1:][(keys[1:] == keys[:-1]) & (person[1:] != person[:-1])]] = True
    return set(rows[differs[group]].tolist())


def _people_rows(pairs: pa.Table | None, members: pa.Table) -> list[list[object]]:
    """A line for each pair. Of one number in two households there is nothing to decide about who it is: no codes."""
    by_id = {row["record_id"]: row for row in members.to_pylist()}
    words = {"linked": _("是同一人"), "review": _("待核对")}
    rows: list[list[object]] = []
    for pair in pairs.to_pylist() if pairs is not None else []:
        one, other = by_id[pair["left_id"]], by_id[pair["right_id"]]
        apart = one["token"] != other["token"]
        codes = [token_text(one["token"]), token_text(other["token"])] if apart else ["", ""]
        rows.append([
            one["shown"], one["household"], other["shown"], other["household"], words[pair["outcome"]], pair["text"],
            one["place"] or "", other["place"] or "", "", "", *codes,
        ])  # fmt: skip
    return rows


def _dead_rows(watched: Watched, deaths: Iterable[tuple[str, Path]]) -> list[list[object]]:
    """The watched who stand in a list of deaths, by number or by links; the first list that names a person counts."""
    rows: dict[bytes, list[object]] = {}
    for label, path in deaths:
        with reading_files(path):
            table = _deaths(path)
        people = watched.asked(
            "SELECT person AS token, arg_min(shown, row) AS shown, arg_min(household, row) AS household,"
            " arg_min(place, row) AS place FROM listed SEMI JOIN d ON d.token = person GROUP BY person ORDER BY token",
            d=table,
        )
        found = _as_records(people, "p"), _as_records(table, "d")
        pairs = dead_on_list(*found, model=watched.model, exact_only=True)
        by_id = {f"p{row['token'].hex()}": row for row in people.to_pylist()}
        died = {f"d{row['token'].hex()}": row["died_on"] for row in table.to_pylist()}
        for pair in pairs.to_pylist():
            death, person = sorted((pair["left_id"], pair["right_id"]))
            who: dict[str, Any] = by_id[person]
            line = [
                who["shown"],
                who["household"],
                None if died[death] is None else str(died[death]),
                label,
                pair["text"],
                "" if who["place"] is None else f"{who['place']:012d}",
            ]
            rows.setdefault(who["token"], line)
    return [rows[token] for token in sorted(rows)]


def _deaths(path: Path) -> pa.Table:
    """Who is named once in a list of deaths, with the first day in it."""
    schema = pq.read_schema(path)
    days = [f'"{field.name}"' for field in schema if pa.types.is_date(field.type) and field.name != "birth_date"]
    sure = " AND sure" if "sure" in schema.names else ""
    with in_memory() as con:
        found = con.sql(
            f"SELECT person AS token, min({days[0] if days else 'NULL::DATE'}) AS died_on FROM read_parquet($1)"
            f" WHERE person IS NOT NULL{sure} GROUP BY person ORDER BY token",
            params=[str(path)],
        ).to_arrow_table()
    return pa.table([found["token"].cast(TOKEN), found["died_on"].cast(pa.date32())], names=["token", "died_on"])


def _as_records(table: pa.Table, mark: str) -> pa.Table:
    """Numbers alone say who it is: the other fields are not known here."""
    count = len(table)
    ids = pa.array([f"{mark}{token.hex()}" for token in table["token"].to_pylist()], pa.string())
    empty = [pa.nulls(count, MEMBERS.field(name).type) for name in ("name", "birth_date", "place")]
    return pa.table(
        [ids, table["token"].cast(TOKEN), *empty], names=["record_id", "token", "name", "birth_date", "place"]
    )
