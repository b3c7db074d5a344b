"""What a slot trades where a grid trails or reinvests, in whole numbers: `core.strategies.grid_sizes`.

Money is finer than 1e-8 here, a price times a quantity times a rate: it is two numbers, 1e-8 and what is left of one in
parts of UNIT * FEE_PARTS. Prices are those of `plan`."""

from bots.backtest.jit import jit
from bots.backtest.kernel_book import asked
from bots.backtest.kernel_grid_fields import MOST_MONEY, REINVESTS
from bots.backtest.kernel_ledger import held
from bots.backtest.kernel_math import UNIT, down, floor_to, mul_div
from bots.backtest.kernel_state import (
    CYCLE,
    FEE_PARTS,
    GRANTED,
    IN_BASE,
    LOT,
    MAKER,
    MONEY,
    MONEY_PARTS,
    MOST_QUANTITY,
    PLACE,
    PROFIT,
    RECEIVED,
    SIZE,
    SIZED,
    SOLD,
    Bot,
    Table,
    slot_of,
)


@jit
def carried_over(bot: Bot, money: int, parts: int) -> tuple[int, int]:
    most = UNIT * bot.rules[FEE_PARTS]
    money, parts = money + parts // most, parts % most
    if money > bot.own[MOST_MONEY]:
        raise OverflowError
    return money, parts


@jit
def worth(bot: Bot, quantity: int, price: int, part: int) -> tuple[int, int]:
    """quantity * price * part / FEE_PARTS"""
    whole, rest = mul_div(quantity, price, UNIT)
    money, left = mul_div(whole, part, bot.rules[FEE_PARTS])
    return carried_over(bot, money, left * UNIT + rest * part)


@jit
def paid_parts(bot: Bot) -> int:
    """What a resting buy costs, in FEE_PARTS of its worth."""
    rules = bot.rules
    return rules[FEE_PARTS] if rules[IN_BASE] else rules[FEE_PARTS] + rules[MAKER]


@jit
def take_stock(bot: Bot, rows: int) -> None:
    """At the begin: each slot's money is what the run's quantity costs at its level."""
    for row in range(rows):
        slot = slot_of(bot, row)
        quantity = asked(bot, slot[SIZE], bot.rules[MAKER])
        money, parts = worth(bot, quantity, bot.plan[slot[PLACE]], paid_parts(bot))
        slot[MONEY], slot[MONEY_PARTS] = money, parts
        resize(bot, slot)


@jit
def resize(bot: Bot, slot: Table) -> None:
    """What the slot trades in a cycle that begins."""
    money, parts = budget(bot, slot)
    slot[SIZE], slot[SIZED] = affordable(bot, money, parts, bot.plan[slot[PLACE]]), slot[CYCLE]


@jit
def budget(bot: Bot, slot: Table) -> tuple[int, int]:
    money, parts, earned = slot[MONEY], slot[MONEY_PARTS], slot[PROFIT]
    if earned <= 0:
        return money + earned, parts
    if not bot.own[REINVESTS]:
        return money, parts
    lot, rest = mul_div(bot.plan[slot[PLACE] + 1], bot.rules[LOT], UNIT)
    if earned < lot or (earned == lot and rest):
        return money, parts
    return carried_over(bot, money + earned - lot, parts - rest * bot.rules[FEE_PARTS])


@jit
def affordable(bot: Bot, money: int, parts: int, price: int) -> int:
    """The largest quantity, on the lot, whose buy at `price` takes at most this, fees included."""
    rules = bot.rules
    if money < 0:
        return 0
    whole, left = mul_div(money, rules[FEE_PARTS], paid_parts(bot))
    fine = (left * UNIT + parts) // paid_parts(bot)  # of 1e-16
    quantity, rest = mul_div(whole, UNIT, price)
    quantity = floor_to(quantity + (rest + fine) // price, rules[LOT])
    if rules[MOST_QUANTITY]:
        quantity = min(quantity, rules[MOST_QUANTITY])
    if not rules[IN_BASE]:
        return quantity
    return floor_to(down(quantity, rules[FEE_PARTS] - rules[MAKER], rules[FEE_PARTS]), rules[LOT])


@jit
def to_sell(bot: Bot, slot: Table) -> int:
    """What the slot may still sell in its cycle."""
    return floor_to(min(held(slot), slot[SIZE] - slot[SOLD]), bot.rules[LOT])


@jit
def take_along(bot: Bot, slot: Table, rest: int, price: int) -> None:
    """The slot goes on with what it holds, and sells it at this price. Its money is no more than that brings, where the
    purchase gave it that."""
    slot[SIZE] = rest + slot[SOLD]
    if slot[GRANTED]:
        rules = bot.rules
        money, parts = worth(bot, rest, price, rules[FEE_PARTS] - rules[MAKER])
        money += slot[RECEIVED]
        if money < slot[MONEY] or (money == slot[MONEY] and parts < slot[MONEY_PARTS]):
            slot[MONEY], slot[MONEY_PARTS] = money, parts
