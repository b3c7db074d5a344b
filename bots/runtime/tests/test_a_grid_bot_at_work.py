from decimal import Decimal

from bots.models import Bot
from bots.runtime.tests.conftest import World, until
from bots.selectors import bot_view, levels, stats
from bots.services import lifecycle


def test_it_buys_its_inventory_and_places_one_order_per_slot(world: World) -> None:
    bot = world.bot()
    world.started(world.worker(), bot, orders=10)
    assert len(world.on_exchange()) == 10
    purchase = bot.orders.get(slot=-1)
    assert (purchase.type, purchase.status) == ("market", "filled")
    sides = {order.slot: order.side for order in bot.orders.filter(status="open")}
    # 65,200 lies in slot 5 (65,000 to 66,000): it waits to buy, those above it hold.
    assert sides == {**dict.fromkeys(range(6), "buy"), **dict.fromkeys(range(6, 10), "sell")}


def test_a_filled_buy_is_sold_one_level_higher_and_bought_again(world: World) -> None:
    bot = world.bot()
    world.started(world.worker(), bot, orders=10)
    world.price("64950")
    until(lambda: bot.orders.filter(slot=5, side="sell", status="open", price=66000).exists())
    world.price("66050")
    until(lambda: bot.orders.filter(slot=5, side="buy", status="open", cycle=1).exists())
    figures = stats(bot)
    assert figures["cycles"] == 1
    slot = next(level for level in levels(bot) if level["slot"] == 5)
    assert slot["cycles"] == 1
    assert slot["profit"] == figures["grid_profit"] > 0


def test_its_figures_add_up_and_equal_the_exchange(world: World) -> None:
    bot = world.bot()
    world.started(world.worker(), bot, orders=10)
    for price in ("63900", "66100", "61500", "68200", "65100"):
        world.price(price)
        until(lambda: {o.client_order_id for o in bot.orders.filter(status="open")} == ids(world))
    bot = Bot.objects.get(id=bot.pk)
    view, lines = bot_view(bot), stats(bot)
    assert view["realized_pnl"] + view["unrealized_pnl"] == view["equity"] - view["total_investment"]
    assert lines["grid_profit"] + lines["other_realized"] == view["realized_pnl"]
    trades = account_trades(world)
    assert bot.trades == len(trades)
    assert bot.cash - bot.total_investment == sum(quote for _, quote in trades)
    assert bot.base == sum(base for base, _ in trades)


def ids(world: World) -> set[str]:
    return {order.client_id for order in world.on_exchange()}


def account_trades(world: World) -> list[tuple[Decimal, Decimal]]:
    """Base and quote that each of the account's trades moved, by the exchange's own book."""
    uid = int(world.credential.account_uid)
    rows = world.sim.call(lambda exchange: list(exchange.journal.trades.of(uid)))
    signed = []
    for trade in rows:
        value = trade.price * trade.quantity
        if trade.side.value.lower() == "buy":
            signed.append((trade.quantity - trade.commission, -value))
        else:
            signed.append((-trade.quantity, value - trade.commission))
    return signed


def test_a_stop_cancels_everything_and_checks(world: World) -> None:
    bot = world.bot()
    task = world.started(world.worker(), bot, orders=10)
    lifecycle.stop_bot(bot=bot)
    task.result(timeout=60)
    bot.refresh_from_db()
    assert (bot.status, bot.stopping, bot.lease_owner_id) == ("stopped", False, None)
    assert world.on_exchange() == []
    assert bot.base > 0  # on_stop is keep


def test_kill_and_sell_ends_without_inventory_and_halted(world: World) -> None:
    bot = world.bot()
    task = world.started(world.worker(), bot, orders=10)
    lifecycle.kill_bot(bot=bot, action="cancel_and_sell")
    task.result(timeout=60)
    bot.refresh_from_db()
    assert bot.halted
    assert not bot.stopping
    assert world.on_exchange() == []
    assert bot.base < Decimal("0.00001")


def test_a_paused_bot_takes_fills_in_and_opens_nothing(world: World) -> None:
    bot = world.bot()
    worker = world.worker()
    world.started(worker, bot, orders=10)
    lifecycle.pause_bot(bot=bot)
    until(lambda: worker.runners[bot.pk].engine.mode == "paused")
    world.price("64950")
    until(lambda: bot.fills.filter(order__slot=5).exists())
    assert not bot.orders.filter(slot=5, side="sell").exists()
    lifecycle.start_bot(bot=bot)
    until(lambda: bot.orders.filter(slot=5, side="sell", status="open").exists())
    bot.refresh_from_db()
    assert bot.run == 1


def test_a_second_run_counts_what_the_first_one_kept(world: World) -> None:
    bot = world.bot()
    worker = world.worker()
    task = world.started(worker, bot, orders=10)
    lifecycle.stop_bot(bot=bot)
    task.result(timeout=60)
    bot.refresh_from_db()
    kept = bot.base
    world.started(worker, bot, orders=10)
    purchases = bot.orders.filter(slot=-1, status="filled")
    assert sum(order.filled_quantity for order in purchases.filter(cycle=2)) < Decimal("0.0005")
    bot.refresh_from_db()
    assert bot.base >= kept


def test_a_stop_loss_sells_everything(world: World) -> None:
    bot = world.bot(
        {
            "lower_price": "60000",
            "upper_price": "70000",
            "grid_count": 10,
            "investment": "2000",
            "stop_loss_price": "59000",
            "max_loss_per_hour": 90,
        }
    )
    task = world.started(world.worker(), bot, orders=10)
    world.price("58900")
    task.result(timeout=60)
    bot.refresh_from_db()
    assert bot.status == "stopped"
    assert bot.status_reason.startswith("stop_loss")
    assert bot.base < Decimal("0.0002")
    assert world.on_exchange() == []
