from bots.models import Bot
from bots.runtime.tests.conftest import World, until
from bots.selectors import bot_view
from bots.services import lifecycle

DROPS = {"amount": "100", "price_drop": "1", "max_orders": 3, "take_profit": "1"}


def test_it_buys_rests_its_safety_orders_and_sells_above_the_average(world: World) -> None:
    bot = world.bot(DROPS, strategy="dca")
    world.started(world.worker(), bot, orders=4)  # three safety orders and the take profit
    world.price("64500")
    until(lambda: bot.orders.filter(slot=1, status="filled").exists())
    until(lambda: bot.orders.filter(slot=1000, status="cancelled").exists())  # the average fell: a new target
    target = until(lambda: bot.orders.filter(slot=1000, status="open").first()).price
    world.price(target)
    until(lambda: bot.slots.get(slot=1000).cycles == 1)
    until(lambda: bot.orders.filter(slot=0, cycle=1, status="filled").exists())  # the next deal
    bot = Bot.objects.get(pk=bot.pk)
    assert bot.realized_pnl > 0
    view = bot_view(bot)
    assert view["realized_pnl"] + view["unrealized_pnl"] == view["equity"] - view["total_investment"]


def test_an_interval_of_seconds_buys_by_its_own_clock(world: World) -> None:
    bot = world.bot({"amount": "50", "interval": 1}, strategy="dca")
    lifecycle.start_bot(bot=bot)
    task = world.run(world.worker(), bot)
    until(lambda: bot.orders.filter(slot=0, status="filled").count() >= 3)
    lifecycle.stop_bot(bot=bot)
    task.result(timeout=60)
    ordinals = list(
        bot.orders.filter(slot=0, status="filled").order_by("cycle").values_list("cycle", flat=True)
    )
    assert ordinals == sorted(set(ordinals))


def test_a_restart_neither_skips_nor_doubles_a_buy(world: World) -> None:
    bot = world.bot({"amount": "50", "interval": 3600}, strategy="dca")
    first = world.worker()
    lifecycle.start_bot(bot=bot)
    task = world.run(first, bot)
    until(lambda: bot.orders.filter(slot=0, status="filled").count() == 1)
    first.close()
    task.result(timeout=60)
    second = world.worker()
    world.run(second, bot)
    until(lambda: bot.pk in second.runners and second.runners[bot.pk].ready)
    reason = until(lambda: bot.slots.get(slot=0).reason)
    assert reason.startswith("waiting: the next buy is due at")
    assert bot.orders.count() == 1
