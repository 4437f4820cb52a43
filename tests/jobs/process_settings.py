"""The platform's settings with the counting app, for processes that tests start and kill."""

from zhikun.web.settings import *  # noqa: F403 - the platform's own settings

INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs.counting"]  # noqa: F405 - from the platform's settings
ZHIKUN_LEASE_SECONDS = 1.5
# Files of browsers are copied, not compressed: that takes half a minute.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
