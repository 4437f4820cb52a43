"""Health, readiness and figures; what every answer carries; what the log says of a request."""

import logging
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.utils import timezone

from zhikun.jobs.models import WorkerSeen
from zhikun.web import metrics, start
from zhikun.web.requests import ProxyMiddleware

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-the-tests"  # noqa: S105 - made for this file


@pytest.fixture
def all_well():
    WorkerSeen.objects.create(pk="w", started_at=timezone.now(), seen_at=timezone.now())


def test_health_asks_nothing_of_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_ready_when_all_is_well(client, all_well):
    response = client.get("/readyz")
    assert response.json() == {
        "ready": True,
        "checks": dict.fromkeys(("database", "tables", "keys", "folder", "worker"), "ok"),
    }
    assert response.status_code == 200


@pytest.mark.parametrize("age", [timedelta(seconds=91), None])
def test_not_ready_without_a_worker_that_was_seen_lately(client, all_well, age):
    if age is None:
        WorkerSeen.objects.all().delete()
    else:
        WorkerSeen.objects.update(seen_at=timezone.now() - age)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["worker"] == "failed"


def test_not_ready_without_keys_and_strangers_learn_no_path(client, all_well, settings, tmp_path, caplog):
    settings.ZHIKUN_KEYS = tmp_path / "away.json"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["keys"] == "failed"
    assert str(tmp_path) not in response.content.decode()
    (fault,) = [record.fault for record in caplog.records if hasattr(record, "fault")]
    assert str(tmp_path) in fault
    assert "zhikun keys init" in fault
    assert "不要新建" in fault


def test_not_ready_with_a_migration_left_to_do(client, all_well, monkeypatch):
    monkeypatch.setattr(start, "_known_migrations", lambda: (("jobs", "0001_initial"), ("jobs", "9999_future")))
    assert start.waiting_migrations() == [("jobs", "9999_future")]
    assert "zhikun migrate" in start.tables_fault()
    assert client.get("/readyz").json()["checks"]["tables"] == "failed"


def test_not_ready_with_a_data_folder_that_cannot_be_written(client, all_well, settings, tmp_path):
    settings.ZHIKUN_DATA = tmp_path / "gone"
    assert client.get("/readyz").json()["checks"]["folder"] == "failed"


def test_with_the_database_gone_probes_still_answer(client, monkeypatch):
    def away(*_about, **_more):
        raise OperationalError("gone")

    monkeypatch.setattr(connection, "cursor", away)
    monkeypatch.setattr(connection, "close", lambda: None)  # the test's own transaction lives on this connection
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert {name for name, state in ready.json()["checks"].items() if state == "failed"} == {
        "database",
        "tables",
        "worker",
    }
    assert "zhikun_database_up 0" in client.get("/metrics").content.decode()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/static/none.css", "/no-such-page/"])
def test_every_answer_carries_the_strict_headers(client, path):
    response = client.get(path)
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Request-ID"]


def test_probes_only_answer(client):
    assert client.post("/readyz").status_code == 405


def test_a_host_that_nobody_named_is_refused_but_probes_answer(settings):
    settings.ALLOWED_HOSTS = ["zhikun.example.cn"]
    client = Client(headers={"host": "10.1.2.3"})
    assert client.get("/healthz").status_code == 200
    assert client.get("/no-such-page/").status_code == 400


class TestFigures:
    def test_requests_are_counted_by_page_never_by_address(self, client):
        client.get("/no-such-page/?name=张三")
        text = client.get("/metrics").content.decode()
        assert 'zhikun_requests_total{view="unknown",method="GET",status="404"}' in text
        assert 'zhikun_request_seconds_bucket{view="unknown",le="+Inf"}' in text
        assert 'zhikun_jobs{state="waiting"} 0' in text
        assert "no-such-page" not in text

    def test_an_unheard_of_method_makes_no_line_of_its_own(self, client):
        client.generic("PROPFIND", "/no-such-page/")
        text = client.get("/metrics").content.decode()
        assert "PROPFIND" not in text
        assert 'method="OTHER"' in text

    def test_counts_of_all_processes_are_added_and_buckets_run_up(self, settings, tmp_path):
        settings.ZHIKUN_DATA = tmp_path
        metrics.start_afresh()
        one = metrics.Metrics()
        one.count("p", "GET", 200, 0.025)
        one.count("p", "GET", 200, 0.12)
        one.count("p", "POST", 303, 99)
        one.write()
        (mine,) = metrics.folder().glob("*.json")
        (metrics.folder() / "1.json").write_bytes(mine.read_bytes())  # another process with the same counts
        (metrics.folder() / "2.json").write_text("[[")  # one that was killed while it wrote
        lines = list(metrics._request_lines())
        assert 'zhikun_requests_total{view="p",method="GET",status="200"} 4' in lines
        assert 'zhikun_requests_total{view="p",method="POST",status="303"} 2' in lines
        runs = [line.split()[1] for line in lines if line.startswith("zhikun_request_seconds_bucket")]
        assert runs == ["2", "2", "2", "4", "4", "4", "4", "4", "4", "4", "6"]
        assert 'zhikun_request_seconds_count{view="p"} 6' in lines

    @pytest.mark.parametrize(
        ("about", "status"),
        [
            ({}, 200),
            ({"REMOTE_ADDR": "::1"}, 200),
            ({"REMOTE_ADDR": "10.0.0.7"}, 404),
            ({"HTTP_X_FORWARDED_FOR": "10.0.0.7"}, 404),  # a proxy on this machine passes it on
            ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, 200),
            ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer "}, 404),
            ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": TOKEN}, 404),
        ],
    )
    def test_who_may_read_them(self, client, settings, about, status):
        settings.ZHIKUN_METRICS_TOKEN = TOKEN
        assert client.get("/metrics", **about).status_code == status

    def test_without_a_token_nobody_comes_in_with_an_empty_one(self, client, settings):
        settings.ZHIKUN_METRICS_TOKEN = ""
        assert client.get("/metrics", REMOTE_ADDR="10.0.0.7", HTTP_AUTHORIZATION="Bearer ").status_code == 404


class TestRequestLog:
    def lines(self, caplog):
        return [record for record in caplog.records if record.name == "zhikun.requests"]

    def test_a_line_for_each_request_without_address_and_query(self, client, caplog):
        with caplog.at_level(logging.INFO, logger="zhikun.requests"):
            client.get("/households/640402199001011234/?name=张三")
        (record,) = self.lines(caplog)
        assert (record.view, record.method, record.status) == ("unknown", "GET", 404)
        assert "张三" not in str(record.__dict__)
        assert "640402199001011234" not in str(record.__dict__)

    def test_good_answers_of_probes_make_no_noise_but_bad_ones_do(self, client, caplog):
        with caplog.at_level(logging.INFO, logger="zhikun.requests"):
            client.get("/healthz")
            client.get("/readyz")
        assert [(record.view, record.status) for record in self.lines(caplog)] == [("readyz", 503)]


class TestProxies:
    def seen(self, settings, peer, header):
        settings.ZHIKUN_PROXIES = frozenset({"10.0.0.1", "10.0.0.2"})
        found = {}
        about = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": header}
        ProxyMiddleware(lambda request: found.update(request.META))(RequestFactory().get("/", **about))
        return found

    @pytest.mark.parametrize(
        ("peer", "header", "address"),
        [
            ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("198.51.100.1", "127.0.0.1", "198.51.100.1"),
        ],
    )
    def test_only_a_known_proxy_is_believed(self, settings, peer, header, address):
        assert self.seen(settings, peer, header)["REMOTE_ADDR"] == address

    def test_a_stranger_cannot_claim_https(self, settings):
        assert "HTTP_X_FORWARDED_PROTO" not in self.seen(settings, "198.51.100.1", "")
        assert self.seen(settings, "10.0.0.1", "")["HTTP_X_FORWARDED_PROTO"] == "https"
