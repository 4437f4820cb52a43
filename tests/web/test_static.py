"""Files for browsers are made once, said before and after, and made again only when one of them changed."""

import os

import pytest
from django.contrib.staticfiles.finders import FileSystemFinder

from zhikun.web import server


@pytest.fixture
def source(tmp_path, settings, monkeypatch):
    """One file of ours; making is counted, not done."""
    folder = tmp_path / "ours"
    folder.mkdir()
    file = folder / "a.css"
    file.write_text("a { color: red }", encoding="utf-8")
    settings.STATICFILES_DIRS = [str(folder)]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = str(tmp_path / "made")
    settings.DEBUG = False
    monkeypatch.setattr(server, "get_finders", lambda: [FileSystemFinder()])
    return file


@pytest.fixture
def made(monkeypatch):
    times = []
    monkeypatch.setattr(server, "call_command", lambda name, **_how: times.append(name))
    return times


def test_it_is_said_before_and_after_and_nothing_is_done_or_said_the_second_time(source, made):
    said = []
    assert server.collect_static(said.append)
    assert (said, made) == ([False, True], ["collectstatic"])
    assert not server.collect_static(said.append)
    assert (said, made) == ([False, True], ["collectstatic"])


def test_installing_the_same_again_changes_nothing_and_another_content_does(source, made):
    server.collect_static(lambda _done: None)
    os.utime(source, (1, 1))
    assert not server.collect_static(lambda _done: None)
    source.write_text("a { color: tan }", encoding="utf-8")  # as long as before
    os.utime(source, (1, 1))
    assert server.collect_static(lambda _done: None)
    assert made == ["collectstatic"] * 2


def test_what_was_cut_short_is_done_again(source, monkeypatch):
    def killed(*_what, **_how):
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "call_command", killed)
    with pytest.raises(KeyboardInterrupt):
        server.collect_static(lambda _done: None)
    monkeypatch.setattr(server, "call_command", lambda *_what, **_how: None)
    assert server.collect_static(lambda _done: None)
