"""A folder of results: all files of one run or none of it, whatever happens to the machine meanwhile."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zhikun.cli.screen import UNWRITTEN, Refused, folder, why
from zhikun.wording import _

# results.parquet comes last: where it stands, everything beside it belongs to the same run.
RESULTS = ("results.xlsx", "report.html", "report.pdf", "causes.csv", "rejects.xlsx", "results.parquet")
_MARK = ".zhikun-"


@contextmanager
def whole_run(out: Path) -> Iterator[Path]:
    """A hidden folder to write in. At the end its files take the places of the earlier run's, all of them.

    A rejects workbook that this run did not write is removed: its households are no longer rejected. What an interrupted
    run left in its hidden folder is cleared away by the next one.
    """
    with _hidden(out) as part:
        yield part
        for name in reversed(RESULTS):
            (out / name).unlink(missing_ok=True)
        for name in RESULTS:
            if (part / name).exists():
                (part / name).replace(out / name)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A hidden path to write to, with the same ending; at the end it becomes `path`."""
    with _hidden(path.parent) as part:
        yield part / path.name
        (part / path.name).replace(path)


@contextmanager
def _hidden(out: Path) -> Iterator[Path]:
    folder(out)
    for left in out.glob(f"{_MARK}*"):
        shutil.rmtree(left, ignore_errors=True)
    part: Path | None = None
    try:
        part = Path(tempfile.mkdtemp(prefix=_MARK, dir=out))
        yield part
    except OSError as error:
        raise Refused(
            _("结果写不进 {p}：{why}。请换一个位置，或关闭正打开它的程序。").format(p=out, why=why(error)), UNWRITTEN
        ) from None
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
