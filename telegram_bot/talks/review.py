"""The last step: what the exchange would say to it, a summary, and the question whether to make it."""

from itertools import count
from typing import Any

from django.http import Http404

from accounts.models import User
from bots.core.ports import ExchangeError
from bots.services import lifecycle
from bots.services.errors import IllegalMove, InvalidConfig
from bots.services.preflight import preflight
from bots.templatetags.trade import duration, money, percent, price, quantity
from telegram_bot.models import Talk
from telegram_bot.questions import acts
from telegram_bot.talks.steps import Data, credential_of, sentences
from telegram_bot.words import bold, escape, facts, quote_of


class NotReady(Exception):
    """It cannot be made as it is: HTML that says why."""


def summary(user: User, data: Data) -> str:
    """What would be made, as HTML. Raises NotReady."""
    credential = credential_of(user, data)
    asked: Any = {"strategy": data["strategy"], "symbol": data["symbol"], "config": data["config"]}
    try:
        report = preflight(credential=credential, **asked)
    except InvalidConfig as refused:
        raise NotReady(sentences(refused.errors)) from None
    except ExchangeError as error:
        raise NotReady(escape(error.detail)) from None
    if not report.ok:
        raise NotReady(sentences(report.failures))
    pairs = _grid(data, report.summary) if data["strategy"] == "grid" else _dca(data)
    head = f"{bold(data['symbol'])} · {data['strategy']} · {escape(credential.label)} ({credential.mode})"
    return f"{head}\n{facts(pairs)}\nThe pre-flight is passed."


def _grid(data: Data, found: dict[str, Any]) -> list[tuple[str, str]]:
    config = data["config"]
    return [
        ("Investment", f"{money(config['investment'])} {quote_of(data['symbol'])}"),
        ("From", price(config["lower_price"])),
        ("To", price(config["upper_price"])),
        ("Grids", str(config["grid_count"])),
        ("Per slot", quantity(found["quantity_per_slot"])),
        ("Buys first", quantity(found["initial_purchase"])),
        ("A grid earns", percent(found["profit_per_grid_min_percent"])),
    ]


def _dca(data: Data) -> list[tuple[str, str]]:
    config = data["config"]
    profit = config.get("take_profit")
    return [
        ("Each buy", f"{money(config['amount'])} {quote_of(data['symbol'])}"),
        ("Every", duration(config["interval"])),
        ("Sells at", percent(profit) if profit else "never"),
    ]


@acts("make_bot")
def make_bot(*, user: User, token: str, start: bool) -> str:
    """Of what was answered up to that move of the conversation, which it ends."""
    talk = Talk.objects.filter(user=user, token=token).first()
    if talk is None:
        return "The conversation has gone on since: nothing was made."
    try:
        bot = _made(user, talk.data, start)
    except Http404:
        return "The account it should trade in is gone: nothing was made."
    talk.delete()
    words = "is starting. /status shows how it goes." if start else "was made. /startbot starts it."
    return f"{bold(bot.name)} {words}"


def _made(user: User, data: Data, start: bool) -> Any:
    bot = lifecycle.create_bot(
        user=user,
        credential=credential_of(user, data),
        name=_free_name(user, data),
        strategy=data["strategy"],
        symbol=data["symbol"],
        config=data["config"],
    )
    if start:
        try:
            lifecycle.start_bot(bot=bot)
        except (InvalidConfig, IllegalMove, ExchangeError):
            lifecycle.delete_bot(bot=bot)  # nothing half made: the conversation still stands
            raise
    return bot


def _free_name(user: User, data: Data) -> str:
    """BTC grid, BTC grid 2, ..."""
    taken = set(user.bots.values_list("name", flat=True))
    base = f"{data['symbol'].partition('/')[0]} {'grid' if data['strategy'] == 'grid' else 'DCA'}"
    names = (base if i == 1 else f"{base} {i}" for i in count(1))
    return next(name for name in names if name not in taken)
