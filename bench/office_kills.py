"""An office at work on real processes that are killed (-9) at random moments and begun again: nothing lost, nothing twice.

    python bench/office_kills.py [--kills N] [--seed N] [--households N] [--visits N]       (SQLite)
    python tools/with_postgres.py python bench/office_kills.py ...                          (PostgreSQL)

A platform of its own in a temporary folder: `zhikun serve` with its worker, and a `zhikun worker` beside it. Officers work over
HTTP as a browser does, turn after turn: a clerk uploads a workbook, it is checked, a second officer approves it and it is
committed; a surveyor hands in visits (drafts, photos, signatures) to some of its households and to one found on the way, a
reviewer accepts them. The first turn is left alone and gives the lengths of the phases and what must stand afterwards. From the
second on, SIGKILL falls into a phase at a moment drawn from its length: on the server with its page processes, on a page
process, on the worker that holds the work, or on all of it. What was killed is begun again; what got no answer is done again.
After every turn each household and each visit must stand once, whole, with the facts of the undisturbed turn, each photo once,
each act once in an unbroken record. Prints one JSON line; ends with 1 if anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import base64
import json
import logging
import math
import os
import random
import re
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from both import ROOT

sys.path.insert(0, str(ROOT))  # the tests' generated office is ours too

from office_kills_platform import Answer, Browser, Platform
from tests.installation import PATIENCE, Installation, own_database, until, with_keys

if TYPE_CHECKING:
    import office_kills_found as found_module

#: Whom a kill strikes, by what goes on: work in the background is the workers' matter, an answer that of the pages.
AIMS = {
    "work": (("worker", 0.6), ("all", 0.25), ("server", 0.15)),
    "answer": (("page", 0.5), ("server", 0.3), ("all", 0.2)),
}
IN_BACKGROUND = {"check", "commit"}
OFTEN = {"draft", "photo", "hand in", "accept"}  # several times in a turn
RESTART = 1.0  # seconds that a process needs at least until it works again
DATA = re.compile(r'<script id="survey-data" type="application/json">(.*?)</script>', re.DOTALL)
MARKUP = re.compile(r"<[^>]+>|\s+")
BOARD = "data:image/png;base64,"


class Kills:
    """Kills in the phases of the office's work, at moments drawn from how long a phase takes undisturbed."""

    def __init__(self, platform: Platform, wanted: int, dice: random.Random, holder: Any) -> None:
        self.platform, self.wanted, self.dice, self.holder = platform, wanted, dice, holder
        self.quiet = True
        self.lengths: dict[str, float] = {}
        self.by_process: Counter[str] = Counter()
        self.by_phase: Counter[str] = Counter()

    @property
    def done(self) -> int:
        """How many there were."""
        return self.by_process.total()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Something that the office does. A kill may fall into it; into work in the background, several one after another."""
        began, before, over = time.monotonic(), self.done, threading.Event()
        killer = None
        if not self.quiet and self.dice.random() < (0.5 if name in OFTEN else 0.9):
            killer = threading.Thread(target=self._haunt, args=(name, over))
            killer.start()
        try:
            yield
        finally:
            over.set()
            # The first answer is the slowest: whatever went undisturbed counts. Work may have gone on before its phase began.
            if self.quiet or (self.done == before and name not in IN_BACKGROUND):
                self.lengths[name] = min(self.lengths.get(name, math.inf), time.monotonic() - began)
            if killer is not None:
                killer.join()

    def _haunt(self, name: str, over: threading.Event) -> None:
        length, in_background = self.lengths[name], name in IN_BACKGROUND
        aims = AIMS["work" if in_background else "answer"]
        wait = self.dice.random() * length
        while self.done < self.wanted and not over.wait(wait):
            target = self.dice.choices([one for one, _weight in aims], [weight for _one, weight in aims])[0]
            if self.platform.kill(target, self.holder() if target == "worker" else ""):
                self.by_process[target] += 1
                self.by_phase[name] += 1
            if not in_background or self.dice.random() < 0.15:
                return
            wait = RESTART + self.dice.random() * length


class Trial:
    """The office on its platform."""

    def __init__(self, platform: Platform, kills: Kills, households: int, visits: int) -> None:
        import office_kills_found as found  # noqa: PLC0415 - after Django is ready

        self.found: type[found_module] = found  # type: ignore[assignment]  # a module
        self.platform, self.kills, self.households, self.visits = platform, kills, households, visits
        self.office = found.office()
        self.clerk, self.checker, self.surveyor, self.reviewer = (
            Browser(platform, session)
            for session in (self.office.maker, self.office.checker, self.office.surveyor, self.office.reviewer)
        )
        self.losses: list[str] = []
        self.doubles: list[str] = []
        self.expected: dict[str, dict[str, Any]] = defaultdict(dict)
        self.imports = self.handed_in = self.by_hand = 0

    def run(self) -> None:
        """Turns until there were enough kills, the first of them undisturbed."""
        turn = 0
        while turn == 0 or self.kills.done < self.kills.wanted:
            self._turn(turn)
            self.kills.quiet = False
            turn += 1
        self.kills.quiet = True
        self.platform.ensure()
        until(lambda: not self.found.unfinished_jobs(), PATIENCE * 2)

    def _turn(self, turn: int) -> None:
        self._import(turn)
        done = [self._visit(turn, one) for one in self.found.visits_of(self.office, turn, self.visits)]
        done.append(self._visit(turn, self._met(turn)))
        self._take(self.found.imported(_file(turn), turn, self.households), f"import {turn}")
        for n, one in enumerate(done):
            self._take(self.found.visited(*one), f"visit {turn}.{n}", "found" if n == self.visits else "")
        homes = self.imports * self.households + turn + 1
        self._take(self.found.whole(homes, 2 * homes, self.handed_in), f"after turn {turn}")
        print(
            f"turn {turn}: {self.kills.done} kills, {len(self.losses)} lost, {len(self.doubles)} doubled",
            file=sys.stderr,
        )

    def _take(self, told: Any, where: str, under: str = "") -> None:
        """Notes what was wrong, and compares the facts with those of the undisturbed turn."""
        self.losses += [f"{where}: {one}" for one in told.losses]
        self.doubles += [f"{where}: {one}" for one in told.doubles]
        kind = where.split(maxsplit=1)[0]
        for name, facts in told.facts.items():
            wanted = self.expected[kind].setdefault(under or name, facts)
            if facts != wanted:
                self.losses.append(f"{where}: other facts of household {name}")

    # --- an import

    def _import(self, turn: int) -> None:
        content, name = self.found.workbook(turn, self.households), _file(turn)
        self.clerk.get("/imports/new")
        fields = {"area": str(self.found.AREA), "observed_on": "2026-11-02"}
        with self.kills.phase("upload"):
            page = self.clerk.press("/imports/new", fields, {"file": (name, content)})
        _want(page, 302)
        with self.kills.phase("check"):
            self._wait(name, "checking", "registry.import_check")
        for who, verb in ((self.clerk, "submit"), (self.checker, "approve")):
            who.get(page.location)
            with self.kills.phase(verb):
                _want(who.press(f"{page.location}/do/{verb}", {}), 302, 409)
        with self.kills.phase("commit"):
            self._wait(name, "approved", "registry.import_commit")
        self.imports += 1

    def _wait(self, name: str, state: str, kind: str) -> None:
        """Until the work behind the batch has ended; who waits sees to it that the platform runs, and asks for it again."""
        ends = time.monotonic() + PATIENCE * 5
        while (batch := self.found.batch_of(name)) is None or batch.state == state:
            self.platform.ensure()
            job = self.found.running(kind, batch) if batch else None
            if job is not None and job.state == "failed":
                self.clerk.get(f"/jobs/{job.pk}/")
                _want(self.clerk.press(f"/jobs/{job.pk}/retry/", {}), 302, 409)
                self.by_hand += 1
            if time.monotonic() > ends:
                raise SystemExit(f"{name} stays {state}; work: {self.found.unfinished_jobs()}")
            time.sleep(0.02)

    # --- visits

    def _met(self, turn: int) -> Any:
        """A household that is met on the way: its questionnaire."""
        self.surveyor.get("/surveys/found")
        office = self.office
        fields = {
            "round": office.round.pk,
            "team": office.team.pk,
            "area": self.found.village().pk,
            "how": f"邻里反映{turn}",
        }
        with self.kills.phase("found"):
            here = f"/surveys/found?client={uuid.uuid4()}"
            page = self.surveyor.press(here, {name: str(value) for name, value in fields.items()})
        _want(page, 302)
        return self.found.Assignment.objects.get(pk=page.location.rpartition("/")[2])

    def _visit(self, turn: int, assignment: Any) -> tuple[str, list[str], uuid.UUID]:
        """One visit as the page's script does it: drafts, photos, handing in; then the reviewer's word."""
        home = f"/surveys/fill/{assignment.pk}"
        data = json.loads(DATA.search(self.surveyor.get(home).text)[1])  # type: ignore[index]  # the page has it
        answers = self.found.new_people(turn) if assignment.household_id is None else data["answers"]
        answers |= {"h_business_income_year": 1234.5}
        draft = {"sequence": data["sequence"] + 1, "answers": answers, "questionnaire": data["questionnaire"]}
        with self.kills.phase("draft"):
            _want(self.surveyor.send(f"{home}/draft", json.dumps(draft)), 200)
        photos = [str(uuid.uuid4()) for _n in range(self.found.PHOTOS)]
        for n, client in enumerate(photos):
            picture = {"photo": ("photo", self.found.picture(turn, n))}
            with self.kills.phase("photo"):
                _want(self.surveyor.press(f"{home}/photos", {"client": client, "taken_at": ""}, picture), 200)
        client = str(uuid.uuid4())
        board = BOARD + base64.b64encode(self.found.factory.signature()).decode()
        handed = {
            "client": client, "questionnaire": data["questionnaire"], "answers": answers, "visited_on": data["today"],
            "signed": {one["id"]: board for one in data["team"][:2]}, "present": "马试一", "present_signed": board,
            "position": None, "no_position": "没有信号", "photos": photos,
        }  # fmt: skip
        with self.kills.phase("hand in"):
            _want(self.surveyor.send(f"{home}/submit", json.dumps(handed)), 200)
        self.handed_in += 1
        page = f"/surveys/visits/{self.found.Visit.objects.get(client=client).pk}"
        self.reviewer.get(page)
        with self.kills.phase("accept"):
            _want(self.reviewer.press(page, {"decision": "accept"}), 302, 409)
        return client, photos, assignment.pk


def _file(turn: int) -> str:
    return f"调查表{turn}.xlsx"


def _want(answer: Answer, *statuses: int) -> None:
    """409 to what is done again: it stands already."""
    if answer.status not in statuses:
        raise SystemExit(f"answered {answer.status}: {MARKUP.sub(' ', answer.text)[:2000]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--households", type=int, default=600)
    parser.add_argument(
        "--visits", type=int, default=1, help="visits of a turn, besides that of one household found on the way"
    )
    parser.add_argument("--settings", default="zhikun.web.settings")
    options = parser.parse_args()
    address = os.environ.get("ZHIKUN_DATABASE", "")
    with tempfile.TemporaryDirectory(prefix="zhikun-kills-") as folder, own_database(address) as database:
        told = tried(Path(folder) / "platform", database, options)
    print(json.dumps(told, ensure_ascii=False))
    return 1 if told["losses"] or told["doubles"] or told["jobs_unfinished"] else 0


def tried(folder: Path, database: str, options: argparse.Namespace) -> dict[str, Any]:
    """One trial on a platform in this folder; what came of it."""
    installation = with_keys(Installation(folder, settings=options.settings, database=database))
    installation.run("migrate")
    for name in [name for name in os.environ if name.startswith(("ZHIKUN_", "DJANGO_"))]:
        del os.environ[name]
    os.environ |= {k: v for k, v in installation.environment.items() if k.startswith(("ZHIKUN_", "DJANGO_"))}
    from zhikun.cli.django import ready  # noqa: PLC0415 - the environment says which platform

    ready()
    logging.getLogger("axes").setLevel(logging.WARNING)
    import office_kills_found as found  # noqa: PLC0415 - after Django is ready

    dice = random.Random(options.seed)  # noqa: S311 - moments to kill at, no secret
    platform = Platform(installation)
    kills = Kills(platform, options.kills, dice, found.holder)
    trial = Trial(platform, kills, options.households, options.visits)
    began = time.monotonic()
    try:
        platform.ensure()
        trial.run()
        jobs, strays = found.unfinished_jobs(), found.strays()
        trial.losses += [f"left for ever: {path.name}" for path in found.after_the_night(strays)]
    finally:
        platform.end()
        from django.db import connections  # noqa: PLC0415 - after Django is ready

        connections.close_all()
    browsers = (trial.clerk, trial.checker, trial.surveyor, trial.reviewer)
    return {
        "database": "postgresql" if database else "sqlite", "seed": options.seed, "kills": kills.done,
        "by_process": dict(kills.by_process), "by_phase": dict(kills.by_phase),
        "phase_milliseconds": {name: round(one * 1000) for name, one in kills.lengths.items()}, "imports": trial.imports,
        "households": trial.imports * options.households, "visits": trial.handed_in,
        "sent_again": sum(one.again for one in browsers), "asked_again_by_hand": trial.by_hand,
        "strays_for_the_night": len(strays), "jobs_unfinished": jobs, "losses": trial.losses, "doubles": trial.doubles,
        "seconds": round(time.monotonic() - began),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
