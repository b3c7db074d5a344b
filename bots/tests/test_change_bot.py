"""PATCH and DELETE of a bot."""

from decimal import Decimal

import pytest

from bots.models import Bot, BotEvent, BotSlot, EquitySnapshot, Fill, Order
from bots.tests.conftest import BOTS, GRID, errors_of, force
from bots.tests.records import START, book, fill_of, opened, snapshot, traded


@pytest.fixture
def url(alices_bot):
    return f"{BOTS}/{alices_bot.pk}"


@pytest.mark.parametrize("state", [{"status": "stopped"}, {"status": "running"}, {"status": "error"}])
def test_the_name_may_change_at_any_time(alices, alices_bot, url, state):
    force(alices_bot, **state)
    response = alices.patch(url, {"name": "  Renamed "})
    assert (response.status_code, response.json()["name"]) == (200, "Renamed")
    alices_bot.refresh_from_db()
    assert alices_bot.name == "Renamed"


def test_nothing_sent_changes_nothing(alices, url):
    before = Bot.objects.values().get()
    assert alices.patch(url, {}).status_code == 200
    assert Bot.objects.values().get() == before


def test_a_stopped_bot_takes_a_new_config(alices, url):
    config = GRID | {"upper_price": "56000", "investment": 1500}
    bot = alices.patch(url, {"config": config}).json()
    assert (bot["config"]["upper_price"], bot["config"]["investment"]) == ("56000", 1500)
    assert Decimal(bot["total_investment"]) == Decimal(bot["equity"]) == 1500


def test_a_new_config_shows_its_own_levels_not_where_the_last_run_had_moved_to(alices, alices_bot, url):
    force(alices_bot, memory={"run": 1, "shift": 7})
    alices.patch(url, {"config": GRID | {"trailing_up": True}})
    lowest = alices.get(f"{url}/levels").json()["levels"][0]
    assert (lowest["slot"], lowest["lower_price"]) == (0, GRID["lower_price"])


def test_what_it_earned_stays_when_the_investment_changes(alices, alices_bot, url):
    traded(alices_bot, 1)
    before = alices.get(url).json()
    after = alices.patch(url, {"config": GRID | {"investment": "600"}}).json()
    assert after["realized_pnl"] == before["realized_pnl"]
    assert after["unrealized_pnl"] == before["unrealized_pnl"]
    assert Decimal(after["equity"]) == Decimal(before["equity"]) - 400


def test_the_ledger_folds_the_same_after_a_change_of_investment(alices, alices_bot, url):
    """A fill that comes late has the whole ledger folded again, from the investment of now."""
    late = opened(alices_bot, 5)
    traded(alices_bot, 1, first=10)
    alices.patch(url, {"config": GRID | {"investment": "600"}})
    book(alices_bot, fill_of(late, 1))
    bot = alices.get(url).json()
    profit = Decimal(bot["realized_pnl"]) + Decimal(bot["unrealized_pnl"])
    assert profit == Decimal(bot["equity"]) - 600


@pytest.mark.parametrize(
    "state", [{"status": "running"}, {"status": "paused"}, {"status": "error"}, {"stopping": True}]
)
def test_a_bot_at_work_keeps_its_config(alices, alices_bot, url, state):
    force(alices_bot, **state)
    before = Bot.objects.values().get()
    response = alices.patch(url, {"config": GRID | {"upper_price": "56000"}, "name": "New"})
    assert response.status_code == 409
    assert errors_of(response) == [("bot_running", None)]
    assert Bot.objects.values().get() == before


def test_a_deleted_bot_is_gone_with_all_it_did(alices, alices_bot, url):
    traded(alices_bot, 2)
    snapshot(bot_id=alices_bot.pk, time=START, equity=Decimal(1), realized=Decimal(0))
    response = alices.delete(url)
    assert (response.status_code, response.content) == (204, b"")
    for table in (Bot, Order, Fill, BotSlot, BotEvent, EquitySnapshot):
        assert not table.objects.exists()
    assert alices.get(url).status_code == 404
    assert alices.delete(url).status_code == 404


@pytest.mark.parametrize(
    "state", [{"status": "running"}, {"status": "paused"}, {"status": "error"}, {"stopping": True}]
)
def test_a_bot_at_work_is_not_deleted(alices, alices_bot, url, state):
    force(alices_bot, **state)
    response = alices.delete(url)
    assert response.status_code == 409
    assert errors_of(response) == [("bot_running", None)]
    assert Bot.objects.exists()


def test_a_bot_with_an_order_at_the_exchange_is_not_deleted(alices, alices_bot, url):
    opened(alices_bot)
    assert alices.delete(url).status_code == 409


def test_a_deleted_bots_key_may_be_deleted(alices, alices_bot, url):
    key = f"/api/v1/credentials/{alices_bot.credential_id}"
    assert alices.delete(key).status_code == 409
    alices.delete(url)
    assert alices.delete(key).status_code == 204
