"""The first areas and the first administrator of a new installation, by command."""

import re


def test_from_nothing_to_an_administrator_who_can_sign_in(installation):
    refused = installation.run(
        "accounts", "create-admin", "ma.jg", "--area", "640402000000", "--name", "马试一", code=6
    )
    assert "zhikun areas import" in refused.stderr
    assert "可以导入" in installation.run("areas", "import", "--dry-run").stdout
    assert installation.ask("SELECT count(*) FROM places_area") == [(0,)]
    assert "已导入" in installation.run("areas", "import").stdout
    assert installation.ask("SELECT name FROM places_area WHERE code = 640402000000") == [("原州区",)]

    said = installation.run("accounts", "create-admin", "ma.jg", "--area", "640402000000", "--name", "马试一").stdout
    password = re.search(r"只显示这一次：(\S+)", said)[1]
    check = (
        "from django.contrib.auth.hashers import check_password as c; from zhikun.accounts.models import Officer as O; "
        f"print(c({password!r}, O.objects.get().password))"
    )
    assert "True" in installation.run("manage", "shell", "-v", "0", "-c", check).stdout
    assert installation.ask("SELECT count(*) FROM accounts_officer WHERE must_change_password") == [(1,)]
    assert installation.ask("SELECT count(*) FROM audit_entry WHERE event = 'accounts.officer_added'") == [(1,)]

    code = installation.run("accounts", "second-factor", "Ma.JG", "--reason", "手机丢失，已当面核实").stdout
    assert re.search(r"启用码，只显示这一次：([a-z2-9]{4}-){2}[a-z2-9]{4}", code)
    assert installation.ask("SELECT set_up_digest <> '' FROM accounts_officer") == [(1,)]
    anew = installation.run("accounts", "password", "ma.jg", "--reason", "忘记密码，已当面核实").stdout
    assert re.search(r"只显示这一次：(\S+)", anew)[1] != password
    record = "SELECT event, officer_id, reason FROM audit_entry ORDER BY number DESC LIMIT 2"
    assert installation.ask(record) == [
        ("accounts.password_reset", None, "忘记密码，已当面核实"),
        ("accounts.set_up_code_given", None, "手机丢失，已当面核实"),
    ]
    assert "至少 4 个字" in installation.run("accounts", "password", "ma.jg", "--reason", "忘", code=6).stderr
    assert "没有账号" in installation.run("accounts", "password", "nobody", "--reason", "忘记密码", code=6).stderr

    again = installation.run("accounts", "create-admin", "other", "--area", "640402000000", "--name", "马试二", code=6)
    assert "已有系统管理员" in again.stderr


def test_a_file_with_faults_brings_nothing_in(installation, tmp_path):
    file = tmp_path / "areas.csv"
    file.write_text("code,name,level\n640402000000,原州区,县\n640499,,村\n", encoding="utf-8")
    said = installation.run("areas", "import", str(file), code=None)
    assert said.returncode in {1, 3}
    assert "areas.csv" in said.stdout + said.stderr
    assert "Traceback" not in said.stderr
    assert installation.ask("SELECT count(*) FROM places_area") == [(0,)]
