"""`zhikun assess`: a survey in; ranked, explained households and the county's statistics out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from datetime import date
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq

from zhikun import documents
from zhikun.cli.publish import RESULTS, whole_file, whole_run
from zhikun.cli.screen import (
    FAULTS,
    UNREADABLE,
    UNWRITTEN,
    Day,
    Refused,
    aside,
    folder,
    load_rules,
    plan_of,
    progress,
    say,
    why,
)
from zhikun.cli.survey import CORRECTED, FILE, MEMBERS, PACK, has_rejects, keep, read, tell
from zhikun.documents.order import hardest_first
from zhikun.engine.packs.model import Pack
from zhikun.engine.plan import Plan
from zhikun.engine.run import Results, explain, missing_facts
from zhikun.engine.run import assess as run
from zhikun.engine.run.facts import ID, FactsError
from zhikun.engine.run.results import MagnitudeError
from zhikun.identity import mask_id_numbers_in
from zhikun.identity.generated import any_generated
from zhikun.intake import survey as room
from zhikun.tables.pandas_out import leave_pandas_out
from zhikun.wording import _

ON = click.option("--on", required=True, type=Day(), help=_("评估日，如 2023-11-30"))
OUT = click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help=_("结果写到哪个文件夹"))
MOST_ROWS = 10


@click.command(help=_("评估调查表 FILE（.xlsx、.csv、.parquet 或文件夹），写出名册、统计、报告"))
@FILE
@PACK
@ON
@OUT
@MEMBERS
@CORRECTED
@click.option(
    "--explain", "household", metavar="HOUSEHOLD", help=_("说明一户是怎么评出来的；有 --out 时另写这一户的报告")
)
@click.option("--markdown", "form", flag_value="markdown", help=_("说明用 Markdown 写"))
@click.option("--json", "form", flag_value="json", help=_("说明用 JSON 写"))
def assess(
    file: Path,
    pack_name: str,
    on: date,
    out: Path | None,
    members: Path | None,
    corrected: Sequence[Path],
    household: str | None,
    form: str | None,
) -> int:
    """From a filled workbook to every report."""
    leave_pandas_out()
    if out is None and household is None:
        raise click.UsageError(_("请写 --out DIR（写全部结果）或 --explain 户编号（只说明一户），也可以都写。"))
    if out is not None:
        keep([out / name for name in RESULTS], [file, *corrected])
    pack = load_rules(pack_name)
    plan = plan_of(pack, on)
    found = read(file, pack, members, on, corrected)
    # A piped explanation must be nothing but the explanation.
    with redirect_stdout(sys.stderr) if form else nullcontext():
        if out is not None:
            names = "、".join(c.name for c in corrected)
            files = _("{f}（更正表 {c}）").format(f=file.name, c=names) if corrected else file.name
            _assess_all(plan, found, files, folder(out))
        elif found.counts["rejected"]:
            aside(_("这份调查表有 {r} 户退回，原因请用 zhikun survey check 查看。").format(r=found.counts["rejected"]))
    if household is not None:
        _explain(plan, found, household, out, form or "text")
    return FAULTS if has_rejects(found) else 0


def _assess_all(plan: Plan, found: room.Survey, files: str, out: Path) -> None:
    tell(found)
    with progress() as report:
        results = _run(plan, found, report)
        assessed = assessed_county(plan, found, results, files, out)
        with whole_run(out) as part:
            _write(plan, found, assessed, results, part, report)
            written = sorted(name for name in RESULTS if (part / name).exists())
    _first_lines(assessed, plan.pack)
    say(_("结果写在 {o}：").format(o=out))
    for name in written:
        say(f"  {name}")


def _run(plan: Plan, found: room.Survey, report: Any) -> Results:
    try:
        return run(plan, found.tables, progress=lambda done, total: report(_("评估"), done, total))
    except (FactsError, MagnitudeError) as error:
        raise Refused(str(error), UNREADABLE) from None


def assessed_county(plan: Plan, found: room.Survey, results: Results, files: str, out: Path) -> documents.Assessed:
    """The assessed county as reports take it."""
    pack = plan.pack
    rejected = sum(len(sheet.rows) for sheet in found.rejects.values())
    intake = documents.Intake(
        file=files,
        households_read=found.counts["households"],
        households_rejected=found.counts["rejected"],
        rows_rejected=rejected,
        rejects_file=str(out / "rejects.xlsx") if has_rejects(found) else "",
        problems=documents.problems_of(found.messages),
    )
    names = [
        *pack.results.policies,
        pack.results.category,
        pack.results.eligible,
        pack.results.amount,
        pack.results.index,
        *pack.results.causes,
        *pack.results.flags,
    ]
    targets = [name for name in dict.fromkeys(names) if name and name in results.tables[ID].column_names]
    return documents.Assessed(
        pack=pack, day=plan.day, results=results.tables, survey=found.tables,
        missing=missing_facts(plan, found.tables, targets), intake=intake, place_names=pack.places,
        generated=is_generated(found.tables),
    )  # fmt: skip


def is_generated(tables: Mapping[str, pa.Table]) -> bool:
    """Whether the survey holds generated people: reports then say so on every page."""
    members = tables["member"]
    return "id_number" in members.column_names and any_generated(members.column("id_number"))


def _write(
    plan: Plan, found: room.Survey, assessed: documents.Assessed, results: Results, out: Path, report: Any
) -> None:
    work: list[tuple[str, Callable[[], object]]] = [
        (_("写 results.parquet"), lambda: pq.write_table(_without_texts(results.tables[ID]), out / "results.parquet")),
        (_("写 results.xlsx"), lambda: documents.write_workbook(assessed, out / "results.xlsx")),
        (_("写 report.html"), lambda: documents.write_report(assessed, out / "report.html", None)),
        (_("写 report.pdf"), lambda: documents.write_report(assessed, None, out / "report.pdf")),
    ]
    table = documents.causes_table(assessed)
    work.append((_("写 causes.csv"), lambda: documents.write_causes_csv(table, out / "causes.csv")))
    if has_rejects(found):
        work.append((_("写 rejects.xlsx"), lambda: room.write_rejects(found, plan.pack, out / "rejects.xlsx")))
    for number, (what, write) in enumerate(work):
        report(what, number, len(work))
        try:
            write()
        except documents.FontsMissing as error:
            aside(_("没有写 PDF：{why}").format(why=error))
        except (OSError, documents.DocumentError) as error:
            reason = why(error) if isinstance(error, OSError) else error
            raise Refused(_("{w}时出错：{why}").format(w=what, why=reason), UNWRITTEN) from None


def _without_texts(table: pa.Table) -> pa.Table:
    columns = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in table.columns]
    return pa.table(dict(zip(table.column_names, columns, strict=True)))


def _first_lines(assessed: documents.Assessed, pack: Pack) -> None:
    shown = pack.results
    waiting = len(assessed.missing.column(ID).unique())
    if waiting:
        say(_("有 {n} 户的结果还不能全部确定：要补问什么，见 results.xlsx 的“待补充信息”。").format(n=waiting))
    names = [name for name in (shown.rank, shown.index, shown.category, shown.amount) if name and assessed.has(name)]
    if not names:
        return
    values = assessed.column(names[0])
    rows = [i for i in hardest_first(assessed) if values[i] is not None]
    if not rows:
        say(_("没有一户有“{t}”；各户的结果见 results.xlsx。").format(t=assessed.shown(names[0]).title))
        return
    say(_("最前面的几户（建议，由人决定）："))
    titles = [_("户编号"), *(assessed.shown(name).title for name in names)]
    say("  " + "　".join(titles))
    for place in rows[:MOST_ROWS]:
        cells = [
            assessed.households[place],
            *(assessed.shown(name).text(assessed.column(name)[place], in_column=True) for name in names),
        ]
        say("  " + "　".join(cells))


def _explain(plan: Plan, found: room.Survey, household: str, out: Path | None, form: str) -> None:
    try:
        explanation = explain(plan, found.tables, household)
    except KeyError:
        rejected = any(household in map(str, row) for sheet in found.rejects.values() for row in sheet.rows)
        why = _("它被退回了，请先改正") if rejected else _("请核对户编号")
        text = _("接受的户里没有 {h}；{why}。").format(h=mask_id_numbers_in(household), why=why)
        raise Refused(text, UNREADABLE) from None
    if form == "json":
        import json  # noqa: PLC0415 - only for this form

        say(json.dumps(explanation.data, ensure_ascii=False, indent=2))
    else:
        say(explanation.markdown() if form == "markdown" else explanation.text())
    if out is not None:
        _household_reports(plan, found, explanation.data, household, out)


def _household_reports(plan: Plan, found: room.Survey, data: dict[str, Any], household: str, out: Path) -> None:
    one = documents.Assessed(
        pack=plan.pack, day=plan.day, results={ID: found.tables[ID].select([ID])}, survey=found.tables,
        missing=pa.table({ID: pa.array([], pa.string())}), place_names=plan.pack.places, generated=is_generated(found.tables),
    )  # fmt: skip
    index = one.households.index(household)
    place = one.place_name(one.townships()[index])
    safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in household)
    for ending in ("html", "pdf"):
        path = out / f"household-{safe}.{ending}"
        try:
            with whole_file(path) as part:
                documents.write_household_report(
                    data, plan.pack, part, head=one.heads()[index], place=place, generated=is_generated(found.tables)
                )
        except documents.FontsMissing as error:
            aside(_("没有写 PDF：{why}").format(why=error))
            continue
        aside(_("这一户的报告：{p}").format(p=path))
