"""Random histories, month after month: every warning equals what the judge says."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.screening.judge import Memory, judge
from tests.screening.world import AT, COUNTY_A, COUNTY_B, World, world

from zhikun.engine.packs.monitoring import Condition
from zhikun.screening.decisions import Decisions, Finding
from zhikun.workdays import Month

PEOPLE = 40
START = Month(2026, 1)


def row_for(name: str, dice: random.Random) -> dict:
    """A random row of a list, about a random person, some cells blank; amounts often exactly at a limit."""
    blank = dice.random() < 0.15
    cell = {
        "stays": {"ward": dice.choice("ab")},
        "register": {"grade": dice.choice(("g1", "g2", "g3"))},
        "bills": {"amount": dice.choice((500.0, 1000.0, 999.999999, 2500.25, 5000.0, 20000.5, 20000.499999, 0.1, 0.2))},
        "jobs": {"lost": dice.random() < 0.8},
        "cars": {"price": dice.choice((49999.99, 50000.0, 200000.0, 1.0))},
    }[name]
    return {"person": dice.randrange(PEOPLE + 5), **({} if blank else cell)}


def random_month(dice: random.Random, month: Month, files: dict, watched: dict) -> None:
    """Some lists arrive, some do not; some people are watched anew, some not any more."""
    for name in ("stays", "register", "bills", "jobs", "cars"):
        if dice.random() < 0.8:
            files.setdefault(name, {})[month] = [row_for(name, dice) for _n in range(dice.randrange(5, 40))]
    for person in range(PEOPLE):
        if month == START or dice.random() < 0.05:
            groups = dice.sample(("dibao", "edge", "other"), dice.randrange(1, 4))
            watched[person] = (groups, f"h{person // 3}", dice.choice((COUNTY_A, COUNTY_B)))
    if month > START and dice.random() < 0.5:
        watched.pop(dice.choice(sorted(watched)), None)


def random_findings(dice: random.Random, answers: dict, month: Month) -> list[tuple]:
    """What visits found about some of the month's warnings, sometimes corrected afterwards, sometimes of one cause only."""
    found = []
    for (person, direction), answer in sorted(answers.items()):
        for _again in range(2):
            if answer["level"] and dice.random() < 0.3:
                causes = tuple(answer["causes"])
                if dice.random() < 0.3:
                    causes = causes[:1]
                outcome = dice.choice(("verified", "helped", "not_in_hardship", "not_found", "moved"))
                day = month.plus(1).day(dice.randrange(1, 29))
                found.append((person, month, direction, causes, outcome, day))
    return found


def deliver(place: World, month: Month, files: dict, watched: dict) -> None:
    place.watch(str(month), [(person, *what) for person, what in watched.items()])
    for name, periods in files.items():
        if month in periods:
            place.deliver(name, str(month), periods[month])


def compare(place: World, month: Month, answers: dict) -> None:
    tokens = {place.token(person): person for person in range(PEOPLE + 5)}
    rows = {(tokens[row["person"]], row["direction"]): row for row in place.table(str(month))}
    assert rows.keys() == answers.keys()
    for key, said in answers.items():
        row = rows[key]
        for name, value in said.items():
            if name == "files":
                rested = {reason["indicator"]: reason["files"] for reason in row["reasons"]}
                periods = {one: [file.split("/")[1] for file in rested[one]] for one in value}
                assert periods == value, (month, key)
            else:
                assert row[name] == value, (month, key, name, row)


@pytest.mark.parametrize("seed", range(5))
def test_every_warning_of_a_random_history_is_as_the_judge_says(tmp_path, seed):
    dice, place = random.Random(seed), world(tmp_path)
    if seed == 4:  # a window is not the same as a file that stays valid
        sources = place.pack.monitoring.sources
        older = {name: replace(sources[name], valid_months=2) for name in ("stays", "register")}
        older["jobs"] = replace(sources["jobs"], valid_months=3, rhythm="quarterly")
        place = place.with_monitoring(sources=sources | older, quiet_months=2)
    if seed == 3:  # every other way to compare
        other = {
            "disabled": (("grade", "not in", ("g3",)),), "jobless": (("lost", "!=", False),),
            "car": (("price", ">", 1.0), ("price", "<=", 50000.0)), "costs": (("amount", ">=", 0.2), ("amount", "<", 20000.5)),
        }  # fmt: skip
        indicators = dict(place.pack.monitoring.indicators)
        for name, conditions in other.items():
            where = tuple(Condition(*condition, AT) for condition in conditions)
            indicators[name] = replace(indicators[name], where=where)
        place = place.with_monitoring(indicators=indicators)
    files, watched, memory, findings, late = {}, {}, None, [], []
    for step in range(7):
        month, on = START.plus(step), START.plus(step + 1).first_day
        random_month(dice, month, files, watched)
        deliver(place, month, files, watched)
        before = memory
        answers, memory = judge(place.pack.monitoring, files, watched, month, on, place.calendar, memory, findings)
        place.run(str(month), on.isoformat())
        compare(place, month, answers)
        if dice.random() < 0.5:  # a list comes late or is corrected, and the month is run again weeks later
            name = dice.choice(("stays", "register", "bills", "jobs", "cars"))
            files.setdefault(name, {})[month] = [row_for(name, dice) for _n in range(40)]
            place.deliver(name, str(month), files[name][month])
            day, out = on + timedelta(days=25), memory.levels
            answers, memory = judge(
                place.pack.monitoring, files, watched, month, day, place.calendar, before, findings, out
            )
            place.run(str(month), day.isoformat())
            compare(place, month, answers)
        told = [*late, *random_findings(dice, answers, month)]
        late = [
            one for one in told if dice.random() < 0.2
        ]  # recorded when a newer visit may have been recorded already
        findings = [one for one in told if one not in late]
        Decisions(place.data, place.ring).add(
            Finding(
                place.token(person),
                "county",
                about,
                direction,
                causes,
                outcome,
                str(number),
                day,
                "甲",
                date(2026, 1, 1),
            )
            for number, (person, about, direction, causes, outcome, day) in enumerate(findings)
        )
    assert isinstance(memory, Memory)
    assert memory.marks, "some causes were handled and are quiet"
