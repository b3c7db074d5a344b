"""A bot's own risk limits within the operator's bounds, and what of them survives a restart."""

from decimal import Decimal

import pytest
from django.utils import timezone

from bots import store
from bots.core.risk import Denied, RiskLimits, RiskManager
from bots.models import Order
from bots.runtime.loading import load
from bots.services import trading
from bots.services.limits import operator_bounds
from bots.tests.conftest import BOTS, GRID, body, errors_of, force
from bots.tests.records import book, fill_of, lease_of, opened, plain_bot, planned

LIMITS = {"max_orders_per_minute": 100, "max_loss_per_hour": "10", "max_price_deviation": "20"}


@pytest.fixture
def strict(settings):
    settings.AUTOGRID_MOST_ORDERS_PER_MINUTE = 60
    settings.AUTOGRID_MOST_LOSS_PER_HOUR = Decimal(8)
    settings.AUTOGRID_MOST_PRICE_DEVIATION = Decimal("12.5")


def test_what_is_wider_than_the_operator_allows_is_refused_with_the_bound(alices, alices_key, strict):
    refused = alices.post(BOTS, body(alices_key, config=GRID | LIMITS))
    assert refused.status_code == 400
    assert errors_of(refused) == [
        ("range", "config.max_orders_per_minute"),
        ("range", "config.max_loss_per_hour"),
        ("range", "config.max_price_deviation"),
    ]
    assert "at most 12.5" in refused.json()["errors"][2]["detail"]
    allowed = {"max_orders_per_minute": 60, "max_loss_per_hour": "8", "max_price_deviation": "12.5"}
    assert alices.post(BOTS, body(alices_key, config=GRID | allowed)).status_code == 201


def test_a_bot_from_before_the_bounds_needs_a_new_config_to_start(command, alices_bot, settings, strict):
    force(alices_bot, config=GRID | LIMITS)
    assert errors_of(command("start"))[0] == ("range", "config.max_orders_per_minute")


def test_a_running_one_is_held_to_them_all_the_same(strict):
    assert RiskLimits(100, Decimal("0.1"), Decimal("0.2")).within(operator_bounds()) == RiskLimits(
        60, Decimal("0.08"), Decimal("0.125")
    )


@pytest.fixture
def standing_clock(monkeypatch):
    """What is placed in a test is placed within a minute, on a slow machine too."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)


def loaded(bot):
    return load([bot.pk])[bot.pk]


def runaway_limit(bot):
    """A new process's gate, as the runner builds it."""
    risk, known = RiskManager(RiskLimits(max_orders_per_minute=3), Decimal(1000)), loaded(bot)
    risk.remember_orders(known.placed, known.fills)
    now = store.milliseconds(timezone.now())
    return risk.check(store_order(), Decimal(50_000), now, None, explained=False)


def store_order():
    return planned(9, price=Decimal(49_000))


def place(bot, slot, explained, sent=True):
    """One more order in the slot, which ends without a fill."""
    order = trading.intend(lease=lease_of(bot), orders=[planned(slot, explained=explained)])[0]
    sent_at = store.milliseconds(timezone.now()) if sent else None
    Order.objects.filter(pk=order.id).update(status="cancelled", sent_at=sent_at)
    return order


def test_a_runaway_is_counted_from_rows_after_a_restart(alice, standing_clock):
    bot = plain_bot(alice, status="running")
    for slot in range(2):
        place(bot, slot, explained=False)
    assert not isinstance(runaway_limit(bot), Denied)
    place(bot, 2, explained=False)
    assert isinstance(runaway_limit(bot), Denied)


def test_those_of_a_start_or_a_recovery_do_not_count(alice, standing_clock):
    bot = plain_bot(alice, status="running")
    for slot in range(5):
        place(bot, slot, explained=True)
    assert not isinstance(runaway_limit(bot), Denied)
    assert [explained for _, explained in loaded(bot).placed] == [True] * 5


def test_what_never_left_does_not_count(alice):
    bot = plain_bot(alice, status="running")
    for slot in range(5):
        place(bot, slot, explained=False, sent=False)
    assert not isinstance(runaway_limit(bot), Denied)


def test_each_fill_explains_one(alice, standing_clock):
    bot = plain_bot(alice, status="running")
    now = store.milliseconds(timezone.now())
    book(bot, fill_of(opened(bot, 7), 1, time=now - 1000))
    for slot in range(3):
        place(bot, slot, explained=False)
    assert not isinstance(runaway_limit(bot), Denied)
    place(bot, 3, explained=False)
    assert isinstance(runaway_limit(bot), Denied)


def test_after_a_reset_a_new_run_begins_with_a_clean_sheet(alice):
    bot = plain_bot(alice, status="running")
    for slot in range(4):
        place(bot, slot, explained=False)
    force(bot, run=bot.run + 1)
    assert not isinstance(runaway_limit(bot), Denied)
