"""start, stop, pause, reset: what each does from every state. No runner is at work here: what is seen is intent."""

import base64
import json
import threading

import pytest
from celery import current_app
from django.db import connection
from redis import Redis

from bots import selectors
from bots.models import Bot, BotEvent
from bots.services import lifecycle
from bots.tests.conftest import BOTS, GRID, errors_of, force, key_of, make_bot
from exchanges import sealed

STOPPED = {"status": "stopped", "stopping": False, "halted": False}
RUNNING = {"status": "running", "stopping": False, "halted": False}
PAUSED = {"status": "paused", "stopping": False, "halted": False}
ERROR = {"status": "error", "stopping": False, "halted": False}
STOPPING = {"status": "stopped", "stopping": True, "halted": False}
HALTED = {"status": "stopped", "stopping": False, "halted": True}


def state_of(response):
    bot = response.json()
    return {name: bot[name] for name in STOPPED}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("start", STOPPED, RUNNING),
        ("start", RUNNING, RUNNING),
        ("start", PAUSED, RUNNING),
        ("start", ERROR, RUNNING),
        ("stop", RUNNING, STOPPING),
        ("stop", PAUSED, STOPPING),
        ("stop", ERROR, STOPPING),
        ("stop", STOPPED, STOPPED),
        ("stop", STOPPING, STOPPING),
        ("stop", HALTED, HALTED),
        ("pause", RUNNING, PAUSED),
        ("pause", PAUSED, PAUSED),
        ("reset", HALTED, STOPPED),
        ("reset", STOPPED, STOPPED),
        ("reset", RUNNING, RUNNING),
        ("kill", RUNNING, {"status": "stopped", "stopping": True, "halted": True}),
        ("kill", PAUSED, {"status": "stopped", "stopping": True, "halted": True}),
        ("kill", ERROR, {"status": "stopped", "stopping": True, "halted": True}),
        ("kill", STOPPING, {"status": "stopped", "stopping": True, "halted": True}),
    ],
)
def test_a_legal_move(command, alices_bot, name, before, after):
    force(alices_bot, **before)
    response = command(name)
    assert response.status_code == 200
    assert state_of(response) == after
    alices_bot.refresh_from_db()
    assert {key: getattr(alices_bot, key) for key in after} == after


@pytest.mark.parametrize(
    ("name", "before", "code"),
    [
        ("start", HALTED, "halted"),
        ("start", STOPPING, "stopping"),
        ("start", {**STOPPING, "halted": True}, "halted"),
        ("pause", STOPPED, "not_running"),
        ("pause", STOPPING, "not_running"),
        ("pause", HALTED, "not_running"),
        ("pause", ERROR, "not_running"),
        ("reset", {**STOPPING, "halted": True}, "stopping"),
    ],
)
def test_an_illegal_move_is_a_409_and_changes_nothing(command, alices_bot, name, before, code):
    force(alices_bot, **before)
    rows = (Bot.objects.values().get(), BotEvent.objects.count())
    response = command(name)
    assert response.status_code == 409
    assert errors_of(response) == [(code, None)]
    assert (Bot.objects.values().get(), BotEvent.objects.count()) == rows


def test_a_start_after_a_stop_is_a_new_run_and_a_resume_is_not(command, alices_bot):
    first = command("start").json()
    assert first["started_at"] is not None
    force(alices_bot, memory={"run": 1, "granted": True})
    command("pause")
    resumed = command("start").json()
    assert resumed["started_at"] == first["started_at"]
    alices_bot.refresh_from_db()
    assert (alices_bot.run, alices_bot.memory) == (1, {"run": 1, "granted": True})
    command("stop")
    force(alices_bot, stopping=False)
    assert command("start").json()["started_at"] > first["started_at"]
    alices_bot.refresh_from_db()
    assert (alices_bot.run, alices_bot.memory) == (2, {})


def test_a_start_asks_the_account_for_its_balance(alices, alice, alices_key):
    bot = make_bot(alice, alices_key, config=GRID | {"investment": "250000"})
    response = alices.post(f"{BOTS}/{bot.pk}/start")
    assert response.status_code == 400
    assert errors_of(response) == [("insufficient_balance", "config.investment")]
    assert "150,000.00 USDT" in response.json()["errors"][0]["detail"]
    bot.refresh_from_db()
    assert (bot.status, bot.run, bot.started_at) == ("stopped", 0, None)


def test_a_start_is_judged_at_the_price_of_now(command, exchange, alice, alices, alices_key):
    bot = make_bot(alice, alices_key, config=GRID | {"stop_loss_price": "44000"})
    exchange.call(lambda e: e.set_price("BTCUSDT", 43_000))
    response = alices.post(f"{BOTS}/{bot.pk}/start")
    assert response.status_code == 400
    assert errors_of(response) == [("range", "config.stop_loss_price")]


def test_a_key_that_the_exchange_refuses_stops_the_start_and_is_marked(command, alices_bot, exchange):
    """The key was deleted at the exchange: its balance cannot be asked."""
    key = alices_bot.credential
    key.api_key_encrypted = sealed.seal("api_key_encrypted", key.pk, "gone-" + "x" * 20)
    key.save()
    response = command("start")
    assert response.status_code == 409
    assert errors_of(response) == [("account_refused", None)]
    key.refresh_from_db()
    assert not key.is_valid
    assert errors_of(command("start")) == [("credential_invalid", None)]


def test_a_started_bot_stays_startable_though_its_key_has_failed(command, alices_bot):
    command("start")
    type(alices_bot.credential).objects.update(is_valid=False)
    assert command("start").status_code == 200


def test_without_the_exchange_nothing_is_started(command, alices_bot, settings):
    settings.EXCHANGE_SIMULATOR = settings.EXCHANGE_SIMULATOR | {"port": 1}
    response = command("start")
    assert response.status_code == 503
    assert "Retry-After" in response
    alices_bot.refresh_from_db()
    assert alices_bot.status == "stopped"


def test_starts_at_the_same_moment_are_one_run(transactional_db, alice, exchange):
    bot = make_bot(alice, key_of(alice))
    barrier, done = threading.Barrier(4), []

    def start():
        barrier.wait(60)
        done.append(lifecycle.start_bot(bot=Bot.objects.get(pk=bot.pk)).run)
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == [1, 1, 1, 1]
    assert BotEvent.objects.filter(kind="started").count() == 1
    assert len(queued()) == 1


def test_a_bot_deleted_meanwhile_is_a_404(command, alices_bot, monkeypatch):
    """Between the look-up and the lock another request deletes it."""
    access = selectors.access_bot

    def too_late(**names):
        found = access(**names)
        Bot.objects.all().delete()
        return found

    monkeypatch.setattr(selectors, "access_bot", too_late)
    assert command("stop").status_code == 404


def queued():
    """(task, bot id) of each message that waits for the bots' workers."""
    with Redis.from_url(current_app.conf.broker_url) as redis:
        messages = [json.loads(raw) for raw in redis.lrange("bots", 0, -1)]
    return [(each["headers"]["task"], json.loads(base64.b64decode(each["body"]))[0][0]) for each in messages]


def test_a_start_asks_the_workers_for_a_runner(command, alices_bot, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        command("start")
    assert queued() == [("bots.run_bot", str(alices_bot.pk))]
    with django_capture_on_commit_callbacks(execute=True):
        command("start")  # it is running: nothing to ask for
    assert len(queued()) == 1


def test_a_refused_start_asks_for_none(command, alices_bot, django_capture_on_commit_callbacks):
    force(alices_bot, halted=True)
    with django_capture_on_commit_callbacks(execute=True):
        assert command("start").status_code == 409
    assert queued() == []


@pytest.mark.parametrize("name", ["stop", "pause", "kill"])
def test_what_changes_the_intent_wakes_the_workers(
    command, alices_bot, django_capture_on_commit_callbacks, name
):
    force(alices_bot, **RUNNING)
    with django_capture_on_commit_callbacks(execute=True):
        command(name)
    assert queued() == [("bots.run_bot", str(alices_bot.pk))]


def test_every_move_is_told(command, alices_bot):
    for name in ("start", "pause", "start", "stop"):
        command(name)
    kinds = list(BotEvent.objects.order_by("time").values_list("kind", flat=True))
    assert kinds == ["created", "started", "paused", "resumed", "stopping"]


def test_a_stop_does_with_the_coins_what_the_config_says(alices, alice, alices_key):
    for on_stop in ("keep", "sell"):
        bot = force(make_bot(alice, alices_key, config=GRID | {"on_stop": on_stop}), **RUNNING)
        alices.post(f"{BOTS}/{bot.pk}/stop")
        bot.refresh_from_db()
        assert bot.stop_action == on_stop
