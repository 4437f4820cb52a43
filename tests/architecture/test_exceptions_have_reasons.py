"""A lint or type rule is switched off only with the reason beside it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXCEPTION = re.compile(r"#\s*(?:noqa|type:\s*ignore|mypy:\s*ignore|ruff:\s*noqa|pragma:\s*no cover)(?P<rest>.*)")
CODES = r"(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[a-z-]+(?:,\s*[a-z-]+)*\])"
REASONED = re.compile(rf"^{CODES}(?:\s*(?:#|--?)|\s)\s*\S.{{8,}}")


def python_files() -> list[Path]:
    folders = [ROOT / name for name in ("src", "tests", "tools", "bench")]
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        if path.resolve() != Path(__file__).resolve()
    ]


def test_every_exception_in_the_code_names_its_rule_and_its_reason():
    bare = []
    for path in python_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if (found := EXCEPTION.search(line)) and not REASONED.match(found["rest"]):
                bare.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not bare, "write the rule and, after another #, the reason:\n" + "\n".join(bare)


def test_every_rule_left_out_of_the_whole_has_its_reason():
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    bare = [line for line in lines if re.match(r'^\s+"[A-Z]+\d*",?\s*$', line)]
    assert not bare, f"say why beside each: {bare}"


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("x = 1  # noqa", False),
        ("x = 1  # noqa: S101", False),
        ("x = 1  # noqa: S101  # the judge asserts on purpose", True),
        ("x = y  # type: ignore[attr-defined]", False),
        ("x = y  # type: ignore[attr-defined]  # the package carries no types", True),
    ],
)
def test_the_pattern_tells_reasons_from_bare_exceptions(line, good):
    assert bool(REASONED.match(EXCEPTION.search(line)["rest"])) is good
