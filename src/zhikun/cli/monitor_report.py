"""The files of `zhikun monitor report`: both of one run, or the PDF left out where there are no fonts."""

from __future__ import annotations

from pathlib import Path

from zhikun.cli.publish import whole_file
from zhikun.cli.screen import UNWRITTEN, Refused, Report, aside
from zhikun.documents import DocumentError, FontsMissing
from zhikun.engine.packs.model import Pack
from zhikun.screening import Figures
from zhikun.screening.report import write_report
from zhikun.wording import _


def write(found: Figures, pack: Pack, out: Path, bar: Report) -> list[Path]:
    """report.html and report.pdf in a folder, each whole or absent. An older PDF does not stay beside a newer HTML."""
    written = []
    for number, name in enumerate(("report.html", "report.pdf"), start=1):
        bar(_("写 {n}").format(n=name), number, 3)
        path = out / name
        try:
            with whole_file(path) as part:
                write_report(found, pack, *((part, None) if name.endswith("html") else (None, part)))
        except FontsMissing as error:
            path.unlink(missing_ok=True)
            aside(_("没有写 PDF：{why}").format(why=error))
            continue
        except DocumentError as error:
            raise Refused(_("{w}时出错：{why}").format(w=_("写 {n}").format(n=name), why=error), UNWRITTEN) from None
        written.append(path)
    return written
