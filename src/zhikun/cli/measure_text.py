"""What `zhikun measure` shows and writes: sentences for the screen, sheets for a workbook or CSV files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zhikun.documents.book import DECIMAL, TEXT, WHOLE, Book, Head
from zhikun.documents.values import number_text
from zhikun.engine.packs.model import Pack
from zhikun.measures.cards import Score
from zhikun.measures.means import Model
from zhikun.measures.poverty import Deprivation, Figures, Group, Poverty
from zhikun.measures.targeting import Cutoff, Validation
from zhikun.tables import write_csv
from zhikun.wording import _

_DECIMALS = 6
PROPOSAL = _("推算只作线索：核实收入和财产以后由人决定，不能凭推算给予或拒绝救助。")
READINGS = _("有剥夺不清楚的，左边按没有剥夺算，右边按有剥夺算。H、M0 和各项发生率的真值在两者之间；A 和贡献率不一定。")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of the workbook, or a CSV file of the folder."""

    file: str
    name: str
    title: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[object, ...], ...]
    remarks: tuple[str, ...] = ()


def write_workbook(sheets: Iterable[Sheet], path: Path) -> None:
    """All sheets in one workbook."""
    sheets = list(sheets)
    with Book(path, sheets[0].title) as book:
        for sheet in sheets:
            book.table(
                sheet.name, sheet.heads, [[_shortened(v) for v in row] for row in sheet.rows], title=sheet.title,
                remarks=sheet.remarks, frozen_columns=1,
            )  # fmt: skip


def write_sheet(sheet: Sheet, path: Path) -> None:
    """One sheet as CSV."""
    write_csv(path, [head.title for head in sheet.heads], [[_shortened(v) for v in row] for row in sheet.rows])


def _shortened(value: object) -> object:
    return round(value, _DECIMALS) if isinstance(value, float) else value


def poverty_lines(found: Poverty, pack: Pack, people: str) -> Iterator[str]:
    """The whole, each dimension, each place."""
    total = found.total
    yield _("多维贫困（Alkire-Foster）：{u:,} 户，{how}计 {n}；{d} 项剥夺，权数合计 {w}，达到 {k} 算贫困。").format(
        u=total.units, how=_("按{p}").format(p=people) if people else _("按户"), n=_count(total.population), d=len(found.deprivations),
        w=sum(one.weight for one in found.deprivations), k=found.cutoff)  # fmt: skip
    if total.unweighted_units:
        yield _("  有 {n} 户的{p}不清楚，不在下面的任何一个数里；请补齐。").format(n=total.unweighted_units, p=people)
    if total.incomplete_units:
        yield _("  有 {n} 户缺一项以上的剥夺，其中 {u} 户是否贫困定不下来（代表 {p}）。{r}").format(
            n=total.incomplete_units, u=total.undetermined_units, p=_count(total.undetermined_population), r=READINGS)  # fmt: skip
    for title, name in (
        (_("贫困发生率 H"), "headcount"),
        (_("平均剥夺份额 A"), "intensity"),
        (_("多维贫困指数 M0"), "adjusted"),
    ):
        yield _("  {t}：{v}{e}").format(t=title, v=_pair(total, name), e=_error(total.low, name))
    yield _("各项（剥夺发生率　贫困且被剥夺的发生率　对 M0 的贡献）：")
    for one in found.deprivations:
        shares = "　".join(_two(getattr(total.low, part)[one.name], getattr(total.high, part)[one.name])
                          for part in ("uncensored", "censored", "contributions"))  # fmt: skip
        yield _("  {t}（{l}，权数 {w}）：{s}").format(t=one.title, l=line_text(one), w=one.weight, s=shares)
    if found.groups:
        yield _("各地（户　H　A　M0　对 M0 的贡献）：")
    for group in found.groups:
        yield "  {t}：{u:,} {un}　{h}　{a}　{m}　{c}".format(
            t=place_text(pack, group.code), u=group.units, un=_("户"), h=_pair(group, "headcount"), a=_pair(group, "intensity"),
            m=_pair(group, "adjusted"), c=_two(group.contribution_low, group.contribution_high))  # fmt: skip


def line_text(one: Deprivation) -> str:
    """From where on it counts: ≥ 2, < 1, 是."""
    if one.at_least is not None:
        return f"≥ {one.at_least:g}"
    return _("是") if one.below is None else f"< {one.below:g}"


def place_text(pack: Pack, code: str) -> str:
    """The name of a place, or its code; households whose place is not known that far say so."""
    return pack.places.get(code, code) or _("所在地不清楚")


def _pair(group: Group, name: str) -> str:
    return _two(getattr(group.low, name), getattr(group.high, name), plain=name == "adjusted")


def _two(low: float | None, high: float | None, *, plain: bool = False) -> str:
    texts = ["–" if v is None else f"{v:.4f}" if plain else f"{v:.2%}" for v in (low, high)]
    return texts[0] if low == high else _("{a} 至 {b}").format(a=texts[0], b=texts[1])


def _error(figures: Figures, name: str) -> str:
    error = getattr(figures.errors, name) if figures.errors else None
    if error is None:
        return ""
    return _("（标准误 {e}）").format(e=f"{error:.4f}" if name == "adjusted" else f"{error:.2%}")


def poverty_sheets(found: Poverty, pack: Pack, people: str) -> tuple[Sheet, ...]:
    """Places with the whole first, and dimensions by place. Shares are fractions of 1."""
    low, high = _("（未知按没有）"), _("（未知按有）")
    titles = (_("贫困发生率 H"), _("平均剥夺份额 A"), _("多维贫困指数 M0"), _("对 M0 的贡献"))
    heads = (
        Head(_("区划代码"), 14), Head(_("地区"), 18), Head(_("户数"), 10, WHOLE), Head(people or _("合计权数（户）"), 14, DECIMAL),
        Head(_("不在数内的户"), 12, WHOLE), Head(_("有未知的户"), 12, WHOLE), Head(_("未定的户"), 12, WHOLE),
        *(Head(title + end, 14, DECIMAL) for title in titles for end in (low, high)),
        *(Head(_("{t}的标准误").format(t=title) + end, 14, DECIMAL) for title in titles[:3] for end in (low, high)),
    )  # fmt: skip
    groups = [(found.total, _("合计")), *((g, place_text(pack, g.code)) for g in found.groups)]
    rules = _("权数合计 {w}，达到 {k} 算贫困。").format(w=sum(d.weight for d in found.deprivations), k=found.cutoff)
    parts = (_("剥夺发生率"), _("贫困且被剥夺的发生率"), _("对 M0 的贡献"))
    dimension_heads = (
        Head(_("区划代码"), 14), Head(_("地区"), 18), Head(_("剥夺"), 18), Head(_("起算"), 10), Head(_("权数"), 8),
        Head(_("不清楚的"), 12, DECIMAL), *(Head(title + end, 14, DECIMAL) for title in parts for end in (low, high)),
    )  # fmt: skip
    return (
        Sheet("places", _("总体与各地"), _("多维贫困：总体与各地"), heads, tuple(_place_row(g, t) for g, t in groups), (rules, READINGS)),
        Sheet(
            "dimensions", _("各项剥夺"), _("多维贫困：各项剥夺"), dimension_heads,
            tuple(_dimension_row(g, t, one) for g, t in groups for one in found.deprivations), (rules, READINGS),
        ),
    )  # fmt: skip


def _place_row(group: Group, title: str) -> tuple[object, ...]:
    low, high = group.low, group.high
    names = ("headcount", "intensity", "adjusted")
    figures = [getattr(one, name) for name in names for one in (low, high)]
    errors = [getattr(one.errors, name) if one.errors else None for name in names for one in (low, high)]
    return (
        group.code, title, group.units, group.population, group.unweighted_units, group.incomplete_units,
        group.undetermined_units, *figures, group.contribution_low, group.contribution_high, *errors,
    )  # fmt: skip


def _dimension_row(group: Group, title: str, one: Deprivation) -> tuple[object, ...]:
    parts = [
        getattr(f, part)[one.name]
        for part in ("uncensored", "censored", "contributions")
        for f in (group.low, group.high)
    ]
    return (group.code, title, one.title, line_text(one), str(one.weight), group.unknown[one.name], *parts)


def means_lines(model: Model, validated: Validation | None, curve: Sequence[Cutoff]) -> Iterator[str]:
    """The fit, what was left out, the errors by cut-off, and what it is not."""
    title = _("“{t}”的对数").format(t=model.target.value.title) if model.target.log else f"“{model.target.value.title}”"
    yield _("准家计模型：推算{t}，{n:,} 户参加{w}，R² {r:.4f}，调整后 {a:.4f}。").format(
        t=title, n=model.households, w=_("，按调查权数") if model.weighted else "", r=model.r_squared, a=model.adjusted)  # fmt: skip
    for reason, households in model.left_out.items():
        yield _("  没有参加：{r}，{n:,} 户").format(r=reason, n=households)
    for fact, level in model.design.constant.items():
        yield _("  “{f}”参加的户都是“{l}”，没有系数；别的情况推算不了。").format(f=fact, l=level)
    yield _("系数（稳健标准误　95% 区间　p）：")
    for one in model.coefficients:
        yield _("  {t}：{v:.6g}（{e:.3g}　{a:.6g} 至 {b:.6g}　{p:.4f}）").format(
            t=one.term.title, v=one.value, e=one.error, a=one.low, b=one.high, p=one.p)  # fmt: skip
    if validated is not None and validated.r_squared is not None and validated.rms_error is not None:
        yield _("交叉检验（{k} 份，种子 {s}）：没有见过的户 R² {r:.4f}，均方根误差 {e:.4g}。").format(
            k=validated.folds, s=validated.seed, r=validated.r_squared, e=validated.rms_error)  # fmt: skip
    if curve:
        unit, whose = model.target.value.unit, _("交叉检验") if validated is not None else _("参加估计的户自己（偏小）")
        yield _("漏保和误保（实际低于 {l:g} {u}为困难；按{w}）：").format(l=curve[0].line, u=unit, w=whose)
    for point in curve:
        yield _("  推算低于 {c:g} 列入：困难 {p}，列入 {r}；漏保 {m}（{mr}），误保 {k}（{kr}）").format(
            c=point.cutoff, p=_count(point.poor), r=_count(point.reached), m=_count(point.missed), mr=_rate(point.undercoverage),
            k=_count(point.leaked), kr=_rate(point.leakage))  # fmt: skip
    if curve and curve[0].untold:
        yield _("  另有 {n} 缺事实推算不了，其中困难的 {p}，不在以上的率里。").format(
            n=_count(curve[0].untold), p=_count(curve[0].untold_poor))  # fmt: skip
    yield PROPOSAL


def _count(people: float) -> str:
    """People or households, weighted: no more than two decimals."""
    return number_text(round(people, 2))


def _rate(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def means_sheets(
    model: Model, curve: Sequence[Cutoff], ids: Sequence[str], actual: Any, told: Any, validated: Validation | None
) -> tuple[Sheet, ...]:
    """Coefficients, errors by cut-off, and what each household was told."""
    texts = [(_("项"), 36, TEXT), (_("系数"), 14, DECIMAL), (_("稳健标准误"), 14, DECIMAL), (_("95% 下限"), 14, DECIMAL),
             (_("95% 上限"), 14, DECIMAL), (_("p 值"), 10, DECIMAL)]  # fmt: skip
    fitted = tuple((c.term.title, c.value, c.error, c.low, c.high, c.p) for c in model.coefficients)
    about = _("{n} 户参加；R² {r:.4f}，调整后 {a:.4f}。").format(
        n=model.households, r=model.r_squared, a=model.adjusted
    )
    left = tuple(_("没有参加：{r}，{n:,} 户").format(r=reason, n=n) for reason, n in model.left_out.items())
    points = [
        _("列入线"),
        _("困难线"),
        _("困难"),
        _("列入"),
        _("漏保"),
        _("漏保率"),
        _("误保"),
        _("误保率"),
        _("推算了的"),
        _("推算不了"),
        _("其中困难"),
    ]
    errors = tuple(
        (
            p.cutoff,
            p.line,
            p.poor,
            p.reached,
            p.missed,
            p.undercoverage,
            p.leaked,
            p.leakage,
            p.total,
            p.untold,
            p.untold_poor,
        )
        for p in curve
    )
    household_heads = (
        Head(_("户编号"), 18),
        Head(_("实际"), 14, DECIMAL),
        Head(_("推算"), 14, DECIMAL),
        Head(_("推算（没有见过这一户的模型）"), 20, DECIMAL),
    )
    unseen = validated.told if validated is not None else np.full(len(ids), np.nan)
    households = tuple(
        (h, *(None if np.isnan(v) else float(v) for v in values))
        for h, *values in zip(ids, actual, told, unseen, strict=True)
    )
    return (
        Sheet("coefficients", _("系数"), _("准家计模型：系数"), tuple(Head(*one) for one in texts), fitted, (about, *left, PROPOSAL)),
        Sheet("errors", _("漏保和误保"), _("准家计模型：漏保和误保"), tuple(Head(one, 12, DECIMAL) for one in points), errors, (PROPOSAL,)),
        Sheet("households", _("各户"), _("准家计模型：各户"), household_heads, households, (PROPOSAL,)),
    )  # fmt: skip


def score_lines(ids: Sequence[str], scores: Sequence[Score]) -> Iterator[str]:
    """How many have a score, and what keeps the others from one."""
    points = [one.points for one in scores if one.points is not None]
    yield _("评分卡：{n:,} 户，有分的 {s:,} 户。").format(n=len(ids), s=len(points))
    if points:
        yield _("  最低 {a:g} 分，最高 {b:g} 分，平均 {m:.2f} 分。").format(
            a=min(points), b=max(points), m=sum(points) / len(points)
        )
    reasons = [title for one in scores for title in one.missing]
    for title in sorted(set(reasons)):
        yield _("  “{t}”不清楚，或卡上没有这一级：{n:,} 户没有分").format(t=title, n=reasons.count(title))
    yield PROPOSAL


def score_sheets(ids: Sequence[str], scores: Sequence[Score]) -> tuple[Sheet, ...]:
    """Each household's points, lowest first, those without a score last."""
    order = sorted(
        zip(ids, scores, strict=True), key=lambda pair: (pair[1].points is None, pair[1].points or 0, pair[0])
    )
    rows = tuple((household, one.points, "、".join(one.missing)) for household, one in order)
    heads = (Head(_("户编号"), 18), Head(_("分"), 12, DECIMAL), Head(_("缺的事实"), 40))
    return (Sheet("scores", _("评分"), _("评分卡：各户"), heads, rows, (PROPOSAL,)),)
