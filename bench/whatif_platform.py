"""Policy trials on the newest finished run of the platform of this environment, timed one by one.

    python bench/whatif_platform.py            (the platform that ZHIKUN_DATABASE, _DATA and _KEYS name)

Told as one line of JSON: seconds from asking to figures on disk, without the moment a worker takes to pick the work up, and the
most memory that the process held. Every trial is removed before it is timed, so that nothing is recognised.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import shutil
import sys
import time
from typing import Any

import django

#: What is moved: a line, a weight, two of them with a standard. The names are those of the pack yuanzhou.
CHANGES = {
    "a line": ["cause_threshold=2.5"],
    "a standard": ["line_rural=600"],
    "a weight": ["weight_illness=0.2"],
    "three at once": ["cause_threshold=1.5", "weight_illness=0.2", "weight_disability=0.13"],
}


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhikun.web.settings")
    django.setup()
    # Only now: they import models.
    models, roles, places = (
        importlib.import_module(f"zhikun.{name}") for name in ("accounts.models", "accounts.roles", "places.models")
    )
    run = importlib.import_module("zhikun.assessments.models").Run.objects.finished().first()
    officer = models.Officer.objects.get(username="bench-maker")
    models.Appointment.objects.get_or_create(
        officer=officer, role=roles.Role.COUNTY_REVIEWER, area=places.Area.objects.get(pk=run.area)
    )
    print(json.dumps({"households": run.households, **timed(run, officer)}, ensure_ascii=False))
    return 0


def timed(run: Any, officer: Any) -> dict[str, Any]:
    """Seconds of each kind of change, the first of them again at the end: by then the process knows the pack."""
    whatif = importlib.import_module("zhikun.analytics.services.whatif")
    trying = importlib.import_module("zhikun.analytics.trying")
    found: dict[str, Any] = {}
    for name, texts in [*CHANGES.items(), ("a line, again", CHANGES["a line"])]:
        for old in importlib.import_module("zhikun.analytics.models").Trial.objects.filter(officer=officer):
            shutil.rmtree(trying.folder_of(old.key), ignore_errors=True)
            old.delete()
        started = time.perf_counter()
        trial = whatif.start(run, texts, acting_officer=officer)
        whatif.make(trial.pk)
        found[name] = round(time.perf_counter() - started, 2)
    found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found["load"] = os.getloadavg()[0]
    return found


if __name__ == "__main__":
    sys.exit(main())
