"""The platform's settings for tests: data, key ring and secret in a folder of the run, sign-in without slow hashing.

`ZHIKUN_DATABASE` decides the database, as it does for an office: nothing said is SQLite; tools/with_postgres.py starts a
throwaway PostgreSQL and says so.
"""

import atexit
import os
import shutil
import tempfile
from datetime import date
from pathlib import Path

_FOLDER = Path(tempfile.mkdtemp(prefix="zhikun-tests-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
os.environ["ZHIKUN_DATA"] = str(_FOLDER / "data")
os.environ["ZHIKUN_KEYS"] = str(_FOLDER / "keys" / "keys.json")
for _name in [name for name in os.environ if name.startswith("ZHIKUN_")]:
    if _name not in {"ZHIKUN_DATABASE", "ZHIKUN_DATA", "ZHIKUN_KEYS"}:
        del os.environ[_name]

from zhikun.identity.keyring import create_ring  # noqa: E402 - after the folder is known
from zhikun.web.settings import *  # noqa: E402, F403 - the platform's own settings, after the folder is known

create_ring(Path(os.environ["ZHIKUN_KEYS"]), date(2026, 1, 1), "tests")
del os.environ["ZHIKUN_DATA"], os.environ["ZHIKUN_KEYS"]

if os.environ.get("SLOW_PAGES"):
    MIDDLEWARE.insert(0, "tests.slow.SlowPages")  # noqa: F405 - from the platform's settings
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if "sqlite" in DATABASES["default"]["ENGINE"]:  # noqa: F405 - from the platform's settings
    # A file, as in an office: threads have connections of their own, and wait for each other as they do there.
    DATABASES["default"]["TEST"] = {"NAME": str(_FOLDER / "tests.sqlite3")}  # noqa: F405 - the same
else:
    # A machine that is busy with other tests may let a connection wait; five seconds are for people.
    DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 60  # noqa: F405 - the same
    DATABASES["default"]["OPTIONS"]["connect_timeout"] = 60  # noqa: F405 - the same
# whitenoise looks for the folder of files when it starts.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 - from the platform's settings
