"""Which column of a file is which column of the list, and whether the file is this list at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zhikun.engine.packs.monitoring import Column, ListSource, Monitoring
from zhikun.identity import mask_id_numbers_in
from zhikun.intake.lists.errors import ListUnreadable
from zhikun.intake.survey.layout import heading_key
from zhikun.wording import _, did_you_mean

LOOK_AT = 10
_BROKEN = ("\ufffd", "锟斤拷", "Ã", "æ–", "å§")
_MOST_SHOWN = 12


def returned_from_heading() -> str:
    """The heading that a workbook of rejects carries: which receipt its rows come from."""
    return _("退回自")


def original_row_heading() -> str:
    """Beside it: the row in the file that was sent first."""
    return _("原行号")


def problem_heading() -> str:
    return _("问题")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each column of the list stands in the file. `columns`: position by name; what is not there is absent."""

    header: tuple[str, ...]
    columns: Mapping[str, int]
    absent: tuple[str, ...]  # titles of columns that need not be there and are not
    unread: tuple[str, ...]  # headings that the list does not know
    returned_from: int | None = None
    original_row: int | None = None
    problem: int | None = None


def known_headings(source: ListSource) -> dict[str, str]:
    """Every heading a column goes by -> its name."""
    known: dict[str, str] = {}
    for name in source.columns:
        known.setdefault(heading_key(name), name)
    for name, column in source.columns.items():
        words = [column.title, *column.headers]
        if column.unit:
            words += [f"{word}({column.unit})" for word in (column.title, *column.headers)]
        for word in words:
            known[heading_key(word)] = name
    return known


def heading_score(source: ListSource, row: Sequence[str]) -> int:
    """How many columns of the list a row names, if it is the row of headings."""
    known = known_headings(source)
    return len({known[key] for cell in row if (key := heading_key(cell)) in known})


def find_heading_row(source: ListSource, rows: Sequence[Sequence[str]]) -> int | None:
    """The row (from 0) among the first that names most columns; None where none names any."""
    scores = [heading_score(source, row) for row in rows[:LOOK_AT]]
    best = max(scores, default=0)
    return scores.index(best) if best else None


def lay_out(source: ListSource, header: Sequence[str], file: str, monitoring: Monitoring | None = None) -> Layout:
    """The columns of the list in the file. Raises ListUnreadable for doubled and for missing required columns."""
    known = known_headings(source)
    places: dict[str, list[int]] = {}
    unread: list[str] = []
    own: dict[str, int] = {}
    system = {heading_key(w()): w() for w in (returned_from_heading, original_row_heading, problem_heading)}
    for position, heading in enumerate(header):
        key = heading_key(heading)
        if key in known:
            places.setdefault(known[key], []).append(position)
        elif key in system:
            own[system[key]] = position
        elif key:
            unread.append(heading.strip())
    _refuse_doubled(source, header, places, file)
    missing = [column for name, column in source.columns.items() if column.required and name not in places]
    if missing:
        raise ListUnreadable(_missing(source, missing, header, unread, file, monitoring))
    other = _other_list(source, header, monitoring)
    if other is not None:
        text = _("“{f}”里没有“{t}”的其他列。").format(f=file, t=source.title)
        raise ListUnreadable(text + _like_other(other))
    absent = tuple(column.title for name, column in source.columns.items() if name not in places)
    return Layout(
        tuple(header),
        {name: found[0] for name, found in places.items()},
        absent,
        tuple(unread),
        own.get(returned_from_heading()),
        own.get(original_row_heading()),
        own.get(problem_heading()),
    )


def no_heading_row(
    source: ListSource, rows: Sequence[Sequence[str]], file: str, monitoring: Monitoring | None = None
) -> ListUnreadable:
    """The error of a file in which no row names a column of the list."""
    first = next((row for row in rows if any(cell.strip() for cell in row)), ())
    text = _("“{f}”前 {n} 行里找不到“{t}”的表头（应有{columns}）。").format(
        f=file, n=LOOK_AT, t=source.title, columns=_titles(list(source.columns.values()))
    )
    if any(mark in cell for cell in first for mark in _BROKEN):
        text += _(
            "表头是乱码：文件用错误的编码另存过，原来的字已经丢失。请让报送部门重新导出 UTF-8 或 GBK 编码的文件。"
        )
        return ListUnreadable(text)
    other = _other_list(source, first, monitoring)
    if other is not None:
        return ListUnreadable(text + _like_other(other))
    shown = "、".join(mask_id_numbers_in(cell.strip()) for cell in first[:_MOST_SHOWN] if cell.strip())
    return ListUnreadable(
        text + _("最前面一行是：{s}。没有表头就不知道哪一列是什么，请加上表头，或换成这份名单的文件。").format(s=shown)
    )


def _refuse_doubled(source: ListSource, header: Sequence[str], places: Mapping[str, list[int]], file: str) -> None:
    doubled = {name: found for name, found in places.items() if len(found) > 1}
    if not doubled:
        return
    parts = [
        _("“{t}”有 {n} 列（{h}，在第 {p} 列）").format(
            t=source.columns[name].title,
            n=len(found),
            h="、".join(header[i].strip() for i in found),
            p="、".join(str(i + 1) for i in found),
        )
        for name, found in doubled.items()
    ]
    raise ListUnreadable(
        _("“{f}”的表头里{parts}，不知道该读哪一列。请删去或改名多余的列，每样只留一列。").format(
            f=file, parts="；".join(parts)
        )
    )


def _missing(
    source: ListSource,
    missing: list[Column],
    header: Sequence[str],
    unread: Sequence[str],
    file: str,
    monitoring: Monitoring | None,
) -> str:
    text = _("“{f}”缺少“{t}”必须有的列：{columns}。").format(f=file, t=source.title, columns=_titles(missing))
    other = _other_list(source, header, monitoring)
    if other is not None:
        return text + _like_other(other)
    hints = []
    for column in missing:
        for word in unread:
            if heading_key(word).startswith(heading_key(column.title)) and column.unit:
                hint = _("“{w}”像是这一列，但单位不是{u}，请换算成{u}后把表头改为“{t}”。")
                hints.append(hint.format(w=word, u=column.unit, t=column.title))
                break
        else:
            near = did_you_mean(column.title, [w for w in unread if w])
            hints += [near] if near else []
    shown = "、".join(mask_id_numbers_in(w) for w in unread[:_MOST_SHOWN])
    if shown and not hints:
        hints.append(_("表头里不认识的有：{w}。").format(w=shown))
    return text + "".join(hints) + _("请照名单的列名补上或改正表头后再接收。")


def _other_list(source: ListSource, row: Sequence[str], monitoring: Monitoring | None) -> ListSource | None:
    """The list of the pack whose headings fit this file whole, where those of the named one do not."""
    if monitoring is None:
        return None
    mine = heading_score(source, row)
    for other in monitoring.sources.values():
        if other.id == source.id or heading_score(other, row) <= mine:
            continue
        known = known_headings(other)
        found = {known[key] for cell in row if (key := heading_key(cell)) in known}
        if all(name in found for name, column in other.columns.items() if column.required):
            return other
    return None


def _like_other(other: ListSource) -> str:
    return _("它的表头是名单“{t}”（{i}）的。如果就是那份名单，请用 --source {i} 接收。").format(
        t=other.title, i=other.id
    )


def _titles(columns: Sequence[Column]) -> str:
    return "、".join(column.title for column in columns)
