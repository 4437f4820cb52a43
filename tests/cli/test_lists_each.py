"""`zhikun lists receive --each`: several lists with one command, each with its own receipt."""

import os
import subprocess
import sys

import pytest
from tests.intake.lists.factory import number

from zhikun.cli import NAMES

STAYS = "身份证号,姓名,医疗机构,入院日期\n" + "".join(
    f"{number(i)},张三丰,县医院,2026-11-{i % 20 + 1:02d}\n" for i in range(60)
)


@pytest.fixture
def office(tmp_path, monkeypatch):
    """Runs the command as a process of its own, as the office does."""
    for name in ("XDG_CONFIG_HOME", "ZHIKUN_DATA"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.delenv("ZHIKUN_KEYS", raising=False)
    monkeypatch.delenv("ZHIKUN_PACK", raising=False)

    def run(*arguments):
        command = [sys.executable, "-c", "from zhikun.cli import main; main()", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False, cwd=tmp_path)

    assert run("keys", "init").returncode == 0
    (tmp_path / "住院.csv").write_text(STAYS, encoding="utf-8")
    unemployed = STAYS.replace("医疗机构", "备注").replace("入院日期", "失业登记日期")
    (tmp_path / "失业.csv").write_text(unemployed, encoding="utf-8")
    (tmp_path / "坏.csv").write_bytes(b"\0\0")
    return run


def each(*pairs):
    return [part for pair in pairs for part in ("--each", pair)]


def receive(office, *pairs):
    return office("lists", "receive", *each(*pairs), "--period", "2026-11", "--on", "2026-11-22", "--by", "甲")


def test_every_list_is_answered_in_order_with_its_own_receipt(office):
    answer = receive(office, "inpatients=住院.csv", "unemployed=失业.csv")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    first, second = (
        answer.stdout.index("回执 inpatients/2026-11/001"),
        answer.stdout.index("回执 unemployed/2026-11/001"),
    )
    assert first < second
    again = receive(office, "inpatients=住院.csv", "unemployed=失业.csv")
    assert again.returncode == 0
    assert again.stdout.count("已经收过") == 2


def test_a_file_that_is_refused_keeps_no_other_out(office):
    answer = receive(office, "unemployed=坏.csv", "inpatients=住院.csv")
    assert answer.returncode == 3
    assert "坏.csv" in answer.stderr
    assert "回执 inpatients/2026-11/001" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (each("住院.csv"), "--each 要写成 名单=文件"),
        (each("inpatients=住院.csv", "inpatients=失业.csv"), "写了两次"),
        ([*each("inpatients=住院.csv"), "--source", "inpatients"], "--each 自己写明名单和文件"),
        (["住院.csv"], "缺少 --source"),
    ],
)
def test_what_is_written_wrong_is_told(office, arguments, said):
    answer = office("lists", "receive", *arguments, "--period", "2026-11")
    assert answer.returncode == 2
    assert said in answer.stderr.replace("\n", "")


def test_a_command_loads_no_other(office):
    program = "import sys, zhikun.cli as c; c.commands.commands['keys']; print(*[m for m in sys.modules if m.startswith('zhikun.cli.')])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    others = {f"zhikun.cli.{name}" for name in NAMES} - {"zhikun.cli.keys"}
    assert not others & set(loaded), "the others cost a second of every start"
