"""What people see of numbers and names, and how names are compared."""

from __future__ import annotations

import pytest

from zhikun.identity import (
    is_name,
    mask_account,
    mask_id_number,
    mask_id_numbers_in,
    mask_name,
    mask_phone,
    normalise_name,
)


def test_numbers_are_masked():
    assert mask_id_number("11010519491231002X") == "1101************2X"
    assert mask_id_number("990402500101303") == "9904*********03"
    assert mask_phone("13812345678") == "138****5678"
    assert mask_account("6222020200012345678") == "***************5678"


@pytest.mark.parametrize("mask", [mask_id_number, mask_phone, mask_account])
@pytest.mark.parametrize("text", ["", "1", "12", "123", "123456"])
def test_short_numbers_are_never_shown_whole(mask, text):
    shown = mask(text)
    assert len(shown) == len(text)
    assert not text or "*" in shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("欧阳娜娜", "欧***"),
        ("阿卜杜拉·买买提", "阿***·***"),
        ("𠮷野", "𠮷*"),
        ("葛\U000e0100城", "葛\U000e0100*"),
        ("张", "*"),
        ("", ""),
        (" 张三 ", "张*"),
    ],
)
def test_names_are_masked_by_visible_character(name, shown):
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("户 11010519491231002X 重复", "户 1101************2X 重复"),
        ("11010519491231002x", "1101************2x"),
        ("990402500101303，", "9904*********03，"),
        ("110105 19491231 002X", "1101************2X"),
        ("电话 13812345678，村 640402001001", "电话 13812345678，村 640402001001"),
    ],
)
def test_identity_numbers_in_sentences_are_masked(sentence, shown):
    assert mask_id_numbers_in(sentence) == shown


def test_full_width_numbers_in_sentences_are_masked():
    assert "１９４９１２３１" not in mask_id_numbers_in("号码１１０１０５１９４９１２３１００２Ｘ。")


@pytest.mark.parametrize("dot", "·•・‧∙⋅●．｡。.")
def test_every_middle_dot_is_the_same(dot):
    assert normalise_name(f"阿卜杜拉{dot}买买提") == "阿卜杜拉·买买提"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (" 张 三 ", "张三"),
        ("张\u200b三\ufeff", "张三"),
        ("Ａnna  Li", "Anna Li"),
        ("凞", "凞"),
        ("\ufa0c", "\ufa0c"),  # a compatibility ideograph stays: it stands on the card
        ("𠮷野", "𠮷野"),
    ],
)
def test_names_lose_noise_but_no_character(written, name):
    assert normalise_name(written) == name


@pytest.mark.parametrize(
    ("name", "possible"),
    [("张三", True), ("阿卜杜拉·买买提", True), ("𠮷野", True), ("张", False), ("张三2", False), ("张三、李四", False)],
)
def test_what_can_be_a_name(name, possible):
    assert is_name(name) is possible
