"""The files an administrator adds: what is taken, what is refused and why."""

import datetime as dt

import pytest

from zhikun.workdays import BadExceptions, load_calendar, national_calendar

D = dt.date
HEAD = "日期,上班,名称,来源\n"


@pytest.fixture
def file(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "2027.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def rows(*lines):
    return HEAD + "".join(f"{line}\n" for line in lines)


def test_the_table_of_this_release_knows_2004_to_2026_with_a_source_for_each_row():
    calendar = national_calendar()
    assert calendar.known_years == tuple(range(2004, 2027))
    assert all(item.source and item.grade == "C" for item in calendar)
    # 123: the weekend days worked by the notices of 2008 to 2026, less 1 February 2020, withdrawn.
    worked = [item.day for item in calendar if item.working]
    assert sum(day.year >= 2008 for day in worked) == 123
    assert all(day.weekday() >= 5 for day in worked)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_new_year_becomes_known_however_the_dates_are_written(file, encoding):
    text = rows(
        "2027-01-01,否,元旦,测试用安排",
        "2027/1/2,放假,元旦,测试用安排",
        "２０２７年2月5日,否,春节,测试用安排",
        "20270206,No,春节,测试用安排",
        "2027-02-07,否,春节,测试用安排",
        "2027-02-08,否,春节,测试用安排",
        "2027-02-20,补班,春节,测试用安排",
        "",
        "2027-10-01,否,国庆节,测试用安排",
    )
    calendar = load_calendar(file(text, encoding))
    assert 2027 in calendar.known_years
    assert calendar.is_working_day(D(2027, 2, 20))
    assert calendar.exception(D(2027, 2, 5)).name == "春节"


def test_a_later_notice_overrides_the_table(file):
    path = file(rows("2026-02-14,否,春节,测试用安排", "2026-09-25,是,中秋节,测试用安排"))
    calendar = load_calendar(path)
    assert not calendar.is_working_day(D(2026, 2, 14))
    assert calendar.is_working_day(D(2026, 9, 25))
    assert national_calendar().is_working_day(D(2026, 2, 14))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2027-03-10,是,春节,x", "第 2 行“日期”列：2027-03-10 是周三，本来就上班"),
        ("2027-03-13,否,春节,x", "2027-03-13 是周六，本来就休息"),
        ("2027-02-30,否,春节,x", "“2027-02-30”不是日历上的一天"),
        ("明天,否,春节,x", "“明天”不是日历上的一天"),
        ("3027-02-03,否,春节,x", "不在 1900 年到 2199 年之间"),
        ("2027-03-10,也许,春节,x", "“上班”列：“也许”看不懂"),
        ("2027-03-10,,春节,x", "“上班”列：“”看不懂"),
        ("2027-03-10,否,,x", "“名称”列：是空的"),
        ("2027-03-10,否,春节,", "“来源”列：是空的"),
        ("2027-03-10,否,春节,x,y", "格子比标题多"),
    ],
)
def test_a_bad_row_is_named(file, line, says):
    with pytest.raises(BadExceptions) as error:
        load_calendar(file(rows(line)))
    assert says in str(error.value)
    assert len(error.value.faults) == 1


def test_a_doubled_date_names_both_rows_and_all_faults_come_at_once(file):
    text = rows("2027-01-01,否,元旦,x", "2027/1/1,是,元旦,x", "2027-03-13,否,春节,x")
    with pytest.raises(BadExceptions) as error:
        load_calendar(file(text))
    assert [fault.row for fault in error.value.faults] == [3, 4]
    assert "2027-01-01 已在第 2 行写过" in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "缺少这一列"),
        ("日期,上班,名称\n", "“来源”列：缺少这一列"),
        ("日期,上班,名称,来源文件\n", "您是不是想写“来源”？"),
        ("日期,上班,名称,来源,日期\n", "写了两次"),
        ('日期,上班,名称,来源\n"2027', "引号不成对"),
        (b"\xff\xff\x00\x80", "不是 UTF-8"),
        ("日期,上班,名称,来源,等级\n2027-03-10,否,春节,x,优\n", "不是依据等级"),
    ],
)
def test_a_file_that_is_no_table_of_exceptions(file, text, says):
    with pytest.raises(BadExceptions) as error:
        load_calendar(file(text))
    assert says in str(error.value)
