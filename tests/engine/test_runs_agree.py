"""One rule text, many runs: alone, in blocks, in threads, from files, on Spark. Every value, rank and gap is the same bit for bit."""

import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engine import facts
from tests.engine.county import county, write
from tests.engine.small import fact, plan_of, ranking, rule
from tests.packs import RULED

from zhikun.engine.run import FactsError, assess, assess_files, missing_facts
from zhikun.engine.run import files as files_module


def bits(table, *leave_out):
    """A table as lists: numbers by their bits, NULL as None."""
    found = {}
    for name in table.column_names:
        if name not in leave_out:
            column = table.column(name).to_pylist()
            found[name] = [value.hex() if isinstance(value, float) else value for value in column]
    return found


def all_bits(results):
    return {entity: bits(table) for entity, table in results.tables.items()}


@pytest.fixture(scope="module")
def taoyuan():
    return county("taoyuan")


@pytest.mark.parametrize("name", RULED)
def test_blocks_and_threads_do_not_show(name):
    plan, tables = county(name)
    whole = all_bits(assess(plan, tables, threads=1))
    for block, threads in ((1, 1), (7, 2), (59, 4), (60, 1), (61, 2)):
        assert all_bits(assess(plan, tables, block=block, threads=threads)) == whole


@pytest.mark.parametrize("name", RULED)
def test_a_household_alone_gets_what_it_gets_among_others(name):
    plan, tables = county(name, 20)
    among = assess(plan, tables).tables
    ranks = [step.ranking.name for step in plan.rankings]
    for household in tables["household"].column("household").to_pylist():
        own = {entity: _only(table, household) for entity, table in tables.items()}
        alone = assess(plan, own, threads=1).tables
        for entity, table in among.items():
            assert bits(alone[entity], *ranks) == bits(_only(table, household), *ranks)


def _only(table, household):
    return table.filter(pa.compute.equal(table.column("household"), household))


def test_a_value_does_not_depend_on_the_empty_households_around_it():
    # A household without members after, before and between households with members.
    plan = plan_of(
        fact("member.x"), rule("s", "SUM(member.x)"), rule("m", "MIN_OF(member.x, -1)"), rule("c", "COUNT(member)")
    )
    sizes = (0, 3, 0, 0, 2, 1, 0)
    rows = [
        {"household": [{}], "member": [{"x": float(n + 1)} for n in range(size)], "supporter": []} for size in sizes
    ]
    table = assess(plan, facts.tables(plan.pack, rows)).tables["household"]
    assert table.column("s").to_pylist() == [0, 6, 0, 0, 3, 1, 0]
    assert table.column("m").to_pylist() == [-1, 1, -1, -1, 1, 1, -1]
    assert table.column("c").to_pylist() == [float(size) for size in sizes]


# --- files


def read(paths):
    tables = {path.stem: pq.read_table(path) for path in paths}
    ranks = tables.pop("ranks", None)
    if ranks is not None:
        assert ranks.column("household").equals(tables["household"].column("household"))
        for name in ranks.column_names[1:]:
            tables["household"] = tables["household"].append_column(name, ranks.column(name))
    return tables


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(files_module, "CHUNK", 13)


def check_files(plan, tables, sources, out, **more):
    memory = assess(plan, tables).tables
    written = read(assess_files(plan, sources, out, entities=tuple(memory), **more))
    for entity, table in memory.items():
        assert bits(written[entity], "row") == bits(table, "row"), entity


@pytest.mark.parametrize("name", RULED)
def test_files_say_what_memory_says(name, tmp_path, small_chunks):
    plan, tables = county(name)
    check_files(plan, tables, write(tables, tmp_path / "facts", row_group_size=9), tmp_path / "out", block=5, threads=2)


def test_one_chunk_and_many_write_the_same(taoyuan, tmp_path, monkeypatch):
    plan, tables = taoyuan
    sources = write(tables, tmp_path / "facts")
    check_files(plan, tables, sources, tmp_path / "one")
    monkeypatch.setattr(files_module, "CHUNK", 1)
    check_files(plan, tables, sources, tmp_path / "many", block=1, threads=4)


def shuffled(tables, seed=5):
    """Households in another order, and the rows of each entity scattered; the rows of one household keep their order."""
    draw = random.Random(seed)
    found = {}
    for entity, table in tables.items():
        owners = table.column("household").to_pylist()
        places = list(range(len(owners)))
        draw.shuffle(places)
        turn = {}
        for place in sorted(places):
            turn.setdefault(owners[place], []).append(place)
        found[entity] = table.take(pa.array([turn[owners[place]].pop(0) for place in places], pa.int64()))
    return found


@pytest.mark.parametrize(
    "ids", [None, list(range(100, 160)), [7 * n for n in range(60)], [2**40 - n for n in range(60)]]
)
def test_rows_in_any_order_with_any_ids_say_the_same(ids, tmp_path, small_chunks):
    plan, tables = county("taoyuan", ids=ids)
    mixed = shuffled(tables)
    straight, crossed = (assess(plan, t).tables for t in (tables, mixed))
    for entity, table in straight.items():
        order = [("household", "ascending")] + ([("row", "ascending")] if entity != "household" else [])
        assert bits(crossed[entity].sort_by(order)) == bits(table.sort_by(order))
    check_files(plan, mixed, write(mixed, tmp_path / "facts"), tmp_path / "out")
    half = tables | {"member": mixed["member"]}
    check_files(plan, half, write(half, tmp_path / "half"), tmp_path / "out2")


def test_missing_entities_and_missing_columns_are_nobody_and_unknown(taoyuan, tmp_path):
    plan, tables = taoyuan
    bare = {"household": tables["household"].select(["household"])}
    without = {entity: table.slice(0, 0) for entity, table in tables.items()} | bare
    assert all_bits(assess(plan, bare)) == all_bits(assess(plan, without))
    check_files(plan, bare, write(bare, tmp_path / "facts"), tmp_path / "out")


def test_no_households_at_all_is_an_empty_result(taoyuan):
    plan, tables = taoyuan
    results = assess(plan, {entity: table.slice(0, 0) for entity, table in tables.items()})
    assert all(table.num_rows == 0 for table in results.tables.values())
    assert set(results.tables["household"].column_names) == set(assess(plan, tables).tables["household"].column_names)


def test_no_households_in_the_files_is_an_empty_file_of_results(taoyuan, tmp_path):
    plan, tables = taoyuan
    empty = {entity: table.slice(0, 0) for entity, table in tables.items()}
    check_files(plan, empty, write(empty, tmp_path / "facts"), tmp_path / "out")


def test_numbered_rows_keep_their_numbers():
    # Whoever answers for member 1 must be asked about member 1, in whatever order the rows came.
    plan = plan_of(fact("member.x"), rule("member.y", "x + 1"), rule("s", "SUM(member.x)"))
    members = {
        "household": ["B", "A", "B", "A"],
        "row": pa.array([2, 2, 1, 1], pa.int32()),
        "x": [20.0, 2.0, None, 1.0],
    }
    tables = {"household": pa.table({"household": ["A", "B"]}), "member": pa.table(members)}
    found = assess(plan, tables).tables["member"].to_pylist()
    assert [(row["household"], row["row"], row["y"]) for row in found] == [
        ("A", 1, 2),
        ("A", 2, 3),
        ("B", 1, None),
        ("B", 2, 21),
    ]
    assert [(row["household"], row["row"]) for row in missing_facts(plan, tables, ["s"]).to_pylist()] == [("B", 1)]
    contiguous = {"household": ["A", "A"], "row": pa.array([2, 1], pa.int32()), "x": [2.0, 1.0]}
    tables = {"household": pa.table({"household": ["A"]}), "member": pa.table(contiguous)}
    assert assess(plan, tables).tables["member"].column("y").to_pylist() == [2, 3]


@pytest.mark.parametrize(
    ("type_", "column"),
    [("number", ["x"]), ("boolean", ["maybe"]), ("choices", ["x"]), ("choices", [["x", None]]), ("date", [True])],
)
def test_a_column_of_another_type_names_the_fact(type_, column):
    more = {"choices": "x y"} if type_ == "choices" else {}
    use = {"number": "a > 0", "boolean": "a", "choices": "HAS(a, 'x')", "date": "KNOWN(a)"}[type_]
    plan = plan_of(fact("a", type_, **more), rule("r", use, "boolean"))
    with pytest.raises(FactsError, match="a的名称"):
        assess(plan, {"household": pa.table({"household": ["A"], "a": column})})


def test_codes_and_places_may_come_dictionary_encoded(taoyuan, tmp_path):
    plan, tables = taoyuan
    coded = {}
    for entity, table in tables.items():
        columns = {n: table.column(n) for n in table.column_names}
        textual = [f.name for f in plan.pack.facts_of(entity) if f.type in ("choice", "place")]
        columns |= {n: pa.chunked_array([columns[n].combine_chunks().dictionary_encode()]) for n in textual}
        coded[entity] = pa.table(columns)
    assert all_bits(assess(plan, coded)) == all_bits(assess(plan, tables))
    pieces = {e: pa.concat_tables([t.slice(0, 11), t.slice(11)], promote_options="default") for e, t in coded.items()}
    assert all_bits(assess(plan, pieces)) == all_bits(assess(plan, tables))


def test_a_household_twice_is_refused(taoyuan, tmp_path):
    plan, tables = taoyuan
    twice = tables | {"household": pa.concat_tables([tables["household"], tables["household"].slice(3, 1)])}
    with pytest.raises(FactsError, match="重复"):
        assess(plan, twice)
    with pytest.raises(FactsError, match="重复"):
        assess_files(plan, write(twice, tmp_path / "facts"), tmp_path / "out")


@pytest.mark.parametrize("ids", [None, list(range(60))])
def test_a_member_of_a_household_that_is_not_there_is_refused(ids, tmp_path):
    plan, tables = county("taoyuan", ids=ids)
    lost = tables["member"].column("household")[0].as_py()
    there = [household != lost for household in tables["household"].column("household").to_pylist()]
    no_others = {entity: table.slice(0, 0) for entity, table in tables.items()}
    stray = no_others | {"member": tables["member"], "household": tables["household"].filter(there)}
    with pytest.raises(FactsError, match="member"):
        assess(plan, stray)
    with pytest.raises(FactsError, match="户编号"):
        assess_files(plan, write(stray, tmp_path / "facts"), tmp_path / "out")


def test_an_unknown_code_names_household_fact_and_code():
    plan = plan_of(fact("c", "choice", choices="good fair"), rule("r", "c = 'good'", "boolean"))
    tables = {"household": pa.table({"household": ["A", "B"], "c": ["good", "fare"]})}
    with pytest.raises(FactsError, match=r"B.*fare.*fair"):
        assess(plan, tables)


def test_an_unknown_code_nobody_uses_is_no_error():
    plan = plan_of(fact("c", "choice", choices="good fair"), rule("r", "c = 'good'", "boolean"))
    column = pa.DictionaryArray.from_arrays(pa.array([0, None]), pa.array(["good", "old_code"]))
    table = assess(plan, {"household": pa.table({"household": ["A", "B"], "c": column})}).tables["household"]
    assert table.column("r").to_pylist() == [True, None]


@pytest.mark.parametrize("place", ["6404", "64040200x", ""])
def test_a_place_that_is_no_code_is_refused(place):
    plan = plan_of(fact("a"), rule("r", "a"), ranking("rank", [("r", "highest_first")]))
    tables = {"household": pa.table({"household": ["A"], "a": [1.0], "place": [place]})}
    with pytest.raises(FactsError, match="区划"):
        assess(plan, tables)


# --- Spark


@pytest.fixture(scope="module")
def spark():
    import os

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.spark
@pytest.mark.parametrize(("name", "ids"), [("taoyuan", None), ("yuanzhou", list(range(1000, 1060)))])
def test_spark_says_what_memory_says(name, ids, spark, tmp_path):
    from zhikun.engine.cluster.spark import ORDER, assess_on_spark

    plan, tables = county(name, ids=ids)
    memory = assess(plan, tables).tables["household"]
    sources = write(tables, tmp_path / "facts", row_group_size=9)
    frame = assess_on_spark(spark, plan, sources, households_per_task=23)
    found = frame.orderBy(ORDER).drop(ORDER).toArrow()
    assert sorted(found.column_names) == sorted(memory.column_names)
    assert bits(found.select(memory.column_names)) == bits(memory)


@pytest.mark.spark
def test_spark_refuses_files_that_are_not_in_household_order(spark, tmp_path):
    from zhikun.engine.cluster.spark import assess_on_spark

    plan, tables = county("taoyuan", 10)
    mixed = tables | {"member": shuffled(tables)["member"]}
    with pytest.raises(FactsError, match="member 的行没有按家庭表的顺序排好"):
        assess_on_spark(spark, plan, write(mixed, tmp_path / "facts"))


def test_a_person_without_household_is_refused_and_not_given_to_the_household_above(tmp_path):
    """A comparison with null is null: the row after B's would have passed for one more person of B."""
    plan = plan_of(fact("member.wage"), rule("heads", "COUNT(member)"), rule("earned", "SUM(member.wage)"))
    people = pa.table({"household": ["A", "B", None], "wage": [1.0, 2.0, 3.0]})
    tables = {"household": pa.table({"household": ["A", "B"]}), "member": people}
    with pytest.raises(FactsError, match="1 行没有户编号"):
        assess(plan, tables)
    with pytest.raises(FactsError, match="1 行没有户编号"):
        assess_files(plan, write(tables, tmp_path), tmp_path / "out")


def test_people_out_of_order_are_the_same_people_in_memory_and_from_files(tmp_path):
    """Households in order, their people not: person 1 of A earns 10 whichever way the facts came."""
    plan = plan_of(fact("member.wage"), rule("member.twice", "wage * 2"))
    people = pa.table(
        {"household": ["A", "A", "B"], "row": pa.array([2, 1, 1], pa.int32()), "wage": [20.0, 10.0, 30.0]}
    )
    tables = {"household": pa.table({"household": ["A", "B"]}), "member": people}
    assess_files(plan, write(tables, tmp_path), tmp_path / "out", entities=("household", "member"))
    found = pq.read_table(tmp_path / "out" / "member.parquet").select(["household", "row", "twice"]).to_pylist()
    assert found == assess(plan, tables).tables["member"].select(["household", "row", "twice"]).to_pylist()
    assert [row["twice"] for row in found] == [20, 40, 60]
