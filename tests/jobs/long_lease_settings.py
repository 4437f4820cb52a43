"""As process_settings, with a lease that outlasts every test."""

from tests.jobs.process_settings import *  # noqa: F403 - all of it

ZHIKUN_LEASE_SECONDS = 600
