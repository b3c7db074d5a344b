"""/bots/new/: a plain form, its pre-flight as one types, and nothing half created."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from bots.backtest import suggest
from bots.models import Bot
from bots.web.tests.conftest import DCA, GRID, Making
from exchanges.models import Credential


def form(key: Credential, **changes: Any) -> dict[str, Any]:
    common = {"strategy": "grid", "name": "Range", "credential": str(key.id), "symbol": "BTC/USDT"}
    return common | {"spacing": "arithmetic", "on_stop": "keep", "post_only": "on"} | GRID | changes


@pytest.fixture(autouse=True)
def _no_worker(making: Making) -> None:
    """`making` leaves out what would start a worker."""


def test_without_a_key_the_page_says_what_to_do_first(as_bob: Client) -> None:
    assert "Add an exchange key" in as_bob.get("/bots/new/").content.decode()


def test_a_grid_bot_is_created_stopped(as_alice: Client, key: Credential) -> None:
    answer = as_alice.post("/bots/new/", form(key))
    bot = Bot.objects.get()
    assert answer.headers["Location"] == f"/bots/{bot.id}/"
    assert (bot.status, bot.total_investment) == ("stopped", Decimal(1000))
    assert bot.config["lower_price"] == "60000"


def test_the_other_button_starts_it_too(as_alice: Client, key: Credential) -> None:
    as_alice.post("/bots/new/", form(key, start="1"))
    assert Bot.objects.get().status == "running"


def test_a_dca_bot_takes_its_own_fields_alone(as_alice: Client, key: Credential) -> None:
    as_alice.post("/bots/new/", form(key, strategy="dca", repeat="on", missed="skip", **DCA))
    config = Bot.objects.get().config
    assert config["amount"] == "100"
    assert config["missed"] == "skip"
    assert "lower_price" not in config


def test_an_error_stands_at_its_field_with_the_number_that_fixes_it(
    as_alice: Client, key: Credential
) -> None:
    answer = as_alice.post("/bots/new/", form(key, investment="20"))
    assert answer.status_code == 422
    assert "invest at least" in answer.context["form"].errors["investment"][0]
    assert 'value="20"' in answer.content.decode()
    assert not Bot.objects.exists()


def test_what_cannot_start_is_not_left_behind(as_alice: Client, key: Credential) -> None:
    answer = as_alice.post("/bots/new/", form(key, start="1", investment="99,999,999.00"))
    assert "100,000.00" in answer.context["form"].errors["investment"][0]
    assert not Bot.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("lower_price", "NaN"), ("grid_count", "10000"), ("investment", "-5"), ("upper_price", "abc")],
)
def test_bad_numbers_are_refused_at_their_field(
    as_alice: Client, key: Credential, field: str, value: str
) -> None:
    answer = as_alice.post("/bots/new/", form(key, **{field: value}))
    assert field in answer.context["form"].errors


def test_an_unknown_market_is_refused_at_its_field(as_alice: Client, key: Credential) -> None:
    answer = as_alice.post("/bots/new/", form(key, symbol="NO/SUCH"))
    assert "symbol" in answer.context["form"].errors


def test_another_users_key_is_no_choice(as_bob: Client, key: Credential) -> None:
    answer = as_bob.post("/bots/new/", form(key))
    assert "credential" in answer.context["form"].errors
    assert not Bot.objects.exists()


def test_the_check_sums_up_before_anything_is_saved(as_alice: Client, key: Credential) -> None:
    page = as_alice.post("/bots/new/check/", form(key, name="")).content.decode()
    assert "Ready to start" in page
    assert "Profit per grid" in page
    assert not Bot.objects.exists()


def test_the_check_puts_each_failure_at_its_field(as_alice: Client, key: Credential) -> None:
    page = as_alice.post("/bots/new/check/", form(key, investment="20")).content.decode()
    start = page.index('id="id_investment_error"')
    assert "invest at least" in page[start : start + 300]


def test_errors_call_fields_as_the_page_does(as_alice: Client, key: Credential) -> None:
    page = as_alice.post("/bots/new/check/", form(key, upper_price="50000")).content.decode()
    assert "Must be above the lower price (60000)." in page


def test_a_blank_is_no_mistake_while_one_types(as_alice: Client, key: Credential) -> None:
    page = as_alice.post("/bots/new/check/", form(key, lower_price="")).content.decode()
    assert "required" not in page


def test_the_market_brings_price_range_and_free_money(as_alice: Client, key: Credential) -> None:
    answer = as_alice.get("/bots/new/market/", {"credential": str(key.id), "symbol": "btc/usdt"}).json()
    assert Decimal(answer["lower"]) < Decimal(answer["price"]) < Decimal(answer["upper"])
    assert Decimal(answer["free"]) == 100_000


def test_the_market_of_another_users_key_is_not_found(as_bob: Client, key: Credential) -> None:
    for wanted in (str(key.id), "nonsense", ""):
        answer = as_bob.get("/bots/new/market/", {"credential": wanted, "symbol": "BTC/USDT"})
        assert answer.status_code == 404


def test_an_unknown_market_says_so(as_alice: Client, key: Credential) -> None:
    answer = as_alice.get("/bots/new/market/", {"credential": str(key.id), "symbol": "NO/SUCH"})
    assert answer.status_code == 404
    assert answer.json()["detail"]


def test_symbols_are_offered_by_what_was_typed(as_alice: Client, key: Credential) -> None:
    page = as_alice.get("/bots/new/symbols/", {"symbol": "eth"}).content.decode()
    assert page.index("ETH/USDT") >= 0
    assert "BTC/USDT" not in page


def test_a_bot_can_be_made_like_another(as_alice: Client, as_bob: Client, making: Making) -> None:
    bot = making("Range")
    assert 'value="60000"' in as_alice.get(f"/bots/new/?like={bot.id}").content.decode()
    assert as_bob.get(f"/bots/new/?like={bot.id}").status_code == 404


def test_a_range_is_suggested_and_nothing_made(
    as_alice: Client, key: Credential, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HOME = tmp_path
    monkeypatch.setattr(suggest, "PATIENCE", 600.0)
    answer = as_alice.post(
        "/bots/new/", form(key, suggest="1", name="", lower_price="", stop_loss_price="50000")
    )
    assert answer.status_code == 200, answer.context["form"].errors
    filled = answer.context["form"].initial
    assert 0 < float(filled["lower_price"]) < 65_000 < float(filled["upper_price"])
    assert filled["spacing"] == "geometric"
    assert (filled["investment"], filled["stop_loss_price"]) == ("1000", "50000")
    shown = answer.content.decode()
    assert f'value="{filled["lower_price"]}"' in shown
    assert "of which the fees of buying and selling" in shown
    assert not Bot.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"symbol": "NO/SUCH"}, "symbol"),
        ({"investment": "5"}, "investment"),
        ({"investment": ""}, "investment"),
        ({"investment": "much"}, "investment"),
        ({"credential": ""}, "credential"),
    ],
)
def test_what_nothing_can_be_suggested_for_is_said_at_its_field(
    as_alice: Client, key: Credential, settings: Any, tmp_path: Path, changes: dict[str, str], field: str
) -> None:
    settings.HOME = tmp_path
    answer = as_alice.post("/bots/new/", form(key, suggest="1", **changes))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
