"""Halts of all, of an exchange, of a user: who may not start, who is stopped, who lifts them."""

from datetime import timedelta

import pytest
from django.db import transaction

from accounts.models import User
from bots.models import Bot, BotEvent, Delivery, TradingHalt
from bots.services import halts, lifecycle, operators, outcome
from bots.services.errors import IllegalMove
from bots.tests.conftest import errors_of, force, make_bot
from bots.tests.records import lease_of, plain_bot


@pytest.fixture(autouse=True)
def _a_long_minute(monkeypatch):
    """What the breaker counts together may take longer than that on a slow machine."""
    monkeypatch.setattr(halts, "WITHIN", timedelta(hours=1))


@pytest.fixture
def operator(db):
    return User.objects.create_superuser("operator@example.org", "correct horse battery")


@pytest.fixture
def halt(operator, django_capture_on_commit_callbacks):
    def place(scope="all", action="pause", **whom):
        values = {"reason": "maintenance of the exchange", "by": operator}
        with django_capture_on_commit_callbacks(execute=True):
            return operators.halt_trading(scope=scope, action=action, **values, **whom)

    return place


@pytest.mark.parametrize("scope", ["all", "exchange", "user"])
def test_a_start_under_a_halt_is_refused_until_it_is_lifted(
    command, alice, alices_bot, halt, operator, scope
):
    whom = {"exchange": {"exchange": "binance"}, "user": {"user": alice}}.get(scope, {})
    placed = halt(scope, **whom)
    refused = command("start")
    assert (refused.status_code, errors_of(refused)) == (409, [("halted", None)])
    assert "maintenance of the exchange" in refused.json()["errors"][0]["detail"]
    alices_bot.refresh_from_db()
    assert alices_bot.status == "stopped"
    halts.lift_halt(halt=placed, by=operator)
    assert command("start").status_code == 200
    placed.refresh_from_db()
    assert (placed.lifted_by, placed.lifted_at is not None) == (operator, True)


def test_a_halt_concerns_nobody_else(command, bob, alices_bot, halt):
    halt("user", user=bob)
    halt("exchange", exchange="bybit")
    assert command("start").status_code == 200


def test_a_paused_bot_is_not_resumed_under_a_halt(command, alices_bot, halt):
    force(alices_bot, status="paused")
    halt()
    assert errors_of(command("start")) == [("halted", None)]
    assert command("stop").status_code == 200, "but it may always be stopped"


@pytest.mark.parametrize("scope", ["all", "exchange", "user"])
def test_stop_stops_those_at_work_and_leaves_them_free_to_start_again(alice, bob, halt, operator, scope):
    running, paused = plain_bot(alice, status="running"), plain_bot(alice, status="paused")
    at_rest, broken = plain_bot(alice), plain_bot(alice, status="error")
    bobs = plain_bot(bob, status="running")
    bobs.credential.__class__.objects.filter(pk=bobs.credential_id).update(exchange="bybit")
    whom = {"exchange": {"exchange": "binance"}, "user": {"user": alice}}.get(scope, {})
    halt(scope, "stop", **whom)
    for bot in (running, paused, at_rest, broken, bobs):
        bot.refresh_from_db()
    assert [(bot.status, bot.stopping, bot.halted) for bot in (running, paused)] == [
        ("stopped", True, False)
    ] * 2
    assert (at_rest.stopping, broken.status) == (False, "error")
    assert bobs.status == ("stopped" if scope == "all" else "running")
    assert "maintenance" in running.status_reason
    assert running.stop_action == "keep"
    assert BotEvent.objects.filter(bot=running, kind="trading_halted").count() == 1


def test_pause_leaves_the_bots_what_they_are(alice, halt):
    bot = plain_bot(alice, status="running")
    halt()
    bot.refresh_from_db()
    assert (bot.status, bot.stopping) == ("running", False)


def test_one_halt_of_a_kind_is_enough(halt, alice, bob):
    halt()
    with pytest.raises(IllegalMove):
        halt()
    halt("user", user=alice)
    with pytest.raises(IllegalMove):
        halt("user", user=alice)
    halt("user", user=bob)


def test_a_lifted_halt_stays_as_history_and_may_be_followed_by_another(halt, operator):
    first = halt()
    halts.lift_halt(halt=first, by=operator)
    halts.lift_halt(halt=first, by=operator)
    halt()
    assert TradingHalt.objects.count() == 2
    assert [each.pk == first.pk for each in halts.active()] == [False]


def test_the_halt_that_stops_goes_before_the_one_that_pauses(alice, halt):
    halt("all", "pause")
    stops = halt("user", "stop", user=alice)
    assert halts.concerning(plain_bot(alice)) == stops


def test_operators_and_users_at_work_are_told_once(alice, bob, halt, operator):
    plain_bot(alice, status="running")
    plain_bot(alice, status="running")
    plain_bot(bob)
    placed = halt()
    told = Delivery.objects.values_list("kind", "recipient")
    assert sorted(told) == [
        ("system_halt", "operator@example.org"),
        ("trading_halted", "alice@example.org"),
    ]
    halts.lift_halt(halt=placed, by=operator)
    assert Delivery.objects.filter(kind="trading_resumed").get().recipient == "alice@example.org"
    assert Delivery.objects.filter(kind="system_resumed").count() == 1


# The circuit breaker above single bots


def trip(bot, rule="max_loss_per_hour"):
    outcome.request_stop(lease=lease_of(bot), reason="Equity fell.", action="keep", rule=rule)


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Runs what follows a commit, as it would."""
    return lambda work, *args: _run(django_capture_on_commit_callbacks, work, *args)


def _run(capture, work, *args):
    with capture(execute=True):
        work(*args)


def test_several_bots_of_a_user_within_a_minute_halt_his_trading(alice, bob, committed, settings):
    settings.AUTOGRID_BREAKER_USER_BOTS = 3
    bots = [plain_bot(alice, status="running") for _ in range(4)]
    for bot in bots[:2]:
        committed(trip, bot)
    assert not halts.active()
    committed(trip, bots[2])
    [placed] = halts.active()
    assert (placed.scope, placed.user, placed.action, placed.automatic) == ("user", alice, "pause", True)
    assert "3 of your bots" in placed.sentence
    assert halts.concerning(plain_bot(bob)) is None
    assert BotEvent.objects.filter(bot=bots[3], kind="trading_halted").exists()
    committed(trip, bots[3])
    assert len(halts.active()) == 1


def test_the_same_bot_again_and_again_is_one_bot(alice, committed, settings):
    settings.AUTOGRID_BREAKER_USER_BOTS = 2
    bot = plain_bot(alice, status="running")
    for _ in range(5):
        committed(trip, bot)
    assert not halts.active()


def test_trips_of_an_earlier_minute_count_no_more(alice, committed, settings):
    settings.AUTOGRID_BREAKER_USER_BOTS = 2
    committed(trip, plain_bot(alice, status="running"))
    for event in BotEvent.objects.all():
        BotEvent.objects.filter(pk=event.pk).update(time=event.time - halts.WITHIN)
    committed(trip, plain_bot(alice, status="running"))
    assert not halts.active()


def test_bots_of_several_users_halt_everybody(alice, bob, committed, settings):
    settings.AUTOGRID_BREAKER_SYSTEM_USERS = 2
    committed(trip, plain_bot(alice, status="running"))
    assert not halts.active()
    committed(trip, plain_bot(bob, status="running"))
    [placed] = halts.active()
    assert (placed.scope, placed.automatic) == ("all", True)
    assert Delivery.objects.filter(kind="system_halt", recipient="operator@example.org").count() == 1


def test_one_user_alone_cannot_halt_the_others(alice, committed, settings):
    settings.AUTOGRID_BREAKER_USER_BOTS, settings.AUTOGRID_BREAKER_SYSTEM_USERS = 0, 2
    for _ in range(5):
        committed(trip, plain_bot(alice, status="running"))
    assert not halts.active()


def test_a_stop_without_a_rule_is_no_trip(alice, committed, settings):
    settings.AUTOGRID_BREAKER_USER_BOTS = 1
    bot = plain_bot(alice, status="running")
    committed(lambda: outcome.request_stop(lease=lease_of(bot), reason="Done.", action="keep"))
    assert not halts.active()


def test_a_user_lifts_what_the_breaker_placed_on_him_and_nothing_else(alices, bobs, alice, halt, operator):
    url = "/api/v1/kill-switch/reset"
    assert alices.post(url).status_code == 409
    placed = halt("user", user=alice)
    assert errors_of(alices.post(url)) == [("not_halted", None)]
    halts.lift_halt(halt=placed, by=operator)
    halts.place_halt(scope="user", user=alice, reason="three bots tripped")
    assert bobs.post(url).status_code == 409
    assert alices.post(url).status_code == 204
    assert not halts.active()


def test_the_kill_switch_of_the_system_halts_every_bot_and_every_start(alice, bob, operator):
    bots = [plain_bot(alice, status="running"), plain_bot(bob, status="paused"), plain_bot(bob)]
    operators.kill_everything(action="cancel_and_sell", by=operator)
    rows = [Bot.objects.get(pk=bot.pk) for bot in bots]
    assert [(row.halted, row.stop_action) for row in rows] == [(True, "sell"), (True, "sell"), (False, "")]
    assert halts.concerning(bots[2]) is not None
    with pytest.raises(IllegalMove):
        lifecycle.start_bot(bot=bots[2])
    assert operators.kill_everything(action="cancel", by=operator)[0] is None, "again, under the same halt"


def test_what_a_user_sees(alice, alices_key, bob, halt):
    assert halts.seen_by(alice) == []
    everybody, hers = halt(), halt("user", user=alice)
    binance, _ = halt("exchange", exchange="binance"), halt("exchange", exchange="bybit")
    assert halts.seen_by(alice) == [everybody, binance, hers]
    assert halts.seen_by(bob) == [everybody]
    make_bot(alice, alices_key)
    with transaction.atomic():
        assert "halted by the operator" in everybody.sentence
