"""How long the platform takes to follow a rotation of keys: generated people with their search keys, and sealed files.

    python bench/rotation.py                                             SQLite
    python tools/with_postgres.py python bench/rotation.py               a PostgreSQL of its own

Makes a platform in a temporary folder, rotates its keys, and does both works of `zhikun keys rotate --indexes` in this process, as
one worker does them. Prints one JSON line: seconds, of which some are spent waiting for other processes to notice.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import tempfile
import time
import uuid
from datetime import date, timedelta
from pathlib import Path

_BLOCK = 5000
_SURNAMES, _GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文玉兰"
_PERSON = ("id", "name_sealed", "id_kind", "id_number_sealed", "id_number_index", "phone_sealed", "sex", "born_on",
           "died_on", "generated")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=1_000, help="of 300 kB each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zhikun-rotation-") as folder:
        keys = _platform(Path(folder))
        _fill_people(options.people)
        _fill_files(options.files)
        print(json.dumps({"people": options.people, "files": options.files, **_measured(keys)}))


def _platform(folder: Path) -> Path:
    """An empty platform in the folder; where its keys are."""
    keys = folder / "keys" / "keys.json"
    os.environ |= {"ZHIKUN_DATA": str(folder / "data"), "ZHIKUN_KEYS": str(keys)}
    os.environ["DJANGO_SETTINGS_MODULE"] = "zhikun.web.settings"
    import django

    from zhikun.identity.keyring import create_ring

    create_ring(keys, date(2026, 1, 1), "bench", folder / "data")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return keys


def _fill_people(people: int) -> None:
    """Past the models, as a large import does."""
    from django.db import transaction

    from zhikun.identity.numbers import with_check_character
    from zhikun.identity.sealing import index_many, seal_many
    from zhikun.privacy import ring
    from zhikun.registry.models import NameKey, Person
    from zhikun.registry.services import bulk_store
    from zhikun.registry.services.bulk_rows import new_ids
    from zhikun.registry.services.person import name_indexes

    chance, keys = random.Random(7), dict[str, list[bytes]]()  # noqa: S311 - generated names, no secret
    for start in range(0, people, _BLOCK):
        count = range(start, min(start + _BLOCK, people))
        ids = new_ids(len(count))
        names = [chance.choice(_SURNAMES) + "".join(chance.choices(_GIVEN, k=chance.choice((1, 2)))) for _n in count]
        births = [date(1930, 1, 1) + timedelta(days=n // 1000) for n in count]
        numbers = [
            with_check_character(f"640402{born:%Y%m%d}{n % 1000:03d}") for n, born in zip(count, births, strict=True)
        ]
        sealed = [
            seal_many(ring(), field.purpose, [field.binding(Person, id_) for id_ in ids], values)
            for field, values in (
                (Person.name, names),
                (Person.id_number, numbers),
                (Person.phone, [f"139{n:08d}" for n in count]),
            )
        ]
        indexes = index_many(ring(), "id_number", [f"resident:{number}" for number in numbers])
        fixed = [[value] * len(ids) for value in ("resident", "", None, None, True)]
        rows = zip(ids, sealed[0], fixed[0], sealed[1], indexes, sealed[2], *fixed[1:], strict=True)
        for name in set(names) - set(keys):
            keys[name] = name_indexes(name)
        found = [(id_, key, 640402103200) for id_, name in zip(ids, names, strict=True) for key in keys[name]]
        with transaction.atomic():
            bulk_store.insert(Person, _PERSON, list(rows))
            bulk_store.insert(NameKey, ("person", "key", "area"), found)


def _fill_files(files: int) -> None:
    from zhikun.registry.services import importing_files

    content = os.urandom(300_000)
    for _n in range(files):
        importing_files.keep(uuid.uuid4(), "file", io.BytesIO(content))


def _measured(keys: Path) -> dict[str, float | str]:
    from django.db import connection

    from zhikun.identity import rotate
    from zhikun.jobs.worker import work_off
    from zhikun.registry.models import NameKey
    from zhikun.web.renewal import ask_renewal, last_work, standing

    found: dict[str, float | str] = {"database": connection.vendor, "name_keys": NameKey.objects.count()}
    held = rotate(keys, Path(os.environ["ZHIKUN_DATA"]), date(2026, 1, 2), "bench")
    for name, indexes in (("renew_s", False), ("reindex_s", True)):
        job = ask_renewal(held, indexes=indexes)[-1]
        began, spent = time.monotonic(), time.process_time()
        work_off()
        found[name] = round(time.monotonic() - began, 1)
        found[name.replace("_s", "_cpu_s")] = round(time.process_time() - spent, 1)
        job.refresh_from_db()
        if job.state != "done":
            raise SystemExit(f"{job.kind}: {job.state} {job.error}")
    began = time.monotonic()
    left = sum(part.standing.older_than(held.current) for part in standing())
    found["status_s"] = round(time.monotonic() - began, 2)
    if left or len(last_work()) != 2:
        raise SystemExit(f"{left} left")
    return found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


if __name__ == "__main__":
    main()
