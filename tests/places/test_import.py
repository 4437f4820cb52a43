"""Areas come in from files: all or nothing, twice is once, nobody is left behind."""

from datetime import date

import pytest
from tests.places.files import CHANGES, COUNTY, written

from zhikun.accounts.models import Organisation
from zhikun.accounts.roles import Right
from zhikun.audit.models import Entry
from zhikun.places.errors import NotAllowed
from zhikun.places.models import Area, AreaChange, AreaRange
from zhikun.places.services.areas import MANAGE, import_areas, import_shipped
from zhikun.tables import Severity

pytestmark = pytest.mark.django_db
ON = date(2026, 11, 1)


def bring(tmp_path, areas="", changes="", **more):
    return import_areas(
        written(tmp_path, areas) if areas else None,
        written(tmp_path, CHANGES + changes, "变更.csv") if changes else None,
        **{"acting_officer": None, "on": ON, **more},
    )


def said(plan, severity=Severity.ERROR):
    return [str(one) for one in plan.messages if one.severity is severity]


class Keeper:
    """An administrator of some areas."""

    pk = None

    def __init__(self, *ranges):
        self.ranges = list(ranges)

    def reach(self, right):
        assert right == Right.AREA_MANAGE
        return self.ranges


def test_the_right_is_the_one_that_administrators_hold():
    assert MANAGE == Right.AREA_MANAGE


def test_a_file_with_short_codes_in_any_order(tmp_path):
    head, *rows = COUNTY.splitlines(keepends=True)
    plan = bring(tmp_path, head + "".join(reversed(rows)))
    assert (len(plan.new), plan.faults) == (8, 0)
    village = Area.objects.get(pk=640402103221)
    assert (village.name, village.level, village.parent_id) == ("石庄村委会", 5, 640402103000)
    assert Area.objects.get(pk=640000000000).parent_id is None


def test_chinese_headings_and_a_workbook(tmp_path):
    import xlsxwriter

    path = tmp_path / "区划.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate((["名称", "区划代码"], ["宁夏", 64], ["固原市", "640400000000"])):
            sheet.write_row(number, 0, row)
    from zhikun.places.services.areas import Source

    assert import_areas(Source(path), acting_officer=None).faults == 0
    assert Area.objects.get(pk=640400000000).parent_id == 640000000000


def test_twice_is_once_and_the_second_time_is_not_on_record(tmp_path):
    bring(tmp_path, COUNTY)
    again = bring(tmp_path, COUNTY)
    assert (again.unchanged, again.does_nothing) == (8, True)
    entry = Entry.objects.get(event="places.areas_imported")
    assert entry.details == {"new": 8, "changed": 0, "ended": 0, "changes": 0}
    assert entry.area == 640000000000


def test_a_dry_run_writes_nothing(tmp_path):
    plan = bring(tmp_path, COUNTY, dry_run=True)
    assert len(plan.new) == 8
    assert not Area.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("64040210,坏乡,,,,,", "“64040210”不是区划代码"),
        ("６４０４,固原市,,,,,", "“６４０４”不是区划代码"),
        ("6.40402E+11,坏区,,,,,", "请把这一列设为文本后重新填写"),
        ("640402103,官厅镇,村,,,,", "写的是“村（社区）”，但代码 640402103 是乡镇（街道）"),
        ("640402104,开城镇,,640422,,,", "上级 640422 与代码 640402104 不符"),
        ("640499001,无县乡,,,,,", "没有上级 640499"),
        ("640402104,,,,,,", "空着"),
        ("640402104,开城镇,,,2020-01-01,2020-01-01,", "停用日期不晚于启用日期"),
        ("640402104,开城镇,,,2020-02-30,,", "“2020-02-30”不是日期"),
        ("640402,原州区,,,,,", "代码 640402 与第 4 行重复"),
    ],
)
def test_a_bad_row_keeps_the_whole_file_out_and_says_where(tmp_path, row, words):
    text = COUNTY if "640402103,官厅镇,村" not in row else COUNTY.replace("640402103,官厅镇,,,,,\n", "")
    plan = bring(tmp_path, text + row + "\n")
    assert any(words in one and f"第 {len(text.splitlines()) + 1} 行" in one for one in said(plan)), said(plan)
    assert not Area.objects.exists()


def test_a_missing_heading_is_named(tmp_path):
    assert "缺少列：区划代码（code）" in said(bring(tmp_path, "代码,名称\n64,宁夏\n"))[0]


def test_a_changed_name_is_said_and_kept_in_the_history(tmp_path):
    bring(tmp_path, COUNTY)
    plan = bring(tmp_path, COUNTY.replace("石庄村委会", "新庄村委会"))
    assert "名称由“石庄村委会”改为“新庄村委会”" in said(plan, Severity.WARNING)[0]
    change = AreaChange.objects.get()
    assert (change.old_name, change.kind, change.on) == ("石庄村委会", "renamed", ON)
    assert Area.objects.get(pk=640402103221).name == "新庄村委会"


def test_a_blank_cell_does_not_revive_an_area(tmp_path):
    bring(tmp_path, COUNTY)
    bring(tmp_path, "code,name,valid_until\n640402103221,石庄村委会,2026-10-01\n")
    bring(tmp_path, COUNTY)
    assert Area.objects.get(pk=640402103221).valid_until == date(2026, 10, 1)


def test_a_merger_ends_the_old_code_and_deletes_nothing(tmp_path):
    bring(tmp_path, COUNTY)
    plan = bring(tmp_path, changes="640402103221,石庄村委会,640402103200,撤并,2026-10-01,原政发〔2026〕1号\n")
    assert plan.faults == 0
    assert Area.objects.get(pk=640402103221).valid_until == date(2026, 10, 1)
    again = bring(tmp_path, changes="640402103221,石庄村委会,640402103200,撤并,2026-10-01,原政发〔2026〕1号\n")
    assert again.does_nothing


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("640402103221,石庄村委会,640402103200,更名,2026-10-01,文件", "更名不改代码"),
        ("640402103221,石庄村委会,640402103221,撤并,2026-10-01,文件", "更名不改代码"),
        ("640402103221,石庄村委会,640402103999,撤并,2026-10-01,文件", "没有现代码 640402103999"),
        ("640402103221,石庄村委会,640402103200,撤并,2026-11-02,文件", "2026-11-02 还没有到"),
        ("640402103221,石庄村委会,640402103200,撤并,2026-10-01,", "空着"),
        ("640402103221,石庄村委会,640402103200,消失,2026-10-01,文件", "“消失”不是变更类型"),
        ("640402103221,石庄村委会,640402103200,撤并,,文件", "没有写日期"),
        ("640402103,官厅镇,640402100,撤并,2026-10-01,文件", "下面还有 2 个区划没有停用"),
    ],
)
def test_a_bad_change(tmp_path, row, words):
    bring(tmp_path, COUNTY)
    plan = bring(tmp_path, changes=row + "\n")
    assert any(words in one for one in said(plan)), said(plan)
    assert not AreaChange.objects.exists()


def test_a_code_becomes_one_code_only(tmp_path):
    bring(tmp_path, COUNTY)
    bring(tmp_path, changes="640402103221,石庄村委会,640402103200,撤并,2026-10-01,文件\n")
    plan = bring(tmp_path, changes="640402103221,石庄村委会,640402100200,变更代码,2026-10-05,文件\n")
    assert "原代码 640402103221 已经变为 640402103200" in said(plan)[0]


def test_nobody_is_left_behind(tmp_path):
    bring(tmp_path, COUNTY)
    Organisation.objects.create(code="v", name="石庄村委会", kind="village", area_id=640402103221)
    ending = "code,name,valid_until\n640402103221,石庄村委会,2026-10-01\n"
    plan = bring(tmp_path, ending)
    assert "640402103221 下还有 1 条家庭、机构或任职记录，停用后没有去处" in said(plan)[0]
    assert Area.objects.get(pk=640402103221).valid_until is None
    plan = bring(tmp_path, ending, "640402103221,石庄村委会,640402103200,撤并,2026-10-01,文件\n")
    assert plan.faults == 0
    assert "640402103221 下的 1 条家庭、机构、调查等记录随之改到 640402103200" in said(plan, Severity.WARNING)[-1]
    assert Organisation.objects.get(code="v").area_id == 640402103200


def test_a_new_name_is_no_way_out_for_who_stands_at_a_code_that_ends(tmp_path):
    bring(tmp_path, COUNTY)
    bring(tmp_path, COUNTY.replace("石庄村委会", "新庄村委会"))
    Organisation.objects.create(code="v", name="新庄村委会", kind="village", area_id=640402103221)
    plan = bring(tmp_path, "code,name,valid_until\n640402103221,新庄村委会,2026-10-01\n")
    assert "停用后没有去处" in said(plan)[0]


def test_villages_left_out_of_a_file_stay_and_are_named(tmp_path):
    bring(tmp_path, COUNTY)
    plan = bring(tmp_path, COUNTY.replace("640402103221,石庄村委会,村,,,,\n", ""))
    assert "1 个在用的村（社区）不在文件里（640402103221 石庄村委会）" in said(plan, Severity.WARNING)[0]
    assert Area.objects.get(pk=640402103221).valid_until is None


def test_an_administrator_imports_what_is_theirs_only(tmp_path):
    bring(tmp_path, COUNTY)
    own = Keeper(AreaRange(640402103000, 640402103999))
    more = COUNTY + "640402103222,新村委会,,,,,\n640402100222,他乡村委会,,,,,\n"
    plan = bring(tmp_path, more, acting_officer=own)
    assert said(plan) == [
        "“区划.csv”表第 11 行“code”列：640402100222 不在您管理的地区内；请删去这一行，由上级的管理员导入。"
    ]
    assert not Area.objects.filter(pk=640402103222).exists()
    assert bring(tmp_path, COUNTY + "640402103222,新村委会,,,,,\n", acting_officer=own).faults == 0


def test_without_the_right_nothing_is_even_read(tmp_path):
    with pytest.raises(NotAllowed, match="没有管理行政区划的权限"):
        bring(tmp_path, COUNTY, acting_officer=Keeper(), dry_run=True)


def test_the_areas_that_come_with_the_platform():
    plan = import_shipped()
    assert plan.faults == 0
    assert import_shipped().does_nothing
    assert Area.objects.filter(level=1).count() == 34
    assert Area.objects.filter(parent_id=640402000000).count() == 14
    assert Area.objects.filter(code__gte=640402000000, code__lt=640403000000, level=5).count() == 191
    assert Area.objects.filter(parent_id=640422000000).count() == 19


def test_every_demo_household_lives_in_a_known_village():
    """The demo county's codes, the pack's names and the areas are one list."""
    import csv
    from pathlib import Path

    import zhikun.intake.demo
    from zhikun.engine.packs import load

    import_shipped()
    known = dict(Area.objects.values_list("code", "name"))
    file = Path(zhikun.intake.demo.__file__).parent / "data" / "yuanzhou_places.csv"
    lines = file.read_text(encoding="utf-8").splitlines()[1:]
    rows = list(csv.DictReader(lines))
    assert len(rows) == 191
    assert all(known[int(row["code"])] == row["village"] for row in rows)
    for code, name in load("yuanzhou").places.items():
        assert name.endswith(known[int(code.ljust(12, "0"))]), code
