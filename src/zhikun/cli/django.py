"""The platform behind a command: Django with the settings of this environment, or a refusal that says what to mend."""

from __future__ import annotations

import os
from pathlib import Path

from zhikun.cli.screen import UNREADY, Refused, lines
from zhikun.wording import _


def set_up() -> None:
    """Django, ready to use. Raises Refused where the environment variables are wrong."""
    import django  # noqa: PLC0415 - most commands do not need the platform

    from zhikun.web.environment import EnvironmentFaults  # noqa: PLC0415 - the same

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhikun.web.settings")
    try:
        django.setup()
    except EnvironmentFaults as error:
        raise Refused(str(error), UNREADY) from None
    _private()


def _private() -> None:
    """What the platform writes from now on is its own account's alone; its folder and database become so."""
    from django.conf import settings  # noqa: PLC0415 - after the settings are known

    from zhikun.disk import only_ours  # noqa: PLC0415 - most commands do not need the platform

    os.umask(0o077)
    only_ours(settings.ZHIKUN_DATA, 0o700)
    at = settings.DATABASES["default"]
    if at["ENGINE"].endswith("sqlite3"):
        for ending in ("", "-wal", "-shm"):
            only_ours(Path(f"{at['NAME']}{ending}"), 0o600)


def ready(*, keys: bool = True) -> None:
    """Django, with a database that has every migration and a key ring that can be read. Raises Refused with every fault."""
    set_up()
    from zhikun.web.start import faults  # noqa: PLC0415 - after the settings are known

    found = faults(keys=keys)
    if found:
        raise Refused(lines(found, _("平台还不能用：")), UNREADY)
