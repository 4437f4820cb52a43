"""What is said about a row, a column or a whole file: where, what, what was expected, the way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from zhikun.wording import _, shown


class Severity(StrEnum):
    """An error keeps rows out; a warning lets them in but wants a look; a note says what was understood how."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class RowMessage:
    """One message about a file.

    `row` is the number the spreadsheet shows (0: the whole sheet); `column` the heading as it stands there.
    `found`, `expected` and `remedy` are phrases without a full stop; identity numbers in them are masked.
    `wrong` is what is wrong without the value itself, as part of `found`: by it a summary counts what is wrong alike.
    `rows` is how many rows a summarising note speaks for.
    """

    sheet: str
    row: int
    column: str
    found: str
    expected: str
    remedy: str
    severity: Severity = Severity.ERROR
    household: str = ""
    rows: int = 1
    wrong: str = ""

    def where(self) -> str:
        """“成员”表第 7 行“健康情况”列."""
        place = _("“{sheet}”表").format(sheet=self.sheet) if self.sheet else ""
        if self.row:
            place += _("第 {row} 行").format(row=self.row)
        if self.column:
            place += _("“{column}”列").format(column=self.column)
        return shown(place)

    def problem(self) -> str:
        """Everything but the place: for a column beside the row itself."""
        parts = [self.found]
        if self.expected:
            gap = " " if self.expected[0].isascii() else ""
            parts.append(_("应为{expected}").format(expected=gap + self.expected))
        if self.remedy:
            parts.append(self.remedy)
        text = shown("；".join(part for part in parts if part))
        return text if text.endswith(("？", "。")) else text + "。"

    def __str__(self) -> str:
        where = self.where()
        return f"{where}：{self.problem()}" if where else self.problem()


class UnreadableFile(ValueError):
    """The file, or a sheet that everything depends on, cannot be used at all. `messages` holds every reason."""

    def __init__(self, *messages: RowMessage) -> None:
        super().__init__("\n".join(map(str, messages)))
        self.messages = messages
