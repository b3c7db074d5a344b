"""/orders, /levels: what is open, and why there is no order where none is."""

from typing import Any

from accounts.models import User
from bots import selectors
from bots.core.ports import ExchangeError
from bots.models import Bot, Order
from bots.models.order import LIVE
from bots.templatetags.trade import price, quantity
from telegram_bot.commands.choosing import NO_BOTS, bots_of, choose, page_of, paged, pager
from telegram_bot.commands.registry import command
from telegram_bot.talking import Answer, Button, say
from telegram_bot.words import bold, counted, escape, table, with_times

LINES = 15


@command("orders", "open orders", usage="[NAME]")
def orders(user: User, typed: str) -> Answer:
    name, _, page = typed.partition(":")
    if not name.strip() and not bots_of(user):
        return say(NO_BOTS)
    return _orders_of(choose(user, name, "orders"), page_of(page) if page else None)


def _orders_of(bot: Bot, page: int | None) -> Answer:
    found = list(Order.objects.filter(bot=bot, status__in=LIVE).order_by("-price", "id"))
    head = f"{bold(bot.name)} · {counted(len(found), 'open order')}"
    if not found:
        return say(f"{head}\n/levels {escape(bot.name)} says why.")
    rows = [
        [
            order.side,
            price(order.price) if order.price else "market",
            quantity(order.quantity - order.filled_quantity),
        ]
        for order in paged(found, page or 0, LINES)
    ]
    text = f"{head}\n{table(['Side', 'Price', 'Amount'], rows)}"
    buttons = [*pager(len(found), page or 0, f"orders:{bot.pk.hex}", LINES), _refresh("orders", bot, page)]
    return say(text, buttons, edits=page is not None)


@command("levels", "each slot: what it does, or why not", usage="[NAME]")
def levels(user: User, typed: str) -> Answer:
    name, _, page = typed.partition(":")
    if not name.strip() and not bots_of(user):
        return say(NO_BOTS)
    bot, number = choose(user, name, "levels"), page_of(page) if page else None
    try:
        found = selectors.levels(bot)
    except ExchangeError as error:
        return say(f"{bold(bot.name)}: {escape(error.detail)}")
    # An initial purchase, or an exit, that is not at work is no slot to look at.
    slots = [level for level in reversed(found) if level["slot"] >= 0 or level["order_id"]]
    shown = paged(slots, number or 0, LINES)
    rows = [[level["side"], level["state"], _price(level), str(level["cycles"])] for level in shown]
    drawn = table(["Side", "State", "Price", "Cycles"], rows, left=2)
    text = f"{bold(bot.name)} · {len(slots)} slots\n{drawn}{_reasons(shown, user.timezone)}"
    buttons = [
        *pager(len(slots), number or 0, f"levels:{bot.pk.hex}", LINES),
        _refresh("levels", bot, number),
    ]
    return say(text, buttons, edits=number is not None)


def _price(level: dict[str, Any]) -> str:
    """Where the slot's next order is."""
    return price(level["upper_price"] if level["side"] == "sell" else level["lower_price"])


def _reasons(shown: list[dict[str, Any]], zone: str) -> str:
    """Each reason for an order that is not there, once."""
    seen = dict.fromkeys(level["reason"] for level in shown if level["reason"])
    return "".join(f"\n• {escape(with_times(reason, zone))}" for reason in list(seen)[:5])


def _refresh(name: str, bot: Bot, page: int | None) -> list[Button]:
    return [Button("Refresh", f"{name}:{bot.pk.hex}:{page or 0}")]
