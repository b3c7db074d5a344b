"""What a step is, and what the steps of /new share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from accounts.models import User
from bots.core.ports import ExchangeError
from bots.core.rounding import ungrouped
from bots.core.strategies.config import FieldError, to_decimal
from bots.services.errors import InvalidConfig
from bots.services.preflight import market_for
from exchanges.models import Credential
from exchanges.services import access_credential
from telegram_bot.words import bold, escape

Data = dict[str, Any]


class Unfit(Exception):
    """What was answered cannot be used: a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """`text` is HTML; `choices` are rows of (label, value), where a value is what would be typed."""

    text: str
    choices: list[list[tuple[str, str]]] = field(default_factory=list)
    photo: bytes | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """`ask` may put into the data what its choices refer to. `take` stores an answer and raises Unfit. `next` names
    the step that follows."""

    ask: Callable[[User, Data], Prompt]
    take: Callable[[User, Data, str], None]
    next: Callable[[Data], str]


def credential_of(user: User, data: Data) -> Credential:
    return access_credential(user=user, credential_id=data["key"])


def sentences(errors: list[FieldError]) -> str:
    return "\n".join(f"• {escape(error.detail)}" for error in errors)


def number(text: str, name: str) -> Decimal:
    try:
        value = to_decimal(ungrouped(text.strip()))
    except ValueError:
        raise Unfit(f"{name}: give a number, such as 1000.") from None
    if value <= 0:
        raise Unfit(f"{name}: give a number above 0.")
    return value


# Which key, market and strategy


def ask_key(user: User, _data: Data) -> Prompt:
    keys = user.credentials.filter(is_valid=True).order_by("-created_at")[:10]
    rows = [[(f"{key.label} · {key.exchange_name} ({key.mode})", key.pk.hex)] for key in keys]
    return Prompt("Which account should it trade in?", rows)


def take_key(user: User, data: Data, text: str) -> None:
    for key in user.credentials.filter(is_valid=True):
        if text.casefold() in (key.pk.hex, key.label.casefold()):
            data["key"] = str(key.pk)
            return
    raise Unfit("You have no such account: press one of the buttons.")


def ask_symbol(_user: User, _data: Data) -> Prompt:
    return Prompt(
        "Which market? Press one, or type another.", [[("BTC/USDT", "BTC/USDT"), ("ETH/USDT", "ETH/USDT")]]
    )


def take_symbol(user: User, data: Data, text: str) -> None:
    symbol = text.upper().replace(" ", "")
    symbol = symbol if "/" in symbol else f"{symbol.removesuffix('USDT')}/USDT"
    try:
        data["symbol"] = market_for(credential_of(user, data).venue, symbol[:20]).symbol
    except InvalidConfig as refused:
        raise Unfit(refused.errors[0].detail) from None
    except ExchangeError as error:
        raise Unfit(error.detail) from None


STRATEGIES = {"grid": "grid", "dca": "dca"}


def ask_strategy(_user: User, data: Data) -> Prompt:
    text = (
        f"{bold(data['symbol'])}: which strategy?\n\n{bold('Grid')} buys and sells within a range.\n"
        f"{bold('DCA')} buys again and again, and sells all at a profit."
    )
    return Prompt(text, [[("Grid", "grid"), ("DCA", "dca")]])


def take_strategy(_user: User, data: Data, text: str) -> None:
    if text.casefold() not in STRATEGIES:
        raise Unfit("Type grid or dca, or press a button.")
    data["strategy"], data["config"] = STRATEGIES[text.casefold()], {}


COMMON = {
    "key": Step(ask_key, take_key, lambda _: "symbol"),
    "symbol": Step(ask_symbol, take_symbol, lambda _: "strategy"),
    "strategy": Step(
        ask_strategy, take_strategy, lambda data: "investment" if data["strategy"] == "grid" else "amount"
    ),
}
