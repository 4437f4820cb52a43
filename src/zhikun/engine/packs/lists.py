"""Department lists of `warnings/sources/`: from a checked record to what the pack holds."""

from __future__ import annotations

from zhikun.engine.packs.defined import source_of
from zhikun.engine.packs.model import NO_SOURCE, Place, Source
from zhikun.engine.packs.monitoring import BIRTH_DATE, GROUP, HOUSEHOLD, Column, ListSource
from zhikun.engine.packs.problems import Problems
from zhikun.engine.packs.shape import Record, check_name
from zhikun.wording import _

#: Keys that only columns of these types may carry.
_ONLY_FOR = {"unit": ("number",), "min": ("number",), "max": ("number",), "choices": ("choice",)}
_MOST_MONTHS = 120


def graded(record: Record, problems: Problems, parent: Source | None = None) -> Source:
    """A source; in `warnings` a reference also says how good it is."""
    if record.faulty and not record.lines:
        return NO_SOURCE  # not a group of keys at all; its fault is recorded
    source = source_of(record, problems, parent)
    if source.reference and not source.grade and not source.sample and not record.has("grade"):
        text = _("有依据却没有写 grade（依据的可靠程度）。请补上 A、B、C、D、K 或 S；数字是自拟的，写 sample: true。")
        problems.add(record.place("reference"), text)
    return source


def months_of(record: Record, key: str, default: int, least: int, problems: Problems) -> int:
    """A number of months within reason."""
    months = record.integer(key, default)
    if not least <= months <= _MOST_MONTHS:
        text = _("“{key}: {months}”不对：应当是 {least} 至 {most} 个月。请核对。")
        problems.add(record.place(key), text.format(key=key, months=months, least=least, most=_MOST_MONTHS))
    return months


def list_of(pack: str, name: str, record: Record, problems: Problems) -> ListSource:
    """A source; its faults are recorded and it still stands, so that its name and columns are known."""
    source = graded(record, problems)
    delivery = record.record("delivery") or Record(record.at, {}, {}, frozenset())
    columns = {key: _column(key, entry, problems) for key, entry in record.named("columns").items()}
    found = ListSource(
        id=name,
        title=record.text("title", name),
        department=record.text("department"),
        kind=record.text("kind"),
        columns=columns,
        rhythm=delivery.text("rhythm"),
        due_day=delivery.integer("due_day", 31),
        purpose=record.text("purpose"),
        source=source,
        at=Place(record.at.file, 1),
        months=delivery.integers("months"),
        valid_months=months_of(record, "valid_months", 1, 1, problems),
        sensitive=record.text("sensitive"),
        delivery=graded(delivery, problems, source) if record.has("delivery") else NO_SOURCE,
        pack=pack,
    )
    check_name(name, found.at, problems)
    _check_delivery(found, delivery, problems)
    _check_headers(found, problems)
    if columns and not record.faulty & {"columns", "kind"}:
        _check_subject(found, record, problems)
    return found


def _column(name: str, record: Record, problems: Problems) -> Column:
    column = Column(
        name=name,
        title=record.text("title", name),
        type=record.text("type"),
        at=record.at,
        required=record.flag("required"),
        headers=tuple(record.names("headers")),
        choices=record.texts("choices"),
        unit=record.text("unit"),
        min=record.number("min"),
        max=record.number("max"),
        sensitive=record.text("sensitive"),
    )
    if not column.type:
        return column
    for key, types in _ONLY_FOR.items():
        if record.has(key) and column.type not in types:
            text = _("“{key}”只用于类型为 {types} 的列，这一列的类型是 {type}，写了不会起作用。请删去，或改类型。")
            problems.add(record.place(key), text.format(key=key, types=" / ".join(types), type=column.type))
    if column.type == "choice" and not record.has("choices") and name != GROUP:
        text = _(
            "列“{name}”的类型是 choice，却没有写选项，部门报来的代码无从核对。请补上 choices: {{代码: 中文名称}}。"
        )
        problems.add(record.at, text.format(name=name))
    if column.min is not None and column.max is not None and column.min > column.max:
        text = _("min（{min:g}）大于 max（{max:g}），没有一个数能通过。请核对。")
        problems.add(record.place("min"), text.format(min=column.min, max=column.max))
    return column


def _check_delivery(found: ListSource, delivery: Record, problems: Problems) -> None:
    if not 1 <= found.due_day <= 31:
        text = _("due_day 是每期最后一个月的几号之前报来，应当在 1 至 31 之间，写的是 {day}。月底写 31。")
        problems.add(delivery.place("due_day"), text.format(day=found.due_day))
    wrong = [month for month in found.months if not 1 <= month <= 12]
    if wrong:
        text = _("months 里的 {month} 不是月份。请写 1 至 12。")
        problems.add(delivery.place("months"), text.format(month=wrong[0]))
    if found.rhythm == "yearly" and not delivery.has("months"):
        text = _("一年报一次（yearly）却没有写哪个月报，等不到也无从催办。请补上 months: [9] 的样子。")
        problems.add(delivery.place("rhythm"), text)
    if found.rhythm in ("monthly", "quarterly") and delivery.has("months"):
        text = _("months 只用于一年报一次的名单（rhythm: yearly），这里写了不会起作用。请删去，或改 rhythm。")
        problems.add(delivery.place("months"), text)


def _check_headers(found: ListSource, problems: Problems) -> None:
    """Two columns that go by one header could not be told apart."""
    first: dict[str, str] = {}
    for column in found.columns.values():
        for header in (column.title, *column.headers):
            other = first.setdefault(header, column.name)
            if other != column.name:
                text = _("列“{name}”和“{other}”都叫“{header}”，读名单时分不清。请改其中一个。")
                problems.add(column.at, text.format(name=column.name, other=other, header=header))


def _check_subject(found: ListSource, record: Record, problems: Problems) -> None:
    """Whose row it is must be told by the row."""
    types = {column.type for column in found.columns.values() if column.type}
    birth = found.columns.get(BIRTH_DATE)
    if "id_number" not in types and not ({"name", "place"} <= types and birth is not None and birth.type == "date"):
        text = _(
            "看不出每一行说的是谁，无法与监测对象比对。请补上类型为 id_number 的列；"
            "没有证件号码的名单要有类型为 name 的列、名为 {birth} 的日期列和类型为 place 的列。"
        )
        problems.add(record.place("columns"), text.format(birth=BIRTH_DATE))
    if found.kind != "population":
        return
    for name, type_, why in (
        (GROUP, "choice", _("说明这个人因为属于哪一类而受监测（选项取自 groups.yaml）")),
        (HOUSEHOLD, "text", _("把人归到户")),
    ):
        column = found.columns.get(name)
        if column is None or column.type not in ("", type_):
            text = _("监测对象名册（kind: population）要有名为“{name}”、类型为 {type} 的列，用来{why}。请补上。")
            problems.add(record.place("columns"), text.format(name=name, type=type_, why=why))
    if "place" not in types:
        text = _("监测对象名册（kind: population）要有类型为 place 的列，否则预警不知道交给哪个乡镇。请补上。")
        problems.add(record.place("columns"), text)
