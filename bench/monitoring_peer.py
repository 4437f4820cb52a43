"""A month of monitoring under pack `gansu`, written in pandas: the peer of `zhikun lists receive` and `zhikun monitor run`.

    python monitoring_peer.py FOLDER --month 2026-09 --key HEX --due blue=2026-10-29 --due yellow=... \
        [--last-month OUT.parquet] [--people rows.parquet] [--trust-numbers] --out OUT.parquet

FOLDER holds <list>/<YYYY-MM>.csv as `zhikun demo months` writes them. Needs pandas and pyarrow, no zhikun. Prints the seconds of
each step as JSON. From files to warnings: identity numbers normalised and checked (GB 11643; `--trust-numbers` leaves that out),
tokens (HMAC-SHA256, 16 bytes), who is watched, five indicators, points, weights, score, level, change against last month's
warnings, deadline; an event keeps counting while nobody has answered last month's warning. `--people` takes who is watched from
the rows of a received list, tokens and all, instead of FOLDER's CSV. Its result is that of zhikun in every row. It does less than
zhikun where that would cost it time: no receipts, no profile, no names, no households, no reasons, no handled causes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# What pack `gansu` says, as a programmer would copy it: packs/gansu/warnings.
INDICATORS = {  # list: months of its window, months for which a file of a window of one month holds, bands (from, points), weight,
    # whether it lists events, and the number of its cause
    "inpatients": (1, 2, [(1, 100)], 20, True, 0),
    "chronic_illness": (1, 2, [(1, 100)], 20, False, 0),
    "disability_certificates": (1, 2, [(1, 100)], 20, False, 1),
    "unemployed": (1, 2, [(1, 100)], 20, True, 2),
    "college_admissions": (12, 12, [(1, 100)], 20, True, 3),
}
LEVELS = {"blue": 20, "yellow": 40, "orange": 60, "red": 80}
POPULATION_MONTHS = 2
ID_NUMBER, PLACE = "身份证号", "区划代码"
WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.int32)
CHECK = np.frombuffer(b"10X98765432", np.uint8)
TOKEN = pd.ArrowDtype(pa.binary(16))
CHANGES = ["", "new", "raised", "lowered", "continued", "cleared"]


@dataclass
class Steps:
    """Seconds of each step."""

    seconds: dict[str, float] = field(default_factory=dict)
    last: float = field(default_factory=time.perf_counter)

    def done(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = round(self.seconds.get(step, 0.0) + now - self.last, 3)
        self.last = now


def newest(folder: Path, month: pd.Period, valid: int) -> Path:
    """The newest file that still holds."""
    for back in range(valid):
        path = folder / f"{month - back}.csv"
        if path.exists():
            return path
    raise SystemExit(f"{folder.name}: no file for {month}")


def read(paths: list[Path], columns: list[str]) -> pd.DataFrame:
    """The columns as text, with Arrow's reader, the fastest that pandas has."""
    parts = [pd.read_csv(path, usecols=columns, dtype="str", engine="pyarrow") for path in paths]
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def normalised(numbers: pd.Series) -> pd.Series:
    """Full-width digits, spaces and small letters made plain; 15 digits made 18."""
    text = numbers.fillna("").str.normalize("NFKC").str.replace(r"\s", "", regex=True).str.upper()
    old = text.str.fullmatch("[0-9]{15}")
    if old.any():
        full = text[old].str[:6] + "19" + text[old].str[6:]
        total = (bytes_of(full, 17).astype(np.int32) - 48) @ WEIGHTS
        text[old] = full + pd.Series(CHECK[total % 11].view("S1").astype("U1"), index=full.index)
    return text


def well_formed(numbers: pd.Series) -> np.ndarray:
    return numbers.str.fullmatch(r"[0-9]{17}[0-9X]").fillna(False).to_numpy(bool, copy=True)


def bytes_of(numbers: pd.Series, width: int) -> np.ndarray:
    """Texts of the same length as a matrix of bytes."""
    return np.frombuffer("".join(numbers.to_list()).encode(), np.uint8).reshape(-1, width)


def checked(frame: pd.DataFrame, *, trust: bool) -> pd.DataFrame:
    """The rows whose number can stand; only what does not look like a number is worked on before."""
    if trust:
        return frame
    good = well_formed(frame[ID_NUMBER])
    if not good.all():
        frame.loc[~good, ID_NUMBER] = normalised(frame.loc[~good, ID_NUMBER])
        good = well_formed(frame[ID_NUMBER])
    numbers = frame[ID_NUMBER] if good.all() else frame.loc[good, ID_NUMBER]
    digits = bytes_of(numbers, 18)
    total = (digits[:, :17].astype(np.int32) - 48) @ WEIGHTS
    born = pd.to_datetime(numbers.str[6:14], format="%Y%m%d", errors="coerce")
    good[good] = (CHECK[total % 11] == digits[:, 17]) & born.notna().to_numpy()
    return frame if good.all() else frame[good]


def tokens(numbers: pd.Series, key: bytes) -> pd.Series:
    """HMAC-SHA256 of each number, 16 bytes. Copies of two begun hashes take half the time of `hmac.digest`."""
    pad = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(one ^ 0x36 for one in pad) + b"resident\0")
    outer = hashlib.sha256(bytes(one ^ 0x5C for one in pad))

    def token(number: str) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(number.encode())
        second.update(first.digest())
        return second.digest()[:16]

    made = pa.array([token(number) for number in numbers.to_list()], TOKEN.pyarrow_dtype)
    return pd.Series(made, dtype=TOKEN)


def watched(frame: pd.DataFrame, key: bytes) -> pd.DataFrame:
    """One row for each person by token: a person of several groups has several rows, the first one gives the place."""
    people = frame.drop_duplicates(ID_NUMBER)
    place = people[PLACE].str.pad(12, side="right", fillchar="0").astype("int64")
    return pd.DataFrame({"person": tokens(people[ID_NUMBER], key), "place": place.to_numpy()})


def points_of(value: np.ndarray, bands: list[tuple[float, float]]) -> np.ndarray:
    reached = np.searchsorted([low for low, _points in bands], value, side="right")
    return np.array([0.0, *(points for _low, points in bands)])[reached]


def received(path: Path) -> pd.DataFrame:
    """Who is watched, from the rows of a list that was received: tokens already made."""
    table = pq.read_table(path, columns=["person", "row", "place"])
    frame = table.to_pandas(types_mapper={TOKEN.pyarrow_dtype: TOKEN}.get, ignore_metadata=True)
    return frame.sort_values("row").drop_duplicates("person")[["person", "place"]].reset_index(drop=True)


def left(last_month: Path | None) -> pd.DataFrame:
    """Last month's result: rank, deadline, indicators and causes of each person with a colour."""
    columns = ["person", "level", "deadline", "indicators", "causes"]
    if last_month is None:
        return pd.DataFrame(
            {"person": pd.Series([], dtype=TOKEN), "was": pd.Series([], dtype="int8"), "deadline": pd.Series([], dtype="datetime64[s]"),
             "indicators_before": pd.Series([], dtype="int64"), "causes_before": pd.Series([], dtype="int64")}
        )  # fmt: skip
    table = pq.read_table(last_month, columns=columns)
    table = table.set_column(0, "person", table.column("person").cast(TOKEN.pyarrow_dtype))
    before = table.to_pandas(types_mapper={TOKEN.pyarrow_dtype: TOKEN}.get, ignore_metadata=True)
    before = before[before["level"].notna()].rename(
        columns={"level": "was", "indicators": "indicators_before", "causes": "causes_before"}
    )
    before["was"] = before["was"].astype("str").map({name: rank for rank, name in enumerate(LEVELS, 1)})
    return before


def changes(now: pd.DataFrame, before: pd.DataFrame, due: dict[str, str]) -> pd.DataFrame:
    """The warnings of the month and those that are none any more, with what changed and the deadline."""
    both = now.merge(before, on="person", how="outer")
    rank, was = both["rank"].fillna(0).to_numpy(np.int8), both["was"].fillna(0).to_numpy(np.int8)
    causes, causes_before = (both[name].fillna(0).to_numpy(np.int64) for name in ("causes", "causes_before"))
    kept, fresh = (
        both["deadline"].to_numpy("datetime64[D]"),
        np.array(["NaT", *(due[n] for n in LEVELS)], "datetime64[D]")[rank],
    )
    code = np.select([rank == 0, was == 0, rank > was, rank < was], [5, 1, 2, 3], 4)
    afresh = (rank > 0) & (causes & causes_before == 0)  # nothing of last month's task is left
    deadline = np.select([code == 5, afresh, code == 2], [np.datetime64("NaT", "D"), fresh, np.fmin(fresh, kept)], kept)
    both["score"], both["place"] = both["score"].fillna(0.0), both["place"].astype("Int64")
    both["direction"] = "hardship"
    both["level"] = pd.Categorical.from_codes(rank - 1, list(LEVELS))
    both["change"] = pd.Categorical.from_codes(code, CHANGES)
    both["deadline"] = deadline.astype("datetime64[s]")
    both["causes"], both["indicators"] = causes, both["indicators"].fillna(0).astype("int64")
    return both[["person", "direction", "place", "score", "level", "change", "deadline", "indicators", "causes"]]


def run(options: argparse.Namespace) -> dict[str, Any]:
    steps, key, month = Steps(), bytes.fromhex(options.key), pd.Period(options.month, "M")
    due = dict(one.split("=") for one in options.due)
    if options.people is not None:
        people = received(options.people)
        steps.done("read")
    else:
        population = read([newest(options.folder / "population", month, POPULATION_MONTHS)], [ID_NUMBER, PLACE])
        steps.done("read")
        population = checked(population, trust=options.trust_numbers)
        steps.done("check")
        people = watched(population, key)
        del population
        steps.done("tokens")
    before = left(options.last_month)
    kept = people[["person"]].merge(before[["person", "indicators_before"]], on="person", how="left")
    kept = kept["indicators_before"].fillna(0).to_numpy(np.int64)
    score, bits, causes = (np.zeros(len(people), kind) for kind in (float, np.int64, np.int64))
    steps.done("match and score")
    for number, (listed, (window, valid, bands, weight, event, cause)) in enumerate(INDICATORS.items()):
        folder = options.folder / listed
        paths = [p for p in (folder / f"{month - back}.csv" for back in range(window)) if p.exists()]
        if paths or window == 1:
            rows = read(paths if window > 1 else [newest(folder, month, valid)], [ID_NUMBER])
            steps.done("read")
            rows = checked(rows, trust=options.trust_numbers)
            steps.done("check")
            persons = tokens(rows[ID_NUMBER], key)
            steps.done("tokens")
            value = people["person"].isin(persons).to_numpy()  # measure `any`: 1 where there is a row
        else:
            value = np.zeros(len(people), bool)  # no file of the window: unknown for everybody
        if event:  # nobody has answered last month's warning: the event goes on counting
            value = value | (kept >> number & 1).astype(bool)
        score += points_of(value, bands) * weight / 100
        bits |= value.astype(np.int64) << number
        causes |= value.astype(np.int64) << cause
        steps.done("match and score")
    rank = np.searchsorted(list(LEVELS.values()), score, side="right")
    warned = rank > 0
    now = people[warned].assign(score=score[warned], rank=rank[warned], indicators=bits[warned], causes=causes[warned])
    result = changes(now, before, due)
    steps.done("match and score")
    result.to_parquet(options.out, index=False)
    steps.done("write")
    return {
        "seconds": round(sum(steps.seconds.values()), 3),
        "steps": steps.seconds,
        "people": len(people),
        "rows": len(result),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--month", required=True)
    parser.add_argument("--key", required=True, help="the key of the tokens, as hex")
    parser.add_argument("--due", action="append", required=True, help="level=day: the deadline of a warning raised now")
    parser.add_argument("--last-month", type=Path, help="what this script wrote for the month before")
    parser.add_argument(
        "--people", type=Path, help="rows.parquet of the population as received: who is watched, by token"
    )
    parser.add_argument("--trust-numbers", action="store_true", help="do not check identity numbers")
    parser.add_argument("--out", type=Path, required=True)
    print(json.dumps(run(parser.parse_args())))


if __name__ == "__main__":
    main()
