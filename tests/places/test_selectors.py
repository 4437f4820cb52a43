"""What others ask about areas: whole names, what an officer may choose, what an old code stands for today."""

from datetime import date

import pytest
from tests.places.files import COUNTY, written

from zhikun.places import codes, selectors
from zhikun.places.models import Area, AreaChange, AreaRange
from zhikun.places.services.areas import import_areas, import_shipped

ON = date(2026, 11, 1)
SHIZHUANG = 640402103221


@pytest.fixture
def county(db, tmp_path):
    import_areas(written(tmp_path, COUNTY), acting_officer=None, on=ON)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("64", 640000000000), (" 640402 ", 640402000000), ("640402103", 640402103000), ("640402103221", SHIZHUANG),
        ("", None), ("6", None), ("64040", None), ("6404021032", None), ("064040", None), ("64040a", None),
        ("６４", None), ("-64040", None),
    ],
)  # fmt: skip
def test_codes_as_people_write_them(text, code):
    assert codes.read_code(text) == code


def test_a_township_of_a_city_without_counties_hangs_on_the_city():
    assert codes.above(441900003000) == [440000000000, 441900000000]
    assert codes.level_of(441900000000) == 2
    assert [codes.short(one) for one in (640000000000, 640400000000, SHIZHUANG)] == ["64", "6404", "640402103221"]


def test_the_smallest_area_that_contains_all():
    assert codes.common([SHIZHUANG]) == SHIZHUANG
    assert codes.common([SHIZHUANG, 640402103200]) == 640402103000
    assert codes.common([SHIZHUANG, 640402000000]) == 640402000000
    assert codes.common([SHIZHUANG, 110000000000]) is None
    assert codes.common([]) is None


def test_whole_names_of_a_list_take_one_query(county, django_assert_num_queries):
    with django_assert_num_queries(1):
        names = selectors.full_names([SHIZHUANG, 640402103000, 640402100200, 999999999999])
    assert names == {
        SHIZHUANG: "宁夏回族自治区固原市原州区官厅镇石庄村",
        640402103000: "宁夏回族自治区固原市原州区官厅镇",
        640402100200: "宁夏回族自治区固原市原州区三营镇三营村",
    }
    assert selectors.full_name(999999999999) == ""
    assert selectors.short_names([SHIZHUANG, 640402000000]) == {SHIZHUANG: "官厅镇石庄村", 640402000000: "原州区"}
    assert [area.name for area in selectors.ancestors(SHIZHUANG)] == ["宁夏回族自治区", "固原市", "原州区", "官厅镇"]


def test_levels_that_nobody_says_are_left_out_of_names(db):
    for code, name in ((110000000000, "北京市"), (110100000000, "市辖区"), (110101000000, "东城区")):
        Area.objects.create(code=code, name=name, level=codes.level_of(code))
    assert selectors.full_name(110101000000) == "北京市东城区"


def test_a_picker_offers_what_is_in_reach_and_what_leads_there(county):
    reach = [AreaRange(640402103000, 640402103999)]
    at = [None, 640000000000, 640400000000, 640402000000, 640402103000]
    offered = [[choice.name for choice in selectors.picker(reach, code, ON)] for code in at]
    assert offered == [["宁夏回族自治区"], ["固原市"], ["原州区"], ["官厅镇"], ["官厅村委会", "石庄村委会"]]
    assert selectors.picker(reach, 640402100000, ON) == []
    assert [c.has_children for c in selectors.picker(reach, 640402103000, ON)] == [False, False]


def test_a_picker_without_reach_offers_nothing(county):
    assert selectors.picker([], None, ON) == []
    assert selectors.top([]) == []


def test_a_picker_leaves_out_what_has_ended(county, tmp_path):
    Area.objects.filter(pk=SHIZHUANG).update(valid_until=ON)
    reach = [AreaRange(640402000000, 640402999999)]
    assert [c.name for c in selectors.picker(reach, 640402103000, ON)] == ["官厅村委会"]


def test_the_widest_areas_of_a_reach(county):
    reach = [Area.objects.get(pk=code).range for code in (640402103000, SHIZHUANG, 640402100000)]
    assert [area.name for area in selectors.top(reach)] == ["三营镇", "官厅镇"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("石庄村", ["石庄村委会"]),
        ("官厅", ["官厅镇", "官厅村委会"]),
        ("640402103", ["官厅镇", "官厅村委会", "石庄村委会"]),
        ("0", []),
        ("  ", []),
        ("%", []),
        ("6404021032210", []),
    ],
)
def test_search(county, text, names):
    assert [area.name for area in selectors.found(text)] == names


def test_old_names_and_codes_find_what_they_became(db):
    import_shipped()
    assert [area.name for area in selectors.found("固原县")] == ["原州区"]
    assert [area.name for area in selectors.found("642221")] == ["原州区"]
    assert [area.name for area in selectors.found("新区街道")] == ["古雁街道"]


def test_old_codes_are_followed_through_every_change(db):
    import_shipped()

    def stands_for(code, on=ON):
        return [area.code for area in selectors.current_of(code, on)]

    assert stands_for(642221000000) == [640402000000]
    assert stands_for(642222000000) == [640522000000]
    assert stands_for(642222000000, date(2002, 1, 1)) == [640421000000]
    assert stands_for(640402002000) == [640402002000]
    assert stands_for(SHIZHUANG) == [SHIZHUANG]
    assert stands_for(999999000000) == []


def test_a_split_stands_for_all_its_parts_and_a_circle_ends(county):
    split, recoded = AreaChange.Kind.SPLIT, AreaChange.Kind.RECODED

    def change(old, new, kind, on):
        AreaChange.objects.create(old=old, old_name="旧", new_id=new, kind=kind, on=on, source="文件")

    change(SHIZHUANG, 640402103200, split, date(2026, 1, 1))
    assert [area.code for area in selectors.current_of(SHIZHUANG, ON)] == [640402103200, SHIZHUANG]
    change(640402103200, 640402100200, recoded, date(2025, 1, 1))  # before the split: another story
    assert [area.code for area in selectors.current_of(SHIZHUANG, ON)] == [640402103200, SHIZHUANG]
    change(640402100200, 640402103200, recoded, date(2025, 1, 1))
    assert selectors.current_of(640402100200, ON) == []


def test_history_tells_both_ends(db, tmp_path):
    import_shipped()
    assert [(one.old_name, one.new.name) for one in selectors.history(640421000000)] == [
        ("海原县", "海原县"),
        ("海原县", "海原县"),
    ]
    assert "国函〔2001〕80号" in selectors.history(640402000000)[0].source
