"""`zhikun keys rotate` on a platform whose worker is killed in the middle: resumed, and every value readable in between."""

from __future__ import annotations

import json
import random
import signal

from tests.installation import until

PEOPLE = 4000
MAKE = f"""
from django.db import transaction
from zhikun.registry.models import NameKey, Person
from zhikun.registry.services.person import name_indexes, number_index
made = []
for n in range({PEOPLE}):
    number = f"G{{n:08d}}"
    one = Person(generated=True, id_kind="other", id_number_index=number_index("other", number))
    one.name, one.id_number = "马试" + chr(0x4e00 + n % 500), number
    made.append(one)
Person.objects.bulk_create(made, batch_size=1000)
NameKey.objects.bulk_create([NameKey(person=one, key=key, area=640402103200) for one in made for key in name_indexes(one.name)])
"""
READ = """
import json
from collections import Counter
from zhikun.identity.sealing import key_version
from zhikun.registry.models import NameKey, Person
from zhikun.registry.services.person import KeyKind, by_number, looked_up
people = list(Person.objects.all())
numbers = {one.id_number for one in people}
probe = sorted(numbers)[::400]
print(json.dumps({
    "names": len({one.name for one in people}), "numbers": len(numbers),
    "versions": Counter(key_version(one.name_sealed) for one in people),
    "found": sum(by_number("other", number) is not None for number in probe) - len(probe),
    "by_name": NameKey.objects.filter(key__in=looked_up(KeyKind.NAME, "马试一")).values("person").distinct().count(),
}))
"""


def python(installation, script):
    said = installation.run("manage", "shell", "-v", "0", "-c", script).stdout.strip()
    return json.loads(said.splitlines()[-1]) if said else None


def job(installation, kind):
    found = installation.ask("SELECT state, done, attempts FROM jobs_job WHERE kind = %s", f"privacy.{kind}")
    return dict(zip(("state", "done", "attempts"), found[0], strict=True))


def has_come(found, goal):
    return found["done"] >= goal or found["state"] == "done"


def readable(installation):
    found = python(installation, READ)
    assert (found["names"], found["numbers"]) == (500, PEOPLE)
    assert found["found"] == 0
    assert found["by_name"] == PEOPLE // 500
    return found["versions"]


def test_killed_again_and_again_every_value_is_readable_and_comes_to_the_new_key(installation):
    python(installation, MAKE)
    asked = installation.run("keys", "rotate", "--indexes", "--why", "演练")
    assert "个人信息换到新密钥" in asked.stdout
    assert "zhikun worker" in asked.stdout
    left = installation.run("keys", "status", code=1).stdout
    assert f"人员：第 1 版 {PEOPLE:,} 行" in left
    chance = random.Random(7)
    for kind in ("renew", "reindex"):
        kills = 0
        while (before := job(installation, kind))["state"] != "done":
            goal = before["done"] + (chance.randrange(1, 1500) if kills else 1)
            with installation.start("worker") as worker:
                until(lambda goal=goal, kind=kind: has_come(job(installation, kind), goal))
                worker.send_signal(signal.SIGKILL)
            kills += 1
            if kills == 1:
                readable(installation)
    assert readable(installation) == {"2": PEOPLE}
    ended = installation.run("keys", "status").stdout
    assert "全部已是第 2 版" in ended
    assert "盲索引：第 2 版" in ended
    assert "已完成" in ended
