"""All fills of a user as files: as they were, and as the sales of a year with what the coins had cost."""

from collections.abc import Iterator
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from bots import store
from bots.api.export import COLUMNS, StreamedRows, as_text, oldest_first
from bots.api.history import FirstRenderer
from bots.api.views import Answering, query_of, user_of
from bots.core import fifo
from bots.core.types import ZERO, Side
from bots.models import Bot, Fill
from exchanges.models import Mode

SALES = [
    "sold_at", "bought_at", "account", "symbol", "quantity", "proceeds", "cost", "gain", "fees", "currency",
]  # fmt: skip
OF_BOT = ["bot", "bot_id"]


class FillsFileQuery(serializers.Serializer[Any]):
    bot_id = serializers.UUIDField(required=False)
    side = serializers.ChoiceField([side.value for side in Side], required=False)
    start_date = serializers.DateField(required=False)
    end_date = serializers.DateField(required=False)


class SalesQuery(serializers.Serializer[Any]):
    year = serializers.IntegerField(min_value=2009, max_value=9999)


class AllFillsFile(Answering):
    content_negotiation_class = FirstRenderer

    @extend_schema(parameters=[FillsFileQuery], responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> StreamingHttpResponse:
        """The fills of all your bots as a CSV file, the oldest first. Days are in UTC, both count."""
        query = query_of(FillsFileQuery, request)
        bots = Bot.objects.filter(user=user_of(request))
        bots = bots.filter(pk=query["bot_id"]) if "bot_id" in query else bots
        fills = Fill.objects.filter(side=query["side"]) if "side" in query else Fill.objects.all()
        start = _midnight(query["start_date"]) if "start_date" in query else None
        end = _midnight(query["end_date"] + timedelta(days=1)) if "end_date" in query else None
        return StreamedRows(_rows(oldest_first(bots, fills.select_related("bot"), start, end)), "fills.csv")


class SalesFile(Answering):
    content_negotiation_class = FirstRenderer

    @extend_schema(parameters=[SalesQuery], responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> StreamingHttpResponse:
        """The sales of a year (UTC) with real money: each part with the day its coins were bought and what they cost,
        the first bought being the first sold. `fees`, of purchase and sale, are in cost and proceeds already."""
        year = query_of(SalesQuery, request)["year"]
        bots = Bot.objects.filter(user=user_of(request), credential__mode=Mode.LIVE)
        end = datetime(year + 1, 1, 1, tzinfo=UTC) if year < MAXYEAR else None
        return StreamedRows(
            _sales(oldest_first(bots, Fill.objects.all(), None, end), year), f"sales-{year}.csv"
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _rows(fills: Iterator[Fill]) -> Iterator[list[Any]]:
    yield [*OF_BOT, *COLUMNS]
    for fill in fills:
        yield [fill.bot.name, fill.bot_id, *(as_text(getattr(fill, column)) for column in COLUMNS)]


def _sales(fills: Iterator[Fill], year: int) -> Iterator[list[Any]]:
    yield SALES
    for sale in fifo.disposals(map(_trade, fills)):
        sold, bought = (store.at(ms) if ms is not None else None for ms in (sale.sold_at, sale.bought_at))
        if sold is None or sold.year != year:
            continue
        account, symbol = sale.pool
        amounts = [sale.quantity, sale.proceeds, sale.cost, sale.gain, sale.fees]
        shown = ["" if amount is None else f"{amount:f}" for amount in amounts]
        yield [as_text(sold), as_text(bought or ""), account, symbol, *shown, symbol.partition("/")[2]]


def _trade(fill: Fill) -> fifo.Trade:
    base = fill.symbol.partition("/")[0]
    in_base: Decimal = fill.fee if fill.fee_asset == base else ZERO
    return fifo.Trade(
        store.milliseconds(fill.time),
        (fill.account, fill.symbol),
        Side(fill.side),
        fill.price,
        fill.quantity,
        fill.fee_quote,
        in_base,
    )
