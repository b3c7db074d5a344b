"""/backtest: what a bot would have done lately, answered with a picture when it is computed."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from bots.core.ports import ExchangeError
from bots.models import Backtest, BacktestStatus, Bot
from bots.services.errors import IllegalMove, InvalidConfig
from bots.templatetags.trade import percent
from telegram_bot import pictures
from telegram_bot.commands.choosing import NO_BOTS, bots_of, choose
from telegram_bot.commands.registry import command
from telegram_bot.models import AwaitedBacktest
from telegram_bot.talking import Answer, Reply, say
from telegram_bot.words import bold, escape, facts, short

USUAL_DAYS, MOST_DAYS = 7, 365


@command("backtest", "a bot over the last days, as a picture", usage="NAME [DAYS]")
def backtest(user: User, typed: str) -> Answer:
    name, days = _parts(user, typed.strip())
    if not name and not bots_of(user):
        return say(NO_BOTS)
    if not 1 <= days <= MOST_DAYS:
        return say(f"Ask for 1 to {MOST_DAYS} days, such as /backtest NAME 30.")
    return _start(user, choose(user, name, "backtest"), days)


def _parts(user: User, typed: str) -> tuple[str, int]:
    """The name and the days behind it. A number alone is a bot's, and a bot's name may end with one."""
    name, _, last = typed.rpartition(" ")
    whole = not name or user.bots.filter(name__iexact=typed).exists()
    if not whole and last.isascii() and last.isdecimal():
        return name, int(last[:6])
    return typed, USUAL_DAYS


def _start(user: User, bot: Bot, days: int) -> Answer:
    from bots.backtest import kept  # what it stands on is large: loaded by who needs it
    from bots.backtest.service import Request

    today = timezone.now().date()
    request = Request(
        strategy=bot.strategy,
        symbol=bot.symbol,
        exchange=bot.credential.venue,
        start_date=today - timedelta(days=days - 1),
        end_date=today,
        config=bot.config,
    )
    try:
        queued = kept.submit_later(user=user, request=request)
    except InvalidConfig as refused:
        return say("\n".join(escape(error.detail) for error in refused.errors))
    except (IllegalMove, ExchangeError) as refused:
        return say(escape(refused.detail))
    span = "today" if days == 1 else f"{days} days"
    AwaitedBacktest.objects.create(backtest=queued, title=f"{short(bot.name, 60)} · {bot.symbol} · {span}")
    return say(f"{bold(bot.name)}: looking back over {span}. The picture comes when it is computed.")


def outcome(found: Backtest, title: str) -> Reply:
    """What goes into the chat when it has ended."""
    if found.status != BacktestStatus.DONE:
        why = found.error or "It was cancelled."
        return Reply(f"{bold(title)}\n{escape(why)}")
    report = found.result
    return Reply(f"{bold(title)}\n{facts(_figures(report))}", photo=pictures.equity(report, title))


def _figures(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Return", percent(report["total_return"] * 100)),
        ("Buy and hold", percent(report["buy_and_hold_return"] * 100)),
        ("Deepest fall", percent(report["max_drawdown"] * 100)),
        ("Fills", f"{report['total_trades']:,}"),
        ("Cycles", f"{report['cycles']:,}"),
        ("Sharpe ratio", f"{report['sharpe_ratio']:.2f}"),
    ]
