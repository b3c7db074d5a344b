"""The tables of trading. Only `bots.services` writes them."""

from bots.models.bot import Bot, BotStatus, Strategy, Worker
from bots.models.history import BotEvent, EquitySnapshot
from bots.models.order import Fill, Order
from bots.models.slot import BotSlot

__all__ = [
    "Bot",
    "BotEvent",
    "BotSlot",
    "BotStatus",
    "EquitySnapshot",
    "Fill",
    "Order",
    "Strategy",
    "Worker",
]
