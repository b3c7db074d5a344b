"""The tables of trading. Only `bots.services` writes them."""

from bots.models.account import AccountSnapshot, AccountWorth
from bots.models.backtest import UNFINISHED, Backtest, BacktestKind, BacktestStatus
from bots.models.bot import Bot, BotStatus, Strategy, Worker
from bots.models.delivery import Channel, Delivery, DeliveryState, Priority
from bots.models.halt import HaltAction, Scope, TradingHalt
from bots.models.history import BotEvent, EquitySnapshot
from bots.models.notice import NoticeChannel, NoticeSettings
from bots.models.order import Fill, Order
from bots.models.slot import BotSlot

__all__ = [
    "UNFINISHED",
    "AccountSnapshot",
    "AccountWorth",
    "Backtest",
    "BacktestKind",
    "BacktestStatus",
    "Bot",
    "BotEvent",
    "BotSlot",
    "BotStatus",
    "Channel",
    "Delivery",
    "DeliveryState",
    "EquitySnapshot",
    "Fill",
    "HaltAction",
    "NoticeChannel",
    "NoticeSettings",
    "Order",
    "Priority",
    "Scope",
    "Strategy",
    "TradingHalt",
    "Worker",
]
