"""An office at work, measured: N officers at once on a platform that is already there, by locust.

    zhikun serve --port 8000 --no-worker        (in the environment of the platform to be measured)
    python bench/office/run.py --locust .venv-bench/bin/locust --officers 50 --seconds 60

Makes one clerk for each township (again: as many as there are officers), takes names of the platform's own generated people to
search for, and prints the 50th and 95th percentile of each kind of page in milliseconds, and how many answers were errors.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
COUNTY = 640402000000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--locust", type=Path, required=True, help="the locust of the bench environment")
    parser.add_argument("--host", default="http://127.0.0.1:8000")
    parser.add_argument("--officers", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument(
        "--pause", type=float, nargs=2, default=(0, 1), metavar=("LEAST", "MOST"),
        help="seconds between two acts of one officer; people need 2 to 8 to read a page",
    )  # fmt: skip
    parser.add_argument(
        "--statistics", action="store_true", help="they read statistics; one in five supervises the whole city"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zhikun-office-") as folder:
        about = Path(folder) / "office.json"
        about.write_text(
            json.dumps(
                {**office(options.officers, supervisors=options.statistics), "pause": options.pause}, ensure_ascii=False
            ),
            encoding="utf-8",
        )
        command = [
            str(options.locust), "-f", str(HERE / "locustfile.py"), "--headless", "--host", options.host,
            "-u", str(options.officers), "-r", "5", "-t", f"{options.seconds}s", "--csv", f"{folder}/run", "--only-summary",
            "Reader" if options.statistics else "Officer",
        ]  # fmt: skip
        subprocess.run(command, check=False, env={**os.environ, "ZHIKUN_OFFICE": str(about)}, stdout=sys.stderr)
        print(json.dumps(measured(Path(folder) / "run_stats.csv"), ensure_ascii=False, indent=1))
    return 0


def measured(path: Path) -> dict[str, dict[str, float]]:
    """Of each kind of page: how many, how many errors, and how long in milliseconds."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["Name"]: {
                "requests": int(row["Request Count"]),
                "errors": int(row["Failure Count"]),
                "median": _milliseconds(row["50%"]),
                "p95": _milliseconds(row["95%"]),
            }
            for row in csv.DictReader(file)
        }


def _milliseconds(text: str) -> float:
    """A figure of locust; N/A where nothing of the kind was asked for."""
    return float(text) if text not in ("", "N/A") else 0.0


def office(count: int, *, supervisors: bool = False) -> dict[str, object]:
    """Accounts that can sign in with a password alone, and what they search for."""
    from zhikun.cli.django import ready  # noqa: PLC0415 - the environment says which platform

    ready()
    from django.utils import timezone  # noqa: PLC0415 - after the platform is there

    from zhikun.accounts.models import Appointment, Officer, Organisation  # noqa: PLC0415 - the same
    from zhikun.accounts.roles import Role  # noqa: PLC0415 - the same
    from zhikun.places.models import Area, Level  # noqa: PLC0415 - the same
    from zhikun.registry.models import Household  # noqa: PLC0415 - the same

    county = Area.objects.get(pk=COUNTY)
    towns = list(Area.objects.within([county.range]).filter(level=Level.TOWNSHIP).order_by("code"))
    password = secrets.token_urlsafe(12)
    accounts = []
    for n in range(count):
        town = towns[n % len(towns)]
        home, _made = Organisation.objects.get_or_create(
            code=f"{town.code}-bench", defaults={"name": town.name, "kind": Organisation.Kind.TOWNSHIP, "area": town}
        )
        officer = Officer.objects.filter(username=f"bench-{n}").first() or Officer(
            username=f"bench-{n}", name="压力测试", organisation=home, generated=True
        )
        officer.set_password(password)
        officer.must_change_password, officer.password_changed_at = False, timezone.now()
        officer.save()
        whole = supervisors and n % 5 == 0
        Appointment.objects.filter(officer=officer).delete()
        Appointment.objects.create(
            officer=officer, role=Role.CITY_SUPERVISOR if whole else Role.TOWNSHIP_CLERK, area=county if whole else town
        )
        accounts.append({"username": officer.username, "password": password})
    heads = [one.head for one in Household.objects.open().select_related("head").order_by("pk")[:200] if one.head]
    return {
        "accounts": accounts,
        "names": [head.name for head in heads],
        "edit": "/edit/household/?dimension=养殖情况",
        "field": "pens",
        "answer": {"observed_on": timezone.localdate().isoformat(), "reason": "压力测试"},
    }


if __name__ == "__main__":
    sys.exit(main())
