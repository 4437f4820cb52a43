"""Spark local[2]: the kernel carried by tasks against the same rules as one SQL query; one session, in turn.

python bench/spark.py FACTS OUT ROUNDS
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

from both import BUILD
from measured import plan_of, sources

from zhikun.engine.cluster.spark import assess_on_spark

PARTITIONS = 8


def session() -> Any:
    """A quiet local session with two tasks at a time."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession  # noqa: PLC0415 - the environment variables come first

    made = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", "6g").config("spark.sql.shuffle.partitions", PARTITIONS)
        .getOrCreate()
    )  # fmt: skip
    made.sparkContext.setLogLevel("ERROR")
    logging.getLogger("py4j").setLevel(logging.ERROR)
    return made


def main() -> None:
    facts, out, rounds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    spark, plan, files = session(), plan_of(), sources(facts)
    query = (BUILD / "peers" / "rules.sql").read_text(encoding="utf-8")
    for entity, path in files.items():
        spark.read.parquet(str(path)).createOrReplaceTempView(entity)
    seconds: dict[str, list[float]] = {"kernel": [], "sql": []}
    for number in range(rounds + 1):
        for name, measured in seconds.items():
            start = time.perf_counter()
            frame = spark.sql(query) if name == "sql" else assess_on_spark(spark, plan, files)
            frame.write.mode("overwrite").parquet(str(out / name))
            spent = time.perf_counter() - start
            print(f"  {number or 'warm-up'}  Spark {name}: {spent:.2f} s", flush=True)
            if number:
                measured.append(spent)
    spark.stop()
    print(json.dumps({"seconds": sum(seconds["kernel"]), **seconds}))


if __name__ == "__main__":
    main()
