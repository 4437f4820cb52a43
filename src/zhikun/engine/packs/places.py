"""The names of a place's townships and villages: places.csv beside pack.yaml."""

from __future__ import annotations

import csv
from pathlib import Path

from zhikun.engine.packs.model import Place
from zhikun.engine.packs.problems import Problems
from zhikun.engine.packs.yaml_file import read_text
from zhikun.wording import _

HEADER = ["code", "name"]


def read_places(path: Path, at: Place, problems: Problems) -> dict[str, str]:
    """Code of 6, 9 or 12 digits (GB/T 2260 and the statistical codes below it) -> name. Lines with # are for people."""
    file = f"{path.parent.name}/{path.name}"
    if path.name != "places.csv" or not path.is_file():
        problems.add(at, _("places 要写 places.csv，并把这个文件放在 pack.yaml 旁边。"))
        return {}
    text = read_text(path, file, problems)
    if text is None:
        return {}
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    rows = list(csv.reader(line for _n, line in lines))
    if not rows or rows[0] != HEADER:
        problems.add(Place(file, lines[0][0] if lines else 1), _("第一行应当是 code,name。"))
        return {}
    found: dict[str, str] = {}
    for (number, _line), row in zip(lines[1:], rows[1:], strict=True):
        code, name = (cell.strip() for cell in row) if len(row) == len(HEADER) else ("", "")
        if not (code.isdigit() and len(code) in (6, 9, 12) and name):
            problems.add(Place(file, number), _("应当是 6、9 或 12 位的区划代码和名称两格，例如 640402001,南关街道。"))
        elif code in found:
            problems.add(
                Place(file, number), _("代码 {c} 写了两次，前面叫“{n}”。请删去一行。").format(c=code, n=found[code])
            )
        else:
            found[code] = name
    return found
