"""Where the key ring comes from, and what a running server notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from zhikun.identity.errors import KeysMissing, KeysRefused
from zhikun.identity.keyring import create_ring, read_ring, with_new_version, write_ring
from zhikun.privacy import keys, ring, use_ring

DAY = date(2026, 11, 1)


@pytest.fixture
def clock(monkeypatch):
    """A process that has not read any ring, and seconds that pass when told."""

    class Clock:
        now = 100.0

    monkeypatch.setattr(keys, "_HELD", keys._Held())
    monkeypatch.setattr(keys, "monotonic", lambda: Clock.now)
    return Clock


@pytest.fixture
def path(settings, tmp_path):
    settings.ZHIKUN_KEYS = tmp_path / "conf" / "keys.json"
    settings.ZHIKUN_DATA = tmp_path / "data"
    return settings.ZHIKUN_KEYS


def rotate(path, tmp_path):
    return write_ring(replace(with_new_version(read_ring(path), DAY, "每年一次", tmp_path / "data"), rotation=None))


def test_read_once(clock, path, monkeypatch):
    made = create_ring(path, DAY, "甲")
    assert ring() == made
    monkeypatch.setattr(keys, "read_ring", lambda *args: pytest.fail("read again"))
    clock.now += 100
    assert ring() is ring()


def test_a_rotation_is_noticed_while_the_server_runs(clock, path, tmp_path):
    create_ring(path, DAY, "甲")
    before = ring()
    rotate(path, tmp_path)
    assert ring() is before
    clock.now += 2
    assert ring().current == 2


def test_another_ring_in_its_place_is_refused(clock, path):
    create_ring(path, DAY, "甲")
    before = ring()
    path.unlink()
    create_ring(path, DAY, "乙")
    clock.now += 2
    for _ in range(2):
        with pytest.raises(KeysRefused, match=before.id):
            ring()


def test_a_file_that_is_away_for_a_moment_stops_nothing(clock, path):
    made = create_ring(path, DAY, "甲")
    assert ring() == made
    content = path.read_bytes()
    path.unlink()
    clock.now += 2
    assert ring() == made
    path.write_bytes(content)
    path.chmod(0o600)
    clock.now += 2
    assert ring() == made


def test_a_missing_ring_is_said_and_not_made(clock, path):
    with pytest.raises(KeysMissing, match="keys init"):
        ring()
    assert not path.exists()


def test_a_ring_inside_the_data_is_refused(clock, path, settings):
    create_ring(path, DAY, "甲")
    settings.ZHIKUN_DATA = path.parent.parent
    with pytest.raises(KeysRefused, match="里面"):
        ring()


def test_a_given_ring_ends_with_its_block(clock, path, tmp_path):
    made = create_ring(path, DAY, "甲")
    other = create_ring(tmp_path / "other" / "keys.json", DAY, "乙")
    with use_ring(other), use_ring(other):
        assert ring() is other
    assert ring() == made
