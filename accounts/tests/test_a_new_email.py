"""A new e-mail address: asked for with the password, confirmed by a link to it; the old address is told."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import email_change, services
from accounts.models import TokenFamily
from accounts.tests.conftest import PASSWORD, only_error

PAGE, ME, NEW = "/account/email/", "/api/v1/me", "new@example.org"
pytestmark = pytest.mark.usefixtures("within_a_minute")


@pytest.fixture
def hers(alice, pages):
    pages.force_login(alice)
    return pages


def asked(browser, email=NEW, password=PASSWORD):
    return browser.post(PAGE, {"email": email, "confirmation": password})


def link():
    return re.findall(r"http://testserver(/account/email/\S+)", mail.outbox[0].body)[0]


def test_the_link_changes_it_and_the_old_address_hears_of_both_steps(hers, alice):
    assert asked(hers)["Location"] == "/account/"
    assert [each.to for each in mail.outbox] == [[NEW], ["alice@example.org"]]
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"

    whoever_reads_the_mail = Client()
    assert NEW in whoever_reads_the_mail.get(link()).content.decode()
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    whoever_reads_the_mail.post(link())
    alice.refresh_from_db()
    assert alice.email == NEW
    assert list(EmailAddress.objects.values_list("email", "primary", "verified")) == [(NEW, True, True)]
    assert mail.outbox[2].to == ["alice@example.org"]
    assert whoever_reads_the_mail.post(link()).status_code == 410


@pytest.mark.parametrize(
    ("email", "password", "why"),
    [
        (NEW, "not her password", "Wrong password."),
        (NEW, "", "This field is required."),
        ("bob@example.org", PASSWORD, "An account with this e-mail already exists."),
        ("Alice@example.org", PASSWORD, "That is your address already."),
        ("nowhere", PASSWORD, "Enter a valid email address."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(hers, bob, email, password, why):
    answer = asked(hers, email, password)
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert not mail.outbox


def test_a_link_ends_with_the_password(hers, alice):
    asked(hers)
    alice.set_password("another long password")
    alice.save()
    assert Client().post(link()).status_code == 410


def test_a_link_ends_with_the_day(hers, monkeypatch):
    asked(hers)
    monkeypatch.setattr(email_change, "LASTS", -1)
    assert Client().get(link()).status_code == 410


def test_who_was_faster_keeps_the_address(hers, alice, db):
    asked(hers)
    services.register(email=NEW, password="a password of somebody else")
    assert Client().post(link()).status_code == 410
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"


def test_who_else_has_an_account_is_not_asked_here(hers, bob):
    for _ in range(5):
        asked(hers, "bob@example.org")
    assert "already exists" not in asked(hers, "bob@example.org").content.decode()


def test_the_link_is_judged_while_the_account_is_held(hers):
    asked(hers)
    with CaptureQueriesContext(connection) as queries:
        Client().post(link())
    read = next(each["sql"] for each in queries if 'FROM "users"' in each["sql"])
    assert read.endswith("FOR UPDATE")


def test_mails_to_strangers_are_few(hers):
    for _ in range(5):
        asked(hers)
    assert "Too many mails" in asked(hers).content.decode()


def test_over_the_api_all_that_is_given_changes_or_nothing(alices, alice):
    assert alices.patch(ME, {"email": NEW, "name": "a\u202eb"}).status_code == 400
    assert mail.outbox == []
    assert alices.patch(ME, {"email": alice.email, "name": "Liddell"}).status_code == 400
    assert alices.get(ME).json()["name"] == ""


def test_over_the_api_it_asks_for_a_fresh_confirmation(alices, alice):
    assert alices.patch(ME, {"email": NEW}).json()["email"] == "alice@example.org"
    assert mail.outbox[0].to == [NEW]
    TokenFamily.objects.update(confirmed_at="2020-01-01T00:00:00Z")
    refused = alices.patch(ME, {"email": "other@example.org"})
    assert (refused.status_code, only_error(refused)) == (403, ("confirmation_required", None))
    assert "POST /api/v1/auth/confirm" in refused.json()["errors"][0]["detail"]
    assert alices.post("/api/v1/auth/confirm", {"password": PASSWORD}).status_code == 200
    assert alices.patch(ME, {"email": "other@example.org"}).status_code == 200
