"""The pinned environments are what the project says it needs, to the checksum."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PINS = sorted((ROOT / "requirements").glob("*.in"))


def canonical(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;]", requirement.strip(), maxsplit=1)[0].lower().replace("_", "-")


def asked(path: Path) -> set[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {canonical(line) for line in lines if line.strip() and not line.startswith(("#", "-"))}


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_everything_asked_for_is_pinned_with_checksums(path):
    text = path.with_suffix(".txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9.-]+)==.*\\\n    --hash=sha256:[0-9a-f]{64}", text, flags=re.MULTILINE)
    every = re.findall(r"^([a-z0-9.-]+)==", text, flags=re.MULTILINE)
    assert pinned == every, "each with its checksum"
    assert asked(path) <= set(pinned), "run make pins"


def test_the_package_declares_what_its_environment_pins():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {canonical(r) for r in project["dependencies"]} == asked(ROOT / "requirements" / "runtime.in")
    assert {canonical(r) for r in project["optional-dependencies"]["spark"]} == asked(
        ROOT / "requirements" / "spark.in"
    )


def test_the_build_backend_is_the_pinned_one():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    pinned = (ROOT / "requirements" / "build.txt").read_text(encoding="utf-8")
    assert all(re.search(rf"^{re.escape(requirement)}\b", pinned, flags=re.MULTILINE) for requirement in wanted)
