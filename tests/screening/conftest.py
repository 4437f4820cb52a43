import pytest
from tests.screening.world import COUNTY_A, world


@pytest.fixture
def county(tmp_path):
    """A county in which three people are watched and every list has come in, empty, since January."""
    place = world(tmp_path)
    watched = [(0, ["dibao"], "h1", COUNTY_A), (1, ["edge"], "h1", COUNTY_A), (2, ["other"], "h2", COUNTY_A)]
    place.watch("2026-01", watched)
    return place


@pytest.fixture
def month(county):
    """Delivers a month: the population and every list, empty unless given; then runs it."""

    def deliver(period: str, *, missing=(), watched=None, run=True, **rows):
        everybody = [(0, ["dibao"], "h1", COUNTY_A), (1, ["edge"], "h1", COUNTY_A), (2, ["other"], "h2", COUNTY_A)]
        county.watch(period, everybody if watched is None else watched)
        for name in ("stays", "register", "bills", "jobs", "cars"):
            if name not in missing:
                county.deliver(name, period, rows.get(name, []))
        return county.run(period) if run else None

    return deliver
