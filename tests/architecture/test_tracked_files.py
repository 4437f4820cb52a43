"""What must never be committed: addresses of registries, a machine's paths, notes to ourselves, keys, real numbers."""

import re
import subprocess
from pathlib import Path

import pytest
from tests.conftest import LONGEST

ROOT = Path(__file__).resolve().parents[2]
TEXTS = {
    ".py",
    ".md",
    ".yaml",
    ".yml",
    ".toml",
    ".txt",
    ".in",
    ".json",
    ".csv",
    ".typ",
    ".html",
    ".css",
    ".js",
    ".sh",
    ".pot",
    "",
}


def joined(*parts: str) -> str:
    """A word in pieces, so that this file does not contain what it forbids."""
    return re.escape("".join(parts))


FORBIDDEN = {
    "the address of a package registry": "|".join(
        [
            joined("pypi", ".org"),
            joined("python", "hosted.org"),
            joined("registry", ".npmjs"),
            joined("deb", ".debian.org"),
            joined("--", "index-url"),
            joined("--", "extra-index-url"),
            joined("--", "find-links") + " ",
            r'"resolved"\s*:',
        ]
    ),
    "a path of somebody's machine": "|".join(
        [
            joined("/wo", "rk/"),
            joined("/ro", "ot/"),
            joined("/ho", "me/") + r"\w",
            joined("/tm", "p/") + r"(?:try|bash)",
        ]
    ),
    "a note to ourselves": r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "HA" + "CK"]) + r")\b",
    "a word of how the work was done": "|".join(
        [
            joined("sub", "agent"),
            joined("Anth", "ropic"),
            joined("Cla", "ude"),
            r"\bissue\s+#?\d+\b",
            joined("this ", "session"),
        ]
    ),
}


def tracked() -> list[Path]:
    """Files under version control, and those that would be added next."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("不在 git 工作区里，无从知道哪些文件会提交")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_contains(what):
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for path in tracked():
        if path.suffix not in TEXTS or (path.name == "pyproject.toml" and what == "a note to ourselves"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if hit := pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {hit[0]}")
    assert not found, f"{what}:\n" + "\n".join(found[:20])


def test_nothing_built_or_fetched_is_tracked():
    unwanted = {".ttf", ".otf", ".woff2", ".parquet", ".xlsx", ".pdf", ".pem", ".key", ".lock", ".so", ".pyc"}
    fixtures = ROOT / "tests"
    found = [path for path in tracked() if path.suffix in unwanted and fixtures not in path.parents]
    assert not found


def test_no_identity_number_outside_the_textbook_ones():
    """18 characters that pass the check digit are somebody's number, unless they are known examples or generated.

    Generated people have a sequence in an area code that is not assigned (prefix 99), or are made at run time.
    """
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    textbook = {"11010519491231002X", "440524188001010014", "44052418800101001X"}
    pattern = re.compile(
        r"(?<![0-9A-Za-z])[1-8]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])"
    )
    found = []
    for path in tracked():
        if path.suffix not in TEXTS or path.parent.name == "requirements":
            continue
        for number in pattern.findall(path.read_text(encoding="utf-8", errors="replace")):
            check = "10X98765432"[sum(w * int(d) for w, d in zip(weights, number, strict=False)) % 11]
            if number[-1].upper() == check and number.upper() not in textbook:
                found.append(f"{path.relative_to(ROOT)}: {number[:6]}…{number[-2:]}")
    assert not found, "valid identity numbers; use the textbook examples or numbers of area 99:\n" + "\n".join(found)


def test_files_that_are_begun_first_are_there():
    """One that was renamed would be begun last, and the whole run would wait for it."""
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []
