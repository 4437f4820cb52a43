"""Eight writers at once, as a program of its own: SQLite's database for tests lies in memory and knows no two writers.

Run with ZHIKUN_DATA and ZHIKUN_KEYS: prints the verdict on the chain and the cost of an entry in microseconds.
"""

import os
import threading
import time

WRITERS, ENTRIES = 8, 50


def write_all() -> float:
    """Every writer adds its entries in transactions of their own; seconds in all. Raises what a writer raised."""
    from django.db import connection, transaction

    from zhikun.audit.services import record

    errors = []

    def write() -> None:
        try:
            for number in range(ENTRIES):
                with transaction.atomic():
                    record("test.done", by=None, subject=str(number))
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _writer in range(WRITERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return time.perf_counter() - began


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "zhikun.web.settings"
    import django

    django.setup()
    from django.core.management import call_command

    from zhikun.audit.chain import verify

    call_command("migrate", "audit", verbosity=0)
    seconds = write_all()
    verdict = verify()
    print(verdict.entries, verdict.last, verdict.broken or "whole", round(seconds / WRITERS / ENTRIES * 1e6))  # noqa: T201 - a program


if __name__ == "__main__":
    main()
