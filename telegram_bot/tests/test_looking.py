"""What the bots do and earn, read in a chat."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bots.models import Bot, BotSlot, EquitySnapshot, Order
from marketdata.partitions import ensure_month
from telegram_bot.periods import PERIODS, starts
from telegram_bot.tests.conftest import ALICES

pytestmark = pytest.mark.usefixtures("linked")


def widest(text):
    return max(len(line) for line in text.splitlines())


@pytest.mark.parametrize(
    "command", ["/status", "/status table", "/bots", "/pnl", "/profit", "/orders", "/levels", "/bot", "/kill"]
)
def test_without_bots_every_command_says_how_to_make_one(wire, command):
    assert "/new" in wire.say(ALICES, command)


def test_status_tells_each_bot_in_a_few_lines(wire, making):
    making("Range", status="running", trades=3)
    making("Drip", "dca")
    text = wire.say(ALICES, "/status")
    assert "Range · BTC/USDT · 🟢 Running" in text
    assert "0 open orders · 3 fills" in text
    assert "Drip · BTC/USDT · ⏹ Stopped" in text


def test_the_table_fits_a_phone_whatever_the_names(wire, making):
    making("A name that is far longer than any phone is wide, and goes on")
    text = wire.say(ALICES, "/status table")
    assert widest(text) <= 34
    assert text.splitlines()[1].startswith("A name that …")


def test_refresh_edits_the_message_instead_of_sending_another(wire, making):
    bot = making("Range")
    wire.say(ALICES, "/status")
    count = len(wire.fake.from_bot(ALICES))
    Bot.objects.filter(pk=bot.pk).update(status="paused")
    assert "Paused" in wire.press(ALICES, "Refresh")
    assert len(wire.fake.from_bot(ALICES)) == count
    assert wire.press(ALICES, "Refresh") == ""  # nothing has changed, and nothing is wrong


def test_a_bot_is_found_by_number_name_and_beginning(wire, making):
    making("First grid")
    making("Second")
    for typed in ("2", "first grid", "FIRST"):
        assert "First grid" in wire.say(ALICES, f"/bot {typed}")
    assert wire.say(ALICES, "/bot") == "Which bot?"
    assert wire.labels(ALICES) == ["Second", "First grid"]
    assert "Second" in wire.press(ALICES, "Second")
    assert "no bot called nothing" in wire.say(ALICES, "/bot nothing")


def test_one_bot_in_full(wire, making, linked):
    linked.timezone = "Asia/Tokyo"
    linked.save()
    making("Range", status="running", started_at=datetime(2026, 3, 1, 20, 0, tzinfo=UTC))
    text = wire.say(ALICES, "/bot")
    assert "02 Mar 05:00" in text
    assert "Invested     1,000.00 USDT" in text
    assert widest(text) <= 34


def test_lists_page(wire, making):
    making("Range")
    bot = Bot.objects.get()
    for slot in range(20):
        Order.objects.create(
            bot=bot, client_order_id=f"ag{slot}", slot=slot, cycle=1, side="buy", type="limit",
            price=Decimal(60_000 + slot), quantity=Decimal("0.001"), status="open",
        )  # fmt: skip
    text = wire.say(ALICES, "/orders")
    assert "20 open orders" in text
    assert "60,019.00" in text
    assert "60,000.00" not in text
    assert "60,000.00" in wire.press(ALICES, "More ›")
    assert "60,019.00" in wire.press(ALICES, "‹ Back")


def test_levels_say_why_there_is_no_order(wire, making):
    making("Range")
    text = wire.say(ALICES, "/levels")
    assert "12 slots" in text
    assert "• the bot is stopped" in text
    assert widest(text) <= 34


def test_levels_name_times_in_the_users_own_zone(wire, making, linked):
    linked.timezone = "Asia/Tokyo"
    linked.save()
    bot = making("Drip", "dca", status="running")
    BotSlot.objects.create(bot=bot, slot=0, reason="waiting: the next buy is due at 1795423252523")
    assert "the next buy is due at 23 Nov 17:40" in wire.say(ALICES, "/levels")


def test_profit_by_days_in_the_users_own_zone(wire, making, linked):
    bot = making("Range", realized_pnl=Decimal("9"))
    now = timezone.now()
    for ago, realized in ((30, "2"), (49, "1")):  # hours
        ensure_month("equity_snapshots", now - timedelta(hours=ago))
        EquitySnapshot.objects.create(
            bot=bot, time=now - timedelta(hours=ago), equity=Decimal(1000), realized=Decimal(realized)
        )
    text = wire.say(ALICES, "/profit daily 4")
    assert "Sum" in text
    assert text.splitlines()[-1].endswith("+9.00")
    assert "Weeks" in wire.press(ALICES, "Weekly")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("daily", [(3, 30, 0), (3, 29, 0), (3, 28, 0)]),  # the 29th had 23 hours in Berlin
        ("weekly", [(3, 30, 0), (3, 23, 0), (3, 16, 0)]),
        ("monthly", [(3, 1, 0), (2, 1, 0), (1, 1, 0)]),
    ],
)
def test_periods_begin_at_the_zones_midnights(name, expected):
    now = datetime(2026, 3, 30, 10, 0, tzinfo=UTC)
    found = starts(PERIODS[name], 3, now, "Europe/Berlin")
    assert [(each.month, each.day, each.hour) for each in found] == expected


@pytest.mark.parametrize("typed", ["hourly", "daily x", "daily 0", "daily 5000", "daily 7 7", "daily ٣٣٣٣٣"])
def test_a_period_that_is_none_is_one_sentence(wire, making, typed):
    making()
    assert wire.say(ALICES, f"/profit {typed}").startswith(("Say it like this", "Ask for 1 to"))


def test_pnl_of_one_bot_adds_up(wire, making):
    making("Range", realized_pnl=Decimal("5"))
    text = wire.say(ALICES, "/pnl range")
    assert "Closed cycles" in text
    assert "Total" in text


def test_balance_asks_the_exchange(wire, key):
    text = wire.say(ALICES, "/balance")
    assert "Main · Binance" in text
    assert "100,000.00" in text


def test_a_silent_exchange_is_told_in_its_words(wire, key, sim):
    sim.strike("key_revoked", endpoint="other")
    try:
        assert "100,000.00" not in wire.say(ALICES, "/balance")
        assert len(wire.fake.texts(ALICES)[-1]) > 20
    finally:
        sim.end_faults()
