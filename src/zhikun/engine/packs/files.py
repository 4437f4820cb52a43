"""Where packs are, and which files belong to one."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from zhikun.engine.packs.model import Place
from zhikun.engine.packs.problems import PackError, PackErrors, Problems
from zhikun.engine.packs.schema import FORMAT
from zhikun.wording import _

TOP_FILES = ("pack.yaml", "facts.yaml", "standards.yaml", "places.csv")
WARNINGS = "warnings"
WARNING_FILES = ("indicators.yaml", "groups.yaml", "levels.yaml", "routes.yaml")
ROOT_VARIABLE = "ZHIKUN_PACKS"


def find_root() -> Path:
    """The folder that holds the packs.

    In this order: the environment variable ZHIKUN_PACKS; `packs` under the current folder; `packs` beside the
    sources; the installed `share/zhikun/packs`. Raises `PackErrors` when there is none.
    """
    named = os.environ.get(ROOT_VARIABLE)
    if named:
        root = Path(named)
        if not root.is_dir():
            text = _("环境变量 {name} 指向的文件夹不存在。请改正，或取消这个变量。").format(name=ROOT_VARIABLE)
            raise PackErrors([PackError(Place(named, 1), text)])
        return root
    candidates = (
        Path.cwd() / "packs",
        Path(__file__).resolve().parents[4] / "packs",
        Path(sys.prefix) / "share" / "zhikun" / "packs",
    )
    for root in candidates:
        if any(root.glob("*/pack.yaml")):
            return root
    text = _("找不到政策包文件夹。请在含有 packs 文件夹的目录下运行，或用环境变量 {name} 指明。")
    raise PackErrors([PackError(Place("packs", 1), text.format(name=ROOT_VARIABLE))])


def names(root: Path | None = None) -> tuple[str, ...]:
    """The ids of all packs under `root`, in alphabetical order."""
    folder = find_root() if root is None else root
    return tuple(sorted(path.parent.name for path in folder.glob("*/pack.yaml")))


def programme_folders(folder: Path) -> tuple[str, ...]:
    """The programme folders of a pack that are there on disk."""
    return tuple(
        sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name != WARNINGS and not _ours_to_ignore(p.name))
    )


def list_files(folder: Path, base: str, problems: Problems) -> tuple[Path, ...]:
    """The files of department lists in a `warnings` folder; a fault for every file there that nothing would read."""
    for path in sorted(folder.iterdir()):
        known = path.name in WARNING_FILES or (path.is_dir() and path.name == "sources")
        if not known and not _ours_to_ignore(path.name):
            text = _("warnings 里只能有 {files} 和 sources 文件夹，这个文件不会被读取。请移走或改名。")
            problems.add(Place(f"{base}/{path.name}", 1), text.format(files="、".join(WARNING_FILES)))
    if not (folder / "sources").is_dir():
        return ()
    for path in sorted((folder / "sources").iterdir()):
        if path.suffix != ".yaml" and not _ours_to_ignore(path.name):
            text = _("{folder} 里只能放 {suffix} 文件，这个文件不会被读取。请移走或改名。")
            problems.add(Place(f"{base}/sources/{path.name}", 1), text.format(folder="sources", suffix=".yaml"))
    return section_files(folder / "sources")


def section_files(folder: Path) -> tuple[Path, ...]:
    """The YAML files of a programme folder, in alphabetical order."""
    return tuple(sorted(p for p in folder.glob("*.yaml") if not _ours_to_ignore(p.name)))


def case_files(folder: Path) -> tuple[Path, ...]:
    """The case files of a programme folder, in alphabetical order."""
    return tuple(sorted(p for p in (folder / "cases").glob("*.yaml") if not _ours_to_ignore(p.name)))


def check_strangers(folder: Path, base: str, programme: bool, problems: Problems) -> None:
    """A fault for every file that nothing would read: somebody believes it counts."""
    for path in sorted(folder.iterdir()):
        name = path.name
        if _ours_to_ignore(name) or (path.is_dir() and not programme):
            continue
        if path.is_dir():
            _check_programme_folder(path, base, problems)
        elif (programme and path.suffix != ".yaml") or (not programme and name not in TOP_FILES):
            problems.add(Place(f"{base}/{name}", 1), _stranger_text(programme))


def _check_programme_folder(path: Path, base: str, problems: Problems) -> None:
    suffix = {"tables": ".csv", "cases": ".yaml"}.get(path.name)
    if suffix is None:
        text = _("方案文件夹里只能有 tables 和 cases 两个子文件夹，这个文件夹不会被读取。请移走或改名。")
        problems.add(Place(f"{base}/{path.name}", 1), text)
        return
    for inner in sorted(path.iterdir()):
        if inner.suffix != suffix and not _ours_to_ignore(inner.name):
            text = _("{folder} 里只能放 {suffix} 文件，这个文件不会被读取。请移走或改名。")
            problems.add(Place(f"{base}/{path.name}/{inner.name}", 1), text.format(folder=path.name, suffix=suffix))


def _stranger_text(programme: bool) -> str:
    if programme:
        return _("方案文件夹里只能有 .yaml 文件以及 tables、cases 文件夹，这个文件不会被读取。请移走或改名。")
    return _("政策包里只能有 {files} 和方案文件夹，这个文件不会被读取。请移走，或放进方案文件夹。").format(
        files="、".join(TOP_FILES)
    )


def _ours_to_ignore(name: str) -> bool:
    # Hidden files, locks of office programs and a README for people are no policy.
    return name.startswith((".", "~", "__")) or name.lower() == "readme.md"


def hash_of(texts: Mapping[str, str]) -> str:
    """The identity of a pack's content: 'sha256:' and the hexadecimal digest.

    Canonical bytes, format 1: the line `zhikun-pack 1`, then for each file that takes part (pack.yaml, facts.yaml,
    standards.yaml, the YAML files of the programmes taken and the CSV files of their tables, the YAML files of `warnings`
    where it is taken, of the pack itself and of every pack it extends; not the cases), in the order of its path
    relative to the packs folder: the path, a
    zero byte, the number of bytes of the content in decimal, a zero byte, the content. Paths and contents are UTF-8;
    a content has no byte order mark and its lines end with a line feed.
    """
    digest = hashlib.sha256(f"zhikun-pack {FORMAT}\n".encode())
    for path in sorted(texts):
        content = texts[path].encode()
        digest.update(b"%s\0%d\0" % (path.encode(), len(content)))
        digest.update(content)
    return f"sha256:{digest.hexdigest()}"
