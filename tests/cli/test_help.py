"""Help that an officer can read: every command, Chinese but for option names and placeholders."""

import re

import click
import pytest

from zhikun.cli import commands

PLACEHOLDERS = {
    "FILE",
    "OUT",
    "PACK",
    "DIR",
    "PATH",
    "HOUSEHOLD",
    "NAME",
    "VALUE",
    "N",
    "xlsx",
    "FILE.xlsx",
    "OUT.xlsx",
    "FILE.csv",
    "START",
    "DAYS",
    "RECEIPT",
    "ADDRESS",
    "SOURCE",
    "PERIOD",
    "MONTH",
    "DAY",
    "SQL",
    "TEXT",
    "YYYY",
    "MM",
    "DD",
    "CODE",
    "RESULT",
    "RESULTS",
    "CARD.csv",
    "K",
    "W",
}
# Names of formats, of our program and of the pack in the examples: Chinese offices write them so.
NAMES = {
    "zhikun",
    "csv",
    "parquet",
    "CSV",
    "Parquet",
    "Markdown",
    "JSON",
    "PDF",
    "yuanzhou",
    "gansu",
    "inpatients",
    "province",
    "county",
} | {
    *("sqlite", "postgresql", "https", "db", "table", "Q"),
    *("PGPASSWORD", "ZHIKUN", "DATA", "ENDPOINT", "TOKEN"),  # variables of the environment
}
# Identifiers of a pack in examples, and the variables of the environment.
NAMES |= {"inpatient", "disability", "blue", "PACK", "national"}
# What technical people type: keys, Django's own commands, a part of an account's name, several files.
NAMES |= {"Ctrl", "C", "Django", "showmigrations", "help", "x", "FILE..."}
# Methods and figures by the names they are published under, and the words that choose among them.
NAMES |= {
    "Alkire",
    "Foster",
    "H",
    "A",
    "M",
    "member",
    "income",
    "per",
    "head",
    "count",
    "fact",
    "level",
    "points",
    "results.parquet",
}
NAMES |= {"leave", "out", "own", "household", "village", "township"}


def walk(command, path=()):
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from walk(child, (*path, name))


COMMANDS = list(walk(commands))
each = pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(p) or "zhikun" for p, _c in COMMANDS])


@each
def test_help_is_chinese(path, command, zhikun):
    answer = zhikun(*path, "--help")
    assert answer.code == 0
    named = {word for p, _c in COMMANDS for name in p for word in (name, *name.split("-"))}
    text = re.sub(r"--[a-z-]+", "", answer.out)
    left = set(re.findall(r"[A-Za-z][A-Za-z.]*", text)) - PLACEHOLDERS - NAMES - named
    assert not left, answer.out


@each
def test_every_argument_and_option_says_what_it_is_for(path, command, zhikun):
    helped = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    assert all(p.help and re.search("[\u4e00-\u9fff]", p.help) for p in helped)
    assert command.help


def test_the_fixed_names_are_there():
    """Others build on them."""
    fixed = {
        "packs check",
        "packs cases",
        "survey template",
        "survey check",
        "demo county",
        "assess",
        "whatif",
        "lists receive",
        "lists status",
        "match link",
        "match review",
        "match decide",
        "match duplicates",
    }
    assert fixed <= {" ".join(path) for path, _command in COMMANDS}
    options = {" ".join(path): {o for p in command.params for o in p.opts} for path, command in COMMANDS}
    assert {"--pack", "--on", "--out", "--explain", "--members", "--markdown", "--json"} <= options["assess"]
    assert {"--like", "--seed", "--out"} <= options["demo county"]
    assert {"--source", "--period", "--pack", "--data", "--keys", "--by", "--rejects"} <= options["lists receive"]


def test_without_a_command_the_help_is_shown(zhikun):
    answer = zhikun()
    assert answer.code == 2
    assert "命令" in answer.said
    assert "assess" in answer.said


def test_the_version(zhikun):
    assert re.fullmatch(r"zhikun [\d.]+ 版\n", zhikun("--version").out)
