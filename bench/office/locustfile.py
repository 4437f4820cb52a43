"""An office at work, for locust: officers who sign in, search, open files, look at what waits for them, and write.

Run by bench/office/run.py, which names the accounts and what can be searched for in the file of ZHIKUN_OFFICE. The mix is that of
an ordinary morning: mostly reading, one act in sixteen writes. `Reader` reads statistics instead. The pause between two acts is
said by bench/office/run.py.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import re
from html.parser import HTMLParser
from pathlib import Path

import gevent
from locust import FastHttpUser, between, events, task
from locust.env import Environment

OFFICE = json.loads(Path(os.environ["ZHIKUN_OFFICE"]).read_text(encoding="utf-8"))
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
FILE = re.compile(r'href="(/households/[0-9a-f-]{36})"')
LISTS = re.compile(r'href="(/assessments/[0-9a-f-]{36}/households[^"]*)"')
PLACES = re.compile(r'href="/statistics/[0-9a-f-]{36}\?place=(\d{12})"')
TURN = itertools.count()

#: Seconds after the last officer came: by then all have signed in (Argon2 takes its time on purpose) and seen a first page.
SETTLED = 10


@events.spawning_complete.add_listener
def settled(**_about: object) -> None:
    """The figures begin when everybody is at work."""
    gevent.spawn_later(SETTLED, _begin)


@events.init.add_listener
def remember(environment: Environment, **_about: object) -> None:
    """Whose figures they are."""
    RUN.append(environment)


def _begin() -> None:
    for one in RUN:
        one.stats.reset_all()


RUN: list[Environment] = []


class Signed(FastHttpUser):
    """Somebody signed in for the length of the run."""

    abstract = True
    wait_time = between(*OFFICE["pause"])

    def on_start(self) -> None:
        """Sign in as the next account."""
        account = OFFICE["accounts"][next(TURN) % len(OFFICE["accounts"])]
        self.dice = random.Random(account["username"])  # noqa: S311 - choices of a load test
        self.files: list[str] = []
        page = self.client.get("/sign-in", name="sign-in")
        answer = {
            "username": account["username"],
            "password": account["password"],
            "csrfmiddlewaretoken": token(page.text),
        }
        with self.client.post("/sign-in", answer, name="sign-in", allow_redirects=False, catch_response=True) as signed:
            if signed.status_code != 302:
                signed.failure(f"not signed in: {signed.status_code}")
            else:
                signed.success()


class Officer(Signed):
    """One officer at their daily work."""

    def on_start(self) -> None:
        """Sign in, and see the first list."""
        super().on_start()
        self.list()

    @task(4)
    def list(self) -> None:
        """The households of one's place."""
        page = self.client.get("/households/", name="search")
        self.files = FILE.findall(page.text) or self.files

    @task(4)
    def by_name(self) -> None:
        """Somebody's name, pinyin or initials."""
        page = self.client.get("/households/", name="search")
        answer = {"text": self.dice.choice(OFFICE["names"]), "csrfmiddlewaretoken": token(page.text)}
        with self.client.post("/households/", answer, name="search (by name)", catch_response=True) as found:
            if found.status_code != 200:
                found.failure(f"answered {found.status_code}")
            else:
                found.success()

    @task(6)
    def household(self) -> None:
        """A file of the list."""
        if self.files:
            self.client.get(self.dice.choice(self.files), name="household page")

    @task(2)
    def work(self) -> None:
        """What waits: contradictions to settle."""
        self.client.get("/households/?contradictions=on", name="work list")

    @task(1)
    def write(self) -> None:
        """A new value of one fact of a file."""
        if not self.files:
            return
        address = self.dice.choice(self.files) + OFFICE["edit"]
        page = self.client.get(address, name="edit form")
        form = Form()
        form.feed(page.text)
        answer = form.fields | {OFFICE["field"]: str(self.dice.randrange(0, 50)), **OFFICE["answer"]}
        with self.client.post(address, answer, name="write a fact", allow_redirects=False, catch_response=True) as kept:
            # 409: another officer changed the same file first, and was not overwritten.
            if kept.status_code not in (302, 409):
                kept.failure(f"answered {kept.status_code}")
            else:
                kept.success()


class Reader(Signed):
    """Somebody who reads statistics: the main page by place, causes crossed at a line, the list behind a number, trends."""

    def on_start(self) -> None:
        """Sign in, and find the newest run and what can be asked of it."""
        super().on_start()
        page = self.client.get("/statistics/", name="statistics")
        self.page = page.url
        self.lists = [url.replace("&amp;", "&") for url in LISTS.findall(page.text)]
        self.places = sorted(set(PLACES.findall(page.text)))

    @task(6)
    def statistics(self) -> None:
        """The page of all one's areas, every other time of a place of them."""
        place = self.dice.choice(["", self.dice.choice(self.places or [""])])
        self.client.get(self.page + (f"?place={place}" if place else ""), name="statistics")

    @task(2)
    def crossing(self) -> None:
        """Causes crossed at a line of the reader's choice."""
        self.client.get(f"{self.page.rstrip('/')}/causes?at={self.dice.randrange(1, 11) / 2:g}", name="causes crossed")

    @task(2)
    def behind(self) -> None:
        """The list behind a number."""
        if self.lists:
            self.client.get(self.dice.choice(self.lists), name="list behind a number")

    @task(1)
    def trends(self) -> None:
        """From one assessment to the next."""
        self.client.get("/statistics/trends", name="trends")


class Form(HTMLParser):
    """What a browser would send of the form of a page that has a version in it."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Fields as they stand, the chosen ones of those that are chosen from."""
        about = dict(attrs)
        name = about.get("name") or ""
        if tag == "input" and name:
            chosen = about.get("type") not in ("radio", "checkbox") or "checked" in about
            if chosen and about.get("type") != "search":
                self.fields[name] = about.get("value") or ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in about or self._select not in self.fields):
            self.fields[self._select] = about.get("value") or ""
        elif tag == "textarea":
            self._area = name
            self.fields.setdefault(name, "")

    def handle_endtag(self, tag: str) -> None:
        """A list or a text ends."""
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        """What stands in a text."""
        if self._area:
            self.fields[self._area] += data


def token(page: str) -> str:
    """The form's token."""
    found = TOKEN.search(page)
    return found.group(1) if found else ""
