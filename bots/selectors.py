"""What pages and API read of bots. Money is Decimal; nothing here writes."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404

from bots import newest, store
from bots.core.ledger import Position
from bots.core.metrics import annualized_return
from bots.core.types import ZERO, Ticker
from bots.curves import equity, max_drawdown, sums, worths
from bots.levels import levels
from bots.models import Bot, BotSlot, Fill, Order, Worker
from bots.models.order import LIVE
from exchanges.models import venue_of
from marketdata.bus import last_ticker, last_tickers

__all__ = [
    "access_bot",
    "all_bots",
    "bot_view",
    "bot_views",
    "bots_of",
    "buy_and_hold",
    "equity",
    "levels",
    "mark_price",
    "open_orders",
    "realized_lines",
    "standings",
    "stats",
    "sums",
    "ticker_for",
    "workers",
    "worths",
]


def all_bots() -> QuerySet[Bot]:
    """Bots with what `bot_view` shows of other tables, in one query."""
    newest = Fill.objects.filter(bot=OuterRef("pk")).order_by("-time", "-trade_id")
    # Not a join: that would read all orders a bot ever had.
    live = Order.objects.filter(bot=OuterRef("pk"), status__in=LIVE).order_by().values("bot")
    return Bot.objects.select_related("credential").annotate(
        live_orders=Coalesce(Subquery(live.annotate(count=Count("pk")).values("count")), 0),
        last_fill_price=Subquery(newest.values("price")[:1]),
    )


def bots_of(user: Any) -> QuerySet[Bot]:
    return all_bots().filter(user=user)


def workers() -> QuerySet[Worker]:
    """With `held`, the number of bots each runs."""
    return Worker.objects.annotate(held=Count("bots"))


def access_bot(*, user: Any, bot_id: UUID | str) -> Bot:
    """The user's own bot. Raises Http404, for somebody else's too."""
    try:
        return bots_of(user).get(id=bot_id)
    except (Bot.DoesNotExist, ValidationError, ValueError):
        raise Http404("No bot has this id.") from None


def ticker_for(bot: Bot) -> Ticker | None:
    return last_ticker(bot.credential.venue, bot.symbol)


def mark_price(bot: Bot, ticker: Ticker | None) -> Decimal | None:
    """The market's price; without one the price of the bot's last fill."""
    return ticker.price if ticker else getattr(bot, "last_fill_price", None)


def bot_view(bot: Bot, ticker: Ticker | None = None) -> dict[str, Any]:
    """Every field of a bot as product and API name it. `realized + unrealized = equity - investment` exactly."""
    return _view(bot, mark_price(bot, ticker or ticker_for(bot)))


def _view(bot: Bot, mark: Decimal | None) -> dict[str, Any]:
    position = store.position_value(bot)
    return {
        "id": bot.id,
        "name": bot.name,
        "strategy": bot.strategy,
        "symbol": bot.symbol,
        "exchange": bot.credential.exchange,
        "venue": bot.credential.venue,
        "mode": bot.credential.mode,
        "credential_id": bot.credential_id,
        "status": bot.status,
        "stopping": bot.stopping,
        "halted": bot.halted,
        "status_reason": bot.status_reason,
        "config": bot.config,
        "total_investment": bot.total_investment,
        "realized_pnl": bot.realized_pnl,
        "unrealized_pnl": position.unrealized(mark or ZERO, bot.total_investment),
        "equity": position.equity(mark or ZERO),
        "fees": dict(position.fees),
        "position": bot.base,
        "average_cost": position.average_cost,
        "mark_price": mark,
        "open_orders": _open_orders(bot),
        "trades": bot.trades,
        "created_at": bot.created_at,
        "started_at": bot.started_at,
    }


def bot_views(bots: Iterable[Bot]) -> list[dict[str, Any]]:
    """Of many bots, the last prices of their markets asked for at once."""
    rows = list(bots)
    prices = last_tickers((bot.credential.venue, bot.symbol) for bot in rows)
    return [_view(bot, mark_price(bot, prices.get((bot.credential.venue, bot.symbol)))) for bot in rows]


STANDING = (
    "id", "symbol", "status", "stopping", "halted", "total_investment", "created_at", "started_at", "cash", "base",
)  # fmt: skip


def standings(user: Any) -> list[dict[str, Any]]:
    """Of all the user's bots, the newest first, what sums over them need of `bot_view`: a thousand bots are a few
    milliseconds' work where whole views would be a second's."""
    rows = Bot.objects.filter(user=user).values(
        *STANDING, mode=F("credential__mode"), exchange=F("credential__exchange")
    )
    found = [{**row, "venue": venue_of(row["exchange"], row["mode"])} for row in rows]
    tickers = last_tickers((row["venue"], row["symbol"]) for row in found)
    marks = {
        row["id"]: ticker.price for row in found if (ticker := tickers.get((row["venue"], row["symbol"])))
    }
    if silent := [row["id"] for row in found if row["base"] and row["id"] not in marks]:
        marks |= newest.prices(silent)
    for row in found:
        row["equity"] = Position(row.pop("cash"), row.pop("base")).equity(marks.get(row["id"], ZERO))
    return found


def open_orders(user: Any) -> int:
    """Of all the user's bots."""
    return Order.objects.filter(bot__in=Bot.objects.filter(user=user), status__in=LIVE).count()


def _open_orders(bot: Bot) -> int:
    counted: int | None = getattr(bot, "live_orders", None)
    return bot.orders.filter(status__in=LIVE).count() if counted is None else counted


def realized_lines(bot: Bot) -> dict[str, Any]:
    """What the realised PnL is made of: cheap, for pages that ask again with every fill.

    `grid_profit` is that of closed cycles, net of fees; what the ledger realised beyond it (initial inventory,
    exits, dust, and the difference between a slot's own cost and the average) is `other_realized`.
    """
    sums = BotSlot.objects.filter(bot=bot, slot__gte=0).aggregate(profit=Sum("profit"), cycles=Sum("cycles"))
    profit = sums["profit"] or ZERO
    return {"grid_profit": profit, "other_realized": bot.realized_pnl - profit, "cycles": sums["cycles"] or 0}


def stats(bot: Bot) -> dict[str, Any]:
    """The three lines that add up to the equity (grid profit, other realised, unrealised) and what they mean."""
    view = bot_view(bot)
    total = view["equity"] / bot.total_investment - 1 if bot.total_investment else ZERO
    return {
        **realized_lines(bot),
        "unrealized_pnl": view["unrealized_pnl"],
        "fees": view["fees"],
        "total_return": _ratio(total),
        "annualized_return": _ratio(_annualized(bot, total)),
        "buy_and_hold_return": _ratio(buy_and_hold(bot, view["mark_price"])),
        "max_drawdown": _ratio(max_drawdown(bot)),
    }


def _ratio(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(Decimal("0.000001"))


def _annualized(bot: Bot, total: Decimal) -> Decimal | None:
    first = bot.fills.order_by("time").values_list("time", flat=True).first()
    if first is None:
        return None
    elapsed = datetime.now(tz=first.tzinfo) - first
    return annualized_return(total, int(elapsed.total_seconds() * 1000))


def buy_and_hold(bot: Bot, mark: Decimal | None) -> Decimal | None:
    """What its coin made since the bot's first fill, as a fraction; None before it."""
    first = bot.fills.order_by("time", "trade_id").values_list("price", flat=True).first()
    return mark / first - 1 if mark and first else None
