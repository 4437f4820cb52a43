"""A pack gains a column of a list after files of it were received."""

from dataclasses import replace

from tests.screening.world import AT, column

from zhikun.engine.packs.monitoring import Condition
from zhikun.screening import explain


def test_a_list_that_came_before_the_pack_gained_a_column_leaves_open_what_rests_on_it(county, month):
    graded = [{"person": 1, "grade": "g1"}, {"person": 2, "grade": "g1"}]
    month("2026-01", stays=[{"person": 1}], register=graded)
    assert county.warning("2026-01", 1)["score"] == 40
    monitoring = county.pack.monitoring
    stays, stay = monitoring.sources["stays"], monitoring.indicators["stay"]
    asked = replace(stays, columns={**stays.columns, "days": column("days", "number", min=0)})
    changed = county.with_monitoring(
        sources={**monitoring.sources, "stays": asked},
        indicators={**monitoring.indicators, "stay": replace(stay, where=(Condition("days", ">=", 10, AT),))},
    )
    changed.pack = replace(changed.pack, hash="another")
    changed.run("2026-01", new_rules=True)
    assert changed.warning("2026-01", 1)["score"] == 20
    standing = {}
    for person in (1, 2):
        found = explain(changed.data, changed.pack, changed.token(person), ring=changed.ring, calendar=changed.calendar)
        standing[person] = next(line.state for line in found.lines if line.indicator == "stay")
    assert standing == {1: "unknown", 2: "absent"}, "how long person 1 stayed was never asked: unknown, not no"
