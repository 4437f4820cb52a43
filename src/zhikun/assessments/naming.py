"""What the codes of a run's results are called: categories, flags, facts, columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.assessments.models import Run
from zhikun.assessments.wanted import ANY, DECIDED, INDEX, OPEN, RANK, UNSURE, Causes, Lacking, Term, Wanted, written
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.registry.vocabulary import packs_in_force

#: Where a household is ranked.
RANK_TITLES = {
    "village": gettext_lazy("本村（社区）"),
    "township": gettext_lazy("本乡镇（街道）"),
    "county": gettext_lazy("全县（区）"),
}
_SIGNS = {"=": "=", ">=": "≥", "<": "<"}


def pack_words(run: Run) -> str:
    """The pack of a run by its title, and the version."""
    return f"{pack_title(run)} {run.pack_version}"


def pack_title(run: Run) -> str:
    """The title of the pack that a run was made by; of one that is no longer in force the code, never another's title."""
    pack = packs_in_force().get(run.pack)
    return str(pack.title) if pack else run.pack


def category_words(pack: Pack, code: str | None) -> str:
    """What a category is called; none yet says so."""
    if code is None or code == OPEN:
        return _("尚不能确定")
    return shown_of(pack, pack.results.category).text(code) if pack.results.category else str(code)


def place_words(rank: int, among: int) -> str:
    """Where a household stands among those ranked with it."""
    return _("第 {r} 位，共 {n} 户").format(r=f"{rank:,}", n=f"{among:,}")


def flag_words(pack: Pack, code: str | None) -> str:
    """What a flag is called."""
    for name in pack.results.flags:
        labels = shown_of(pack, name).labels
        if code is not None and code in labels:
            return labels[code]
    return str(code)


def flags_words(pack: Pack, codes: Iterable[str] | None, decided: Collection[str] = ()) -> str:
    """A household's flags, those that a person has decided on told apart."""
    told = ((flag_words(pack, code), code in decided) for code in codes or ())
    return "、".join(_("{flag}（已认定）").format(flag=words) if done else words for words, done in told)


def fact_words(pack: Pack, path: str | None) -> str:
    """What a fact is called: 成员·健康状况."""
    entity, _dot, name = str(path).partition(".")
    fact = pack.facts.get((entity, name))
    title = fact.title if fact else name
    return title if entity == "household" or entity not in pack.entities else f"{pack.entities[entity].title}·{title}"


def words(wanted: Wanted, pack: Pack) -> list[str]:
    """What a list is narrowed down to, each condition as a person would say it; of nothing asked, none."""
    told = []
    if wanted.category:
        told.append(_("类别：{c}").format(c=category_words(pack, wanted.category)))
    if wanted.flag:
        flag = _("有任何一项") if wanted.flag == ANY else flag_words(pack, wanted.flag)
        told.append(_("须由人确认：{c}").format(c=flag))
    if wanted.decided:
        told.append(_("已由人认定") if wanted.decided == DECIDED else _("还没有人认定"))
    if wanted.missing:
        told.append(_("还缺的情况：{c}").format(c=fact_words(pack, wanted.missing)))
    if wanted.undetermined:
        told.append(_("只看尚不能确定"))
    return told + [term_words(one, pack) for one in wanted.terms]


def term_words(one: Term | Causes | Lacking, pack: Pack) -> str:
    """One term in words: 因病 ≥ 2 分; 2 分及以上的致困原因恰为 3 类."""
    if isinstance(one, Lacking):
        return _lacking_words(one, pack)
    if isinstance(one, Causes):
        return _causes_words(one)
    title, unit = column_title(one.name, pack)
    if one.value is None:
        return _("{t}：尚不能确定").format(t=title)
    if one.relation == "~":
        told = shown_of(pack, one.name.removesuffix(UNSURE)).text(str(one.value))
        return (_("{t}：{c}（尚不能确定）") if one.name.endswith(UNSURE) else _("{t}：{c}")).format(t=title, c=told)
    if isinstance(one.value, float):
        return f"{title} {_SIGNS[one.relation]} {written(one.value)}{f' {unit}' if unit else ''}"
    if one.relation == "=":
        return _("{t}：{c}").format(t=title, c=shown_of(pack, one.name).text(one.value))
    return f"{title} {_SIGNS[one.relation]} {one.value}"


def _causes_words(one: Causes) -> str:
    at = written(one.at)
    if one.number is None:
        return _("{at} 分及以上的致困原因有几类，尚不能确定").format(at=at)
    told = {
        "=": _("{at} 分及以上的致困原因恰为 {n} 类"),
        ">=": _("{at} 分及以上的致困原因不少于 {n} 类"),
        "<": _("{at} 分及以上的致困原因少于 {n} 类"),
    }
    return told[one.relation].format(at=at, n=one.number)


def _lacking_words(one: Lacking, pack: Pack) -> str:
    told = "；".join(
        term_words(each.term, pack) + ("" if each.weight == 1 else _("，权数 {w}").format(w=each.weight))
        for each in one.lacks
    )
    line = {
        ">=": _("多维贫困：以下指标被剥夺的权数合计达到 {k}（{told}）"),
        "<": _("不是多维贫困：以下指标被剥夺的权数合计不到 {k}（{told}）"),
        "~": _("是否多维贫困尚不能确定：以下指标有未知的，k = {k}（{told}）"),
        "=": _("以下指标有未知的（{told}）"),
    }
    return line[one.relation].format(k=one.cutoff, told=told)


def column_title(name: str, pack: Pack) -> tuple[str, str]:
    """What a column of a run's results is called, and its unit."""
    if name.startswith(RANK):
        return _("{where}困难排序").format(where=RANK_TITLES.get(name.removeprefix(RANK), name)), ""
    name = name.removesuffix(UNSURE)
    shown = shown_of(pack, pack.results.index if name == INDEX else name)
    return (shown.title, shown.unit) if shown.title else (_("困难指数"), "")


def index_title(pack: Pack) -> str:
    """What the pack calls its index of hardship, with the unit."""
    return shown_of(pack, pack.results.index).heading if pack.results.index else _("困难指数")
