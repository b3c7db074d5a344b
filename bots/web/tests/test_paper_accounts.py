"""A paper account with one click, and a bot on it, told apart from those with real money."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from bots.models import Bot
from bots.services import lifecycle
from bots.web.tests.conftest import GRID, Making
from exchanges.models import Credential
from exchanges.paper.models import PaperBalance
from exchanges.services import create_credential


@pytest.fixture(autouse=True)
def _exchange(at_the_simulator: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "enqueue", lambda bot: None)


@pytest.fixture
def paper(alice: User) -> Credential:
    return create_credential(user=alice, exchange="binance", label="Paper account", mode="paper")


def bot_on(paper: Credential) -> Bot:
    return lifecycle.create_bot(
        user=paper.user, credential=paper, name="Try", strategy="grid", symbol="BTC/USDT", config=GRID
    )


def test_one_click_adds_one_and_leads_on_to_the_first_bot(as_alice: Client) -> None:
    page = as_alice.get("/keys/").content.decode()
    click = dict(re.findall(r'<input type="hidden" name="(exchange|mode|label)" value="([^"]+)">', page))
    assert as_alice.post("/keys/", click).headers["Location"] == "/bots/new/"
    assert Credential.objects.get().mode == "paper"
    shown = as_alice.get("/keys/").content.decode()
    assert "100,000.00 USDT" in shown
    assert "Cannot withdraw" not in shown


def test_a_bot_on_it_passes_the_check_by_the_papers_balance(as_alice: Client, paper: Credential) -> None:
    fields: dict[str, Any] = {
        "strategy": "grid",
        "name": "Try",
        "credential": paper.pk,
        "symbol": "BTC/USDT",
        **GRID,
    }
    passed = as_alice.post("/bots/new/check/", fields).content.decode()
    PaperBalance.objects.update(free=Decimal(5))
    refused = as_alice.post("/bots/new/check/", fields).content.decode()
    assert passed != refused
    assert "free" in refused
    assert "free" not in passed or "enough" in passed


def test_its_bots_wear_a_badge_wherever_they_are_shown(as_alice: Client, paper: Credential) -> None:
    bot = bot_on(paper)
    badge = ">Paper</span>"
    assert badge in as_alice.get("/bots/").content.decode()
    assert badge in as_alice.get(f"/bots/{bot.pk}/").content.decode()
    assert "· paper" in as_alice.get("/bots/new/").content.decode()


def test_a_bot_with_real_money_wears_none(as_alice: Client, making: Making) -> None:
    bot = making()
    assert ">Paper</span>" not in as_alice.get(f"/bots/{bot.pk}/").content.decode()


def test_paper_and_money_are_not_added_up(as_alice: Client, making: Making, paper: Credential) -> None:
    bot_on(paper)
    assert as_alice.get("/bots/").context["quote"] == "USDT"
    making()
    assert as_alice.get("/bots/").context["quote"] == ""


def test_it_starts_over_once_its_bots_rest(as_alice: Client, paper: Credential) -> None:
    bot = bot_on(paper)
    PaperBalance.objects.update(free=1)
    Bot.objects.update(status="running")
    page = as_alice.post(f"/keys/{paper.pk}/start-over/", follow=True).content.decode()
    assert "Stop the bots" in page
    assert PaperBalance.objects.get().free == 1
    Bot.objects.filter(pk=bot.pk).update(status="stopped")
    as_alice.post(f"/keys/{paper.pk}/start-over/")
    assert PaperBalance.objects.get().free == 100_000


def test_a_real_key_does_not_start_over(as_alice: Client, key: Credential) -> None:
    assert as_alice.post(f"/keys/{key.pk}/start-over/").status_code == 404


def test_another_users_account_is_not_found(as_bob: Client, paper: Credential) -> None:
    assert as_bob.post(f"/keys/{paper.pk}/start-over/").status_code == 404
    assert as_bob.post(f"/keys/{paper.pk}/remove/").status_code == 404


def test_it_is_removed_with_what_it_holds(as_alice: Client, paper: Credential) -> None:
    as_alice.post(f"/keys/{paper.pk}/remove/")
    assert not PaperBalance.objects.exists()


def test_its_coins_are_listed_by_name(as_alice: Client, paper: Credential) -> None:
    for asset in ("SOL", "BTC", "ETH"):
        PaperBalance.objects.create(account=paper.paper, asset=asset, free=1)
    page = as_alice.get("/keys/").content.decode()
    assert re.findall(r'<span class="num">[\d.,]+ (\w+)</span>', page) == ["BTC", "ETH", "SOL", "USDT"]
