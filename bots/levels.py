"""What each slot of a bot is doing and, where it has no order, why."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

from bots import store
from bots.core.rounding import ceil_to, floor_to, nearest
from bots.core.slots import is_exit
from bots.core.strategies.config import ConfigError, read_config
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid_levels import levels_of
from bots.core.types import Market, Side
from bots.models import Bot, BotSlot, BotStatus, Order, Strategy
from bots.models.order import LIVE
from exchanges.services import market_of

Spans = dict[int, tuple[Decimal | None, Decimal | None]]  # lower and upper price of each slot
# The state a page shows for a reason's code; a code that is not here is a wait.
STATES = {
    "too_far": "deferred",
    "would_cross": "deferred",
    "pacing": "deferred",
    "funds": "blocked",
    "limit": "blocked",
    "refused": "blocked",
    "insufficient_funds": "blocked",
    "unavailable": "deferred",
    "too_small": "blocked",
    "bought": "idle",
}


def levels(bot: Bot) -> list[dict[str, Any]]:
    """One row per slot: prices, side, state, order, closed cycles, profit, reason. What is no slot (the initial
    purchase, an exit) comes first, then a grid's slots by price, lowest first."""
    slots = {row.slot: row for row in bot.slots.all()}
    orders = {row.slot: row for row in bot.orders.filter(status__in=LIVE)}
    spans = _spans(bot, slots)
    rank = {number: at for at, number in enumerate(spans)}
    for number in (*orders, *(slot for slot in slots if slot < 0)):
        spans.setdefault(number, (None, None))
    ordered = sorted(spans, key=lambda number: (number >= 0, rank.get(number, number)))
    return [_level(bot, number, spans[number], slots.get(number), orders.get(number)) for number in ordered]


def _spans(bot: Bot, slots: dict[int, BotSlot]) -> Spans:
    """No prices where the stored config is not valid any more: the bot is in error, and its slots still show."""
    try:
        config = read_config(bot.strategy, bot.config)
    except ConfigError:
        return dict.fromkeys(sorted(slots), (None, None))
    market = market_of(bot.credential.venue, bot.symbol)
    if isinstance(config, DCAConfig):
        return _dca_spans(bot, config, slots, market)
    shift = bot.memory.get("shift", 0)
    pairs = enumerate(pairwise(levels_of(config, market, shift)))
    return {(shift + at) % config.grid_count: pair for at, pair in pairs}


def _dca_spans(bot: Bot, config: DCAConfig, slots: dict[int, BotSlot], market: Market) -> Spans:
    """A DCA slot has one price: where it buys (lower) or sells (upper)."""
    base = slots.get(0)
    paid = base.spent / base.bought if base and base.bought else None
    spans: Spans = {0: (nearest(paid, market.tick) if paid else None, None)}
    for number in range(1, config.max_orders + 1):
        price = paid * (1 - config.safety_drop(number) / 100) if paid else None
        spans[number] = (floor_to(price, market.tick) if price else None, None)
    if config.take_profit is not None:
        average = bot.cost / bot.base if bot.base >= market.lot else None
        target = average * (1 + config.take_profit / 100) if average else None
        spans[1000] = (None, ceil_to(target, market.tick) if target else None)
    return spans


def _level(
    bot: Bot,
    number: int,
    span: tuple[Decimal | None, Decimal | None],
    slot: BotSlot | None,
    order: Order | None,
) -> dict[str, Any]:
    reason = "" if order else (slot.reason if slot else "")
    code, _, words = reason.partition(": ")
    return {
        "slot": number,
        "lower_price": span[0],
        "upper_price": span[1],
        "side": order.side if order else _next_side(bot, number, slot),
        "state": _state(bot, order, code),
        "order_id": order.id if order else None,
        "cycles": slot.cycles if slot else 0,
        "profit": slot.profit if slot else Decimal(0),
        "reason": _sentence(bot, order, words or code),
    }


def _next_side(bot: Bot, number: int, slot: BotSlot | None) -> str:
    """A grid's slot sells what it holds; of a DCA bot only the exit sells."""
    if is_exit(number):
        return Side.SELL.value
    holds = slot is not None and store.slot_value(slot).held > 0
    return Side.SELL.value if holds and bot.strategy == Strategy.GRID and number >= 0 else Side.BUY.value


def _state(bot: Bot, order: Order | None, code: str) -> str:
    if order is not None:
        return order.status
    if bot.status != BotStatus.RUNNING:
        return "idle"
    return STATES.get(code, "waiting")


def _sentence(bot: Bot, order: Order | None, words: str) -> str:
    if order is not None:
        return "" if order.sent_at or order.status != "pending" else "the order is about to be sent"
    if bot.status != BotStatus.RUNNING:
        state = "has met an error" if bot.status == BotStatus.ERROR else f"is {bot.status}"
        return f"the bot {state}" + (", its orders are being cancelled" if bot.stopping else "")
    return words
