import time

from django.db import connection, transaction

from zhikun.jobs.kinds import job


@job("counting.count", title="数数")
def count(progress, *, to, pause=0.0):
    progress.expect(to, "个")
    for number in range(progress.state.get("next", 0), to):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO counted (n) VALUES (%s)", [number])
            time.sleep(pause)
            progress.checkpoint({"next": number + 1}, advance=1)
        time.sleep(pause)
        yield
    return {"text": f"数到了 {to}"}
