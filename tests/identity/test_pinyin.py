"""People are found as officers type them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhikun.identity.pinyin import QueryKind, as_query, search_keys
from zhikun.identity.surnames import DOUBLE, GIVEN, SINGLE, SYLLABLES

LETTERS = set("abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize(
    ("name", "first", "also"),
    [
        ("张三", "zhangsan", ()),
        ("单立人", "shanliren", ("danliren",)),
        ("解晓东", "xiexiaodong", ("jiexiaodong",)),
        ("曾国藩", "zengguofan", ("cengguofan",)),
        ("仇和", "qiuhe", ("chouhe",)),
        ("尉迟恭", "yuchigong", ("weichigong",)),
        ("区志强", "ouzhiqiang", ("quzhiqiang",)),
        ("查良镛", "zhaliangyong", ("chaliangyong",)),
        ("盖叫天", "gejiaotian", ("gaijiaotian",)),
        ("朴正熙", "piaozhengxi", ("puzhengxi",)),
        ("任盈盈", "renyingying", ()),
        ("华罗庚", "hualuogeng", ()),
        ("缪荃孙", "miaoquansun", ("mouquansun",)),
        ("覃塘", "qintang", ("tantang",)),
        ("长孙无忌", "zhangsunwuji", ()),
        ("欧阳修", "ouyangxiu", ()),
        ("令狐冲", "linghuchong", ()),
        ("皇甫端", "huangfuduan", ("huangpuduan",)),
        ("吕布", "lvbu", ()),
        ("张乐", "zhangle", ("zhangyue",)),
        ("冼星海", "xianxinghai", ()),
        ("王略", "wanglve", ("wanglue",)),
    ],
)
def test_names_are_read_as_people_read_them(name, first, also):
    full = search_keys(name).full
    assert full[0] == first
    assert set(also) <= set(full)


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("单立人", ("slr", "dlr")),
        ("尉迟恭", ("ycg", "wcg")),
        ("欧阳娜娜", ("oynn",)),
        ("张三", ("zs",)),
        ("曾三", ("zs", "cs")),
    ],
)
def test_initials_are_those_of_every_reading(name, initials):
    assert search_keys(name).initials == initials


@pytest.mark.parametrize("name", ["买买提·艾力", "买买提•艾力", "买买提．艾力", "买买提 · 艾力"])
def test_names_with_dots_are_one_word(name):
    assert search_keys(name).full == ("maimaitiaili",)
    assert search_keys(name).initials == ("mmtal",)


def test_a_surname_is_read_as_one_only_where_there_is_one():
    assert search_keys("张单").full[0] == "zhangdan"
    assert search_keys("阿卜杜拉").full[0] == "abudula"
    assert search_keys("卜算").full == ("busuan",)
    assert search_keys("单巴·扎西").full[0].startswith("dan")


def test_latin_letters_stand_for_themselves():
    assert search_keys("John Smith").full == ("johnsmith",)
    assert search_keys("John Smith").initials == ("js",)
    assert search_keys("M·买买提").full == ("mmaimaiti",)
    assert search_keys("José").full == ("jose",)


@pytest.mark.parametrize("rare", ["\ue815", "\U0002fa1f", "\U00032fff"])
def test_a_character_that_no_table_reads_does_not_hide_the_rest(rare):
    assert search_keys(f"王{rare}明").full == ("wangming",)
    assert search_keys(f"王{rare}明").initials == ("wm",)


@pytest.mark.parametrize("text", ["", " ", "·", "123", "\ue815\ue816", "🙂"])
def test_what_has_no_reading_has_no_keys(text):
    assert search_keys(text) == search_keys("")
    assert search_keys(text).full == ()


def test_a_variation_of_a_character_is_read_like_the_character():
    assert search_keys("葛\U000e0100城") == search_keys("葛城")


def test_names_with_many_readings_keep_the_usual_one_and_stay_few():
    keys = search_keys("单乐长朝行重")
    assert keys.full[0].startswith("shanle")
    assert len(keys.full) <= 24


@given(st.text(max_size=12))
def test_keys_are_small_letters_whatever_the_name(name):
    for key in (*search_keys(name).full, *search_keys(name).initials):
        assert key
        assert set(key) <= LETTERS


@given(
    st.text(
        st.sampled_from("王李张刘陈杨赵黄周吴徐孙单解曾仇查覃欧阳尉迟司马长明芳秀英伟强磊洋艳勇杰娟涛超乐行"),
        min_size=2,
        max_size=4,
    )
)
def test_every_key_of_a_chinese_name_is_understood_as_pinyin(name):
    for key in search_keys(name).full:
        assert as_query(key).kind is QueryKind.PINYIN
        assert as_query(key.upper()).value == key


def test_the_tables_hold_syllables_only():
    readings = [reading for table in (SINGLE, GIVEN) for options in table.values() for reading in options]
    readings += [syllable for options in DOUBLE.values() for pair in options for syllable in pair]
    assert set(readings) <= SYLLABLES


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("张三", QueryKind.NAME, "张三"),
        (" 张　三 ", QueryKind.NAME, "张三"),
        ("买买提.艾力", QueryKind.NAME, "买买提·艾力"),
        ("王", QueryKind.NOTHING, ""),
        ("zhangsan", QueryKind.PINYIN, "zhangsan"),
        ("Zhang San", QueryKind.PINYIN, "zhangsan"),
        ("ＺＨＡＮＧ　ＳＡＮ", QueryKind.PINYIN, "zhangsan"),
        ("Zhāng Sān", QueryKind.PINYIN, "zhangsan"),
        ("xi'an", QueryKind.PINYIN, "xian"),
        ("lvbu", QueryKind.PINYIN, "lvbu"),
        ("lübu", QueryKind.PINYIN, "lvbu"),
        ("Lǚ Bù", QueryKind.PINYIN, "lvbu"),
        ("LYU BU", QueryKind.PINYIN, "lvbu"),
        ("lu:bu", QueryKind.PINYIN, "lvbu"),
        ("xvxiang", QueryKind.PINYIN, "xuxiang"),
        ("anyu", QueryKind.PINYIN, "anyu"),
        ("wang", QueryKind.PINYIN, "wang"),
        ("zs", QueryKind.INITIALS, "zs"),
        ("Z S F", QueryKind.INITIALS, "zsf"),
        ("z.s.f.", QueryKind.INITIALS, "zsf"),
        ("John Smith", QueryKind.NAME, "John Smith"),
        ("11010519491231002X", QueryKind.ID_NUMBER, "11010519491231002X"),
        ("11010519491231002x", QueryKind.ID_NUMBER, "11010519491231002X"),
        ("１１０１０５　１９４９１２３１　００２ｘ", QueryKind.ID_NUMBER, "11010519491231002X"),
        ("110105194912310021", QueryKind.ID_NUMBER, "110105194912310021"),
        ("110105491231002", QueryKind.ID_NUMBER, "11010519491231002X"),
        ("640402199901003", QueryKind.HOUSEHOLD_NUMBER, "640402199901003"),
        ("640402.001", QueryKind.HOUSEHOLD_NUMBER, "640402.001"),
        ("H-00017", QueryKind.HOUSEHOLD_NUMBER, "H-00017"),
        ("户００１７", QueryKind.HOUSEHOLD_NUMBER, "户0017"),
        ("\u200b640402 0017\n", QueryKind.HOUSEHOLD_NUMBER, "6404020017"),
        ("", QueryKind.NOTHING, ""),
        ("z", QueryKind.NOTHING, ""),
        ("Әли", QueryKind.NAME, "Әли"),
        ("？！", QueryKind.NOTHING, ""),
        ("张" * 61, QueryKind.NOTHING, ""),
    ],
)
def test_what_a_typed_text_is(text, kind, value):
    found = as_query(text)
    assert (found.kind, found.value) == (kind, value)


def test_what_else_it_may_be_is_told():
    assert [(q.kind, q.value) for q in as_query("wang").every] == [
        (QueryKind.PINYIN, "wang"),
        (QueryKind.INITIALS, "wang"),
        (QueryKind.NAME, "wang"),
    ]
    assert QueryKind.HOUSEHOLD_NUMBER in {q.kind for q in as_query("11010519491231002X").every}
    assert QueryKind.ID_NUMBER in {q.kind for q in as_query("640402199901003").every}
    assert QueryKind.INITIALS not in {q.kind for q in as_query("liu").every}


@given(st.text(max_size=80))
def test_no_text_is_too_odd(text):
    for found in as_query(text).every:
        assert (found.value == "") == (found.kind is QueryKind.NOTHING)


@pytest.mark.parametrize("name", ["张三", "单立人", "欧阳修", "买买提·艾力", "Maria Lopez", "吕略"])
def test_a_person_is_found_by_each_of_their_keys(name):
    keys = search_keys(name)
    for key in keys.full:
        assert key in {q.value for q in as_query(key).every if q.kind is QueryKind.PINYIN}
    for key in keys.initials:
        assert key in {q.value for q in as_query(key).every if q.kind is QueryKind.INITIALS}
    assert as_query(name).value == name


def test_the_tables_are_loaded_only_when_a_name_is_read():
    code = "import sys, zhikun.identity.pinyin as p; p.as_query('zhangsan'); sys.exit('pypinyin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
