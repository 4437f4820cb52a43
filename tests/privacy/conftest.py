"""A key ring for each test, and models that exist only here."""

from __future__ import annotations

from datetime import date

import pytest

from zhikun.identity.keyring import create_ring
from zhikun.privacy import use_ring


@pytest.fixture
def ring(tmp_path):
    with use_ring(create_ring(tmp_path / "conf" / "keys.json", date(2026, 11, 1), "初次建立")) as given:
        yield given


@pytest.fixture(scope="module")
def tables(request, django_db_setup, django_db_blocker):
    """The tables of the module's MODELS, for as long as its tests run."""
    from django.db import connection

    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            for model in request.module.MODELS:
                editor.create_model(model)
        yield
        with connection.schema_editor() as editor:
            for model in reversed(request.module.MODELS):
                editor.delete_model(model)
