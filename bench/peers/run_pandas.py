"""python run_pandas.py FACTS OUT.parquet: reads, computes, writes; the generated module lies beside this file."""

import json
import sys
import time
from pathlib import Path

from pandas_rules import calculate
from support import read_facts, read_schema, write_results


def main() -> None:
    schema = read_schema(Path(__file__).parent)
    start = time.perf_counter()
    facts = read_facts(Path(sys.argv[1]), schema["facts"])
    ids = facts["household"]["household"]
    household = calculate(facts)
    results = {name: household[name].to_numpy() for name in schema["results"]}
    write_results(Path(sys.argv[2]), ids, results, schema["results"])
    print(json.dumps({"seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
