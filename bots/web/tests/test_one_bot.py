"""/bots/<id>/: what a bot did, what it waits for, and its buttons."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from bots import selectors
from bots.models import Bot, BotEvent, Fill, Order
from bots.web.tests.conftest import Making


def filled(bot: Bot, number: int = 1, side: str = "buy") -> Fill:
    order = Order.objects.create(
        bot=bot,
        client_order_id=f"ag{bot.id.hex[:20]}{number:04d}",
        slot=number,
        cycle=1,
        side=side,
        type="limit",
        price=Decimal(64000),
        quantity=Decimal("0.001"),
        status="filled",
    )
    return Fill.objects.create(
        bot=bot,
        order=order,
        account="binance:1",
        symbol=bot.symbol,
        trade_id=str(number),
        side=side,
        price=Decimal(64000),
        quantity=Decimal("0.001"),
        fee=Decimal("0.000001"),
        fee_asset="BTC",
        fee_quote=Decimal("0.064"),
        liquidity="maker",
        time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def test_a_grid_that_has_moved_shows_where_it_stands(as_alice: Client, making: Making) -> None:
    bot = making(status="running")
    assert "Moved to" not in as_alice.get(f"/bots/{bot.pk}/").content.decode()
    Bot.objects.filter(pk=bot.pk).update(memory={"run": 1, "shift": 2})
    page = as_alice.get(f"/bots/{bot.pk}/")
    lowest, highest = page.context["moved_to"]
    assert lowest > Decimal(str(bot.config["lower_price"]))
    assert highest - lowest == Decimal(str(bot.config["upper_price"])) - Decimal(
        str(bot.config["lower_price"])
    )
    assert "<dt>Moved to</dt>" in page.content.decode()


def test_a_grid_bot_shows_its_slots_fills_and_events(as_alice: Client, making: Making) -> None:
    bot = making(status="running")
    filled(bot)
    BotEvent.objects.create(bot=bot, kind="note", text="No price for 12 s.", level="warning")
    page = as_alice.get(f"/bots/{bot.id}/").content.decode()
    for words in ("60,000.00", "72,000.00", "64,000.00", "No price for 12 s.", "2026-01-02 03:04:05 UTC"):
        assert words in page


def test_a_dca_bot_shows_its_deal_instead(as_alice: Client, making: Making) -> None:
    page = as_alice.get(f"/bots/{making(strategy='dca').id}/").content.decode()
    assert "This deal" in page
    assert "Timed buy" in page
    assert "1 day" in page


def test_the_three_lines_add_up(as_alice: Client, making: Making) -> None:
    bot = making(realized_pnl=Decimal(7), cash=Decimal(1007))
    context = as_alice.get(f"/bots/{bot.id}/").context
    view, stats = context["bot"], context["stats"]
    lines = stats["grid_profit"] + stats["other_realized"] + view["unrealized_pnl"]
    assert lines == view["equity"] - view["total_investment"]


def test_the_panels_come_for_the_place_they_replace(as_alice: Client, making: Making) -> None:
    bot = making()
    page = as_alice.get(f"/bots/{bot.id}/panels/").content.decode()
    assert page.count('hx-swap-oob="morph"') == 8
    assert "<html" not in page
    assert "No fills yet" in page
    assert "Loading the chart…" in as_alice.get(f"/bots/{bot.id}/").content.decode()


def test_without_the_exchange_the_page_still_opens(as_alice: Client, making: Making, settings: Any) -> None:
    bot = making()
    settings.EXCHANGE_SIMULATOR = settings.EXCHANGE_SIMULATOR | {"port": 1}
    page = as_alice.get(f"/bots/{bot.id}/")
    assert page.status_code == 200
    assert "cannot be shown now" in page.content.decode()


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ({}, "start", {"status": "running"}),
        ({"status": "running"}, "pause", {"status": "paused"}),
        ({"status": "paused"}, "start", {"status": "running"}),
        ({"status": "running"}, "stop", {"status": "stopped", "stopping": True}),
        ({"status": "running"}, "kill", {"status": "stopped", "halted": True, "stop_action": "keep"}),
        ({"halted": True}, "reset", {"halted": False}),
    ],
)
def test_each_button_does_what_it_says(
    as_alice: Client, making: Making, before: dict[str, Any], action: str, after: dict[str, Any]
) -> None:
    bot = making(**before)
    answer = as_alice.post(f"/bots/{bot.id}/{action}/")
    bot.refresh_from_db()
    assert answer.headers["Location"] == f"/bots/{bot.id}/"
    assert {name: getattr(bot, name) for name in after} == after


def test_delete_leads_back_to_the_list(as_alice: Client, making: Making) -> None:
    bot = making()
    assert as_alice.post(f"/bots/{bot.id}/delete/").headers["Location"] == "/bots/"
    assert not Bot.objects.exists()


def test_an_illegal_move_is_told_in_a_sentence(as_alice: Client, making: Making) -> None:
    bot = making(halted=True, status_reason="Lost too much.")
    page = as_alice.post(f"/bots/{bot.id}/start/", follow=True).content.decode()
    assert "Reset it before you start it." in page


def test_a_start_that_cannot_be_paid_for_says_what_is_missing(as_alice: Client, making: Making) -> None:
    bot = making(cash=Decimal(9_999_999))
    page = as_alice.post(f"/bots/{bot.id}/start/", follow=True).content.decode()
    assert "100,000.00 USDT free" in page


@pytest.mark.parametrize("path", ["", "panels/"])
def test_another_users_bot_is_not_found(as_bob: Client, making: Making, path: str) -> None:
    assert as_bob.get(f"/bots/{making().id}/{path}").status_code == 404


@pytest.mark.parametrize("action", ["start", "pause", "stop", "kill", "reset", "delete"])
def test_another_users_buttons_are_not_found(as_bob: Client, making: Making, action: str) -> None:
    bot = making()
    assert as_bob.post(f"/bots/{bot.id}/{action}/").status_code == 404
    assert Bot.objects.filter(id=bot.id, status="stopped", halted=False).exists()


def test_unknown_actions_and_reads_of_actions_are_refused(as_alice: Client, making: Making) -> None:
    bot = making()
    assert as_alice.post(f"/bots/{bot.id}/explode/").status_code == 404
    assert as_alice.get(f"/bots/{bot.id}/start/").status_code == 405


def test_a_post_needs_the_csrf_token(alice: Any, making: Making) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice, "allauth.account.auth_backends.AuthenticationBackend")
    assert strict.post(f"/bots/{making().id}/start/").status_code == 403


@pytest.mark.parametrize("action", ["start", "pause", "stop", "reset", "kill", "delete"])
def test_a_bot_that_another_click_deletes_leads_back_to_the_list(
    as_alice: Client, making: Making, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    bot = making()
    find = selectors.access_bot

    def find_and_delete(**wanted: Any) -> Bot:
        found = find(**wanted)
        Bot.objects.filter(id=bot.id).delete()
        return found

    monkeypatch.setattr(selectors, "access_bot", find_and_delete)
    answer = as_alice.post(f"/bots/{bot.id}/{action}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/bots/")
