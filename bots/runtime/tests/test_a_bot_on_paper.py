"""A paper account is traded by the same runner, engine and protocol; only its money does not exist."""

from decimal import Decimal
from typing import Any

import pytest

from bots.models import Bot
from bots.runtime.tests.conftest import GRID, World, until
from bots.selectors import bot_view, stats
from bots.services import lifecycle
from exchanges.models import Credential
from exchanges.paper.models import PaperBalance, PaperOrder, PaperTrade
from exchanges.services import create_credential

WALK = ("64950", "66050", "63900", "66100", "61500", "68200", "65100")


@pytest.fixture
def paper(world: World) -> Credential:
    return create_credential(user=world.user, exchange="binance", label="Paper account", mode="paper")


def open_ids(key: Credential) -> set[str]:
    return set(PaperOrder.objects.filter(account=key.pk, status="open").values_list("client_id", flat=True))


def is_settled(key: Credential, price: str, *bots: Bot) -> bool:
    """No open order is at or beyond the price, and bots and account show the same ones, one for each slot."""
    rows = PaperOrder.objects.filter(account=key.pk, status="open")
    if (
        rows.filter(side="buy", price__gte=price).exists()
        or rows.filter(side="sell", price__lte=price).exists()
    ):
        return False
    ours = set().union(*(live_ids(bot) for bot in bots))
    return len(ours) == 10 * len(bots) and ours == open_ids(key)


def settle(key: Credential, price: str, *bots: Bot) -> None:
    until(lambda: is_settled(key, price, *bots))


def books_agree(bot: Bot, key: Credential) -> None:
    """The bot's ledger is what its account's trades add up to, and the account holds what they left of it."""
    bot = Bot.objects.get(pk=bot.pk)
    cash, base = bot.total_investment, Decimal(0)
    for trade in PaperTrade.objects.filter(account=key.pk):
        value = trade.price * trade.quantity
        if trade.side == "buy":
            assert trade.fee_asset == "BTC"
            cash, base = cash - value, base + trade.quantity - trade.fee
        else:
            assert trade.fee_asset == "USDT"
            cash, base = cash + value - trade.fee, base - trade.quantity
    assert (bot.cash, bot.base) == (cash, base)
    assert bot.trades == PaperTrade.objects.filter(account=key.pk).count()
    held = {row.asset: row.free + row.locked for row in PaperBalance.objects.filter(account=key.pk)}
    assert held["BTC"] == base
    assert held["USDT"] == 100_000 + cash - bot.total_investment
    view = bot_view(bot)
    assert view["realized_pnl"] + view["unrealized_pnl"] == view["equity"] - view["total_investment"]


def test_a_grid_bot_trades_and_its_books_agree(world: World, paper: Credential) -> None:
    bot = world.bot(credential=paper)
    world.started(world.worker(), bot, orders=10)
    for price in WALK:
        world.price(price)
        settle(paper, price, bot)
    assert stats(bot)["cycles"] >= 5
    books_agree(bot, paper)
    assert world.on_exchange() == []


def test_it_fills_what_the_real_exchange_fills(world: World, paper: Credential) -> None:
    """One path of the market, once over the exchange's wire and once on paper: the same orders of the grid are
    filled, at the same prices, as maker, for fees in the same coins."""
    live, simulated = world.bot(), world.bot(credential=paper)
    worker = world.worker()
    for bot in (live, simulated):
        world.started(worker, bot, orders=10)
    for price in WALK:
        world.price(price)
        settle(paper, price, simulated)
        until(lambda: live_ids(live) == {order.client_id for order in world.on_exchange()})
        until(lambda: len(live_ids(live)) == 10)
    wire, ours = fills(live), fills(simulated)
    assert list(wire) == list(ours)
    assert len(wire) > 15
    lot = Decimal("0.00001")  # which of several buys uses up the dust depends on whose fill was heard first
    assert all(abs(wire[name] - ours[name]) <= lot for name in wire)


def live_ids(bot: Bot) -> set[str]:
    return {order.client_order_id for order in bot.orders.filter(status="open")}


def fills(bot: Bot) -> dict[tuple[Any, ...], Decimal]:
    """Of the grid's slots: the initial purchase walks the order book there, and takes the best price here."""
    rows = bot.fills.filter(order__slot__gte=0).order_by("order__slot", "order__cycle", "side")
    names = ("order__slot", "order__cycle", "side", "price", "fee_asset", "liquidity")
    return {tuple(row[:-1]): row[-1] for row in rows.values_list(*names, "quantity")}


def test_a_stop_cancels_everything_and_frees_the_money(world: World, paper: Credential) -> None:
    bot = world.bot(credential=paper)
    task = world.started(world.worker(), bot, orders=10)
    lifecycle.stop_bot(bot=bot)
    task.result(timeout=60)
    bot.refresh_from_db()
    assert (bot.status, bot.stopping, bot.lease_owner_id) == ("stopped", False, None)
    assert open_ids(paper) == set()
    assert not PaperBalance.objects.filter(account=paper.pk, locked__gt=0).exists()
    books_agree(bot, paper)


def test_kill_and_sell_ends_without_inventory_and_halted(world: World, paper: Credential) -> None:
    bot = world.bot(credential=paper)
    task = world.started(world.worker(), bot, orders=10)
    lifecycle.kill_bot(bot=bot, action="cancel_and_sell")
    task.result(timeout=60)
    bot.refresh_from_db()
    assert bot.halted
    assert bot.base < Decimal("0.00001")
    books_agree(bot, paper)


def test_a_dca_bot_buys_drops_and_takes_its_profit(world: World, paper: Credential) -> None:
    config = {"amount": "100", "price_drop": "1", "max_orders": 2, "take_profit": "2", "repeat": False}
    bot = world.bot(config, strategy="dca", credential=paper)
    world.started(world.worker(), bot, orders=3)
    world.price("64500")
    until(lambda: bot.fills.count() == 2)
    world.price("67000")
    until(lambda: bot.fills.filter(side="sell").exists())
    until(lambda: not open_ids(paper))
    books_agree(bot, paper)


def test_what_the_market_did_without_a_worker_is_made_up_for(world: World, paper: Credential) -> None:
    """The fill that nobody saw is found in the minute's candle, and answered."""
    bot = world.bot(credential=paper)
    first = world.worker()
    world.started(first, bot, orders=10)
    # As if they had been there for minutes: a candle says nothing to orders placed within it.
    PaperOrder.objects.filter(account=paper.pk).update(time=0)
    first.close()
    world.workers.remove(first)
    world.price("64950")
    world.price("65200")
    second = world.worker()
    world.run(second, bot)
    until(lambda: bot.orders.filter(slot=5, side="sell", status="open", price=66000).exists())
    fill = bot.fills.get(order__slot=5)
    assert (fill.side, fill.price, fill.liquidity) == ("buy", Decimal(65000), "maker")
    settle(paper, "65200", bot)
    books_agree(bot, paper)


def test_two_workers_share_an_account(world: World, paper: Credential) -> None:
    """Each hears of its bots' fills, whoever of the two matched them."""
    bots = [world.bot(GRID | {"investment": "1000"}, credential=paper, name=name) for name in ("A", "B")]
    for bot in bots:
        world.started(world.worker(), bot, orders=10)
    for price in ("64950", "66050", "63900"):
        world.price(price)
        settle(paper, price, *bots)
    trades = PaperTrade.objects.filter(account=paper.pk).count()
    assert trades == sum(bot.fills.count() for bot in bots)
    assert trades > 8
