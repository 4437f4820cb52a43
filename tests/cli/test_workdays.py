"""`zhikun workdays`: last days, and the office's own table of exceptions."""


def test_due_in_working_days_and_in_calendar_days(zhikun):
    answer = zhikun("workdays", "due", "2026-02-13", 3)
    assert (answer.code, answer.out) == (0, "2026-02-13（周五）收到，期限 3 个工作日：2026-02-25（周三）到期。\n")
    answer = zhikun("workdays", "due", "2026-09-24", 7, "--calendar-days")
    assert "2026-10-08（周四）到期" in answer.out


def test_due_in_a_year_nobody_knows_is_provisional_until_the_office_adds_it(zhikun, tmp_path):
    assert "暂定：2027 年的放假安排未知" in zhikun("workdays", "due", "2026-12-30", 3).out
    spring = [f"2027-02-{day:02},否,春节,测试用安排" for day in range(5, 12)]
    lines = ["日期,上班,名称,来源", "2027-01-01,否,元旦,测试用安排", *spring, "2027-10-01,否,国庆节,测试用安排"]
    file = tmp_path / "2027.csv"
    file.write_text("\n".join(lines), encoding="gb18030")
    checked = zhikun("workdays", "check", file)
    assert (checked.code, "新增或更改 9 天" in checked.out, "2027 年的安排已齐" in checked.out) == (0, True, True)
    answer = zhikun("workdays", "due", "2026-12-30", 3, "--exceptions", file)
    assert "2027-01-05（周二）到期" in answer.out
    assert "暂定" not in answer.out
    file.write_text("\n".join(lines[:2]), encoding="utf-8")
    assert "2027 年的安排不全，还缺10月1日、春节" in zhikun("workdays", "check", file).out


def test_bad_files_and_bad_days_are_refused(zhikun, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_text("日期,上班,名称,来源\n2027-03-10,是,春节,x\n", encoding="utf-8")
    answer = zhikun("workdays", "check", file)
    assert (answer.code, "第 2 行“日期”列" in answer.out) == (1, True)
    answer = zhikun("workdays", "due", "2026-12-30", 3, "--exceptions", file)
    assert (answer.code, answer.out, "没有采用" in answer.err) == (3, "", True)
    assert zhikun("workdays", "check", tmp_path / "none.csv").code == 3
    assert zhikun("workdays", "due", "2026-02-30", 3).code == 2
    assert zhikun("workdays", "due", "1826-02-03", 3).code == 2
    assert zhikun("workdays", "due", "2026-02-03", 999999).code == 2
