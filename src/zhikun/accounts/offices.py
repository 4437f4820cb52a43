"""Which roles the officers of which organisations hold, and at which level of area. Data; the verbs only read it."""

from __future__ import annotations

from zhikun.accounts.models import Organisation
from zhikun.accounts.roles import Role
from zhikun.places.models import Level

_K = Organisation.Kind
_L = Level

#: The organisations whose officers may hold the role. An auditor comes from the bureau, from above, or from the audit office.
OFFICES: dict[Role, frozenset[str]] = {
    Role.VILLAGE_ASSISTANT: frozenset({_K.VILLAGE, _K.TOWNSHIP}),
    Role.SURVEYOR: frozenset({_K.VILLAGE, _K.TOWNSHIP, _K.BUREAU, _K.FIRM, _K.SOCIAL}),
    Role.TOWNSHIP_CLERK: frozenset({_K.TOWNSHIP}),
    Role.TOWNSHIP_REVIEWER: frozenset({_K.TOWNSHIP}),
    Role.COUNTY_REVIEWER: frozenset({_K.BUREAU}),
    Role.COUNTY_APPROVER: frozenset({_K.BUREAU}),
    Role.DEPARTMENT_OFFICER: frozenset({_K.DEPARTMENT}),
    Role.CITY_SUPERVISOR: frozenset({_K.UPPER, _K.BUREAU}),
    Role.PROVINCE_SUPERVISOR: frozenset({_K.UPPER, _K.BUREAU}),
    Role.AUDITOR: frozenset({_K.BUREAU, _K.UPPER, _K.DEPARTMENT}),
    Role.ADMINISTRATOR: frozenset({_K.BUREAU, _K.UPPER, _K.TOWNSHIP}),
}

#: The levels of area at which the role is held.
LEVELS: dict[Role, frozenset[int]] = {
    Role.VILLAGE_ASSISTANT: frozenset({_L.VILLAGE, _L.TOWNSHIP}),
    Role.SURVEYOR: frozenset({_L.VILLAGE, _L.TOWNSHIP, _L.COUNTY}),
    Role.TOWNSHIP_CLERK: frozenset({_L.TOWNSHIP}),
    Role.TOWNSHIP_REVIEWER: frozenset({_L.TOWNSHIP}),
    Role.COUNTY_REVIEWER: frozenset({_L.COUNTY}),
    Role.COUNTY_APPROVER: frozenset({_L.COUNTY}),
    Role.DEPARTMENT_OFFICER: frozenset({_L.COUNTY}),
    Role.CITY_SUPERVISOR: frozenset({_L.CITY}),
    Role.PROVINCE_SUPERVISOR: frozenset({_L.PROVINCE}),
    Role.AUDITOR: frozenset({_L.COUNTY, _L.CITY, _L.PROVINCE}),
    Role.ADMINISTRATOR: frozenset({_L.TOWNSHIP, _L.COUNTY, _L.CITY, _L.PROVINCE}),
}
