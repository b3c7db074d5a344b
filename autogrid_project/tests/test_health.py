import json

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from autogrid_project import health


@pytest.fixture(autouse=True)
def _patiently(monkeypatch):
    monkeypatch.setattr(health, "PATIENCE", 60)


def test_healthz_needs_nothing(client):
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_readyz_is_green_when_all_is_there(client):
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok", "missing": {}})


@pytest.mark.django_db
def test_readyz_names_what_is_missing_without_the_drivers_words(client, monkeypatch):
    def down() -> str:
        raise OperationalError('connection to "10.0.0.7" failed for user "autogrid"')

    monkeypatch.setitem(health.CHECKS, "database", down)
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json()["missing"] == {"database": "not reachable (OperationalError)"}
    assert "10.0.0.7" not in json.dumps(reply.json())


def test_readyz_without_a_database_does_not_wait_for_the_pool(client, monkeypatch):
    """The test has no access to the database by Django's own connections, the pool's among them."""
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json()["missing"] == {"database": "not reachable (OperationalError)"}


@pytest.mark.django_db
def test_readyz_waits_for_the_migrations(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: [("bots.0007", False)])
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json()["missing"] == {"migrations": "1 not applied, the first is bots.0007"}


@pytest.mark.django_db
def test_metrics_are_for_this_machine_or_the_bearer_of_the_token(settings):
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    assert Client().get("/metrics").status_code == 200
    assert stranger.get("/metrics").status_code == 403
    assert Client(HTTP_X_FORWARDED_FOR="203.0.113.9").get("/metrics").status_code == 403
    assert stranger.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 403
    settings.AUTOGRID_METRICS_TOKEN = "scrape-me"
    assert stranger.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 403
    reply = stranger.get("/metrics", headers={"Authorization": "Bearer scrape-me"})
    assert reply.status_code == 200
    assert b"python_info" in reply.content


def test_every_answer_carries_the_security_headers(client):
    headers = client.get("/healthz").headers
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.django_db
def test_only_the_admin_may_evaluate(client):
    policy = client.get("/admin/login/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval';" in policy + ";"
