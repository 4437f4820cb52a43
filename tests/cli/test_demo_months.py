"""Months of department files through the command: where they are, what comes next, and what cannot be made."""

import shlex


def test_the_command_says_where_the_files_are_and_what_comes_next(zhikun, tmp_path):
    out = tmp_path / "months"
    made = zhikun("demo", "months", "--like", "province", "--people", 40, "--months", 2, "--out", out)
    assert made.code == 0, made.said
    assert f"{out}：2 个月" in made.out
    assert "监测 40 人。生成数据，非真实人员" in made.out
    commands = [shlex.split(line) for line in made.out.splitlines() if line.startswith("  zhikun ")]
    assert commands[0][:3] == ["zhikun", "keys", "init"]
    received = [command[3] for command in commands if command[1:3] == ["lists", "receive"]]
    assert sorted(received) == sorted(str(path) for path in out.glob("*/2025-12.csv"))
    assert commands[-1] == shlex.split("zhikun monitor run --month 2025-12 --pack gansu --data data")


def test_what_cannot_be_made_is_answered_in_a_sentence(zhikun, tmp_path):
    out = tmp_path / "months"
    wrong = zhikun("demo", "months", "--like", "province", "--from", "2026-13", "--out", out)
    assert wrong.code == 2
    assert "“2026-13”不是月份" in wrong.said
    bare = zhikun("demo", "months", "--like", "province", "--pack", "yuanzhou", "--people", 9, "--out", out)
    assert bare.code == 2
    assert "没有监测预警" in bare.said
    assert not out.exists()
