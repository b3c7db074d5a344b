"""/pnl, /profit, /balance: what the bots earned and what the accounts hold."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import User
from bots import selectors
from bots.core.ports import ExchangeError
from bots.core.types import ZERO
from bots.models import Bot
from bots.templatetags.trade import money, percent, quantity, share, signed
from exchanges import services as exchanges
from telegram_bot.commands.choosing import NO_BOTS, bots_of, choose
from telegram_bot.commands.registry import command
from telegram_bot.periods import PERIODS, profits
from telegram_bot.talking import Answer, Button, say
from telegram_bot.words import bold, escape, facts, quote_of, short, table

MOST_COINS = 20


@command("pnl", "profit and loss, of all or of one", usage="[NAME]")
def pnl(user: User, typed: str) -> Answer:
    if typed.strip():
        return _pnl_of(choose(user, typed, "pnl"))
    bots = bots_of(user)
    if not bots:
        return say(NO_BOTS)
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * 3)
    for view in selectors.bot_views(bots):
        lines = sums[_money_of(view)]
        for i, name in enumerate(("realized_pnl", "unrealized_pnl", "total_investment")):
            lines[i] += view[name]
    parts = [f"{bold(coin)}\n{_sum(*lines)}" for coin, lines in sorted(sums.items())]
    return say("\n\n".join(parts))


def _money_of(view: dict[str, Any]) -> str:
    """Real and test money are never added up."""
    kind = "" if view["mode"] == "live" else f" ({view['mode']})"
    return quote_of(view["symbol"]) + kind


def _sum(realized: Decimal, unrealized: Decimal, invested: Decimal) -> str:
    total = realized + unrealized
    return facts(
        [
            ("Realised", signed(realized)),
            ("Unrealised", signed(unrealized)),
            ("Total", signed(total)),
            ("", percent(share(total, invested))),
        ]
    )


def _pnl_of(bot: Bot) -> Answer:
    found = selectors.stats(bot)
    total = found["grid_profit"] + found["other_realized"] + found["unrealized_pnl"]
    pairs = [
        ("Closed cycles", signed(found["grid_profit"])),
        ("Other realised", signed(found["other_realized"])),
        ("Unrealised", signed(found["unrealized_pnl"])),
        ("Total", signed(total)),
        ("", percent(share(total, bot.total_investment))),
        ("Cycles", f"{found['cycles']:,}"),
        *((f"Fees {asset}", quantity(amount)) for asset, amount in found["fees"].items()),
    ]
    text = f"{bold(bot.name)} · {escape(quote_of(bot.symbol))}\n{facts(pairs)}"
    return say(text, [[Button("Refresh", f"pnl:{bot.pk.hex}")]])


@command("profit", "realised profit by days, weeks or months", usage="[daily|weekly|monthly] [N]")
def profit(user: User, typed: str) -> Answer:
    words = typed.replace(":", " ").split()
    name = words[0].casefold() if words else "daily"
    if name not in PERIODS or (len(words) > 1 and not words[1].isdecimal()) or len(words) > 2:
        return say("Say it like this: /profit daily 7, /profit weekly 4 or /profit monthly 6.")
    period = PERIODS[name]
    count = int(words[1][:6]) if len(words) > 1 else period.usual
    if not 1 <= count <= period.most:
        return say(f"Ask for 1 to {period.most} {period.words}.")
    found = profits(user=user, period=period, count=count, now=timezone.now())
    if not found:
        return say(NO_BOTS)
    parts = [
        f"{bold(f'Realised, {coin}')}\n"
        + table([period.words.title(), "Profit"], [*rows, ("Sum", signed(total))])
        for coin, rows, total in found
    ]
    others = [Button(other.title(), f"profit:{other}") for other in PERIODS if other != name]
    return say("\n\n".join(parts), [others])


@command("balance", "what your accounts hold")
def balance(user: User, _typed: str) -> Answer:
    keys = list(user.credentials.order_by("created_at"))
    if not keys:
        return say("You have no exchange key yet. Add one on the pages, under Exchange keys.")
    return say("\n\n".join(f"{bold(key.label)} · {escape(key.exchange_name)}\n{_holds(key)}" for key in keys))


def _holds(key: Any) -> str:
    try:
        exchanges.count_question(user_id=key.user_id)
        found = exchanges.balances_of(key)
    except ExchangeError as error:
        return escape(error.detail)
    held = [(coin, each) for coin, each in sorted(found.items()) if each.free or each.locked]
    if not held:
        return "Nothing."
    rows = [[short(coin, 8), _amount(each.free), _amount(each.locked)] for coin, each in held[:MOST_COINS]]
    more = f"\nand {len(held) - MOST_COINS} more" if len(held) > MOST_COINS else ""
    return table(["Coin", "Free", "In orders"], rows) + more


def _amount(value: Decimal) -> str:
    """Whole cents of large amounts, every digit of small ones."""
    return money(value) if value >= 1000 else quantity(value)
