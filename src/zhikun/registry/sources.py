"""Where a fact comes from, and which source wins when two say different things. Data.

The order is stated to users on the page of the household. It decides only what stands as the current value until a person
has settled the difference; every source's value stays in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.roles import Right


class SourceKind(models.TextChoices):
    """Who says it."""

    SETTLED = "settled", gettext_lazy("人工核定")
    DEPARTMENT = "department", gettext_lazy("部门核对")
    SURVEY = "survey", gettext_lazy("入户调查")
    OFFICER = "officer", gettext_lazy("经办登记")
    IMPORT = "import", gettext_lazy("批量导入")
    SELF = "self", gettext_lazy("自行申报")


@dataclass(frozen=True)
class Told:
    """Who says something, and of which day: what every recording carries beside its facts.

    `came_with` is the visit, batch or file it came with, as "kind:id".
    """

    source: SourceKind
    observed_on: date
    source_text: str = ""
    came_with: str = ""
    reason: str = ""


#: Higher wins; of equal rank what was observed later, then what was recorded later.
PRECEDENCE: dict[str, int] = {
    SourceKind.SETTLED: 60,
    SourceKind.DEPARTMENT: 50,
    SourceKind.SURVEY: 40,
    # As strong as a visit: a loss of work told at the counter today must not stand behind a visit of last year.
    SourceKind.OFFICER: 40,
    SourceKind.IMPORT: 20,
    SourceKind.SELF: 10,
}


def in_order() -> list[str]:
    """The sources as a page states them, the strongest first; equals in one term."""
    ranks = sorted(set(PRECEDENCE.values()), reverse=True)
    groups = [[str(SourceKind(kind).label) for kind, held in PRECEDENCE.items() if held == rank] for rank in ranks]
    return [one[0] if len(one) == 1 else _("{kinds}（以较晚的为准）").format(kinds=_("和").join(one)) for one in groups]


@dataclass(frozen=True)
class Tolerance:
    """From which difference on two amounts contradict each other. A sample: what counts is for the place to say."""

    share: float
    amount: float
    sample: bool
    reason: str


TOLERANCE = Tolerance(
    share=0.1, amount=100.0, sample=True,
    reason="规定没有给出申报与核对相差多少算不符；相差既超过一成又超过 100 元才提示，免得零头淹没真正的不符。",
)  # fmt: skip


@dataclass(frozen=True)
class Window:
    """How far apart in time two statements may speak of and still be of the same circumstances. A sample."""

    days: int
    sample: bool
    reason: str


COMPARED_DAYS = Window(
    days=365, sample=True,
    reason="规定没有说申报与核对相隔多久就不再可比；收入多按过去 12 个月计算，因此相隔超过一年的不作为不符提示。",
)  # fmt: skip

_S = SourceKind

#: Whose statements are held against each other. A roll that was imported and a later visit differ because life went on:
#: that is an update. A declaration against a check (申报与核对不符), a visit against a declaration: that is for a person.
CONTRADICTS: frozenset[frozenset[str]] = frozenset(
    frozenset({str(one), str(other)})
    for one, other in (
        (_S.DEPARTMENT, _S.SELF),
        (_S.DEPARTMENT, _S.SURVEY),
        (_S.DEPARTMENT, _S.OFFICER),
        (_S.DEPARTMENT, _S.IMPORT),
        (_S.SURVEY, _S.SELF),
        (_S.SETTLED, _S.DEPARTMENT),
        (_S.SETTLED, _S.SURVEY),
        (_S.SETTLED, _S.OFFICER),
        (_S.SETTLED, _S.SELF),
    )
)

#: Whose right takes a recording of a source back. What came with an import goes only with its batch (None).
WITHDRAWN_BY: dict[str, Right | None] = {
    _S.OFFICER: Right.HOUSEHOLD_EDIT,
    _S.SURVEY: Right.SURVEY_REVIEW,
    _S.SELF: Right.HOUSEHOLD_SETTLE,
    _S.DEPARTMENT: Right.HOUSEHOLD_SETTLE,
    _S.SETTLED: Right.HOUSEHOLD_SETTLE,
    _S.IMPORT: None,
}
