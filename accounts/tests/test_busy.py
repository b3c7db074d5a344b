"""When no connection to the database is free: 503 and when to come back, for people and programs."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.test import Client

from accounts.api import views


@pytest.fixture
def busy(monkeypatch):
    """As psycopg's pool says it, through Django."""

    def fail(*_, **__):
        raise OperationalError("couldn't get a connection after 10.00 sec")

    monkeypatch.setattr(SessionStore, "load", fail)
    monkeypatch.setattr(views.Me, "get", fail)


def test_a_page_says_so(busy, db):
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "x" * 32
    answer = client.get("/bots/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "AutoGrid is busy" in answer.content.decode()
    assert "connection" not in answer.content.decode()


def test_the_api_says_so(busy, alices):
    answer = alices.get("/api/v1/me")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["type"] == "server_error"
    assert [error["code"] for error in answer.json()["errors"]] == ["unavailable"]


@pytest.mark.parametrize("query", ["status=%00", "q=%00", "halted__exact=%00x"])
def test_a_nul_in_an_address_of_the_admin_is_a_bad_request(admin_client, query):
    assert admin_client.get(f"/admin/bots/bot/?{query}").status_code == 400
    assert admin_client.get("/admin/bots/bot/?q=fine").status_code == 200
