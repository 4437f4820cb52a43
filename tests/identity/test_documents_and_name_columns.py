"""Documents other than the identity card, and names in columns."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhikun.identity import (
    DocumentKind,
    IdFault,
    check_documents,
    document_kind,
    document_title,
    normalise_name,
    normalise_names,
    without_title,
)

PASSPORT, REGISTER = DocumentKind.PASSPORT, DocumentKind.HOUSEHOLD_REGISTER


def one(text, kind):
    checked = check_documents(pa.array([text], pa.string()), kind)
    return checked.numbers[0].as_py(), IdFault(checked.fault[0])


@pytest.mark.parametrize(
    ("written", "kind", "number"),
    [
        (" e12345678 ", PASSPORT, "E12345678"),
        ("Ｅ１２３４５６７８", PASSPORT, "E12345678"),
        ("E-1234-5678", PASSPORT, "E12345678"),
        ("'E12345678\u200b", PASSPORT, "E12345678"),
        ("H0123456700", DocumentKind.HK_MACAO_PERMIT, "H0123456700"),
        ("H01234567（00）", DocumentKind.HK_MACAO_PERMIT, "H0123456700"),
        ("01234567", DocumentKind.TAIWAN_PERMIT, "01234567"),
        ("012345678—3", REGISTER, "012345678-3"),
        ("012345678 － 3", REGISTER, "012345678-3"),
        ("012345678/3", REGISTER, "012345678-3"),
        ("固户0123-2", REGISTER, "固户0123-2"),
    ],
)
def test_other_documents_lose_noise_only(written, kind, number):
    assert one(written, kind) == (number, IdFault.NONE)


def test_a_page_of_a_register_is_not_run_into_its_number():
    assert one("12-3", REGISTER)[0] != one("1-23", REGISTER)[0]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        (None, IdFault.BLANK),
        ("  ", IdFault.BLANK),
        ("--", IdFault.BLANK),
        ("1.2E+11", IdFault.ROUNDED),
        ("1E+11", IdFault.ROUNDED),
        ("E123，E456", IdFault.CHARACTERS),
    ],
)
def test_what_cannot_stand_is_null_with_its_reason(written, fault):
    assert one(written, PASSPORT) == (None, fault)


def test_identity_numbers_are_checked_in_full():
    assert one("11010519491231002x", DocumentKind.RESIDENT) == ("11010519491231002X", IdFault.NONE)
    assert one("110105194912310021", DocumentKind.RESIDENT) == (None, IdFault.CHECK)


def test_kinds_as_departments_write_them():
    assert document_kind("居民 身份证") is DocumentKind.RESIDENT
    assert document_kind("台胞证") is DocumentKind.TAIWAN_PERMIT
    assert document_kind("军官证") is None, "asked about, never guessed"
    assert all(document_title(kind) for kind in DocumentKind)


@pytest.mark.parametrize("dot", "·•・‧∙⋅●．｡。.﹒᛫ㆍ･˙\u0387\u25e6\u2218\u2981\u2e31\ua78f\U00010101")
def test_every_middle_dot_in_a_column(dot):
    assert normalise_names(pa.array([f"阿卜杜拉 {dot} 买买提"])).to_pylist() == ["阿卜杜拉·买买提"]


@pytest.mark.parametrize(
    ("written", "name"),
    [("M ．买买提", "M·买买提"), ("𠮷•Ａli", "𠮷·Ali"), ("J. Smith", "J. Smith"), ("张三 A", "张三 A")],
)
def test_dots_between_letters_and_characters(written, name):
    assert normalise_name(written) == name


NAMES = st.text(st.sampled_from("张三𠮷\ufa0c葛\U000e0100· •。.　 ＡaB\u200b(（已故)）先生女士同志"), max_size=8)


@given(st.lists(st.none() | NAMES, max_size=30), st.booleans())
def test_a_column_is_its_names_one_by_one(names, titles):
    wanted = [None if n is None else normalise_name(n) for n in names]
    wanted = [n if n is None or not titles else without_title(n) for n in wanted]
    column = pa.chunked_array([pa.array(names[:5], pa.string()), pa.array(names[5:], pa.string())])
    assert normalise_names(column, titles=titles).to_pylist() == wanted


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("李四光（已故）", "李四光"),
        ("李四光(户主)", "李四光"),
        ("李四光【长子】（在外）", "李四光"),
        ("欧阳娜娜女士", "欧阳娜娜"),
        ("张三先生（户主）", "张三"),
        ("王同志", "王同志"),
        ("李先生", "李先生"),
        ("（户主）", "（户主）"),
        ("𠮷野女士", "𠮷野"),
        ("张三", "张三"),
    ],
)
def test_titles_and_notes_behind_a_name(written, name):
    assert without_title(written) == name
    assert normalise_names(pa.array([written]), titles=True).to_pylist() == [name]
    assert normalise_names(pa.array([written])).to_pylist() == [written]
