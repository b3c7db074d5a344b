"""/status, /bots, /bot: how the bots are."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from bots import selectors
from bots.models import Bot
from bots.templatetags.trade import money, percent, pnl, price, quantity, share, signed
from telegram_bot.commands.choosing import NO_BOTS, bots_of, choose, page_of, paged, pager
from telegram_bot.commands.registry import command
from telegram_bot.models import LiveStatus
from telegram_bot.talking import Answer, Button, Reply, Rows, say
from telegram_bot.words import bold, counted, escape, facts, quote_of, short, state, table, when

FOLLOWED = timedelta(hours=1)
CARDS = 6  # bots of one /status
LINES = 15  # bots of one table
SHORT_STATES = {"running": "run", "paused": "pause", "stopped": "stop", "error": "error"}


@command("status", "how your bots are", usage="[table]")
def status(user: User, typed: str) -> Answer:
    kind, _, page = typed.partition(":")
    number = page_of(page)
    bots = bots_of(user)
    if not bots:
        return say(NO_BOTS)
    if kind.strip().casefold() == "table":
        return _status_table(bots, number)
    follow = [Button("Refresh", f"status::{number}"), Button("Follow", "follow:")]
    rows = [*pager(len(bots), number, "status:", CARDS), follow]
    return say(_cards(paged(bots, number, CARDS)), rows, edits=":" in typed)


def _cards(bots: list[Bot]) -> str:
    return "\n\n".join(_card(view) for view in selectors.bot_views(bots))


@command("follow", "a message that keeps itself up to date for an hour")
def follow(user: User, _typed: str) -> Answer:
    """The message that comes of it is edited by `watching`; a further one ends it."""
    if not bots_of(user):
        return say(NO_BOTS)
    until = timezone.now() + FOLLOWED

    def remember(message_id: int) -> None:
        LiveStatus.objects.update_or_create(
            user=user, defaults={"message_id": message_id, "until": until, "digest": ""}
        )

    return Answer([replace(live_text(user, until=until), sent=remember)])


def live_text(user: User, *, until: datetime | None) -> Reply:
    """None: its time is over."""
    cards = _cards(bots_of(user)[:CARDS]) or NO_BOTS
    end = f"Follows your bots until {when(until, user.timezone)}." if until else "No longer followed."
    return Reply(f"{cards}\n\n<i>{end}</i>", [] if until else [[Button("Follow", "follow:")]])


def _card(view: dict[str, Any]) -> str:
    coin = quote_of(view["symbol"])
    gain = pnl(view)
    lines = [
        f"{bold(view['name'])} · {escape(view['symbol'])} · {state(view)}",
        f"{money(view['equity'])} {escape(coin)} ({signed(gain)}, {percent(share(gain, view['total_investment']))})",
        f"{counted(view['open_orders'], 'open order')} · {counted(view['trades'], 'fill')}",
    ]
    return "\n".join([*lines, *([escape(view["status_reason"])] if view["status_reason"] else [])])


def _status_table(bots: list[Bot], page: int) -> Answer:
    views = selectors.bot_views(paged(bots, page, LINES))
    rows = [
        [
            short(view["name"], 13),
            SHORT_STATES.get(view["status"], "") if not view["halted"] else "halt",
            signed(pnl(view)),
        ]
        for view in views
    ]
    return say(
        table(["Bot", "State", "PnL"], rows, left=2),
        pager(len(bots), page, "status:table", LINES),
        edits=page > 0,
    )


@command("bots", "your bots by number")
def bots(user: User, typed: str) -> Answer:
    page = page_of(typed.lstrip(":"))
    found = bots_of(user)
    if not found:
        return say(NO_BOTS)
    first = page * LINES
    lines = [
        f"{first + i}. {bold(short(bot.name, 40))} {escape(bot.symbol)} {state(bot)}"
        for i, bot in enumerate(paged(found, page, LINES), start=1)
    ]
    rows = [[Button(short(bot.name, 40), f"bot:{bot.pk.hex}")] for bot in paged(found, page, LINES)[:8]]
    return say("\n".join(lines), rows + pager(len(found), page, "bots:", LINES), edits=bool(typed))


@command("bot", "one bot in full", usage="NAME")
def bot(user: User, typed: str) -> Answer:
    found = choose(user, typed, "bot")
    view = selectors.bot_view(found)
    coin, gain = quote_of(found.symbol), pnl(view)
    kind = f"{state(view)} · {found.strategy} · {escape(found.credential.exchange_name)}"
    head = f"{bold(found.name)} · {escape(found.symbol)}\n{kind}"
    reason = f"\n{escape(found.status_reason)}" if found.status_reason else ""
    pairs = [
        ("Equity", f"{money(view['equity'])} {coin}"),
        ("PnL", f"{signed(gain)} {coin}"),
        ("", percent(share(gain, found.total_investment))),
        ("Price", price(view["mark_price"])),
        ("Holds", quantity(view["position"])),
        ("Invested", f"{money(found.total_investment)} {coin}"),
        ("Open orders", str(view["open_orders"])),
        ("Fills", str(view["trades"])),
        ("Started", when(found.started_at, user.timezone)),
    ]
    return say(f"{head}{reason}\n{facts(pairs)}", bot_buttons(found))


def bot_buttons(bot: Bot) -> Rows:
    number = bot.pk.hex
    move = ("Pause", "pause") if bot.status == "running" else ("Start", "startbot")
    return [
        [
            Button("PnL", f"pnl:{number}"),
            Button("Orders", f"orders:{number}"),
            Button("Levels", f"levels:{number}"),
        ],
        [
            Button(move[0], f"{move[1]}:{number}"),
            Button("Stop", f"stopbot:{number}"),
            Button("Kill", f"kill:{number}"),
        ],
    ]
