"""Bring what browsers load besides our own files to <environment>/share/zhikun/static/vendor.

Styles, charts, surveys and icons come as npm packages, by lock file with checksums; of their 200 MB only the files
named in `FILES` are copied, the icons named in tools/frontend/icons.txt become one sprite, and the kinds of chart named
in tools/frontend/charts.mjs one file of half the library's size. axe-core, which only
the browser tests use, goes to share/zhikun/axe, which no server hands out. Nothing of it is ever committed. Without a
reachable registry the set-up goes on, and this script says loudly what will be missing.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import node_packages

LOCK = node_packages.ROOT / "tools" / "frontend"
ICONS = LOCK / "icons.txt"
VENDOR = node_packages.SHARE / "static" / "vendor"
AXE = node_packages.SHARE / "axe"

FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "echarts/LICENSE": "echarts/LICENSE.txt",
    "echarts/NOTICE": "echarts/NOTICE.txt",
    "survey-core/survey.core.min.js": "survey/survey.core.min.js",
    "survey-core/survey-core.fontless.min.css": "survey/survey-core.fontless.min.css",
    "survey-core/i18n/simplified-chinese.min.js": "survey/simplified-chinese.min.js",
    "survey-js-ui/survey-js-ui.min.js": "survey/survey-js-ui.min.js",
    "idb/build/umd.js": "idb/idb.js",
    "idb/LICENSE": "idb/LICENSE.txt",
    "@tabler/icons/LICENSE": "icons-LICENSE.txt",
}
AXE_FILES = {"axe-core/axe.min.js": "axe.min.js", "axe-core/LICENSE": "LICENSE.txt"}
SPRITE = "icons.svg"
BUNDLE_SECONDS = 120
CHARTS = "echarts/echarts.js"
BUNDLE = ("--bundle", "--minify", "--format=iife", "--target=es2018", "--legal-comments=none", "--log-level=warning")

# Comments that lead to files which are not copied: a browser would ask for them, and hashed names would fail on them.
SOURCE_MAP = re.compile(r"/\*#\s*sourceMappingURL=[^*]*\*/|//#\s*sourceMappingURL=\S+[^\S\n]*$", re.MULTILINE)
TARGET = re.compile(r"url\(\s*[\"']?(?!data:|https?:|//|#)([^)\"'#?\s]+)")
SVG = "{http://www.w3.org/2000/svg}"


def main() -> None:
    """Copy the files; write the stamp only when all of them are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stamp", type=Path, required=True, help="file that tells make the files are there")
    stamp: Path = parser.parse_args().stamp
    print("正在取网页样式、图表和问卷组件（约 40 MB，只此一次）……", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="zhikun-frontend-") as folder:
            modules = node_packages.fetch(LOCK, Path(folder))
            place(modules, FILES, VENDOR)
            place(modules, AXE_FILES, AXE)
            bundle(modules, VENDOR / CHARTS)
            names = ICONS.read_text(encoding="utf-8").split()
            (VENDOR / SPRITE).write_text(sprite(modules / "@tabler/icons/icons/outline", names), encoding="utf-8")
    except (OSError, subprocess.SubprocessError) as error:
        node_packages.say_what_is_missing(
            error,
            "没有取到网页样式、图表和问卷组件，安装继续。页面仍可打开，但样式简陋，没有图标和图表，问卷不能填写。",
            "联网后再运行一次 make demo 或 make test。",
        )
        return
    stamp.touch()
    print(f"网页组件已就绪：{VENDOR}")


def place(modules: Path, files: dict[str, str], target: Path) -> None:
    """Copy the files to the names they are served by, in place of what was there before."""
    shutil.rmtree(target, ignore_errors=True)
    for source, name in files.items():
        copy(modules / source, target / name)


def copy(source: Path, target: Path) -> None:
    """Copy one file; of styles also what they refer to, so that every address in them leads somewhere."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix not in {".css", ".js"}:
        shutil.copy(source, target)
        return
    text = source.read_text(encoding="utf-8")
    target.write_text(SOURCE_MAP.sub("", text), encoding="utf-8")
    if source.suffix == ".css":
        for address in sorted(set(TARGET.findall(text))):
            copy((source.parent / address).resolve(), target.parent / address)


def bundle(modules: Path, target: Path) -> None:
    """The chart library with only the kinds of chart we draw."""
    entry = shutil.copy(LOCK / "charts.mjs", modules.parent)
    programs = [*(modules / "@esbuild").glob("*/bin/esbuild"), *(modules / "@esbuild").glob("*/esbuild.exe")]
    if not programs:
        raise FileNotFoundError("esbuild 没有适合本机的程序，图表不能打包")
    subprocess.run([programs[0], entry, *BUNDLE, f"--outfile={target}"], check=True, timeout=BUNDLE_SECONDS)


def sprite(folder: Path, names: list[str]) -> str:
    """The icons as symbols of one SVG, to be shown with `<svg class="icon"><use href="…#name"></use></svg>`."""
    ET.register_namespace("", SVG.strip("{}"))
    whole = ET.Element(f"{SVG}svg")
    for name in names:
        drawn = ET.parse(folder / f"{name}.svg").getroot()  # noqa: S314  # the file's checksum stands in the lock file
        symbol = ET.SubElement(whole, f"{SVG}symbol", {"id": name, "viewBox": drawn.get("viewBox", "0 0 24 24")})
        symbol.extend(shape for shape in drawn if shape.get("stroke") != "none")
    return ET.tostring(whole, encoding="unicode")


if __name__ == "__main__":
    main()
