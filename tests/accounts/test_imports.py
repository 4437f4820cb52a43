"""Accounts from a file: every row is told what it does; all or nothing; twice is once."""

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.officers import county, officer, organisation, other_county, signed_in, township

from zhikun.accounts.errors import AccountRefused, FileRefused, NotAsItWas
from zhikun.accounts.models import AccountImport, Appointment, Officer, Organisation
from zhikun.accounts.roles import Role
from zhikun.accounts.services import imports, officers
from zhikun.audit.models import Entry

pytestmark = pytest.mark.django_db
HEADS = ["账号", "姓名", "机构代码", "角色", "地区代码", "到期日"]


@pytest.fixture
def admin():
    organisation(township(), Organisation.Kind.TOWNSHIP, code="T1")
    organisation(other_county(), code="FAR")
    return officer(Role.ADMINISTRATOR)


def csv(*rows, heads=HEADS):
    lines = [heads, *rows]
    return "\n".join(",".join(str(cell) for cell in line) for line in lines).encode("utf-8-sig")


def check(content, admin, name="人员.csv"):
    return imports.check(name=name, content=content, acting_officer=admin)


def outcomes(held):
    return [one["what"] for one in held.messages]


LI = ["li.ming", "生成甲", "T1", "乡镇经办", "640402100000", "2099-12-31"]
MA = ["ma.li", "生成乙", "T1", "乡镇审核", "640402100000", ""]


def test_a_dry_run_changes_nothing_and_a_confirmed_one_makes_all(admin):
    held = check(csv(LI, MA), admin)
    assert outcomes(held) == ["new", "new"]
    assert not Officer.objects.filter(username="li.ming").exists()
    assert not Entry.objects.exists()
    made = imports.confirm(held, acting_officer=admin)
    first, password = made[0]
    kept = Officer.objects.get(username="li.ming")
    assert kept.check_password(password)
    assert kept.must_change_password
    assert kept.expires_on.isoformat() == "2099-12-31"
    assert kept.roles == {Role.TOWNSHIP_CLERK}
    assert first.pk == kept.pk
    assert password not in str(list(Entry.objects.values())) + str(AccountImport.objects.values())


def test_the_same_file_again_does_nothing_and_a_confirmation_counts_once(admin):
    held = check(csv(LI, MA), admin)
    imports.confirm(held, acting_officer=admin)
    with pytest.raises(NotAsItWas):
        imports.confirm(held, acting_officer=admin)
    again = check(csv(LI, MA), admin)
    assert outcomes(again) == ["nothing", "nothing"]
    assert not imports.can_be_done(again)
    assert Officer.objects.filter(username__in=["li.ming", "ma.li"]).count() == 2
    assert Appointment.objects.filter(officer__username__in=["li.ming", "ma.li"]).count() == 2


def test_several_roles_of_one_person_are_several_rows_and_clash_as_on_the_page(admin):
    second = [*LI[:3], "入户调查员", *LI[4:]]
    assert outcomes(check(csv(LI, second), admin)) == ["new", "role"]
    clash = [*LI[:3], "乡镇审核", *LI[4:]]
    held = check(csv(LI, clash), admin)
    assert outcomes(held) == ["new", "wrong"]
    assert "不能与该人员已有的" in held.messages[1]["message"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({0: ""}, "没有填写"),
        ({0: "13912345678"}, "字母"),
        ({1: ""}, "“姓名”没有填写"),
        ({2: "T9"}, "没有代码为“T9”的机构"),
        ({2: "FAR"}, "管理范围"),
        ({3: "乡镇经办员"}, "您是不是想写“乡镇经办”"),
        ({3: "县级审批"}, "不能由"),
        ({4: ""}, "要么都填"),
        ({4: "640402"}, "12 位"),
        ({4: "640422000000"}, "管理范围"),
        ({5: "2099-13-01"}, "不是日期"),
        ({5: "2001-01-01"}, "已经过去"),
    ],
)
def test_a_wrong_row_is_told_what_is_wrong_and_keeps_everything_out(admin, change, said):
    row = [change.get(at, cell) for at, cell in enumerate(LI)]
    held = check(csv(MA, row), admin)
    assert outcomes(held) == ["new", "wrong"]
    assert said in held.messages[1]["message"]
    assert held.messages[1]["row"] == 3, "the number that the spreadsheet shows"
    with pytest.raises(FileRefused):
        imports.confirm(held, acting_officer=admin)
    assert not Officer.objects.filter(username="ma.li").exists(), "nothing half done"


def test_a_name_that_belongs_to_somebody_else_is_wrong_and_a_closed_account_is_not_opened(admin):
    imports.confirm(check(csv(LI), admin), acting_officer=admin)
    other = [LI[0], "另一个人", *LI[2:]]
    assert outcomes(check(csv(other), admin)) == ["wrong"]
    officers.close(Officer.objects.get(username="li.ming"), reason="离开岗位", acting_officer=admin)
    assert outcomes(check(csv(LI), admin)) == ["wrong"]


def test_what_became_wrong_after_the_check_keeps_the_whole_file_out(admin):
    held = check(csv(LI, MA), admin)
    officers.add(username="ma.li", name="别人", organisation=organisation(county()), acting_officer=admin)
    with pytest.raises(FileRefused, match="第 3 行"):
        imports.confirm(held, acting_officer=admin)
    assert not Officer.objects.filter(username="li.ming").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (csv(LI, heads=["帐号", *HEADS[1:]]), "缺少这些列：账号"),
        (csv(), "没有数据行"),
        (b"", "文件"),
        (b"PK\x03\x04broken", "损坏|打不开"),
        (csv(*[LI] * 301), "301"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(admin, content, said):
    with pytest.raises(AccountRefused, match=said):
        check(content, admin, name="人员.xlsx" if content.startswith(b"PK") else "人员.csv")


def test_columns_stand_in_any_order_and_days_and_codes_are_read_as_a_workbook_has_them(admin):
    from datetime import datetime

    book = openpyxl.Workbook()
    book.active.append(["到期日", "备注", *HEADS[:5]])
    book.active.append([datetime(2099, 1, 2), "x", " Li.Ming ", "生成甲", "T1", "乡镇经办", 640402100000])  # noqa: DTZ001 - as Excel has it
    content = io.BytesIO()
    book.save(content)
    held = check(content.getvalue(), admin, name="人员.xlsx")
    assert outcomes(held) == ["new"]
    assert held.rows[0]["expires_on"] == "2099-01-02"


def test_from_the_page_upload_look_confirm_and_the_passwords_come_once(admin, client):
    signed_in(admin, client)
    answer = client.post("/accounts/import", {"file": SimpleUploadedFile("人员.csv", csv(LI, MA))})
    page = client.get(answer["Location"]).content.decode()
    assert "新增 2 个账号" in page
    done = client.post(f"{answer['Location']}/confirm")
    rows = list(openpyxl.load_workbook(io.BytesIO(done.content)).active.values)
    assert rows[0] == ("账号", "姓名", "机构", "初始密码")
    assert Officer.objects.get(username="li.ming").check_password(rows[1][3])
    assert client.post(f"{answer['Location']}/confirm").status_code == 409
    assert "已于" in client.get(answer["Location"]).content.decode()
    colleague = signed_in(officer(Role.ADMINISTRATOR))
    assert colleague.get(answer["Location"]).status_code == 404
