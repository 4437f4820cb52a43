"""The tables of a month in pandas, as bench/monitoring_peer.py writes them: warnings with reasons, households, state.

Also what pack `gansu` says, as a programmer would copy it (packs/gansu/warnings).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa


@dataclass(frozen=True)
class Indicator:
    """What is looked for in a list: any row within the window. Bands are (from, points, title)."""

    name: str
    source: str
    cause: str
    bands: tuple[tuple[float, float, str], ...]
    window: int = 1
    weight: float = 20


INDICATORS = (
    Indicator("inpatient", "inpatients", "illness", ((1, 100, "当月有住院"),)),
    Indicator("chronic_illness", "chronic_illness", "illness", ((1, 100, "在册"),)),
    Indicator("disability", "disability_certificates", "disability", ((1, 100, "已登记办证"),)),
    Indicator("new_unemployment", "unemployed", "employment", ((1, 100, "当月新增失业"),)),
    Indicator("college_admission", "college_admissions", "education", ((1, 100, "本学年被录取"),), 12),
)
CAUSES = ("disability", "education", "employment", "illness")
CAUSE_OF = np.array([CAUSES.index(one.cause) for one in INDICATORS])
LEVELS = {"blue": (20, 15), "yellow": (40, 10), "orange": (60, 5), "red": (80, 3)}  # from which score, working days
GROUPS = (
    "not_out_of_poverty", "returning", "on_the_edge", "sudden", "dibao_tekun", "ill", "disabled", "low_income", "jobless",
    "other_special",
)  # fmt: skip
ENROLLED = 1 << GROUPS.index("dibao_tekun")
CHANGES = ("new", "raised", "lowered", "continued", "cleared")
COUNTY = 1_000_000
WORDS = pd.ArrowDtype(pa.list_(pa.string()))
MICRO = 1_000_000


def lists_of(bits: np.ndarray, words: Sequence[str]) -> pd.Series:
    """The words whose bits are set, in their order: few combinations, chosen for each row."""
    codes, distinct = pd.factorize(bits)
    options = [[word for n, word in enumerate(words) if one >> n & 1] for one in distinct]
    return pd.Series(pa.array(options, WORDS.pyarrow_dtype).take(pa.array(codes)), dtype=WORDS)


def words_of(which: np.ndarray | pd.Series, words: Sequence[str | None]) -> pa.Array:
    """The word of each row by its number."""
    return pa.array(words, pa.string()).take(pa.array(np.asarray(which, np.int64)))


def ranks(values: np.ndarray | pd.Series) -> pa.Array:
    """Colours of ranks; none for 0."""
    return words_of(values, [None, *LEVELS])


def decimals(millionths: pd.Series, digits: int) -> pa.Array:
    return pa.array(millionths.to_numpy() / MICRO).cast(pa.decimal128(digits, 6))


def days_of(values: pd.Series) -> pa.Array:
    return pa.array(values).cast(pa.date32())


def reasons_of(rows: pd.DataFrame, points: pd.DataFrame, people: int) -> pa.ListArray:
    """What is said of each row, in the order of the indicators."""
    place = np.full(people, -1)
    here = rows["watched"].to_numpy(bool)
    place[rows["id"].to_numpy()[here]] = np.flatnonzero(here)
    told = points[(points["c"] > 0) | points["more"]]
    told = told.assign(place=place[told["id"]]).query("place >= 0").sort_values(["place", "i"])
    bands = pd.DataFrame(
        [(i, band, title, float(points)) for i, one in enumerate(INDICATORS)
         for band, (_low, points, title) in enumerate(((0, 0, ""), *one.bands))],
        columns=["i", "band", "title", "points"],
    )  # fmt: skip
    told = told.merge(bands, on=["i", "band"], how="left")  # keeps the order
    weights = np.array([one.weight for one in INDICATORS], float)
    fields = {
        "indicator": words_of(told["i"], [one.name for one in INDICATORS]),
        "value": decimals(told["low"], 20),
        "unit": pa.repeat("", len(told)),
        "band": pa.array(told["title"], pa.string()),
        "points": pa.array(told["points"]).cast(pa.decimal128(9, 6)),
        "weight": pa.array(weights[told["i"]]).cast(pa.decimal128(9, 6)),
        "contribution": decimals(told["c"], 9),
        "at_least": pa.array(told["more"]),
        "carried": pa.array(told["carried"]),
        "quiet": pa.repeat(False, len(told)),
        "files": pa.array(told["files"]),
    }
    ends = np.cumsum(np.bincount(told["place"], minlength=len(rows)))
    said = pa.StructArray.from_arrays(list(fields.values()), names=list(fields))
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]), pa.int32()), said)


def warnings_table(rows: pd.DataFrame, points: pd.DataFrame, people: int, month: str) -> pa.Table:
    """warnings.parquet."""
    stands = rows["rank"].to_numpy() > 0
    enrolled = (rows["mask"] & ENROLLED).to_numpy() > 0
    unwatched = ~rows["watched"].to_numpy(bool)
    return pa.table({
        "month": pa.repeat(month, len(rows)),
        "person": pa.array(rows["person"]),
        "household": pa.array(rows["household"], pa.string()),
        "place": pa.array(rows["place"]),
        "groups": pa.array(rows["groups"]),
        "direction": pa.repeat("hardship", len(rows)),
        "level": ranks(rows["rank"]),
        "score": decimals(rows["score"], 9),
        "at_least": pa.array(rows["at_least"].to_numpy(bool)),
        "change": words_of(rows["change"], CHANGES),
        "cleared_by": words_of(np.select([stands, unwatched], [0, 2], 1), [None, "data", "unwatched"]),
        "level_before": ranks(rows["was"]),
        "way": words_of(np.select([~stands, enrolled], [0, 1], 2), [None, "deliver", "enrol"]),
        "causes": pa.array(lists_of(rows["causes"].to_numpy(), CAUSES)),
        "indicators": pa.array(lists_of(rows["found"].to_numpy(), [one.name for one in INDICATORS])),
        "reasons": reasons_of(rows, points, people),
        "raised": days_of(rows["raised"]),
        "counted_from": days_of(rows["counted_from"]),
        "days": pa.array(rows["days"]),
        "deadline": days_of(rows["deadline"]),
        "provisional": pa.array(rows["provisional"].to_numpy(bool), mask=~stands),
    })  # fmt: skip


def state_table(people: pd.DataFrame, points: pd.DataFrame) -> pa.Table:
    """state.parquet: every value that adds to the score."""
    adds = points[points["c"] > 0].sort_values(["id", "i"])
    return pa.table({
        "person": pa.array(people["person"]).take(pa.array(adds["id"])),
        "indicator": words_of(adds["i"], [one.name for one in INDICATORS]),
        **{name: pa.array(adds[name]) for name in ("low", "band", "open", "carried", "files")},
    })  # fmt: skip


def households_table(rows: pd.DataFrame, then: pd.DataFrame, month: str) -> pa.Table:
    """households.parquet: by county, then by first member; a county's households without a colour now come last.

    Rows of last month's households stand behind those of now: they say what was, and nothing else.
    """
    now = rows.loc[rows["rank"] > 0, ["household", "person", "place", "rank", "raised", "deadline"]]
    alone = now["household"].isna()
    if alone.any():
        now.loc[alone, "household"] = now.loc[alone, "person"].map(bytes.hex)
    fixed = ~rows.loc[now.index, "provisional"].to_numpy(bool)
    now = now.assign(
        county=now["place"] // COUNTY, was=0, members=1, movable=now["deadline"].astype("int64") * 2 + fixed
    )
    for n, cause in enumerate(CAUSES):
        now[cause] = rows.loc[now.index, "causes"].to_numpy() >> n & 1
    both = pd.concat([now, then.assign(rank=0, members=0, **dict.fromkeys(CAUSES, 0))], ignore_index=True)
    groups = both.groupby(["county", "household"], sort=False)
    homes = groups.agg(
        rank=("rank", "max"), was=("was", "max"), place=("place", "min"), members=("members", "sum"), raised=("raised", "min"),
        deadline=("deadline", "min"), movable=("movable", "min"), **{cause: (cause, "max") for cause in CAUSES},
    ).reset_index()  # fmt: skip
    by_county = np.argsort(homes["county"].to_numpy(), kind="stable")
    place_of = np.empty(len(homes), np.int64)
    place_of[by_county] = np.arange(len(homes))
    order = np.argsort(place_of[groups.ngroup().to_numpy()[: len(now)]], kind="stable")
    homes = homes.iloc[by_county]
    ends = pa.array(np.concatenate([[0], homes["members"].cumsum()]), pa.int32())
    rank, was, stands = homes["rank"].to_numpy(), homes["was"].to_numpy(), homes["members"].to_numpy() > 0
    bits = sum(homes[cause].to_numpy() << n for n, cause in enumerate(CAUSES))
    return pa.table({
        "month": pa.repeat(month, len(homes)),
        "household": pa.array(homes["household"], pa.string()),
        "county": pa.array(homes["county"]),
        "place": pa.array(homes["place"].fillna(0).to_numpy(np.int64), mask=~stands),
        "direction": pa.repeat("hardship", len(homes)),
        "level": ranks(rank),
        "change": words_of(changed(rank, was), CHANGES),
        "warned_members": pa.array(homes["members"]),
        "members": pa.ListArray.from_arrays(ends, pa.array(now["person"]).take(pa.array(order))),
        "causes": pa.array(lists_of(bits, CAUSES)),
        "raised": days_of(homes["raised"]),
        "deadline": days_of(homes["deadline"]),
        "provisional": pa.array((homes["movable"].fillna(1) % 2 == 0).to_numpy(), mask=~stands),
    })  # fmt: skip


def changed(rank: np.ndarray, was: np.ndarray) -> np.ndarray:
    """What became of a colour, by its number in CHANGES."""
    return np.select([rank == 0, was == 0, rank > was, rank < was], [4, 0, 1, 2], 3)
