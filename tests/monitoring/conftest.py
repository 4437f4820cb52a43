"""A month screened in the platform's data folder, about people of whom some are in household files."""

import pytest
from django.utils import timezone
from tests import factories
from tests.screening.world import world

from zhikun.identity import token_of
from zhikun.monitoring import explained, selectors
from zhikun.monitoring.models import RaisedWarning, WarningMonth
from zhikun.monitoring.services import receive as receiving
from zhikun.privacy import use_ring
from zhikun.workdays import Month

MONTH = "2026-08"  # its deadlines have passed on whatever day the tests run


class Office:
    """The platform with its data folder: what lists say of people, months screened, months taken in."""

    def __init__(self, place):
        self.place = place

    def screen(self, month=MONTH, *, stays=(), disabled=(), bills=(), cars=(), watched=(2, 3, 4, 5, 6, 7, 8), **more):
        """20 points for a stay, 20 for a disability, 40 for bills of 25,000; of the enrolled, 50 for a car of 60,000."""
        at = {2: ("h1", factories.VILLAGE), 3: ("h1", factories.VILLAGE), 4: ("h2", factories.VILLAGE + 1),
              5: ("h2", factories.VILLAGE + 1), 6: ("h3", factories.OTHER_VILLAGE), 7: ("h3", factories.OTHER_VILLAGE),
              8: ("h9", factories.VILLAGE)}  # fmt: skip
        self.place.watch(month, [(one, ["dibao"], *at[one]) for one in watched])
        for name, rows in (
            ("stays", [{"person": one, "ward": "w"} for one in stays]),
            ("register", [{"person": one, "grade": "g1"} for one in disabled]),
            ("bills", [{"person": one, "amount": 25000.0} for one in bills]),
            ("jobs", []),
            ("cars", [{"person": one, "price": 60000.0} for one in cars]),
        ):
            self.place.deliver(name, month, rows)
        return self.place.run(month, **more)

    def publish(self, month=MONTH, by=None):
        return receiving.receive(Month.read(month), "county", acting_officer=by)

    def one(self, person, direction="hardship", month=MONTH):
        """The warning about a person, if it was taken in."""
        token = self.place.token(person)
        return RaisedWarning.objects.filter(of__month=month, token=token, direction=direction).first()


@pytest.fixture
def office(db, tmp_path, settings, monkeypatch):
    place = world(tmp_path)
    place.token = lambda n: token_of(
        place.ring, "monitoring", factories.id_number(n, "19700301" if n % 2 else "19680512")
    )
    settings.ZHIKUN_DATA = place.data
    for module in (receiving, explained, selectors):
        monkeypatch.setattr(module, "load", lambda _name: place.pack)
    selectors.monitoring_in.cache_clear()
    with use_ring(place.ring):
        yield Office(place)
    selectors.monitoring_in.cache_clear()


@pytest.fixture
def county(office):
    """Three households in two townships: blue, orange and red; a car of somebody enrolled; one person whom no file knows."""
    office.homes = [
        factories.household(factories.VILLAGE, n=1),
        factories.household(factories.VILLAGE + 1, n=2),
        factories.household(factories.OTHER_VILLAGE, n=3),
    ]
    office.screen(stays=[2, 4, 6], disabled=[6, 8], bills=[4, 6], cars=[3])
    return office


def a_warning(household=None, *, area=None, person=None, level=1, month="2026-01", pack="county", **more):
    """A warning as it was taken in, for tests that need no screening behind it."""
    of, _made = WarningMonth.objects.get_or_create(
        pack=pack, month=month,
        defaults={"pack_title": "示例", "pack_version": "1", "run": "r", "sent_on": factories.DAY, "received_at": timezone.now()},
    )  # fmt: skip
    given = {
        "direction": "hardship", "score": 20, "change": "new", "state": "waiting", "due": factories.DAY, "raised": factories.DAY,
        "token": RaisedWarning.objects.count().to_bytes(16, "big"), "token_version": 1, "causes": ["illness"],
    } | more  # fmt: skip
    return RaisedWarning.objects.create(
        of=of, household=household, area_id=area or (household.area_id if household else None), level=level,
        person=person or (household.head if household else None), **given,
    )  # fmt: skip
