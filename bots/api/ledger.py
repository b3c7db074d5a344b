"""All fills of a user as files: as they were, and as the sales of a year with what the coins had cost."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from bots import store
from bots.api.export import BATCH, COLUMNS, StreamedRows, as_text
from bots.api.history import FirstRenderer
from bots.api.views import Answering, query_of, user_of
from bots.core import fifo
from bots.core.types import ZERO, Side
from bots.models import Fill
from exchanges.models import Mode

SALES = [
    "sold_at", "bought_at", "account", "symbol", "quantity", "proceeds", "cost", "gain", "currency",
]  # fmt: skip
OF_BOT = ["bot", "bot_id"]


class FillsFileQuery(serializers.Serializer[Any]):
    bot_id = serializers.UUIDField(required=False)
    side = serializers.ChoiceField([side.value for side in Side], required=False)
    start_date = serializers.DateField(source="time__date__gte", required=False)
    end_date = serializers.DateField(source="time__date__lte", required=False)


class SalesQuery(serializers.Serializer[Any]):
    year = serializers.IntegerField(min_value=2009, max_value=9999)


class Files(Answering):
    content_negotiation_class = FirstRenderer

    def fills(self, request: Request) -> QuerySet[Fill]:
        """The user's, the oldest first."""
        rows = Fill.objects.filter(bot__user=user_of(request)).select_related("bot")
        return rows.order_by("time", "trade_id", "id")


class AllFillsFile(Files):
    @extend_schema(parameters=[FillsFileQuery], responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> StreamingHttpResponse:
        """The fills of all your bots as a CSV file, the oldest first. Days are in UTC, both count."""
        return StreamedRows(
            _rows(self.fills(request).filter(**query_of(FillsFileQuery, request))), "fills.csv"
        )


class SalesFile(Files):
    @extend_schema(parameters=[SalesQuery], responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> StreamingHttpResponse:
        """The sales of a year (UTC) with real money: each part with the day its coins were bought and what they cost,
        the first bought being the first sold. Fees are in cost and proceeds."""
        year = query_of(SalesQuery, request)["year"]
        fills = self.fills(request).filter(bot__credential__mode=Mode.LIVE, time__year__lte=year)
        return StreamedRows(_sales(fills, year), f"sales-{year}.csv")


def _rows(fills: QuerySet[Fill]) -> Iterator[list[Any]]:
    yield [*OF_BOT, *COLUMNS]
    for fill in fills.iterator(chunk_size=BATCH):
        yield [fill.bot.name, fill.bot_id, *(as_text(getattr(fill, column)) for column in COLUMNS)]


def _sales(fills: QuerySet[Fill], year: int) -> Iterator[list[Any]]:
    yield SALES
    for sale in fifo.disposals(_trade(fill) for fill in fills.iterator(chunk_size=BATCH)):
        sold, bought = (store.at(ms) if ms is not None else None for ms in (sale.sold_at, sale.bought_at))
        if sold is None or sold.year != year:
            continue
        account, symbol = sale.pool
        amounts = [sale.quantity, sale.proceeds, sale.cost, sale.gain]
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
