"""Whether everything that was received is still as it was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from zhikun.disk import file_hash, one_writer, replace_file
from zhikun.intake.lists.errors import ListUnreadable
from zhikun.intake.lists.kept import damage_in, is_renewed
from zhikun.intake.lists.model import RECEIPT, ListFile
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


def note_renewed(lists: Lists) -> None:
    """After a rotation of keys: receipts get the hashes of the rows as they are now, where these come from the rows received.

    Rows that were damaged before keep their old hash, and are found by `check_kept`. Killed, the next call goes on.
    """
    for folder in lists.folders():
        with one_writer(folder.parent.parent):
            try:
                file = ListFile(receipt_in(folder), folder)
                found = file_hash(file.rows)
                if found != file.receipt.rows_sha256 and is_renewed(file):
                    replace_file(folder / RECEIPT, replace(file.receipt, rows_sha256=found).to_json())
            except (ListUnreadable, FileNotFoundError, ValueError):
                continue  # damaged: `check_kept` says so
