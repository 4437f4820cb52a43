"""A month's screening carried by a Spark cluster, equal to the local run in every byte.

    run_month(data, pack, month, inputs, ..., carry=on_spark(session))

The driver cuts the tokens into ranges; each task reads its range of the received files, screens it as the local run would,
and leaves its tables in the month's hidden folder, from where the driver puts them together in order. The data folder must
be at the same path for every worker. Install with `zhikun[spark]` (Java 17).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from zhikun.screening.parts import Carry
from zhikun.screening.persons import Part


def on_spark(session: Any) -> Carry:
    """Parts as the tasks of a Spark session (`SparkSession`), one task each."""

    def carry(one: Callable[[Part], str], parts: Sequence[Part]) -> Sequence[str]:
        found: Sequence[str] = session.sparkContext.parallelize(list(parts), len(parts)).map(one).collect()
        return found

    return carry
