"""Checking, committing and undoing a batch, killed (-9) again and again: nothing lost, nothing twice."""

import json
import os
import random
import signal
import time

from tests.installation import PATIENCE, until

HOUSEHOLDS = 900
SETUP = """
from tests import factories, import_files
from zhikun.places.models import Area
from zhikun.registry.services import importing
factories.areas()
homes = [import_files.home(f"A{n}", n) for n in range(1, %d)]
for n, one in enumerate(homes, 1):
    for m, person in enumerate(one["people"]):
        person["id_number"] = factories.id_number(n %% 1000, f"19{50 + n // 1000 + 10 * m}0301")
importing.upload(import_files.workbook(homes), name="大.xlsx", area=Area.objects.get(pk=factories.TOWNSHIP),
                 observed_on=factories.DAY, acting_officer=import_files.maker())
import_files.checker()
"""
STEP = """
from tests import import_files
from zhikun.registry.models import ImportBatch
from zhikun.registry.services import importing
batch = ImportBatch.objects.get()
"""
AFTER = """
import json
from zhikun.audit import chain
from zhikun.audit.models import Entry
from zhikun.registry.models import *
print(json.dumps({
    "whole": chain.verify().whole,
    "state": ImportBatch.objects.get().state,
    "counts": ImportBatch.objects.get().counts,
    "rows": ImportRow.objects.count(),
    "open": Household.objects.open().count(),
    "households": Household.objects.count(),
    "people": Person.objects.count(),
    "members": Membership.objects.now().count(),
    "recordings": Recording.objects.filter(withdrawn_at=None).count(),
    "registered": Entry.objects.filter(event="registry.household_registered").count(),
    "undone": Entry.objects.filter(event="registry.import_undone", household__isnull=False).count(),
    "read": Person.objects.filter(pk__in=Household.objects.values("memberships__person"), memberships__relation="02").first().name,
}))
"""


CLEARED = """
from zhikun.registry.services import importing_clearing
importing_clearing.clear()
"""


def held(installation):
    return [path for path in (installation.data / "imports").iterdir() if not path.name.startswith(".")]


def shell(installation, script):
    return installation.run("manage", "shell", "-v", "0", "-c", script).stdout


def state_of(installation):
    return installation.ask("SELECT state FROM registry_importbatch")[0][0]


def taken_up(installation):
    """How many times a worker has taken up the work on the batch."""
    return installation.ask("SELECT COALESCE(sum(lease), 0) FROM jobs_job WHERE kind LIKE 'registry.import_%%'")[0][0]


def worked_off_with_kills(installation, chance, state):
    """Workers that are killed at random moments of their work, until the batch is no longer in this state. How many were."""
    kills = 0
    while state_of(installation) == state:
        before = taken_up(installation)
        with installation.start("worker") as worker:
            # A worker that has not yet taken the work up has nothing to lose.
            until(lambda before=before: taken_up(installation) > before)
            ends = time.monotonic() + (chance.uniform(0, 0.9) if kills < 6 else PATIENCE)
            while time.monotonic() < ends and state_of(installation) == state:
                time.sleep(0.02)
            worker.send_signal(signal.SIGKILL)
            kills += 1
    return kills


def test_killed_again_and_again_every_household_comes_in_once_and_goes_once(installation):
    chance = random.Random(11)
    shell(installation, SETUP % (HOUSEHOLDS + 1))
    worked_off_with_kills(installation, chance, "checking")
    shell(installation, STEP + "importing.submit(batch, acting_officer=import_files.maker())\n"
          "importing.approve(batch, acting_officer=import_files.checker())")  # fmt: skip
    worked_off_with_kills(installation, chance, "approved")
    found = json.loads(shell(installation, AFTER))
    assert (found["state"], found["whole"], found["read"]) == ("committed", True, "马试一")
    assert found["rows"] == found["open"] == found["recordings"] == found["registered"] == HOUSEHOLDS
    assert found["counts"]["opened"] == HOUSEHOLDS
    assert found["people"] == found["members"] == 2 * HOUSEHOLDS
    shell(installation, STEP + "importing.undo(batch, reason='重复', acting_officer=import_files.checker())")
    worked_off_with_kills(installation, chance, "undoing")
    found = json.loads(shell(installation, AFTER))
    assert (found["state"], found["whole"]) == ("undone", True)
    assert found["undone"] == found["households"] == HOUSEHOLDS
    assert (found["open"], found["members"], found["recordings"]) == (0, 0, 0)
    # A kill between the end of a batch and the removal of its file leaves the file to the clearing, hours later.
    for path in held(installation):
        os.utime(path, (time.time() - 7 * 3600,) * 2)
    shell(installation, CLEARED)
    assert held(installation) == []
