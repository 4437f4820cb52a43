"""The tables of a month in pandas, as bench/monitoring_peer.py writes them: warnings with reasons, households, state.

Also what pack `gansu` says, as a programmer would copy it (packs/gansu/warnings).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from monitoring_peer_lists import TOKEN


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
CHANGES = np.array(["new", "raised", "lowered", "continued", "cleared"])
COUNTY = 1_000_000
WORDS = pd.ArrowDtype(pa.list_(pa.string()))
MICRO = 1_000_000


def lists_of(bits: np.ndarray, words: Sequence[str]) -> pd.Series:
    """The words whose bits are set, in their order: few combinations, chosen for each row."""
    codes, distinct = pd.factorize(bits)
    options = [[word for n, word in enumerate(words) if one >> n & 1] for one in distinct]
    return pd.Series(pa.array(options, WORDS.pyarrow_dtype).take(pa.array(codes)), dtype=WORDS)


def reasons_of(rows: pd.DataFrame, points: pd.DataFrame) -> pa.ListArray:
    """What is said of each row, in the order of the indicators."""
    place = np.full(int(rows["id"].max()) + 1 if len(rows) else 0, -1)
    here = rows["watched"].to_numpy(bool)
    place[rows["id"].to_numpy()[here]] = np.flatnonzero(here)
    told = points[(points["c"] > 0) | points["more"]]
    told = told.assign(place=place[told["id"]]).query("place >= 0").sort_values(["place", "i"])
    number = pa.array(told["i"].to_numpy())
    titles = [["", *(title for _low, _points, title in one.bands)] for one in INDICATORS]
    given = [[0.0, *(float(points) for _low, points, _title in one.bands)] for one in INDICATORS]
    widest = max(map(len, titles))
    of_band = pa.array(told["i"].to_numpy() * widest + told["band"].to_numpy())
    struct = pa.StructArray.from_arrays(
        [
            pa.array([one.name for one in INDICATORS]).take(number),
            decimals(told["low"], 20),
            pa.array([""] * len(told), pa.string()),
            pa.array([title for ones in titles for title in ones + [""] * (widest - len(ones))]).take(of_band),
            pa.array([value for ones in given for value in ones + [0.0] * (widest - len(ones))])
            .cast(pa.decimal128(9, 6))
            .take(of_band),
            pa.array([float(one.weight) for one in INDICATORS]).cast(pa.decimal128(9, 6)).take(number),
            decimals(told["c"], 9),
            pa.array(told["more"]),
            pa.array(told["carried"]),
            pa.array(np.zeros(len(told), bool)),
            pa.array(told["files"]),
        ],
        names=[
            "indicator",
            "value",
            "unit",
            "band",
            "points",
            "weight",
            "contribution",
            "at_least",
            "carried",
            "quiet",
            "files",
        ],
    )
    ends = np.cumsum(np.bincount(told["place"], minlength=len(rows)))
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]), pa.int32()), struct)


def decimals(millionths: pd.Series, digits: int) -> pa.Array:
    return pa.array(millionths.to_numpy() / MICRO).cast(pa.decimal128(digits, 6))


def ranks(values: pd.Series) -> pa.Array:
    """Colours of ranks; none for 0."""
    return pa.array([None, *LEVELS]).take(pa.array(values.to_numpy("int64")))


def warnings_table(rows: pd.DataFrame, points: pd.DataFrame, month: str) -> pa.Table:
    """warnings.parquet."""
    rank = rows["rank"].to_numpy()
    enrolled = np.where(rows["mask"] & ENROLLED, "deliver", "enrol")
    stands = rank > 0
    return pa.table({
        "month": pa.array([month] * len(rows)),
        "person": pa.array(rows["person"]),
        "household": pa.array(rows["household"]),
        "place": pa.array(rows["place"]),
        "groups": pa.array(rows["groups"]),
        "direction": pa.array(["hardship"] * len(rows)),
        "level": ranks(rows["rank"]),
        "score": decimals(rows["score"], 9),
        "at_least": pa.array(rows["at_least"].to_numpy(bool)),
        "change": pa.array(rows["change"]),
        "cleared_by": pa.array(rows["cleared_by"], pa.string()),
        "level_before": ranks(rows["was"]),
        "way": pa.array(np.where(stands, enrolled, None), pa.string()),
        "causes": pa.array(lists_of(rows["causes"].to_numpy(), CAUSES)),
        "indicators": pa.array(lists_of(rows["found"].to_numpy(), [one.name for one in INDICATORS])),
        "reasons": reasons_of(rows, points),
        "raised": days_of(rows["raised"]),
        "counted_from": days_of(rows["counted_from"]),
        "days": pa.array(rows["days"]),
        "deadline": days_of(rows["deadline"]),
        "provisional": pa.array(rows["provisional"].to_numpy(bool), mask=~stands),
    })  # fmt: skip


def days_of(values: pd.Series) -> pa.Array:
    return pa.array(values).cast(pa.date32())


def state_table(people: pd.DataFrame, points: pd.DataFrame) -> pa.Table:
    """state.parquet: every value that adds to the score."""
    adds = points[points["c"] > 0].sort_values(["id", "i"])
    return pa.table({
        "person": pa.array(people["person"]).take(pa.array(adds["id"].to_numpy())),
        "indicator": pa.array([one.name for one in INDICATORS]).take(pa.array(adds["i"].to_numpy())),
        "low": pa.array(adds["low"]),
        "band": pa.array(adds["band"]),
        "open": pa.array(adds["open"]),
        "carried": pa.array(adds["carried"]),
        "files": pa.array(adds["files"]),
    })  # fmt: skip


def households_table(rows: pd.DataFrame, then: pd.DataFrame, month: str) -> pa.Table:
    """households.parquet: by county, then by first member; a county's households without a colour now come last."""
    now = rows[rows["rank"] > 0].reset_index(drop=True)
    alone = now["household"].isna()
    if alone.any():
        now.loc[alone, "household"] = now.loc[alone, "person"].map(bytes.hex)
    now["county"] = now["place"] // COUNTY
    now["earliest"] = now["deadline"].astype("int64") * 2 + ~now["provisional"].astype(bool)
    for n, cause in enumerate(CAUSES):
        now[cause] = now["causes"].to_numpy() >> n & 1
    groups = now.groupby(["county", "household"], sort=False)
    homes = groups.agg(
        rank=("rank", "max"), place=("place", "min"), warned_members=("rank", "size"), raised=("raised", "min"),
        deadline=("deadline", "min"), earliest=("earliest", "min"), **{cause: (cause, "max") for cause in CAUSES},
    )  # fmt: skip
    members = now["person"].iloc[np.argsort(groups.ngroup().to_numpy(), kind="stable")]
    homes["members"] = pd.Series(
        pa.ListArray.from_arrays(pa.array(np.concatenate([[0], homes["warned_members"].cumsum()]), pa.int32()), pa.array(members)),
        index=homes.index, dtype=pd.ArrowDtype(pa.list_(TOKEN.pyarrow_dtype)),
    )  # fmt: skip
    homes["first"] = np.arange(len(homes))
    every = (
        homes.reset_index()
        .merge(then, on=["county", "household"], how="outer")
        .sort_values(["county", "first"], ignore_index=True)
    )
    rank, was, stands = (
        every["rank"].fillna(0).astype(int),
        every["was"].fillna(0).astype(int),
        every["rank"].notna().to_numpy(),
    )
    bits = sum(every[cause].fillna(0).astype(int).to_numpy() << n for n, cause in enumerate(CAUSES))
    change = np.select([rank == 0, was == 0, rank > was, rank < was], [4, 0, 1, 2], 3)
    tokens = pd.Series(pa.array(every["members"]).fill_null([]), dtype=every["members"].dtype)
    return pa.table({
        "month": pa.array([month] * len(every)),
        "household": pa.array(every["household"]),
        "county": pa.array(every["county"]),
        "place": pa.array(every["place"].fillna(0).astype("int64").to_numpy(), mask=~stands),
        "direction": pa.array(["hardship"] * len(every)),
        "level": ranks(rank),
        "change": pa.array(CHANGES[change]),
        "warned_members": pa.array(every["warned_members"].fillna(0).astype("int64")),
        "members": pa.array(tokens),
        "causes": pa.array(lists_of(bits, CAUSES)),
        "raised": days_of(every["raised"]),
        "deadline": days_of(every["deadline"]),
        "provisional": pa.array((every["earliest"].fillna(1).astype("int64") & 1 == 0).to_numpy(), mask=~stands),
    })  # fmt: skip
