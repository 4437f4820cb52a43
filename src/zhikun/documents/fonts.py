"""Which fonts documents are set in, and what to say where there is none for Chinese."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import typst

from zhikun.documents.errors import FontsMissing
from zhikun.wording import _

# The fonts of an office machine (Windows, Kylin, UOS, macOS) and the free ones, best first.
SANS_FAMILIES = (
    "Noto Sans SC",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "HarmonyOS Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Droid Sans Fallback",
    "Noto Serif SC",
    "Noto Serif CJK SC",
    "SimSun",
    "sans-serif",
)
SERIF_FAMILIES = ("Noto Serif SC", "Noto Serif CJK SC", "Source Han Serif SC", "FangSong", "SimSun", "Songti SC")
_SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}


def font_folder() -> Path:
    """Where set-up puts the product's fonts, and where a county may drop its own (FangSong, XiaoBiaoSong)."""
    return Path(sys.prefix) / "share" / "zhikun" / "fonts"


def font_files() -> tuple[Path, ...]:
    """The font files of the product's own folder; empty where set-up has not fetched them."""
    folder = font_folder()
    if not folder.is_dir():
        return ()
    return tuple(sorted(f for f in folder.rglob("*") if f.suffix.lower() in _SUFFIXES))


@cache
def typst_fonts() -> tuple[typst.Fonts, tuple[str, ...], tuple[str, ...]]:
    """The fonts a PDF may use, with the sans and the serif families to try.

    The product's own folder alone where it has fonts, so that a document looks the same on every machine;
    the machine's fonts otherwise. Raises FontsMissing where neither has Chinese characters.
    """
    own = bool(font_files())
    fonts = typst.Fonts(
        include_system_fonts=not own, include_embedded_fonts=True, font_paths=[font_folder()] if own else []
    )
    present = fonts.families()
    sans = [family for family in SANS_FAMILIES if family in present]
    serif = [family for family in SERIF_FAMILIES if family in present]
    chinese = sans or serif
    if not chinese:
        raise FontsMissing(
            _(
                "没有找到中文字体，无法生成 PDF（否则汉字会变成空白或方框）。请在项目目录运行 make demo 或 make test，"
                "它们会把思源字体装到 {folder}；也可以把 Noto Sans SC 等中文字体文件（.ttf、.otf）复制到这个文件夹，"
                "或安装系统字体（Debian、统信、麒麟：apt-get install fonts-noto-cjk）后重新运行。HTML 报告和工作簿不受影响。"
            ).format(folder=font_folder())
        )
    return fonts, (*sans, *serif), (*serif, *sans)
