"""Whatever is sent, the answer is a 4xx that names the field and the fix, and nothing is half created."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import tokens
from accounts.models import TokenFamily
from bots.models import Bot, BotEvent, EquitySnapshot, Fill, Order
from bots.tests.conftest import BOTS, DCA, GRID, body, errors_of
from marketdata.models import FollowedMarket

MISSING = "00000000-0000-4000-8000-000000000000"
NUMBERS = ["lower_price", "upper_price", "grid_count", "investment"]
NO_NUMBERS: list[Any] = [
    *["", "x", "NaN", "Infinity", "-Infinity", "1e999", "0x10", "1,5", "٣", "1_0", "9" * 5000],
    *[None, True, [], [1], {}, {"a": 1}, -1, 0, -0.5, 10**30, 1e300, 1e-9, "0.123456789"],
]
SUB_RESOURCES = ["orders", "fills", "events", "levels", "equity", "stats", "fills.csv"]
COMMANDS = ["start", "stop", "pause", "kill", "reset"]


@pytest.fixture
def nothing_changes(alices_key, bobs_key):
    """Counts what a request could leave behind."""
    tables = (Bot, BotEvent, Order, Fill, EquitySnapshot, FollowedMarket)
    before = [(table, list(table.objects.values())) for table in tables]
    yield
    for table, rows in before:
        assert list(table.objects.values()) == rows


def refused(response, code=400):
    """The errors of a refusal; each says something to a reader."""
    assert response.status_code == code, response.content
    assert all(len(error["detail"]) > 8 for error in response.json()["errors"]), response.json()
    return errors_of(response)


@pytest.mark.parametrize("url", [BOTS, f"{BOTS}/preflight"])
@pytest.mark.parametrize("field", NUMBERS)
def test_what_is_no_usable_number_is_refused(alices, alices_key, nothing_changes, url, field):
    for value in NO_NUMBERS:
        response = alices.post(url, body(alices_key, config=GRID | {field: value}))
        assert {attr for _, attr in refused(response)} == {f"config.{field}"}, value


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"lower_price": "55000", "upper_price": "45000"}, "range", "upper_price"),
        ({"lower_price": "45000", "upper_price": "45000"}, "range", "upper_price"),
        ({"grid_count": 10_000}, "invalid", "grid_count"),
        ({"grid_count": 1}, "invalid", "grid_count"),
        ({"grid_count": 20.5}, "invalid", "grid_count"),
        ({"grid_count": 500, "investment": "10000000"}, "too_many_orders", "grid_count"),
        ({"lower_price": "49999.99", "upper_price": "50000.01"}, "levels_equal", "grid_count"),
        ({"lower_price": "49900", "upper_price": "50100"}, "unprofitable", "grid_count"),
        ({"investment": "50"}, "min_notional", "investment"),
        ({"investment": "0.00000001"}, "min_notional", "investment"),
        ({"lower_price": "0.00000001"}, "too_low", "lower_price"),
        ({"spacing": "log"}, "invalid", "spacing"),
        ({"spacing": 5}, "invalid", "spacing"),
        ({"stop_loss_price": "46000"}, "range", "stop_loss_price"),
        ({"take_profit_price": "54000"}, "range", "take_profit_price"),
        ({"trigger_price": "-1"}, "invalid", "trigger_price"),
        ({"on_stop": "panic"}, "invalid", "on_stop"),
        ({"post_only": "maybe"}, "invalid", "post_only"),
        ({"trailing_up_limit": "60000"}, "range", "trailing_up_limit"),
        ({"reinvest": "sometimes"}, "invalid", "reinvest"),
        ({"max_orders_per_minute": 0}, "invalid", "max_orders_per_minute"),
        ({"max_loss_per_hour": 101}, "invalid", "max_loss_per_hour"),
        ({"max_price_deviation": "NaN"}, "invalid", "max_price_deviation"),
        ({"grids": 20}, "unknown_field", "grids"),
        ({"amount": 20}, "unknown_field", "amount"),
    ],
)
def test_a_grid_that_cannot_work_is_refused(alices, alices_key, nothing_changes, change, code, field):
    response = alices.post(BOTS, body(alices_key, config=GRID | change))
    assert (code, f"config.{field}") in refused(response)


@pytest.mark.parametrize(
    ("config", "code", "field"),
    [
        (DCA | {"amount": "1"}, "min_notional", "amount"),
        (DCA | {"amount": "-1"}, "invalid", "amount"),
        (DCA | {"interval": "1 fortnight"}, "invalid", "interval"),
        (DCA | {"interval": 0}, "invalid", "interval"),
        (DCA | {"interval": "٣h"}, "invalid", "interval"),
        (DCA | {"interval": True}, "invalid", "interval"),
        (DCA | {"interval": []}, "invalid", "interval"),
        (DCA | {"take_profit": "0.1"}, "unprofitable", "take_profit"),
        (DCA | {"max_investment": "50"}, "range", "max_investment"),
        (DCA | {"max_investment": 10**10}, "invalid", "max_investment"),
        (DCA | {"price_drop": 50, "max_orders": 5}, "range", "max_orders"),
        (DCA | {"price_drop": 1, "max_orders": 100, "volume_scale": 10}, "range", "volume_scale"),
        (DCA | {"price_drop": 1, "max_orders": 5, "volume_scale": "0.1"}, "min_notional", "amount"),
        (DCA | {"missed": "always"}, "invalid", "missed"),
        (DCA | {"grid_count": 5}, "unknown_field", "grid_count"),
        ({"amount": "100"}, "required", "interval"),
        ({"interval": "1h"}, "required", "amount"),
    ],
)
def test_a_dca_that_cannot_work_is_refused(alices, alices_key, nothing_changes, config, code, field):
    response = alices.post(BOTS, body(alices_key, strategy="dca", config=config))
    assert (code, f"config.{field}") in refused(response)


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"symbol": "NOPE/USDT"}, "symbol"),
        ({"symbol": "BTCUSDT"}, "symbol"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": 5}, "symbol"),
        ({"symbol": "B" * 21}, "symbol"),
        ({"symbol": ["BTC/USDT"]}, "symbol"),
        ({"strategy": "martingale"}, "strategy"),
        ({"strategy": None}, "strategy"),
        ({"strategy": ["grid"]}, "strategy"),
        ({"credential_id": "x"}, "credential_id"),
        ({"credential_id": 5}, "credential_id"),
        ({"credential_id": None}, "credential_id"),
        ({"credential_id": MISSING}, "credential_id"),
        ({"config": None}, "config"),
        ({"config": []}, "config"),
        ({"config": "{}"}, "config"),
        ({"name": "x" * 101}, "name"),
        ({"name": 5}, "name"),
        ({"name": ["x"]}, "name"),
        ({"user": MISSING}, "user"),
        ({"status": "running"}, "status"),
        ({"total_investment": 5}, "total_investment"),
    ],
)
def test_a_body_that_is_not_as_it_should_be_names_its_field(
    alices, alices_key, nothing_changes, change, attr
):
    for url in (BOTS, f"{BOTS}/preflight"):
        assert [found for _, found in refused(alices.post(url, body(alices_key, **change)))] == [attr]


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "\u202eevil"])
def test_a_name_must_be_one_that_can_be_shown(alices, alices_key, nothing_changes, name):
    assert [attr for _, attr in refused(alices.post(BOTS, body(alices_key, name=name)))] == ["name"]


def test_every_missing_field_is_named_at_once(alices, nothing_changes):
    missing = {attr for _, attr in refused(alices.post(BOTS, {}))}
    assert missing == {"name", "credential_id", "strategy", "symbol", "config"}
    config = {attr for _, attr in refused(alices.post(BOTS, {"config": {}, "strategy": "grid"}))}
    assert config == {"name", "credential_id", "symbol"}


def test_every_missing_field_of_a_config_is_named_at_once(alices, alices_key, nothing_changes):
    found = refused(alices.post(BOTS, body(alices_key, config={})))
    assert found == [("required", f"config.{field}") for field in NUMBERS]


@pytest.mark.parametrize(
    "raw",
    [
        *["{", "", "nul", "[]", '"text"', "5", "null", '{"name": NaN}', '{"name": "\\u0000"}', "[" * 10_000],
        '{"name": ' + "9" * 5000 + "}",
    ],
    ids=lambda raw: raw[:12],
)
def test_what_is_no_json_object_is_refused(alices, raw):
    for path in ("", "/preflight"):
        response = alices.generic("POST", BOTS + path, raw, content_type="application/json")
        assert 400 <= response.status_code < 500
        assert response.json()["errors"]
    assert not Bot.objects.exists()


@pytest.mark.parametrize("raw", ["{", "[]", '{"force": true}'])
def test_a_command_takes_nothing_it_does_not_know(alices, alices_bot, raw):
    before = Bot.objects.values().get()
    for name in COMMANDS:
        url = f"{BOTS}/{alices_bot.pk}/{name}"
        assert alices.generic("POST", url, raw, content_type="application/json").status_code == 400
    assert Bot.objects.values().get() == before


def test_an_unknown_action_of_the_kill_switch_is_refused(alices, alices_bot):
    before = Bot.objects.values().get()
    for url in (f"{BOTS}/{alices_bot.pk}/kill", "/api/v1/kill-switch"):
        for action in json.loads('["sell", "", null, 5, [], {}]'):
            response = alices.post(url, {"action": action})
            assert [attr for _, attr in refused(response)] == ["action"], action
    assert Bot.objects.values().get() == before


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"config": []}, "config"),
        ({"config": GRID | {"upper_price": "1"}}, "config.upper_price"),
        ({"config": GRID | {"investment": "1"}}, "config.investment"),
        ({"config": {"upper_price": "56000"}}, "config.lower_price"),
        ({"status": "running"}, "status"),
        ({"symbol": "ETH/USDT"}, "symbol"),
        ({"realized_pnl": "1000000"}, "realized_pnl"),
    ],
)
def test_a_change_that_cannot_be_is_refused_whole(alices, alices_bot, change, attr):
    before = Bot.objects.values().get()
    response = alices.patch(f"{BOTS}/{alices_bot.pk}", {"name": "New"} | change)
    assert attr in [found for _, found in refused(response)]
    assert Bot.objects.values().get() == before


@pytest.mark.parametrize(
    ("path", "query", "attr"),
    [
        ("", {"status": "asleep"}, "status"),
        ("", {"strategy": "x"}, "strategy"),
        ("", {"limit": "0"}, "limit"),
        ("", {"cursor": "x"}, "cursor"),
        ("/{bot}/orders", {"status": "lost"}, "status"),
        ("/{bot}/orders", {"side": "hold"}, "side"),
        ("/{bot}/orders", {"slot": "x"}, "slot"),
        ("/{bot}/orders", {"slot": "9" * 30}, "slot"),
        ("/{bot}/orders", {"slot": "1.5"}, "slot"),
        ("/{bot}/orders", {"cursor": "x"}, "cursor"),
        ("/{bot}/fills", {"side": "both"}, "side"),
        ("/{bot}/fills", {"order_id": "5x"}, "order_id"),
        ("/{bot}/fills", {"limit": "-1"}, "limit"),
        ("/{bot}/events", {"level": "loud"}, "level"),
        ("/{bot}/events", {"kind": "x" * 51}, "kind"),
        ("/{bot}/equity", {"start": "yesterday"}, "start"),
        ("/{bot}/equity", {"end": "NaN"}, "end"),
        ("/{bot}/equity", {"start": "9" * 40}, "start"),
        ("/{bot}/equity", {"start": "2026-01-02", "end": "2026-01-01"}, "start"),
    ],
)
def test_a_query_that_cannot_be_read_names_its_field(alices, alices_bot, path, query, attr):
    response = alices.get(BOTS + path.format(bot=alices_bot.pk), query)
    assert [found for _, found in refused(response)] == [attr]


ENDPOINTS = [
    ("GET", ""),
    ("POST", ""),
    ("POST", "/preflight"),
    *[(method, "/{bot}") for method in ("GET", "PATCH", "DELETE")],
    *[("POST", f"/{{bot}}/{name}") for name in COMMANDS],
    *[("GET", f"/{{bot}}/{name}") for name in SUB_RESOURCES],
    ("POST", "/../kill-switch"),
]


def url_of(path, bot_id):
    return "/api/v1/kill-switch" if path == "/../kill-switch" else BOTS + path.format(bot=bot_id)


def test_nobody_gets_in_without_a_token(api, alices_bot):
    before = Bot.objects.values().get()
    for method, path in ENDPOINTS:
        response = api.generic(method, url_of(path, alices_bot.pk))
        assert refused(response, 401) == [("not_authenticated", None)], path
    assert Bot.objects.values().get() == before


def test_an_expired_token_opens_nothing(alice, alices_bot, bearing):
    now = timezone.now()
    family = TokenFamily.objects.create(user=alice, expires_at=now + timedelta(days=1), confirmed_at=now)
    token = tokens.AccessToken()
    token["fam"], token["gen"] = str(family.pk), 0
    token.set_exp(lifetime=timedelta(seconds=-1))
    before = Bot.objects.values().get()
    for method, path in ENDPOINTS:
        response = bearing(str(token)).generic(method, url_of(path, alices_bot.pk))
        assert refused(response, 401) == [("token_expired", None)], path
    assert Bot.objects.values().get() == before


@pytest.mark.parametrize("bot_id", [None, MISSING, "x", "0", "' OR 1=1"])
def test_anothers_bot_is_as_unknown_as_none(bobs, alices_bot, bot_id):
    before = Bot.objects.values().get()
    for method, path in ENDPOINTS:
        if "{bot}" in path:
            response = bobs.generic(method, url_of(path, bot_id or alices_bot.pk))
            assert refused(response, 404) == [("not_found", None)], path
    assert Bot.objects.values().get() == before
