"""What pages and API show of a bot: figures that add up to the last digit, and a reason for every missing order."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.http import Http404
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import User
from bots import selectors
from bots.core.rounding import ceil_to, floor_to, round8
from bots.core.types import OrderStatus, OrderType, Side, Ticker
from bots.models import Bot, BotSlot, EquitySnapshot
from bots.services import trading
from bots.tests.conftest import BOTS, force, make_bot
from bots.tests.records import (
    MARKET,
    START,
    book,
    fill_of,
    lease_of,
    opened,
    plain_bot,
    planned,
    snapshot,
    traded,
)

D = Decimal
MINUTE = 60_000


def at(price):
    return Ticker("BTC/USDT", D(price), D(price), D(price), START)


def seen(bot):
    return selectors.bots_of(bot.user).get(pk=bot.pk)


def test_a_bot_is_worth_its_cash_and_its_coins_at_the_markets_price(alice):
    bot = plain_bot(alice)
    book(bot, fill_of(opened(bot), 1))
    view = selectors.bot_view(seen(bot), at("51234.56"))
    assert view["equity"] == D(950) + (D("0.000999") * D("51234.56")).quantize(D("0.00000001"))
    assert (view["position"], view["average_cost"]) == (D("0.000999"), D("50050.05005005"))
    assert (view["mark_price"], view["trades"], view["open_orders"]) == (D("51234.56"), 1, 0)
    assert view["fees"] == {"BTC": D("0.000001")}


def test_without_a_market_price_the_last_fills_counts(alice):
    bot = plain_bot(alice)
    book(bot, fill_of(opened(bot, 0), 5, price=D(49_000)))
    book(bot, fill_of(opened(bot, 1), 3, price=D(48_000)))
    assert selectors.bot_view(seen(bot))["mark_price"] == D(49_000)


def test_open_orders_are_those_pending_or_open(alice):
    bot = plain_bot(alice)
    orders = [opened(bot, slot) for slot in range(4)]
    book(bot, fill_of(orders[0], 1))
    trading.record(lease=lease_of(bot), order=orders[1], status=OrderStatus.CANCELLED, market=MARKET)
    assert selectors.bot_view(seen(bot), at(50_000))["open_orders"] == 2
    assert selectors.bot_view(Bot.objects.get(pk=bot.pk), at(50_000))["open_orders"] == 2


class Figures(TestCase):
    @settings(max_examples=15)
    @given(
        fills=st.lists(
            st.tuples(st.sampled_from(Side), st.integers(1_000_000, 9_999_999), st.integers(1, 400)),
            max_size=6,
        ),
        mark=st.integers(1, 99_999_999),
    )
    def test_add_up_to_the_last_digit(self, fills, mark):
        bot = plain_bot(User.objects.create_user("alice@example.org", None))
        for number, (side, cents, lots) in enumerate(fills, 1):
            cycle = BotSlot.objects.filter(bot=bot, slot=0).values_list("cycle", flat=True).first() or 0
            order = opened(bot, 0, side, cycle=cycle, price=D(cents) / 100, quantity=lots * MARKET.lot)
            book(bot, fill_of(order, number, fee=D("0.00000123")))
        bot = seen(bot)
        view = selectors.bot_view(bot, at(D(mark) / 100))
        assert view["realized_pnl"] + view["unrealized_pnl"] == view["equity"] - view["total_investment"]
        # at the last fill's price, with no market: what `stats` takes
        stats, view = selectors.stats(bot), selectors.bot_view(bot)
        lines = stats["grid_profit"] + stats["other_realized"] + stats["unrealized_pnl"]
        assert lines == view["equity"] - view["total_investment"]


STATS = (
    "grid_profit other_realized unrealized_pnl fees cycles total_return annualized_return buy_and_hold_return"
    " max_drawdown"
)


def test_statistics_of_a_bot_that_did_nothing(alices, alices_bot):
    stats = alices.get(f"{BOTS}/{alices_bot.pk}/stats").json()
    assert list(stats) == STATS.split()
    assert (stats["cycles"], stats["fees"]) == (0, {})
    assert Decimal(stats["grid_profit"]) == Decimal(stats["max_drawdown"]) == 0
    assert stats["annualized_return"] is stats["buy_and_hold_return"] is None


def test_grid_profit_is_that_of_closed_cycles_net_of_fees(alices, alices_bot):
    traded(alices_bot, 3)
    stats = alices.get(f"{BOTS}/{alices_bot.pk}/stats").json()
    # of the 50 USDT, the 0.000009 BTC that stay with the bot are not this cycle's cost
    cycle = D("0.00099") * D(50_500) * D("0.999") - round8(D(50) * D("0.00099") / D("0.000999"))
    assert (D(stats["grid_profit"]), stats["cycles"]) == (3 * cycle, 3)
    assert D(stats["fees"]["BTC"]) == D("0.000003")
    assert D(stats["fees"]["USDT"]) == 3 * D("0.00099") * D("50.5")
    bot = alices.get(f"{BOTS}/{alices_bot.pk}").json()
    lines = D(stats["grid_profit"]) + D(stats["other_realized"]) + D(stats["unrealized_pnl"])
    assert lines == D(bot["equity"]) - 1000
    assert D(stats["buy_and_hold_return"]) == D("0.01")


def test_what_an_exit_sells_is_no_grid_profit(alice):
    bot = plain_bot(alice)
    book(bot, fill_of(opened(bot), 1))
    book(bot, fill_of(opened(bot, -2, Side.SELL, quantity=D("0.00099")), 2))
    stats = selectors.stats(seen(bot))
    assert (stats["grid_profit"], stats["cycles"]) == (0, 0)
    assert stats["other_realized"] == Bot.objects.get(pk=bot.pk).realized_pnl != 0


def test_the_drawdown_is_the_deepest_fall_from_a_maximum(alice):
    bot = plain_bot(alice)
    for number, equity in enumerate([1000, 1100, 990, 1200, 1140]):
        snapshot(bot_id=bot.pk, time=START + number * MINUTE, equity=D(equity), realized=D(0))
    assert selectors.stats(seen(bot))["max_drawdown"] == D("-0.1")


def test_a_minute_is_kept_once(alice):
    bot = plain_bot(alice)
    for equity in (1000, 2000):
        snapshot(bot_id=bot.pk, time=START, equity=D(equity), realized=D(0))
    assert selectors.equity(bot) == [(START, D(1000), D(0))]


def test_a_long_curve_is_thinned_and_keeps_its_last_point(alice):
    bot = plain_bot(alice)
    snapshot(bot_id=bot.pk, time=START, equity=D(0), realized=D(0))  # makes the month's partition
    first = EquitySnapshot.objects.get().time
    EquitySnapshot.objects.bulk_create(
        EquitySnapshot(bot=bot, time=first + timedelta(minutes=n), equity=D(n), realized=D(0))
        for n in range(1, 100)
    )
    found = selectors.equity(bot, most=10)
    assert 10 <= len(found) <= 12
    assert (found[0][1], found[-1][1]) == (0, 99)
    assert len({after[0] - before[0] for before, after in pairwise(found[:-1])}) == 1


def test_an_outsiders_bot_cannot_be_had(alice, bob):
    bot = plain_bot(alice)
    assert selectors.access_bot(user=alice, bot_id=str(bot.pk)) == bot
    for user, bot_id in ((bob, bot.pk), (alice, "x"), (alice, "0" * 32)):
        with pytest.raises(Http404):
            selectors.access_bot(user=user, bot_id=bot_id)


LEVEL = "slot lower_price upper_price side state order_id cycles profit reason"


def levels_of(alices, bot):
    answer = alices.get(f"{BOTS}/{bot.pk}/levels").json()
    assert answer["next"] is None
    return {level["slot"]: level for level in answer["levels"]}


def test_every_slot_of_a_grid_is_a_level(alices, alices_bot):
    levels = levels_of(alices, alices_bot)
    assert list(levels) == list(range(20))
    assert list(levels[0]) == LEVEL.split()
    assert (levels[0]["lower_price"], levels[0]["upper_price"]) == ("45000", "45500")
    assert (levels[19]["lower_price"], levels[19]["upper_price"]) == ("54500", "55000")
    assert all(
        level["state"] == "idle" and level["reason"] == "the bot is stopped" for level in levels.values()
    )
    assert {level["side"] for level in levels.values()} == {"buy"}


def test_the_levels_of_a_grid_that_has_moved_are_where_it_is_now(alices, alices_bot):
    force(alices_bot, memory={"run": 1, "shift": 2})
    levels = levels_of(alices, alices_bot)
    assert list(levels) == [*range(2, 20), 0, 1]
    assert (levels[2]["lower_price"], levels[19]["upper_price"]) == ("46000", "55000")
    assert (levels[1]["lower_price"], levels[1]["upper_price"]) == ("55500", "56000")


def test_a_level_shows_its_order(alices, alices_bot):
    force(alices_bot, status="running")
    buy = opened(alices_bot, 3, price=D(46_500))
    book(alices_bot, fill_of(opened(alices_bot, 4), 1))
    sell = opened(alices_bot, 4, Side.SELL, quantity=D("0.00099"))
    [waits] = trading.intend(lease=lease_of(alices_bot), orders=[planned(5)])
    levels = levels_of(alices, alices_bot)
    assert (levels[3]["state"], levels[3]["side"], levels[3]["order_id"]) == ("open", "buy", buy.id)
    assert (levels[4]["state"], levels[4]["side"], levels[4]["order_id"]) == ("open", "sell", sell.id)
    assert (levels[3]["reason"], levels[4]["reason"]) == ("", "")
    assert (levels[5]["state"], levels[5]["order_id"]) == ("pending", waits.id)
    assert levels[5]["reason"] == "the order is about to be sent"


@pytest.mark.parametrize(
    ("kept", "state", "words"),
    [
        ("too_far: 12 % from the market", "deferred", "12 % from the market"),
        ("would_cross: the price is here", "deferred", "the price is here"),
        ("funds: 5 USDT are missing", "blocked", "5 USDT are missing"),
        ("refused: below the minimum", "blocked", "below the minimum"),
        ("waiting: for the purchase", "waiting", "for the purchase"),
    ],
)
def test_a_level_without_an_order_says_why(alices, alices_bot, kept, state, words):
    force(alices_bot, status="running")
    trading.explain(lease=lease_of(alices_bot), reasons={7: kept})
    level = levels_of(alices, alices_bot)[7]
    assert (level["state"], level["reason"], level["order_id"]) == (state, words, None)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"status": "paused"}, "the bot is paused"),
        ({"status": "error"}, "the bot has met an error"),
        ({"status": "stopped", "stopping": True}, "the bot is stopped, its orders are being cancelled"),
    ],
)
def test_a_bot_that_does_not_run_says_so_in_every_level(alices, alices_bot, state, words):
    trading.explain(lease=lease_of(alices_bot), reasons={7: "funds: none"})
    force(alices_bot, **state)
    assert {level["reason"] for level in levels_of(alices, alices_bot).values()} == {words}


def test_a_level_counts_its_cycles_and_next_sells_what_it_holds(alices, alices_bot):
    traded(alices_bot, 2)
    book(alices_bot, fill_of(opened(alices_bot, 0, cycle=2), 9))
    level = levels_of(alices, alices_bot)[0]
    assert (level["cycles"], level["side"]) == (2, "sell")
    cost = round8(D(50) * D("0.00099") / D("0.000999"))
    assert D(level["profit"]) == 2 * (D("0.00099") * D(50_500) * D("0.999") - cost)


def test_purchase_and_exit_show_only_once_they_were_used(alices, alices_bot):
    force(alices_bot, status="running")
    opened(alices_bot, -1, type=OrderType.MARKET, price=None)
    levels = levels_of(alices, alices_bot)
    assert list(levels) == [-1, *range(20)]
    assert (levels[-1]["lower_price"], levels[-1]["state"]) == (None, "open")


def test_a_dca_shows_where_it_buys_next_and_where_it_sells(alices, alice, alices_key):
    config = {"amount": "100", "price_drop": "2", "max_orders": 2, "take_profit": "3"}
    bot = force(make_bot(alice, alices_key, strategy="dca", config=config), status="running")
    assert list(levels_of(alices, bot)) == [0, 1, 2, 1000]
    book(bot, fill_of(opened(bot, 0, quantity=D("0.002")), 1))
    levels = levels_of(alices, bot)
    cost = D(100) / D("0.001998")
    assert D(levels[1]["lower_price"]) == floor_to(cost * D("0.98"), D("0.01"))
    assert D(levels[2]["lower_price"]) == floor_to(cost * D("0.96"), D("0.01"))
    assert D(levels[1000]["upper_price"]) == ceil_to(cost * D("1.03"), D("0.01"))
    assert levels[1000]["side"] == "sell"


def test_levels_of_a_market_that_cannot_be_asked_are_a_503(alices, alices_bot, settings):
    settings.EXCHANGE_SIMULATOR = settings.EXCHANGE_SIMULATOR | {"port": 1}
    response = alices.get(f"{BOTS}/{alices_bot.pk}/levels")
    assert response.status_code == 503
    assert "Retry-After" in response
