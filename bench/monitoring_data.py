"""Generated watched people and lists as tokens in Parquet, as `zhikun lists receive` leaves them: any number, little memory.

    python bench/monitoring_data.py DATA --keys KEYS --people 80000000 --rows 12000000 [--months 2]

Nobody in it is a person: tokens are numbers counted through, made even by a hash, and every place begins with 99, which no
place does. The same arguments give the same files. For speed alone: what `zhikun demo months` makes is nearer to life.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhikun.engine.packs import load
from zhikun.engine.packs.monitoring import Indicator, ListSource, Monitoring
from zhikun.identity import KeyRing, keys_for
from zhikun.intake.lists import Receipt, State
from zhikun.intake.lists.rows import rows_schema
from zhikun.workdays import Month

MONTH = Month(2026, 9)
_CHUNK = 1 << 20
_GROUP = 1 << 18
_GOLDEN = 0x9E3779B97F4A7C15
_STAYS = 0.99  # so many of a list stand in it again next month

Numbers = NDArray[np.uint64]


def mixed(numbers: NDArray[np.integer], salt: int) -> Numbers:
    """An even hash of numbers (splitmix64)."""
    with np.errstate(over="ignore"):
        x = numbers.astype(np.uint64) * np.uint64(_GOLDEN) + np.uint64((salt * 0x632BE59BD9B4E019) % (1 << 64))
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def tokens(numbers: NDArray[np.integer], people: int) -> pa.Array:
    """The tokens of people by their numbers: even, and in order of the numbers."""
    step = (1 << 64) // people
    with np.errstate(over="ignore"):
        head = numbers.astype(np.uint64) * np.uint64(step) + mixed(numbers, 1) % np.uint64(step)
    halves = np.stack([head, mixed(numbers, 2)], axis=1).astype(">u8")
    return pa.Array.from_buffers(pa.binary(16), len(numbers), [None, pa.py_buffer(halves.tobytes())])


def write(data: Path, ring: KeyRing, people: int, rows: int, months: int = 1) -> None:
    """The population and five lists of `rows` rows together for each month; the last month is MONTH."""
    monitoring = load("gansu").monitoring
    if monitoring is None:
        raise SystemExit("gansu has no monitoring")
    names = sorted({one.list_source for one in hardship(monitoring)})
    for back in reversed(range(months)):
        month = MONTH.plus(-back)
        _population(data, ring, monitoring, people, month)
        for place, name in enumerate(names):
            source = monitoring.sources[name]
            if source.rhythm != "yearly" or month == MONTH:
                _list(data, ring, source, people, rows // len(names), month, salt=10 + place)


def hardship(monitoring: Monitoring) -> list[Indicator]:
    """The five indicators of hardship."""
    return [one for one in monitoring.indicators.values() if one.direction == "hardship"]


def _population(data: Path, ring: KeyRing, monitoring: Monitoring, people: int, month: Month) -> None:
    source = monitoring.population
    schema = rows_schema(source, ring)
    groups = pa.array(list(source.columns["group"].choices), pa.string())
    folder = data / "lists" / source.id / str(month) / "001"
    folder.mkdir(parents=True, exist_ok=True)
    with _writer(folder / "rows.parquet", schema) as target:
        for start in range(0, people, _CHUNK):
            numbers = np.arange(start, min(start + _CHUNK, people), dtype=np.int64)
            home = mixed(numbers, 3) % np.uint64(max(people * 2 // 5, 1))
            columns = {
                "person": tokens(numbers, people),
                "row": pa.array(numbers % (1 << 31), pa.int32()),
                "group": pa.DictionaryArray.from_arrays(
                    (mixed(numbers, 4) % np.uint64(len(groups))).astype(np.int32), groups
                ),
                "place": pa.array(990_000_000_000 + (mixed(home, 5) % np.uint64(900)).astype(np.int64) * 1_000_000),
                "household": pa.array(home.astype(np.int64)).cast(pa.string()),
                "shown": pa.array(["某* 9900**********00"], pa.string()).take(
                    pa.array(np.zeros(len(numbers), np.int32))
                ),
            }
            target.write_table(_table(schema, columns, len(numbers)), row_group_size=_GROUP)
    _receipt(folder, source, month, people)


def _list(data: Path, ring: KeyRing, source: ListSource, people: int, rows: int, month: Month, salt: int) -> None:
    """A list in which nine of ten stood last month too."""
    schema = rows_schema(source, ring)
    folder = data / "lists" / source.id / str(month) / "001"
    folder.mkdir(parents=True, exist_ok=True)
    with _writer(folder / "rows.parquet", schema) as target:
        for start in range(0, rows, _CHUNK):
            numbers = np.arange(start, min(start + _CHUNK, rows), dtype=np.int64)
            new = numbers >= int(rows * _STAYS)
            own = np.where(new, numbers + rows * (1 + MONTH.since(month)), numbers)
            chosen = (mixed(own, salt) % np.uint64(people)).astype(np.int64)
            columns = {"person": tokens(chosen, people), "row": pa.array(numbers + 2, pa.int32())}
            for column in source.columns.values():
                if column.type == "choice":
                    codes = pa.array(list(column.choices), pa.string())
                    columns[column.name] = pa.DictionaryArray.from_arrays(np.zeros(len(numbers), np.int32), codes)
            target.write_table(_table(schema, columns, len(numbers)), row_group_size=_GROUP)
    _receipt(folder, source, month, rows)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    encoded = [name for name in schema.names if name not in {"person", "row"}]
    return pq.ParquetWriter(path, schema, compression="zstd", compression_level=1, use_dictionary=encoded)


def _table(schema: pa.Schema, columns: dict[str, pa.Array], count: int) -> pa.Table:
    arrays = [columns[one.name] if one.name in columns else pa.nulls(count, one.type) for one in schema]
    return pa.table(arrays, schema=schema)


def _receipt(folder: Path, source: ListSource, month: Month, rows: int) -> None:
    about = f"{source.id}/{month}/{rows}"
    made = Receipt(
        source=source.id, title=source.title, pack="generated", period=month, number=1, received_at="2026-10-01T00:00:00+08:00",
        by="generated", file="generated", sha256=hashlib.sha256(about.encode()).hexdigest(), rows=rows, accepted=rows,
        rejected={}, profile={}, against={}, state=State.ACCEPTED,
    )  # fmt: skip
    (folder / "receipt.json").write_bytes(made.to_json())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True, help="of the five lists of a month together")
    parser.add_argument("--months", type=int, default=1)
    options = parser.parse_args()
    write(options.data, keys_for(options.keys, options.data), options.people, options.rows, options.months)


if __name__ == "__main__":
    main()
