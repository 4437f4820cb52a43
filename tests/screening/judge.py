"""An independent judge: the same rules in plain loops over rows, exact numbers, nothing shared with the screening.

It knows the lists as Python rows and keeps its own memory of values and handled causes from month to month.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from zhikun.workdays import deadline

COMPARED = {
    "=": lambda cell, value: cell == value, "!=": lambda cell, value: cell != value,
    "<": lambda cell, value: cell < value, "<=": lambda cell, value: cell <= value,
    ">": lambda cell, value: cell > value, ">=": lambda cell, value: cell >= value,
    "in": lambda cell, value: cell in value, "not in": lambda cell, value: cell not in value,
}  # fmt: skip
COLOURS = ("blue", "yellow", "orange", "red")


@dataclass
class Memory:
    """What the judge remembers of a month."""

    values: dict = field(default_factory=dict)  # (person, indicator) -> (low, files)
    levels: dict = field(default_factory=dict)  # (person, direction) -> level, raised, counted_from, days
    marks: dict = field(default_factory=dict)  # (person, direction, cause) -> (month, {indicator: low})
    periods: dict = field(default_factory=dict)  # month -> {indicator: set of periods}
    past_values: dict = field(default_factory=dict)  # month -> values
    words: dict = field(default_factory=dict)  # (person, direction, cause) -> (day of the visit, month of the warning)


def grid(value):
    return None if value is None else Fraction(round(Fraction(str(value)) * 10**6), 10**6)


def exact(value):
    """Numbers on the grid; everything else as it is."""
    if isinstance(value, tuple):
        return tuple(map(exact, value))
    return grid(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def holds(conditions, row):
    """True, False or None."""
    answer = True
    for one in conditions:
        cell = row.get(one.column)
        if one.operator in ("known", "unknown"):
            found = (cell is not None) == (one.operator == "known")
        elif cell is None:
            found = None
        else:
            found = COMPARED[one.operator](exact(cell), exact(one.value))
        if found is False:
            return False
        answer = answer if found else None
    return answer


def bounds(indicator, column, rows, incomplete):
    """The least and the greatest value that rows allow; None: no bound. No rows that count: 0 to 0."""
    judged = [(holds(indicator.where, row), row) for row in rows]
    judged = [(truth, row) for truth, row in judged if truth is not False]
    sure = sum(1 for truth, _row in judged if truth)
    if indicator.measure == "any":
        return (1 if sure else 0), (None if incomplete and not sure else (1 if judged else 0))
    if indicator.measure == "count":
        return sure, (None if incomplete else len(judged))
    amounts = [(truth, grid(row.get(indicator.column))) for truth, row in judged]
    blank = any(amount is None for _truth, amount in amounts)
    if indicator.measure == "max":
        known = [amount for truth, amount in amounts if truth and amount is not None]
        open_ = incomplete or blank or any(truth is None for truth, _amount in amounts)
        return (max(known) if known else None), (None if open_ else (max(known) if known else 0))
    least = column.min
    assert least is not None, "the judge knows sums of columns without negative numbers only"
    low = sum(amount or 0 for truth, amount in amounts if truth)
    maybe = sum(amount or 0 for truth, amount in amounts if truth is None)
    return low, (None if incomplete or blank else low + maybe)


def points(indicator, value):
    """What a value adds to the score."""
    reached = [band for band in indicator.bands if value is not None and value >= grid(band.low)]
    if not reached:
        return Fraction(0)
    exact = Fraction(str(indicator.weight)) * Fraction(str(reached[-1].points)) / 100
    return Fraction(round(exact * 10**6), 10**6)


def most(indicator):
    return max(points(indicator, grid(band.low)) for band in indicator.bands)


def files_of(monitoring, indicator, files, month):
    """The periods an indicator rests on, and whether none that was due is missing."""
    held = files.get(indicator.list_source, {})
    source = monitoring.sources[indicator.list_source]
    due = {"monthly": range(1, 13), "quarterly": (3, 6, 9, 12), "yearly": source.months}[source.rhythm]
    if indicator.window_months == 1:
        for back in range(source.valid_months):
            if month.plus(-back) in held:
                later = [month.plus(-n) for n in range(back)]
                return [month.plus(-back)], source.kind == "register" or not any(one.month in due for one in later)
        return [], False
    window = [month.plus(-back) for back in range(indicator.window_months)]
    found = sorted(period for period in window if period in held)
    return found, bool(found) and all(period in held or period.month not in due for period in window)


def judge(monitoring, files, watched, month, on, calendar, memory: Memory | None, findings, out=None):  # noqa: PLR0917 - all of it
    """(warnings by person and direction, memory of this month).

    `findings` as they were recorded: (person, month, direction, causes, outcome, day). `out`: what went out before the
    month was run again, as Memory.levels.
    """
    new, old = Memory(), memory or Memory()
    out = out or {}
    rests = {one.id: files_of(monitoring, one, files, month) for one in monitoring.indicators.values()}
    new.periods = old.periods | {month: {name: set(periods) for name, (periods, _whole) in rests.items()}}
    marks = {key: (when, dict(lows)) for key, (when, lows) in old.marks.items()}
    decided = set()
    new.words = dict(old.words)
    for person, about, direction, causes, outcome, day in findings:
        for cause in causes:
            if (day, about) < new.words.get((person, direction, cause), (day, about)):
                continue  # somebody has been there since
            new.words[person, direction, cause] = (day, about)
            marks.pop((person, direction, cause), None)
            decided.add((person, direction, cause))
            if outcome == "not_found":
                continue
            lows = {
                one.id: old.past_values[about].get((person, one.id), (0,))[0]
                for one in monitoring.indicators.values()
                if one.cause == cause and one.direction == direction
            }
            marks[person, direction, cause] = (about, lows)
    answered = set(marks)
    answers = {}
    for key in [key for key in marks if key[0] not in watched and ended(monitoring, month, marks[key][0])]:
        del marks[key]
    for person, (groups, _household, _place) in watched.items():
        found = {}
        for one in monitoring.indicators.values():
            if one.groups and not set(one.groups) & set(groups):
                continue
            found[one.id] = value_of(monitoring, one, files, rests[one.id], person, old, answered)
        for key in [key for key in marks if key[0] == person and ended(monitoring, month, marks[key][0])]:
            mine = [
                found[one.id]
                for one in monitoring.indicators.values()
                if one.id in found and (one.direction, one.cause) == key[1:]
            ]
            reached = [value for value in mine if value[1] > 0]
            if not reached or not all(value[3] for value in reached):
                del marks[key]
        marks = handled(monitoring, files, rests, new.periods, person, found, marks)
        for direction in ("hardship", "exit"):
            answers |= one_answer(
                monitoring, person, groups, direction, found, marks, old, new, decided, on, calendar, rests, out
            )
    for key in old.levels:
        if key[0] not in watched:
            answers[key] = {"level": None, "change": "cleared", "cleared_by": "unwatched"}
    new.marks = marks
    new.past_values = old.past_values | {month: new.values}
    return answers, new


def ended(monitoring, month, since):
    """Whether the months are over in which a cause handled about that month stays quiet."""
    return bool(monitoring.quiet_months) and month.since(since) >= monitoring.quiet_months


def value_of(monitoring, one, files, rest, person, old, answered):
    """low, points certain, whether more is possible, whether carried, files, whether open."""
    periods, whole = rest
    held = files.get(one.list_source, {})
    rows = [row for period in periods for row in held[period] if row["person"] == person]
    counted = [row for row in rows if holds(one.where, row) is not False]
    low, high = bounds(one, monitoring.sources[one.list_source].columns.get(one.column), rows, not whole)
    open_ = high is None or (low is None) or high > low
    if not counted and whole:
        low, high, open_ = 0, 0, False
    certain = points(one, low)
    where = sorted(str(period) for period in periods if any(row in held[period] for row in counted))
    if one.measure == "any" and low == 1:
        open_ = False
    if open_ or not periods:
        before = old.values.get((person, one.id))
        if before and points(one, before[0]) > certain:
            return before[0], points(one, before[0]), points(one, before[0]) < most(one), True, before[1], True
    elif whole and monitoring.sources[one.list_source].kind == "event":
        before, warned = old.values.get((person, one.id)), old.levels.get((person, one.direction))
        waits = warned and one.cause in warned[4] and (person, one.direction, one.cause) not in answered
        if waits and before and points(one, before[0]) > certain:
            return before[0], points(one, before[0]), False, True, before[1], False
    return (
        low,
        certain,
        (open_ or not whole) and certain < most(one) and not (one.measure == "any" and low == 1),
        False,
        where,
        open_,
    )


def handled(monitoring, files, rests, periods, person, found, marks):
    """The marks after this month's news and with values that went taken back."""
    kept = dict(marks)
    for key, (when, lows) in marks.items():
        if key[0] != person:
            continue
        awake, left = False, {}
        for name, low in lows.items():
            one = monitoring.indicators[name]
            now = found.get(name)
            mine = points(one, now[0]) if now else Fraction(0)
            if now and not now[3] and mine > 0:
                held = files.get(one.list_source, {})
                unseen = set(rests[name][0]) - periods[when].get(name, set())
                rows = [row for period in unseen for row in held[period] if row["person"] == person]
                is_event = monitoring.sources[one.list_source].kind == "event"
                column = monitoring.sources[one.list_source].columns.get(one.column)
                fresh = is_event and rows and points(one, bounds(one, column, rows, not rests[name][1])[0]) > 0
                awake |= bool(mine > points(one, low) or fresh)
            settled = rests[name][1] and not (now and now[5])
            left[name] = min(low, now[0] if now else 0) if settled else low
        if awake or all(points(monitoring.indicators[name], low) == 0 for name, low in left.items()):
            del kept[key]
        else:
            kept[key] = (when, left)
    return kept


def one_answer(monitoring, person, groups, direction, found, marks, old, new, decided, on, calendar, rests, out):  # noqa: PLR0917 - all of it
    """The warning of one person in one direction, if there is one or was one."""
    score, whole, more, causes, names, top = Fraction(0), Fraction(0), False, set(), [], (Fraction(-1), None)
    any_found = False
    for one in monitoring.indicators.values():
        if one.direction != direction or one.id not in found:
            continue
        low, certain, may_grow, _carried, where, _open = found[one.id]
        if certain > 0:
            new.values[person, one.id] = (low, where)
        quiet = (person, direction, one.cause) in marks
        whole += certain
        any_found |= certain > 0 or may_grow
        if not rests[one.id][1] and certain < most(one):
            more = True
        if not quiet:
            score += certain
            more |= may_grow
            if certain > 0:
                causes.add(one.cause)
                names.append(one.id)
                if certain > top[0]:
                    top = (certain, one)
    level = next((item for item in reversed(monitoring.levels) if score >= grid(item.low)), None)
    before = old.levels.get((person, direction))
    if level is None and before is None:
        return {}
    key = (person, direction)
    if level is None:
        by = "decision" if whole >= grid(monitoring.levels[0].low) else "data"
        return {key: {"level": None, "change": "cleared", "cleared_by": by}}
    rank, was = COLOURS.index(level.id), COLOURS.index(before[0]) if before else -1
    change = "new" if before is None else "raised" if rank > was else "lowered" if rank < was else "continued"
    afresh = before is not None and not ({cause for cause in before[4] if (*key, cause) not in decided} & causes)
    raised = on if before is None or afresh or rank > was else before[1]
    fresh = (on, level.days)
    running = fresh if before is None or afresh else (before[2], before[3])
    if before is not None and not afresh and rank > was:
        running = min(running, fresh, key=lambda item: deadline(calendar, *item).due)
    if key in out:  # it keeps its days; a new task, or a higher colour than anybody was told, counts from today
        colour, went, begun, days, _causes = out[key]
        if afresh and before is not None and (went, begun) == (before[1], before[2]):
            raised, running = on, fresh
        else:
            higher = rank > max(COLOURS.index(colour), was)
            raised, running = (on if higher else went), (begun, days)
            if higher:
                running = min(running, fresh, key=lambda item: deadline(calendar, *item).due)
    new.levels[key] = (level.id, raised, *running, causes)
    due = deadline(calendar, *running)
    return {
        key: {
            "level": level.id, "change": change, "cleared_by": None, "score": score, "at_least": more, "causes": sorted(causes),
            "indicators": names, "raised": raised, "deadline": due.due, "provisional": due.provisional,
            "way": monitoring.way_of(top[1], tuple(groups), level),
            "files": {name: found[name][4] for name in names},
        }
    }  # fmt: skip
