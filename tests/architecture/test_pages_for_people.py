"""The pages a newcomer reads lead somewhere, and name what is there."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.relative_to(ROOT).as_posix())
def test_links_lead_to_files(document):
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def glossary() -> list[tuple[str, str, str]]:
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", (ROOT / "GLOSSARY.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    return [row for row in rows if row[0] not in {"术语", "---"}]


def test_the_glossary_gives_each_identifier_one_meaning():
    identifiers = [name for _, cell, _ in glossary() for name in re.findall(r"`([a-z_0-9.]+)`", cell)]
    doubled = {name for name in identifiers if identifiers.count(name) > 1}
    assert len(identifiers) >= 80
    assert not doubled


def test_every_common_fact_is_in_the_glossary():
    """Other places extend the national vocabulary: its words must be explained where newcomers look."""
    facts = yaml.safe_load((ROOT / "packs" / "national" / "facts.yaml").read_text(encoding="utf-8"))["facts"]
    known = set(re.findall(r"`([a-z_0-9.]+)`", (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")))
    missing = [name for entity in facts.values() for name in entity if name not in known]
    assert not missing, f"explain in GLOSSARY.md: {missing}"


def test_decisions_are_numbered_without_gap_and_say_what_was_not_chosen():
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert "## Alternatives" in text, path.name
        assert "## Decision" in text, path.name


def test_both_readmes_name_the_same_commands():
    def commands(name: str) -> list[str]:
        return re.findall(r"^(?:make|zhikun) [^\n#]+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)

    english, chinese = ([c.strip() for c in commands(name)] for name in ("README.md", "README.zh-CN.md"))
    assert english == chinese
    assert "make demo" in english


def test_every_make_target_has_its_line_of_help():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split())
    helped = set(re.findall(r"^([a-z]+):.*## \S", text, re.MULTILINE))
    assert phony == helped
