"""What a list is narrowed down to: read from an address or refused, the same in DuckDB as by hand, and told in words."""

from fractions import Fraction

import duckdb
import pyarrow as pa
import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from zhikun.assessments.naming import words
from zhikun.assessments.wanted import Causes, Lack, Lacking, Term, Unreadable, Wanted, kinds, read, term
from zhikun.registry.vocabulary import pack_in_force

TYPES = {
    "household": "VARCHAR", "illness": "DOUBLE", "study": "DOUBLE", "level": "VARCHAR", "poor": "BOOLEAN",
    "needs": "VARCHAR[]", "needs__undetermined": "VARCHAR[]", "on_day": "DATE", "_rank_county": "INTEGER",
    "_index": "DOUBLE", "_category": "VARCHAR", "_flags": "VARCHAR[]", "_missing": "VARCHAR[]", "_area": "BIGINT",
    "_undetermined": "BOOLEAN",
}  # fmt: skip
CAUSES = ("illness", "study")
KNOWN = kinds(TYPES)
SCORES = st.sampled_from([None, 0.0, 0.5, 1.0, 1.5, 2.0, 5.0, -1.0, 0.1, 123456789012.123456])
CODES = ["2", "true", "-", "illness", "none", "a.b-c", "O'Neil", '"', "; DROP TABLE x"]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "illness": SCORES, "study": SCORES, "level": st.sampled_from([None, *CODES]),
            "poor": st.sampled_from([None, True, False]),
            "needs": st.none() | st.lists(st.sampled_from(CODES), max_size=3), "_rank_county": st.none() | st.integers(1, 9),
        }
    ),
    max_size=6,
)  # fmt: skip
SCHEMA = pa.schema(
    [
        ("illness", pa.float64()), ("study", pa.float64()), ("level", pa.string()), ("poor", pa.bool_()),
        ("needs", pa.list_(pa.string())), ("_rank_county", pa.int32()),
    ]
)  # fmt: skip
NAMES = st.sampled_from([*SCHEMA.names, "causes(2)", "causes(0.5)", "household", "_area", "unknown", "1=1 OR illness"])
VALUES = st.sampled_from([*CODES, "0", "1.5", "2.0", "-1", "0.1", "123456789012.123456", "false", "NULL", "1e9", "nan"])
TERMS = st.builds("{}{}{}".format, NAMES, st.sampled_from(["=", ">=", "<"]), VALUES)
LACKED = st.builds(
    "lacks({}){}".format,
    st.lists(
        st.builds("{}{}".format, TERMS, st.sampled_from(["", "*2", "*1/3", "*0", "*999999/7"])), min_size=1, max_size=4
    ).map(";".join),
    st.sampled_from([">=2", "<1/3", "~2", "=-", "=2", ">=-", "<999999"]),
)
TEXTS = st.builds(
    "{}{}{}".format, NAMES, st.sampled_from(["=", ">=", "<", "~", "<>", " IS "]), VALUES | st.text(max_size=9)
)


def known(one, row):
    return row[one.name] is not None


def by_hand(one, row):
    """What a person would say of one row; unknown fulfils nothing."""
    if isinstance(one, Causes):
        scores = [row[name] for name in CAUSES]
        if None in scores:
            return one.number is None
        count, number = sum(score >= one.at for score in scores), one.number
        return number is not None and {"=": count == number, ">=": count >= number, "<": count < number}[one.relation]
    if isinstance(one, Lacking):
        sure = sum(each.weight for each in one.lacks if known(each.term, row) and by_hand(each.term, row))
        most = sum(each.weight for each in one.lacks if not known(each.term, row) or by_hand(each.term, row))
        open_ = not all(known(each.term, row) for each in one.lacks)
        return {">=": sure >= one.cutoff, "<": most < one.cutoff, "~": sure < one.cutoff <= most, "=": open_}[
            one.relation
        ]
    value = row[one.name]
    if value is None or one.value is None:
        return value is None and one.value is None
    if one.relation == "~":
        return one.value in value
    return {"=": lambda: value == one.value, ">=": lambda: value >= one.value, "<": lambda: value < one.value}[
        one.relation
    ]()


@settings(max_examples=400)
@given(TEXTS | LACKED | st.text(max_size=40), ROWS)
def test_any_text_is_refused_or_a_filter_that_says_what_one_would_say_by_hand(text, rows):
    try:
        one = term(text, KNOWN, CAUSES)
    except Unreadable:
        return
    assert term(one.text, KNOWN, CAUSES) == one
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    found = (
        duckdb.connect().from_arrow(table).filter(Wanted(terms=(one,)).condition(CAUSES)).to_arrow_table().to_pylist()
    )
    assert found == [row for row in rows if by_hand(one, row)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("illness>=2", Term("illness", ">=", 2.0)),
        ("illness=-", Term("illness", "=", None)),
        ("level=2", Term("level", "=", "2")),
        ("level=true", Term("level", "=", "true")),
        ("poor=true", Term("poor", "=", True)),
        ("needs~2", Term("needs", "~", "2")),
        ("needs__undetermined~work", Term("needs__undetermined", "~", "work")),
        ("_rank_county<11", Term("_rank_county", "<", 11.0)),
        ("on_day>=2026-02-01", Term("on_day", ">=", "2026-02-01")),
        ("causes(0.5)>=3", Causes(0.5, ">=", 3)),
        ("causes(2)=-", Causes(2.0, "=", None)),
        (
            "lacks(illness>=2;poor=true*1/3)>=4/3",
            Lacking(
                (Lack(Term("illness", ">=", 2.0)), Lack(Term("poor", "=", True), Fraction(1, 3))), ">=", Fraction(4, 3)
            ),
        ),
        ("lacks(illness<2)=-", Lacking((Lack(Term("illness", "<", 2.0)),), "=")),
    ],
)
def test_a_term_is_read_as_its_column_is(text, told):
    assert term(text, KNOWN, CAUSES) == told
    assert told.text == text


@pytest.mark.parametrize(
    "text",
    [
        "", "illness", "nothing>=2", "level>=2", "level~a", "illness~2", "illness=true", "illness>=-", "illness=1e3",
        "illness=2 ", "illness=２", "illness=2\n", "poor=1", "needs=work", "on_day=2026-02-30", "causes(2)>=-", "causes(x)=1",
        "household=1", "_area=640402103200", "_category=2", "level=a'b", "level=a b", "level=640402196805120011",
        "illness>=0.0000001", "lacks(illness>=2;level=2)>=1", "lacks(illness=-)>=1", "lacks()>=1", "lacks(illness>=2)>=0",
        "lacks(illness>=2*1/999983;study>=2*1/999979;illness<9*1/999961;study<9*1/999959)>=1", "level=" + "a" * 81,
    ],
)  # fmt: skip
def test_what_a_run_cannot_answer_is_refused(text):
    with pytest.raises(Unreadable):
        term(text, KNOWN, CAUSES)


def test_a_pack_without_causes_counts_none():
    with pytest.raises(Unreadable):
        term("causes(2)=0", KNOWN, ())


def test_an_address_is_read_back_whole():
    wanted = Wanted(
        "2", "*", "member.health", True, (Term("illness", "=", 0.5), Causes(2.0, "=", 2), Term("level", "=", "2"))
    )
    query = QueryDict(mutable=True)
    for name, value in wanted.query():
        query.appendlist(name, value)
    assert read(query, TYPES, CAUSES) == wanted
    query.appendlist("which", "illness=0.5")
    assert read(query, TYPES, CAUSES) == wanted


@pytest.mark.parametrize(
    "query",
    ["category=x'y", "flag=a b", "missing=health", "missing=member.health;", "which=", "which=illness>=2&which=nothing=1",
     "missing=member.a110101199001011234", "&".join(f"which=illness={n}" for n in range(21))],
)  # fmt: skip
def test_an_address_with_one_bad_condition_is_refused_whole(query):
    with pytest.raises(Unreadable):
        read(QueryDict(query), TYPES, CAUSES)


def test_each_condition_is_told_in_words():
    terms = (
        Term("illness", ">=", 2.0), Term("illness", "=", None), Term("main_cause", "=", "illness"), Term("needs", "~", "housing"),
        Term("needs__undetermined", "~", "housing"), Causes(2.0, "=", 3), Causes(0.5, ">=", 2), Causes(2.0, "=", None),
        Lacking((Lack(Term("illness", ">=", 2.0)), Lack(Term("housing", ">=", 2.0), Fraction(1, 3))), ">=", Fraction(4, 3)),
        Term("_rank_county", "<", 11.0), Term("_index", ">=", 20.5), Term("health_cause", "=", True),
    )  # fmt: skip
    wanted = Wanted("several_needs", "health_mismatch", "member.health", True, terms)
    told = words(wanted, pack_in_force())
    assert told[:2] == ["类别：多元需求（个案会商）", "须由人确认：自述健康与登记健康不一致"]
    assert told[2].startswith("还缺的情况：")
    assert told[3:15] == [
        "只看尚不能确定", "因病 ≥ 2 分", "因病：尚不能确定", "主要致困原因：因病", "认定的致困原因：因房",
        "认定的致困原因：因房（尚不能确定）", "2 分及以上的致困原因恰为 3 类", "0.5 分及以上的致困原因不少于 2 类",
        "2 分及以上的致困原因有几类，尚不能确定",
        "多维贫困：以下指标被剥夺的权数合计达到 4/3（因病 ≥ 2 分；因房 ≥ 2 分，权数 1/3）", "全县（区）困难排序 < 11", "困难指数 ≥ 20.5 分",
    ]  # fmt: skip
    assert told[15].endswith("：是")
    assert words(Wanted(), pack_in_force()) == []
