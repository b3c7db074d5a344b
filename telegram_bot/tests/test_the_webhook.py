"""Telegram calls us: only with the secret, each update once, and what it brings reaches the service."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from telegram_bot import inbox, webhook
from telegram_bot.models import Refusal
from telegram_bot.tests.conftest import BOBS
from telegram_bot.tests.test_the_service import running, says
from tests.fakes.telegram.server import SECRET_HEADER

PATH = "/telegram/webhook/"
UPDATE = {"update_id": 5, "message": {"message_id": 1, "text": "/help"}}


@pytest.fixture
def on(fake, settings, db, at_once):
    settings.AUTOGRID_TELEGRAM_MODE = "webhook"
    return settings


def call(body=UPDATE, secret=None, **options):
    headers = {SECRET_HEADER: webhook.secret() if secret is None else secret}
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return Client().post(PATH, data, content_type="application/json", headers=headers, **options).status_code


def test_an_update_with_the_secret_waits_for_the_service(on):
    assert call() == 200
    assert inbox.take().update == UPDATE


@pytest.mark.parametrize("secret", ["", "wrong", "x" * 300])
def test_a_forged_secret_is_refused_and_written_down(on, secret):
    assert call(secret=secret) == 403
    assert Refusal.objects.get().kind == Refusal.Kind.FORGED_SECRET
    assert inbox.take() is None


def test_a_flood_of_forgeries_fills_no_disk(on, monkeypatch):
    monkeypatch.setattr("telegram_bot.audit.A_MINUTE", 3)
    now = timezone.now()
    # Counted by the clock's minutes: it stands, so that none ends meanwhile.
    monkeypatch.setattr("telegram_bot.audit.timezone", SimpleNamespace(now=lambda: now))
    for _ in range(6):
        assert call(secret="wrong") == 403
    assert Refusal.objects.count() == 3
    now += timedelta(minutes=1)
    call(secret="wrong")
    assert Refusal.objects.count() == 4


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"update_id": "5"}', b"\xff\xfe", '{"update_id": 1' + " " * 300_000]
)
def test_what_is_no_update_is_refused(on, body):
    assert call(body) == 400


def test_where_too_much_waits_telegram_keeps_it(on, monkeypatch):
    monkeypatch.setattr(inbox, "MOST_WAITING", 1)
    assert [call(), call()] == [200, 503]


def test_an_update_that_a_service_died_of_is_tried_once_more(on):
    inbox.keep(UPDATE)
    for _ in range(2):
        taken = inbox.take()
        assert inbox.is_new(taken.update["update_id"])
        inbox.resume()  # by the next one, as it starts
    assert inbox.take() is None, "it may be what they die of"


def test_by_polling_there_is_no_webhook(on):
    on.AUTOGRID_TELEGRAM_MODE = "polling"
    assert call() == 404


@pytest.mark.django_db(transaction=True)
def test_an_update_that_telegram_calls_with_twice_is_answered_once(fake, on, live_server):
    on.AUTOGRID_URL = live_server.url
    with running():
        fake.wait(lambda chats: chats.webhook["url"])
        update = fake.say(BOBS, "/help")
        fake.wait(says(BOBS, "linked accounts only"))
        with ThreadPoolExecutor(1) as threads:  # views close their thread's connections
            assert threads.submit(call, update).result() == 200
        fake.say(BOBS + 1, "/help")
        fake.wait(says(BOBS + 1, "linked accounts only"))
    assert len(fake.texts(BOBS)) == 1
    assert set(Refusal.objects.values_list("kind", flat=True)) == {Refusal.Kind.REPLAYED_UPDATE}
