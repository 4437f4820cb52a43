"""`zhikun whatif`: another standard, or another value in a score table: who enters, who leaves, what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import click
import pyarrow.parquet as pq

from zhikun.cli.assess import ON
from zhikun.cli.publish import whole_file
from zhikun.cli.screen import UNREADABLE, UNUSABLE, Refused, aside, lines, load_rules, plan_of, say
from zhikun.cli.survey import CORRECTED, FILE, MEMBERS, PACK, read
from zhikun.engine.packs.model import Pack, Standard, Table
from zhikun.engine.plan import Plan, PlanErrors, make_plan
from zhikun.engine.run.facts import FactsError
from zhikun.engine.run.results import MagnitudeError
from zhikun.engine.run.whatif import ChangeError, Comparison, compare, with_standard, with_table_value
from zhikun.wording import _, amount_text, change_text, did_you_mean

OUT = click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help=_("有变化的户和按乡镇的差额写到哪个文件夹")
)


@click.command(help=_("如果换一个标准或表里的一个值：谁进、谁出、每月多花多少，按乡镇"))
@FILE
@PACK
@ON
@MEMBERS
@CORRECTED
@click.option("--set", "changes", multiple=True, required=True, metavar="NAME=VALUE",
              help=_("标准=新值；表里的值写成 表[键,键]=新值。名称也可以，如 农村低保标准=650。可写几次"))  # fmt: skip
@OUT
def whatif(
    file: Path,
    pack_name: str,
    on: date,
    members: Path | None,
    corrected: Sequence[Path],
    changes: Sequence[str],
    out: Path | None,
) -> int:
    """Base against variant on one survey."""
    pack = load_rules(pack_name)
    plan = plan_of(pack, on)
    variant = _variant(plan, pack, changes, on)
    found = read(file, pack, members, on, corrected)
    if found.counts["rejected"]:  # they are in neither sum
        aside(_("这份调查表有 {r} 户退回，不在下面的户数和金额里；原因请用 zhikun survey check 查看。").format(
            r=found.counts["rejected"]))  # fmt: skip
    try:
        comparison = compare(plan, variant, found.tables)
    except ChangeError as error:
        raise Refused(str(error), UNUSABLE) from None
    except (FactsError, MagnitudeError) as error:
        raise Refused(str(error), UNREADABLE) from None
    _tell(comparison, pack)
    if out is not None:
        for name, table in (("changed", comparison.households), ("places", comparison.places)):
            with whole_file(out / f"{name}.parquet") as path:
                pq.write_table(table, path)
        say(_("有变化的户写在 {p}，按乡镇的差额写在 {q}。").format(p=out / "changed.parquet", q=out / "places.parquet"))
    return 0


def _variant(plan: Plan, pack: Pack, changes: Sequence[str], on: date) -> Plan:
    try:
        for change in changes:
            pack = changed(pack, change, on)
        return make_plan(pack, on, plan.place)
    except ChangeError as error:
        raise Refused(str(error), UNUSABLE) from None
    except PlanErrors as errors:
        raise Refused(str(errors), UNUSABLE) from None


def _tell(comparison: Comparison, pack: Pack) -> None:
    """Counts for all packs; money only where the pack computes an amount."""
    totals = comparison.totals
    say(_("共 {h:,.0f} 户：进 {e:,.0f} 户，出 {l:,.0f} 户，未定 {u:,.0f} 户；结果有变化的 {c:,.0f} 户。").format(
        h=totals["households"], e=totals["enter"], l=totals["leave"], u=totals["undetermined"],
        c=comparison.households.num_rows))  # fmt: skip
    if pack.results.amount:
        say(_("每月金额 {a} 元，变为 {b} 元，差 {d} 元。").format(
            a=amount_text(totals["amount"]), b=amount_text(totals["amount__variant"]),
            d=change_text(totals["difference"])))  # fmt: skip
    for row in comparison.places.to_pylist():
        name = pack.places.get(row["place"], row["place"] or _("未填写所在地"))
        line = _("  {p}：{h} 户，进 {e}，出 {l}").format(p=name, h=row["households"], e=row["enter"], l=row["leave"])
        if pack.results.amount:
            line += _("，差 {d} 元/月").format(d=change_text(row["difference"]))
        say(line)


def changed(pack: Pack, text: str, on: date) -> Pack:
    """The pack with one `NAME=VALUE` or `TABLE[KEY,KEY]=VALUE` applied. Standards and tables may be named by their titles."""
    name, sign, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if not sign or not name or not value:
        raise ChangeError(_("“{t}”要写成 标准=新值 或 表[键,键]=新值。").format(t=text))
    if name.endswith("]") and "[" in name:
        title, _bracket, keys = name[:-1].partition("[")
        table = _named(pack.tables, title.strip(), _("表"))
        number: object = _number(title, value) if pack.tables[table].type == "number" else value
        return _with_row(pack, table, [key.strip() for key in keys.split(",")], number)
    standard = _named(pack.standards, name, _("标准"))
    new: object = _number(name, value) if pack.standards[standard].type == "number" else value
    # A value of a place would prevail over one for everywhere, and the trial would change nothing there.
    for place in sorted({"", *(dated.place for dated in pack.standards[standard].values)}):
        pack = with_standard(pack, standard, new, on, place)
    return pack


def _named(known: Mapping[str, Standard] | Mapping[str, Table], word: str, kind: str) -> str:
    """The identifier for an identifier or a title; where there is none, a list of all."""
    by_title = {item.title: name for name, item in known.items()}
    if word in known:
        return word
    if word in by_title:
        return by_title[word]
    near = did_you_mean(word, [*known, *by_title])
    title = _("没有叫“{n}”的{kind}。{near}可以换的有：").format(n=word, kind=kind, near=near)
    raise ChangeError(lines([f"{name}（{item.title}）" for name, item in known.items()], title))


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ChangeError(_("“{n}”是数字，不能换成“{v}”；请只写数字，如 650 或 0.05。").format(n=name, v=value))
    return number


def _with_row(pack: Pack, table: str, keys: Sequence[str], value: object) -> Pack:
    try:
        return with_table_value(pack, table, keys, value)
    except (ChangeError, ValueError):  # a word where the table has bands of numbers
        rows = [_keys(row) for version in pack.tables[table].versions for row, _value in version.rows]
        title = _("表“{n}”里没有键为 {k} 的行。可以写的有（数字写段内的任何一个）：").format(n=table, k="、".join(keys))
        raise ChangeError(lines([f"{table}[{row}]" for row in rows], title)) from None


def _keys(row: Sequence[object]) -> str:
    """The keys of a row as they are written after --set; of a band its first number, or the last below its end."""
    return ",".join(str(key if not isinstance(key, tuple) else _inside(key)) for key in row)


def _inside(band: tuple[object, ...]) -> str:
    low, below = band
    if low is not None:
        return f"{float(str(low)):g}"
    return "0" if below is None else f"{float(str(below)) - 1:g}"
