"""The model of a linkage as data: which fields are compared, what each outcome says, where the limits lie.

Estimating it (`train`) and using it (`compare`) are two acts: a run uses a model that was written down before, so that a
repeated run gives the same pairs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from zhikun.matching.errors import MatchingError
from zhikun.matching.kinds import Kind, levels_of
from zhikun.wording import _


@dataclass(frozen=True, slots=True)
class Field:
    """One compared column.

    `partner` is the other column of a name in two columns. `frequency` lets a rare value weigh more than a common one.
    `probabilities` are (m, u) level by level; empty: the usual ones of the kind.
    """

    column: str
    kind: Kind
    title: str
    partner: str = ""
    frequency: bool = False
    probabilities: tuple[tuple[float, float], ...] = ()

    def parameters(self) -> tuple[tuple[float, float], ...]:
        levels = levels_of(self.kind, partnered=bool(self.partner))
        return self.probabilities or tuple((level.m, level.u) for level in levels)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a pair is linked, shown to a person, or let go.

    `link`: probability from which the machine links; `review`: from which a person is asked; `report`: below it a pair
    that was compared is not even listed. `agree`: fields that must be the same before the machine links by probability:
    twins and siblings share birth date, village and address, so that no sum of weights may stand in for the name.
    """

    link: float = 0.9999
    review: float = 0.5
    report: float = 0.01
    agree: tuple[str, ...] = ("name", "birth_date")


@dataclass(frozen=True, slots=True)
class Model:
    """Fields, blocks (pairs that agree on all columns of one block are compared) and limits.

    `prior` is the probability that two records taken at random are one person; None: one over the number of
    records.
    """

    fields: tuple[Field, ...]
    blocks: tuple[tuple[str, ...], ...]
    limits: Limits = field(default_factory=Limits)
    prior: float | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)

    def hash(self) -> str:
        """What a result names as its model: the same text, the same pairs."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @staticmethod
    def from_json(text: str) -> Model:
        """The model as `to_json` wrote it."""
        try:
            data: dict[str, Any] = json.loads(text)
            fields = tuple(
                Field(**{**f, "kind": Kind(f["kind"]), "probabilities": tuple(map(tuple, f["probabilities"]))})
                for f in data["fields"]
            )
            limits = Limits(**{**data["limits"], "agree": tuple(data["limits"]["agree"])})
            return Model(fields, tuple(map(tuple, data["blocks"])), limits, data["prior"])
        except (ValueError, KeyError, TypeError) as error:
            message = _("比对模型读不出来（{error}），不知道按什么判定同一人。请换回由 train 写出的模型文件。")
            raise MatchingError(message.format(error=error)) from error


def people_model() -> Model:
    """For lists of people as departments send them: name, birth date, sex, place, address."""
    return Model(
        fields=(
            Field("name", Kind.NAME, "姓名"),
            Field("birth_date", Kind.DATE, "出生日期"),
            Field("sex", Kind.CODE, "性别"),
            Field("place", Kind.PLACE, "区划"),
            Field("address", Kind.TEXT, "地址"),
        ),
        blocks=(
            ("name", "birth_date"),
            ("name", "place_town"),
            ("birth_date", "place_town"),
            ("birth_date", "name_first"),
        ),
        # A county of half a million; a sample like the probabilities of `kinds`. A short list must not make
        # a chance agreement look sure.
        prior=2e-6,
    )


_OUTSIDE = 0.157  # of the records of a list: from another county; what `kinds` says of PLACE
_ASSUMED = 0.1  # how much of `kinds` stays beside what was counted: people watched do not live everywhere
_TOWN, _COUNTY = 1000, 1_000_000  # places are numbers of 12 digits: what lies below a township, below a county


def watched_model(places: Mapping[int, int]) -> Model:
    """For a list beside the people watched: name, birth date, place. `places` are the people by place (12 digits).

    How often two people share a village, a township or a county is counted, for the most part: a province's villages tell
    more than a county's. The more people, the less likely that two records taken at random are one person. A person is
    asked sooner than elsewhere (`review`): one question more is better than a family overlooked.
    """
    model = people_model()
    people = sum(places.values())
    fields = [one for one in model.fields if one.column in ("name", "birth_date", "place")]
    if people:
        village, town, county = (_together(places, below) / people**2 for below in (1, _TOWN, _COUNTY))
        counted = [share * (1 - _OUTSIDE) for share in (village, town - village, county - town, 1 - county)]
        counted[-1] += _OUTSIDE
        usual = fields[-1].parameters()
        mixed = ((m, (1 - _ASSUMED) * c + _ASSUMED * u) for (m, u), c in zip(usual, counted, strict=True))
        fields[-1] = replace(fields[-1], probabilities=tuple(mixed))
    prior = min(model.prior or 1.0, 1 / max(people, 1))
    return replace(model, fields=tuple(fields), prior=prior, limits=replace(model.limits, review=0.1))


def _together(places: Mapping[int, int], below: int) -> int:
    """Pairs of people in one part of the country, the part being what stays when so much of the code is cut off."""
    parts: dict[int, int] = {}
    for place, people in places.items():
        parts[place // below] = parts.get(place // below, 0) + people
    return sum(people**2 for people in parts.values())
