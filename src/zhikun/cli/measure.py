"""`zhikun measure`: multidimensional poverty, the proxy means test and score cards of assessed households."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhikun.cli import measure_text as text
from zhikun.cli.publish import whole_file
from zhikun.cli.screen import UNREADABLE, UNUSABLE, Refused, aside, lines, load_rules, rows_in, say, why
from zhikun.cli.survey import MEMBERS, PACK, keep, read
from zhikun.engine.packs.model import Pack
from zhikun.measures import cards, means, poverty, targeting
from zhikun.measures.design import Predictor, Unknowns
from zhikun.measures.errors import MeasureError
from zhikun.measures.sampling import Sample
from zhikun.measures.values import LEVELS, Named, beside, column, named, numbers, places
from zhikun.wording import _

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = click.argument("results", type=click.Path(path_type=Path))
SURVEY = click.option(
    "--survey", type=click.Path(path_type=Path), metavar="FILE",
    help=_("调查表：结果里没有的事实和所在地从这里取"),
)  # fmt: skip
OUT = click.option(
    "--out", type=click.Path(path_type=Path), metavar="PATH",
    help=_("写到哪里：以 .xlsx 结尾是工作簿，否则是文件夹，每张表一个 CSV"),
)  # fmt: skip
_LINE = re.compile(r"^(?P<name>.+?)\s*(?P<sign>>=|≥|<)\s*(?P<number>\S+)$")


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (OUT, MEMBERS, SURVEY, PACK, RESULTS):
        command = option(command)
    return command


@click.group(help=_("计量：多维贫困、准家计调查、评分卡。只作统计和建议，不决定任何一户"))
def measure() -> None:
    """Commands that describe many households."""


@measure.command("poverty", help=_(
    "多维贫困（Alkire-Foster）：RESULTS 是评估结果的文件夹，或其中的 results.parquet；未知的剥夺不当作没有，给出上下限"))  # fmt: skip
@_common
@click.option("--at-least", type=float, metavar="N", help=_("政策包的各致困原因，从多少分起算剥夺"))
@click.option("--deprived", "written", multiple=True, metavar="NAME>=N",
              help=_("一项剥夺：数 NAME>=N 或 NAME<N，是/否只写 NAME；可写几次"))  # fmt: skip
@click.option("--weight", "weights", multiple=True, metavar="NAME=W", help=_("一项剥夺的权数，如 2 或 1/6；不写是 1"))
@click.option("--cutoff", metavar="K", help=_("被剥夺的权数合计达到多少算贫困；权数都是 1 时就是项数"))
@click.option("--share", metavar="K", help=_("同上，写成占权数合计的份额，如 1/3"))
@click.option("--population", multiple=True, metavar="NAME",
              help=_("每户代表多少人：家庭人口、调查权数；写几次就相乘。不写按户计"))  # fmt: skip
@click.option("--by", "level", type=click.Choice(list(LEVELS)), help=_("按县、乡镇还是村分组"))
@click.option("--sample", type=click.Choice(["household", "village"]),
              help=_("这些户是样本：逐户抽的，或整村抽的；给出标准误"))  # fmt: skip
def poverty_(  # noqa: PLR0913 - one argument for each option of the command
    *,
    results: Path, pack_name: str, survey: Path | None, members: Path | None, out: Path | None, at_least: float | None,
    written: Sequence[str], weights: Sequence[str], cutoff: str | None, share: str | None,
    population: Sequence[str], level: str | None, sample: str | None,
) -> int:  # fmt: skip
    """H, A and M0 with their parts."""
    if (cutoff is None) == (share is None):
        raise click.UsageError(_("请写 --cutoff 或 --share 之一：从多少起算贫困。"))
    if at_least is None and not written:
        raise click.UsageError(_("请写 --at-least（政策包的各致困原因）或 --deprived（一项一项写）。"))
    pack = load_rules(pack_name)
    _kept(out, results, survey)
    with _refusing():
        table = _observed(results, survey, members, pack)
        lacks = _weighted(_deprivations(pack, at_least, written), weights, pack)
        whole = sum((one.weight for one in lacks), Fraction(0))
        line = _fraction(cutoff) if cutoff is not None else _fraction(str(share)) * whole
        people, people_title = _people(table, pack, population)
        found = poverty.measure(
            poverty.deprived(_columns(table, pack, [one.of for one in lacks]), lacks), lacks, cutoff=line, population=people,
            groups=places(table, level) if level else None,
            sample=Sample(places(table, "village") if sample == "village" else None) if sample else None,
        )  # fmt: skip
    for sentence in text.poverty_lines(found, pack, people_title):
        say(sentence)
    _write(out, text.poverty_sheets(found, pack, people_title))
    return 0


@measure.command("means", help=_(
    "准家计调查模型：用看得见的事实推算人均收入，并说明会漏掉多少、错进多少；只作线索，不决定任何一户"))  # fmt: skip
@_common
@click.option("--of", "target", required=True, metavar="NAME", help=_("推算什么，如 income_per_head"))
@click.option("--fact", "facts", multiple=True, required=True, metavar="NAME[:N,N]",
              help=_("依据的事实；数字可以分段，如 member_count:2,4。可写几次"))  # fmt: skip
@click.option("--plain", is_flag=True, help=_("推算原数，不取对数（收入为零的户也参加）"))
@click.option("--weight", metavar="NAME", help=_("调查权数"))
@click.option("--unknown", type=click.Choice([u.value for u in Unknowns]), default=Unknowns.LEAVE_OUT.value,
              show_default=True, help=_("有事实不清楚的户：不参加，或“不清楚”自成一级"))  # fmt: skip
@click.option("--line", type=float, metavar="N", help=_("实际低于多少算困难；写了才数漏保和误保"))
@click.option("--cutoff", "cutoffs", type=float, multiple=True, metavar="N",
              help=_("推算低于多少算列入；可写几次，不写取线的 50% 至 150%"))  # fmt: skip
@click.option("--folds", type=click.IntRange(min=0), default=5, show_default=True, metavar="K",
              help=_("交叉检验分几份；0 是不检验，错误按参加估计的户自己数（偏小）"))  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help=_("分份的种子，同一种子分法相同"))
@click.option("--card", type=click.Path(path_type=Path), metavar="FILE.csv", help=_("把系数折成整数分，写成评分卡"))
@click.option(
    "--point",
    type=float,
    default=0.01,
    show_default=True,
    metavar="N",
    help=_("评分卡一分是多大；取对数时 0.01 约为百分之一"),
)
def means_(  # noqa: PLR0913 - one argument for each option of the command
    *,
    results: Path, pack_name: str, survey: Path | None, members: Path | None, out: Path | None, target: str,
    facts: Sequence[str], plain: bool, weight: str | None, unknown: str, line: float | None, cutoffs: Sequence[float],
    folds: int, seed: int, card: Path | None, point: float,
) -> int:  # fmt: skip
    """Fit, validation, errors by cut-off, card."""
    pack = load_rules(pack_name)
    if cutoffs and line is None:
        raise click.UsageError(_("写了 --cutoff 还要写 --line：实际低于多少算困难，才数得出漏了谁、错了谁。"))
    _kept(out, results, survey, card)
    with _refusing():
        table = _observed(results, survey, members, pack)
        aim = means.Target(_value(pack, table, target), log=not plain)
        predictors = [_predictor(one, pack, table) for one in facts]
        weights = None if weight is None else column(table, _value(pack, table, weight))
        rule = Unknowns(unknown)
        model = means.fit(table, aim, predictors, weights=weights, unknowns=rule)
        told, validated = model.predict(table), None
        if folds:
            validated = targeting.cross_validate(
                table, aim, predictors, folds=folds, seed=seed, weights=weights, unknowns=rule
            )
        actual = numbers(column(table, aim.value), aim.value.title)
        curve = _curve(actual, told if validated is None else validated.told, line, cutoffs, weights)
        rounded = cards.of_model(model, point) if card is not None else None
    for sentence in text.means_lines(model, validated, curve):
        say(sentence)
    ids = [str(h) for h in table.column("household").to_pylist()]
    _write(out, text.means_sheets(model, curve, ids, actual, told, validated))
    if card is not None and rounded is not None:
        with whole_file(card) as path:
            cards.write_card(rounded, path)
        say(_("评分卡写在 {p}；请本地核定后再用。").format(p=card))
    return 0


@measure.command(help=_("按评分卡 CARD.csv（fact,level,points）给每一户打分；缺事实的户没有分，写明缺什么"))
@_common
@click.option("--card", required=True, type=click.Path(path_type=Path), metavar="CARD.csv", help=_("评分卡"))
def score(
    results: Path, pack_name: str, survey: Path | None, members: Path | None, out: Path | None, card: Path
) -> int:
    """Points of every household."""
    pack = load_rules(pack_name)
    _kept(out, results, survey, card)
    with _refusing():
        found = rows_in(card, lambda path: [cards.read_card(path, pack)])[0]
        table = _observed(results, survey, members, pack)
        scores = found.scores(table)
    ids = [str(h) for h in table.column("household").to_pylist()]
    for sentence in text.score_lines(ids, scores):
        say(sentence)
    _write(out, text.score_sheets(ids, scores))
    return 0


@contextmanager
def _refusing() -> Iterator[None]:
    """A measure that cannot be taken ends the command with its sentence."""
    try:
        yield
    except MeasureError as error:
        raise Refused(str(error), UNUSABLE) from None


def _kept(out: Path | None, *given: Path | None) -> None:
    """Nothing that is read is written over."""
    if out is not None and out.suffix.lower() == ".xlsx":
        keep([out], [path for path in given if path is not None])


def _observed(results: Path, survey: Path | None, members: Path | None, pack: Pack) -> pa.Table:
    """Results and facts of the same households side by side."""
    tables = [_parquet(results / "results.parquet" if results.is_dir() else results)]
    if results.is_dir() and (results / "facts-household.parquet").exists():
        tables.append(_parquet(results / "facts-household.parquet"))
    if survey is not None:
        found = read(survey, pack, members)
        if found.counts["rejected"]:
            aside(_("这份调查表有 {r} 户退回，它们的事实不清楚；原因请用 zhikun survey check 查看。").format(
                r=found.counts["rejected"]))  # fmt: skip
        tables.append(found.tables["household"])
    table = beside(*tables)
    if survey is not None:
        others = len(set(tables[-1].column("household").to_pylist()) - set(table.column("household").to_pylist()))
        if others:
            aside(_("调查表里有 {n} 户不在结果里，没有计入；请用这份调查表重新评估。").format(n=others))
    return table


def _parquet(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except FileNotFoundError:
        raise Refused(
            _("找不到 {p}。请给出 zhikun assess 写出的 results.parquet，或它所在的文件夹。").format(p=path), UNREADABLE
        ) from None
    except pa.ArrowException:
        raise Refused(
            _("{p} 不是完整的 Parquet 文件。请给出 zhikun assess 写出的 results.parquet。").format(p=path), UNREADABLE
        ) from None
    except OSError as error:
        raise Refused(_("打不开 {f}：{why}。").format(f=path, why=why(error)), UNREADABLE) from None


def _value(pack: Pack, table: pa.Table, word: str) -> Named:
    """A value of the pack, or a column of numbers that only the table has (a survey weight)."""
    try:
        return named(pack, word)
    except MeasureError:
        if word in table.column_names:
            return Named(word, word, "number")
        raise


def _columns(table: pa.Table, pack: Pack, names: Sequence[str]) -> pa.Table:
    return pa.table({name: column(table, named(pack, name)) for name in dict.fromkeys(names)})


def _deprivations(pack: Pack, at_least: float | None, written: Sequence[str]) -> list[poverty.Deprivation]:
    found = []
    if at_least is not None:
        if not pack.results.causes:
            raise MeasureError(
                _("政策包“{p}”没有致困原因的分数，不能用 --at-least；请用 --deprived 一项一项写。").format(p=pack.id)
            )
        found = [poverty.Deprivation(c, named(pack, c).title, c, at_least=at_least) for c in pack.results.causes]
    for one in written:
        parts = _LINE.match(one.strip())
        value = named(pack, parts["name"] if parts else one.strip())
        if parts is None:
            found.append(poverty.Deprivation(value.name, value.title, value.name))
            continue
        line = float(_fraction(parts["number"]))
        low = parts["sign"] != "<"
        made = poverty.Deprivation(value.name, value.title, value.name, line if low else None, None if low else line)
        # A line of its own replaces the one that --at-least draws for all causes.
        at = next(
            (i for i, other in enumerate(found) if other.name == value.name and i < len(pack.results.causes)), None
        )
        if at is not None and at_least is not None:
            found[at] = made
        else:
            found.append(made)
    return found


def _weighted(lacks: Sequence[poverty.Deprivation], weights: Sequence[str], pack: Pack) -> list[poverty.Deprivation]:
    given = {}
    for one in weights:
        name, sign, number = one.partition("=")
        if not sign:
            raise click.UsageError(
                _("--weight 要写成 名称=权数，如 illness=2 或 illness=1/6；这里是“{o}”。").format(o=one)
            )
        given[named(pack, name.strip()).name] = _fraction(number)
    strange = sorted(set(given) - {one.name for one in lacks})
    if strange:
        raise MeasureError(
            _("给了权数的 {s} 不在要计量的剥夺里；请用 --deprived 写上，或去掉它的权数。").format(s="、".join(strange))
        )
    return [replace(one, weight=given.get(one.name, one.weight)) for one in lacks]


def _fraction(written: str) -> Fraction:
    try:
        return Fraction(written.strip())
    except (ValueError, ZeroDivisionError):
        raise MeasureError(_("“{t}”不是数；请写 2、0.5 或 1/3。").format(t=written)) from None


def _people(table: pa.Table, pack: Pack, words: Sequence[str]) -> tuple[pa.Array | None, str]:
    """How many people each household stands for, and in words; None counts households."""
    if not words:
        return None, ""
    values = [_value(pack, table, word) for word in words]
    product = np.ones(table.num_rows)
    for value in values:
        product = product * numbers(column(table, value), value.title)
    return pa.array(product, mask=np.isnan(product)), " × ".join(f"“{value.title}”" for value in values)


def _predictor(written: str, pack: Pack, table: pa.Table) -> Predictor:
    name, sign, bands = written.partition(":")
    numbers_ = tuple(float(_fraction(band)) for band in bands.split(",")) if sign else ()
    return Predictor(_value(pack, table, name.strip()), numbers_)


def _curve(
    actual: Any, told: Any, line: float | None, cutoffs: Sequence[float], weights: pa.Array | None
) -> tuple[targeting.Cutoff, ...]:
    if line is None:
        return ()
    points = list(cutoffs) or [targeting.cutoff_at(line, share) for share in targeting.SHARES]
    weight = None if weights is None else numbers(weights, _("调查权数"))
    return targeting.errors(actual, told, points, line=line, weights=weight)


def _write(out: Path | None, sheets: Sequence[text.Sheet]) -> None:
    """A workbook with all sheets, or a folder with a CSV for each."""
    if out is None:
        return
    if out.suffix.lower() == ".xlsx":
        with whole_file(out) as path:
            text.write_workbook(sheets, path)
        say(_("写在 {p}。").format(p=out))
        return
    if out.suffix:
        raise click.UsageError(_("{p} 要以 .xlsx 结尾（工作簿），或写一个文件夹（每张表一个 CSV）。").format(p=out))
    for sheet in sheets:
        with whole_file(out / f"{sheet.file}.csv") as path:
            text.write_sheet(sheet, path)
    say(lines([str(out / f"{sheet.file}.csv") for sheet in sheets], _("写在：")))
