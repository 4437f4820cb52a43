"""Whether everything that was received is still as it was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zhikun.intake.lists.errors import ListUnreadable
from zhikun.intake.lists.kept import damage_in
from zhikun.intake.lists.model import ListFile
from zhikun.intake.lists.store import Lists, receipt_in
from zhikun.wording import _


@dataclass(frozen=True, slots=True)
class Checked:
    """How many receptions were looked at, and in sentences what is not as it was written."""

    files: int
    damaged: tuple[str, ...]


def check_kept(lists: Lists, progress: Callable[[str, int, int], None] | None = None) -> Checked:
    """Read every kept file of every list and compare it with the hash in its receipt."""
    folders, found = lists.folders(), []
    for done, folder in enumerate(folders):
        if progress is not None:
            progress(_("核对收下的文件"), done, len(folders))
        try:
            file = ListFile(receipt_in(folder), folder)
        except ListUnreadable as error:
            found.append(str(error))
            continue
        if (path := damage_in(file)) is not None:
            text = _(
                "{r} 的 {p} 与写下时不同，或已不在：已损坏或被改动。请从备份恢复它；没有备份的，请重新接收“{f}”，再把依据它的月份重新筛查。"
            )
            found.append(text.format(r=file.receipt.id, p=path, f=file.receipt.file))
    return Checked(len(folders), tuple(found))
