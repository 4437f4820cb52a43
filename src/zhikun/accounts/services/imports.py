"""Accounts from a file: checked row by row by doing it and undoing it, then done whole or not at all."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.errors import AccountRefused, AlreadyAppointed, FileRefused, NameTaken, NotAsItWas
from zhikun.accounts.events import Event
from zhikun.accounts.limits import IMPORT_ROWS
from zhikun.accounts.models import AccountImport, Officer, Organisation, plain_username
from zhikun.accounts.roles import Role
from zhikun.accounts.services import passwords
from zhikun.accounts.services.appointments import appoint
from zhikun.accounts.services.guards import locked, manages, manages_area, manages_organisation
from zhikun.accounts.services.officers import good_name, new_officer, recorded_as_new, save_new
from zhikun.audit.services import record
from zhikun.places.models import Area
from zhikun.tables import UnreadableFile, read_sheets
from zhikun.wording import did_you_mean

#: What the file's columns are called, and whether every row must have it.
COLUMNS = {"账号": True, "姓名": True, "机构代码": True, "角色": False, "地区代码": False, "到期日": False}
_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")


@dataclass(frozen=True)
class Row:
    """One line of the file as it was understood: an account, and perhaps a role of it. Day and area as they stand there."""

    row: int
    username: str
    name: str
    organisation: str
    role: str
    area: str
    expires_on: str


@dataclass(frozen=True)
class Told:
    """What happened, or would happen, with a row: `new` account, `role` for a known account, `nothing`, `wrong`."""

    row: int
    username: str
    name: str
    what: str
    message: str = ""


def check(*, name: str, content: bytes, acting_officer: Officer) -> AccountImport:
    """Read a file and try every row; nothing is changed. The answer waits for `confirm`. Raises FileRefused."""
    rows = read(name, content)
    told = _tried(rows, acting_officer)
    return AccountImport.objects.create(
        officer=acting_officer, file_name=name[:200], rows=[asdict(row) for row in rows],
        messages=[asdict(one) for one in told],
    )  # fmt: skip


def confirm(held: AccountImport, *, acting_officer: Officer) -> list[tuple[Officer, str]]:
    """Make every account and role of the file, or none. Returns the new accounts with their first passwords, told once.

    Raises NotAsItWas when it was done before, FileRefused when a row has become wrong since it was checked.
    """
    rows = [Row(**row) for row in held.rows]
    given = {row.username: passwords.random_password() for row in rows}
    known = set(Officer.objects.filter(username__in=given).values_list("username", flat=True))
    hashes = {username: make_password(password) for username, password in given.items() if username not in known}
    with transaction.atomic():
        held = AccountImport.objects.select_for_update().get(pk=held.pk)
        if held.state != AccountImport.State.CHECKED or held.officer_id != acting_officer.pk:
            raise NotAsItWas(_("这个文件已经导入过。"))
        made: dict[str, Officer] = {}
        told = list(_each(rows, acting_officer, hashes, made))
        if wrong := [one for one in told if one.what == "wrong"]:
            raise FileRefused(_("第 {row} 行：{why}").format(row=wrong[0].row, why=wrong[0].message))
        held.state, held.done_at = AccountImport.State.DONE, timezone.now()
        held.messages = [asdict(one) for one in told]
        held.save(update_fields=["state", "done_at", "messages"])
        details = {"rows": len(rows), "accounts": len(made)}
        record(Event.IMPORTED, by=acting_officer, subject=held.file_name[:100], details=details)
    return [(officer, given[username]) for username, officer in made.items()]


def read(name: str, content: bytes) -> list[Row]:
    """The rows of the first sheet. Raises FileRefused for a file that cannot be read, lacks a column, or is too long."""
    with tempfile.TemporaryDirectory(prefix="zhikun-accounts-") as folder:
        path = Path(folder) / f"file{Path(name).suffix.lower()}"
        path.write_bytes(content)
        try:
            sheets = read_sheets(path)
        except UnreadableFile as error:
            problem = "；".join(message.problem() for message in error.messages)
            raise FileRefused(problem) from None
    if not sheets or len(sheets[0]) < 2:
        raise FileRefused(_("文件里没有数据行。第一行应是列名，从第二行起每行一个账号。"))
    grid = sheets[0].grid(0)
    heads = ["".join(head.split()) for head in grid.header]
    missing = [head for head in COLUMNS if head not in heads]
    if missing:
        hints = "".join(did_you_mean(head, [one for one in heads if one]) for head in missing)
        raise FileRefused(_("缺少这些列：{names}。{hints}").format(names="、".join(missing), hints=hints))
    columns = {head: grid.columns[heads.index(head)].text.to_pylist() for head in COLUMNS}
    rows = [
        Row(int(grid.rows[at]), *(_plain(head, columns[head][at]) for head in COLUMNS)) for at in range(len(grid.rows))
    ]
    rows = [row for row in rows if any((row.username, row.name, row.organisation, row.role))]
    if not rows or len(rows) > IMPORT_ROWS.value:
        raise FileRefused(
            _("文件有 {n} 行数据，一次可以导入 1 至 {most} 行。").format(n=len(rows), most=IMPORT_ROWS.value)
        )
    return rows


def _plain(head: str, text: str) -> str:
    return plain_username(text) if head == "账号" else " ".join(text.split())


@transaction.atomic
def _tried(rows: list[Row], acting_officer: Officer) -> list[Told]:
    """Do it all, note what happened, undo it all: the check cannot differ from the import."""
    told = list(_each(rows, acting_officer, dict.fromkeys((row.username for row in rows), "!"), {}))
    transaction.set_rollback(True)
    return told


def _each(
    rows: list[Row], acting_officer: Officer, hashes: Mapping[str, str], made: dict[str, Officer]
) -> Iterator[Told]:
    for row in rows:
        try:
            with transaction.atomic():
                what, message = _one(row, acting_officer, hashes, made)
        except AccountRefused as refused:
            what, message = "wrong", f"{refused.what}{refused.remedy}"
        yield Told(row.row, row.username, row.name, what, message)


def _one(row: Row, acting_officer: Officer, hashes: Mapping[str, str], made: dict[str, Officer]) -> tuple[str, str]:
    _complete(row)
    organisation = Organisation.objects.select_related("area").filter(code=row.organisation).first()
    if organisation is None:
        raise FileRefused(
            _("没有代码为“{code}”的机构。").format(code=row.organisation), _("请先新增机构，或改正代码。")
        )
    manages_organisation(acting_officer, organisation)
    role, area, day = _role(row), _area(row), _day(row)
    known = Officer.objects.select_related("organisation").filter(username=row.username).first()
    if known is None:
        known = new_officer(
            row.username, row.name, organisation, day, "", password_from=acting_officer, hashed=hashes[row.username]
        )
        save_new(known)
        recorded_as_new(known, acting_officer)
        what, message = "new", ""
    else:
        message = _known(row, known, organisation, day, new=row.username in made)
        what = "nothing"
    if role is not None and area is not None and _given(known, role, area, acting_officer):
        what = "role" if what == "nothing" else what
    if what == "new":
        made[row.username] = known
    return what, message


def _given(officer: Officer, role: Role, area: Area, acting_officer: Officer) -> bool:
    """Give the role; False when the officer holds it already."""
    manages_area(acting_officer, area)
    try:
        held = locked(officer)
        appoint(held, role=role, area=area, begins=None, ends=None, acting_officer=acting_officer)
    except AlreadyAppointed:
        return False
    manages(acting_officer, held)
    return True


def _known(row: Row, known: Officer, organisation: Organisation, day: date | None, *, new: bool) -> str:
    """A row about an account that exists must mean the same person in the same office. Raises NameTaken, NotAsItWas."""
    if known.organisation_id != organisation.pk or known.name != good_name(row.name):
        raise NameTaken(row.username, "username")
    if not known.is_active:
        raise NotAsItWas(_("账号已经停用。"))
    if day != known.expires_on and not new and row.expires_on:
        return _("到期日与现有账号不同，导入不改，请到账号页修改。")
    return ""


def _complete(row: Row) -> None:
    given = dict(zip(COLUMNS, (row.username, row.name, row.organisation), strict=False))
    for head, text in given.items():
        if not text:
            raise FileRefused(_("“{head}”没有填写。").format(head=head))
    if bool(row.role) != bool(row.area):
        raise FileRefused(_("“角色”和“地区代码”要么都填，要么都不填。"))


def _role(row: Row) -> Role | None:
    if not row.role:
        return None
    labels = {str(role.label): role for role in Role}
    if row.role not in labels:
        hint = did_you_mean(row.role, labels, shortened=True) or _("可以填：{all}。").format(all="、".join(labels))
        raise FileRefused(_("没有“{role}”这个角色。").format(role=row.role), hint)
    return labels[row.role]


def _area(row: Row) -> Area | None:
    if not row.area:
        return None
    area = Area.objects.filter(pk=int(row.area)).first() if re.fullmatch(r"[1-9]\d{11}", row.area) else None
    if area is None:
        raise FileRefused(_("没有代码为“{code}”的地区。").format(code=row.area), _("请填 12 位区划代码。"))
    return area


def _day(row: Row) -> date | None:
    if not row.expires_on:
        return None
    found = _DAY.fullmatch(row.expires_on)
    try:
        if found is not None:
            return date(*(int(part) for part in found.groups()))
    except ValueError:
        pass
    raise FileRefused(_("到期日“{day}”不是日期。").format(day=row.expires_on), _("请写成 2027-06-30 的样子。"))


def counts(held: AccountImport) -> dict[str, int]:
    """How many rows make an account, give a role, change nothing, are wrong."""
    found = dict.fromkeys(("new", "role", "nothing", "wrong"), 0)
    for one in held.messages:
        found[one["what"]] += 1
    return found


def can_be_done(held: AccountImport) -> bool:
    """Whether it waits, no row is wrong, and there is something to do."""
    count: dict[str, Any] = counts(held)
    return held.state == AccountImport.State.CHECKED and not count["wrong"] and bool(count["new"] + count["role"])
