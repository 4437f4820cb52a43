"""Bring the Noto fonts that PDFs and charts are set in to <environment>/share/zhikun/fonts.

They come as npm packages, by lock file with checksums. They are some 50 MB and are never committed. Without a
reachable registry the set-up goes on, and this script says loudly what will be missing.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import node_packages

LOCK = node_packages.ROOT / "tools" / "fonts"
FONTS = node_packages.SHARE / "fonts"
FACES = ("400Regular", "700Bold")
FAMILIES = {"noto-sans-sc": "NotoSansSC", "noto-serif-sc": "NotoSerifSC"}


def main() -> None:
    """Copy the fonts; write the stamp only when all of them are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stamp", type=Path, required=True, help="file that tells make the fonts are there")
    stamp: Path = parser.parse_args().stamp
    print("正在取字体（约 100 MB，只此一次）……", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="zhikun-fonts-") as folder:
            copy_from(node_packages.fetch(LOCK, Path(folder)) / "@expo-google-fonts")
    except (OSError, subprocess.SubprocessError) as error:
        node_packages.say_what_is_missing(
            error,
            "没有取到 Noto 字体，安装继续。PDF 和图表将改用本机的中文字体；本机没有中文字体时，PDF 不生成。",
            f"联网后再运行一次 make demo 或 make test；也可以把 NotoSansSC、NotoSerifSC 的 TTF 文件放进\n  {FONTS}",
        )
        return
    stamp.touch()
    print(f"字体已就绪：{FONTS}")


def copy_from(scope: Path) -> None:
    """Copy the four faces that are used, and their licence, out of the packages' nine weights each."""
    FONTS.mkdir(parents=True, exist_ok=True)
    for package, family in FAMILIES.items():
        for face in FACES:
            shutil.copy(scope / package / face / f"{family}_{face}.ttf", FONTS)
        shutil.copy(scope / package / "LICENSE_FONT", FONTS / f"{family}-OFL.txt")


if __name__ == "__main__":
    main()
