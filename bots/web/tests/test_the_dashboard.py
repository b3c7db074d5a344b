"""/: what all bots are worth together, how they are, and what happened, in a constant number of queries."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bots.core.types import Ticker
from bots.models import Bot, BotEvent, EquitySnapshot, Fill, Order
from bots.services.events import record_event
from bots.web import portfolio
from bots.web.tests.conftest import Making
from exchanges.models import Credential
from marketdata.models import FollowedMarket
from marketdata.partitions import ensure_month, month_of

NOW = datetime.now(UTC)


def worth(bot: Bot, hours_ago: float, equity: str) -> None:
    time = NOW - timedelta(hours=hours_ago)
    ensure_month("equity_snapshots", month_of(time))
    EquitySnapshot.objects.create(bot=bot, time=time, equity=Decimal(equity), realized=Decimal(0))


def filled(bot: Bot, number: int, seconds_ago: int = 0) -> Fill:
    order = Order.objects.create(
        bot=bot, client_order_id=f"{bot.pk.hex[:20]}{number}", slot=number, cycle=0, side="buy", type="limit",
        price=Decimal(64_000), quantity=Decimal("0.01"), status="filled",
    )  # fmt: skip
    return Fill.objects.create(
        bot=bot, order=order, account="binance:1", symbol=bot.symbol, trade_id=f"{bot.pk.hex}{number}", side="buy",
        price=Decimal(64_000), quantity=Decimal("0.01"), fee=Decimal(0), fee_asset="USDT", fee_quote=Decimal(0),
        liquidity="maker", time=NOW - timedelta(seconds=seconds_ago),
    )  # fmt: skip


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/accounts/login/?next=/"


def test_a_new_user_is_led_to_the_first_bot(as_alice: Client) -> None:
    assert "Three steps to your first bot" in as_alice.get("/").content.decode()


def test_day_and_whole_change_are_told_in_the_portfolio_s_currency(as_alice: Client, making: Making) -> None:
    bot = making("Range", status="running", cash=Decimal("1030"))
    worth(bot, 30, "1005")
    worth(bot, 25, "1010")
    worth(bot, 2, "1020")
    found = as_alice.get("/").context
    assert found["portfolio"].equity == Decimal("1030")
    assert found["day"] == Decimal("20")
    assert found["portfolio"].equity - found["portfolio"].invested == Decimal("30")
    assert len(found["curve"]["line"].split()) > 20


def test_a_bot_that_has_just_begun_is_no_gain(as_alice: Client, making: Making) -> None:
    worth(making("Young"), 1, "990")
    page = as_alice.get("/")
    assert page.context["day"] == 0
    assert "No bot has warned of anything." in page.content.decode()
    assert "No fills yet" in page.content.decode()


def test_real_and_play_money_are_never_in_one_sum(as_alice: Client, making: Making, key: Credential) -> None:
    making("Real")
    test_key = Credential.objects.create(user=key.user, exchange="binance", label="Test", mode="testnet")
    Bot.objects.filter(pk=making("Play").pk).update(credential=test_key)
    page = as_alice.get("/")
    assert [view["name"] for view in page.context["bots"]] == ["Real"]
    other = as_alice.get("/", {"money": "testnet"})
    assert [view["name"] for view in other.context["bots"]] == ["Play"]


def test_what_an_address_cannot_mean_is_the_usual(as_alice: Client, making: Making) -> None:
    making()
    found = as_alice.get("/", {"money": "monopoly", "span": "1000y"}).context
    assert (found["money"], found["span"]) == ("live", "7d")


def view(quote: str, equity: str = "100") -> dict[str, Any]:
    return {
        "symbol": f"BTC/{quote}",
        "venue": "binance",
        "equity": Decimal(equity),
        "total_investment": Decimal(90),
    }


def test_other_coins_are_converted_by_their_market(monkeypatch: pytest.MonkeyPatch) -> None:
    def last(venue: str, symbol: str) -> Ticker | None:
        price = {"EUR/USDT": Decimal("1.25"), "USDT/TRY": Decimal(40)}.get(symbol)
        return Ticker(symbol, price, price, price, 0) if price else None

    monkeypatch.setattr(portfolio, "last_ticker", last)
    found = portfolio.portfolio([view("USDT"), view("USDT"), view("EUR"), view("TRY", "4000")])
    assert found.currency == "USDT"
    assert found.equity == Decimal("425")


def test_a_coin_without_a_price_is_left_out_and_its_market_followed(
    at_the_simulator: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portfolio, "last_ticker", lambda venue, symbol: None)
    found = portfolio.portfolio([view("USDT"), view("USDT"), view("BTC")])
    assert len(found.apart) == 1
    assert found.equity == Decimal("200")
    assert FollowedMarket.objects.filter(symbol="BTC/USDT").exists()
    assert not FollowedMarket.objects.filter(symbol="USDT/BTC").exists()


def test_the_newest_fills_and_warnings_of_all_bots_are_shown(as_alice: Client, making: Making) -> None:
    one, two = making("One"), making("Two")
    for number in range(8):
        filled(one, number, seconds_ago=number)
        filled(two, number, seconds_ago=100 + number)
    record_event(bot=one, kind="bought", text="An ordinary thing.")
    record_event(bot=two, kind="loss", text="Lost a lot.", level="warning")
    old = record_event(bot=two, kind="loss", text="Long ago.", level="error")
    BotEvent.objects.filter(pk=old.pk).update(time=timezone.now() - timedelta(days=8))
    found = as_alice.get("/").context
    assert [fill.bot.name for fill in found["fills"]] == ["One"] * 8 + ["Two"] * 2
    assert [event.text for event in found["alerts"]] == ["Lost a lot."]


def test_what_wants_a_look_comes_first(as_alice: Client, making: Making) -> None:
    making("Fine", status="running")
    making("Resting")
    making("Broken", status="error", status_reason="Binance refused the key.")
    page = as_alice.get("/")
    assert [bot["name"] for bot in page.context["bots"]] == ["Broken", "Fine", "Resting"]
    assert "Binance refused the key." in page.content.decode()


def test_nobody_sees_what_others_have(as_bob: Client, making: Making) -> None:
    making("Secret plan")
    assert "Secret plan" not in as_bob.get("/").content.decode()


def test_htmx_gets_the_lists_alone(as_alice: Client, making: Making) -> None:
    making("Range")
    page = as_alice.get("/", headers={"HX-Request": "true"}).content.decode()
    assert "Range" in page
    assert "<html" not in page


def test_a_line_runs_from_edge_to_edge_and_stays_inside() -> None:
    points = [pair.split(",") for pair in portfolio.spark([[0, 5.0], [1, 9.0], [2, 7.0]]).split()]
    assert [x for x, _ in points] == ["0", "50", "100"]
    assert [y for _, y in points] == ["23", "1", "12"]
    assert portfolio.spark([[0, 5.0], [1, 5.0]]) == ""
