"""/bots/: every bot with its state and its figures, in a constant number of queries."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from bots.models import Bot
from bots.web.tests.conftest import Making
from bots.web.views import listing
from exchanges.models import Credential


def test_a_new_user_is_led_to_a_key_and_then_to_a_bot(as_alice: Client, alice: User) -> None:
    page = as_alice.get("/bots/").content.decode()
    assert "Add an exchange key" in page
    assert 'href="/keys/"' in page


def test_with_a_key_the_next_step_is_a_bot(as_alice: Client, key: Any) -> None:
    page = as_alice.get("/bots/").content.decode()
    assert "Your account is in place" in page
    assert "Create a bot" in page


def test_each_bot_shows_state_figures_and_why(as_alice: Client, making: Making) -> None:
    making("Fine", status="running", realized_pnl=Decimal("12.345"))
    making("Broken", status="error", status_reason="Binance refused the key.")
    making("Tripped", halted=True, status_reason="Lost 5 % in an hour.")
    making("Ending", stopping=True)
    page = as_alice.get("/bots/").content.decode()
    for words in (
        "Running",
        "Error",
        "Binance refused the key.",
        "Halted",
        "Lost 5 % in an hour.",
        "Stopping",
    ):
        assert words in page
    assert "+12.35" in page


def test_each_bot_names_its_exchange_and_a_test_market_is_marked(
    as_alice: Client, making: Making, key: Credential
) -> None:
    bot = making()
    assert "· Binance</span>" in as_alice.get("/bots/").content.decode()
    badge = ">Testnet</span>"
    for path in ("/bots/", f"/bots/{bot.pk}/"):
        assert badge not in as_alice.get(path).content.decode()
    Credential.objects.filter(pk=key.pk).update(mode="testnet")
    for path in ("/bots/", f"/bots/{bot.pk}/"):
        assert badge in as_alice.get(path).content.decode()


def test_test_money_is_not_added_to_real_money(as_alice: Client, making: Making, key: Credential) -> None:
    test_key = Credential.objects.create(user=key.user, exchange="binance", label="Test", mode="testnet")
    making()
    assert as_alice.get("/bots/").context["quote"] == "USDT"
    Bot.objects.filter(pk=making("Test").pk).update(credential=test_key)
    assert as_alice.get("/bots/").context["quote"] == ""


def test_a_page_has_some_bots_and_the_sums_all(
    as_alice: Client, making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ROWS", 2)
    for number in range(3):
        making(f"Bot {number}", cash=Decimal(1010))
    first, second = (as_alice.get("/bots/", {"page": number}) for number in (1, 2))
    assert [[bot["name"] for bot in page.context["bots"]] for page in (first, second)] == [
        ["Bot 2", "Bot 1"],
        ["Bot 0"],
    ]
    sums = {"equity": Decimal(3030), "total_investment": Decimal(3000), "pnl": Decimal(30), "open_orders": 0}
    assert first.context["totals"] == second.context["totals"] == sums
    assert "3,030.00" in second.content.decode()


def test_a_page_that_is_none_is_the_nearest(as_alice: Client, making: Making) -> None:
    making("Range")
    assert all(
        "Range" in as_alice.get("/bots/", {"page": page}).content.decode() for page in ("x", "9", "-1")
    )


def test_others_bots_are_not_listed(as_bob: Client, making: Making) -> None:
    making("Secret plan")
    assert "Secret plan" not in as_bob.get("/bots/").content.decode()


def test_htmx_gets_the_rows_alone(as_alice: Client, making: Making) -> None:
    making("Range")
    page = as_alice.get("/bots/", headers={"HX-Request": "true"}).content.decode()
    assert "Range" in page
    assert "<html" not in page


def test_the_kill_switch_halts_every_bot_of_the_user_and_no_others(
    as_alice: Client, as_bob: Client, making: Making
) -> None:
    bot = making(status="running")
    as_bob.post("/bots/stop-all/")
    bot.refresh_from_db()
    assert not bot.halted
    as_alice.post("/bots/stop-all/", {"action": "cancel_and_sell"})
    bot.refresh_from_db()
    assert bot.halted
    assert bot.stop_action == "sell"
    assert Bot.objects.filter(halted=False).count() == 0
