"""What a bot did and is doing: orders, fills, events, levels, equity and statistics."""

from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from accounts.api.pagination import CursorPagination
from bots import selectors, store
from bots.api import inputs, serializers
from bots.api.export import StreamedRows, fill_rows
from bots.api.views import Answering, access, query_of
from bots.models import Bot, BotEvent, Fill, Order

Row = TypeVar("Row", bound=Model)


class BotRows(Answering, ListAPIView[Row]):
    """A list of one bot's rows, filtered by `query`."""

    query: ClassVar[type[Serializer[Any]]]

    def get_queryset(self) -> QuerySet[Row]:
        bot = access(self.request, self.kwargs["bot_id"])
        return self.rows(bot).filter(**query_of(self.query, self.request))

    def rows(self, bot: Bot) -> QuerySet[Row]:
        raise NotImplementedError


class OrderPagination(CursorPagination):
    key = "orders"


@extend_schema(parameters=[inputs.OrdersQuery])
class Orders(BotRows[Order]):
    """The bot's orders, the newest first."""

    queryset = Order.objects.none()
    serializer_class = serializers.OrderSerializer
    pagination_class = OrderPagination
    query = inputs.OrdersQuery

    def rows(self, bot: Bot) -> QuerySet[Order]:
        return Order.objects.filter(bot=bot)


class FillPagination(CursorPagination):
    key = "fills"
    ordering = ("-time", "-id")


@extend_schema(parameters=[inputs.FillsQuery])
class Fills(BotRows[Fill]):
    """The bot's fills, the newest first."""

    queryset = Fill.objects.none()
    serializer_class = serializers.FillSerializer
    pagination_class = FillPagination
    query = inputs.FillsQuery

    def rows(self, bot: Bot) -> QuerySet[Fill]:
        return Fill.objects.filter(bot=bot)


class EventPagination(CursorPagination):
    key = "events"
    ordering = ("-time", "-id")


@extend_schema(parameters=[inputs.EventsQuery])
class Events(BotRows[BotEvent]):
    """What happened to the bot, in words, the newest first."""

    queryset = BotEvent.objects.none()
    serializer_class = serializers.EventSerializer
    pagination_class = EventPagination
    query = inputs.EventsQuery

    def rows(self, bot: Bot) -> QuerySet[BotEvent]:
        return BotEvent.objects.filter(bot=bot)


class Levels(Answering):
    @extend_schema(responses=serializers.LevelsSerializer)
    def get(self, request: Request, bot_id: UUID) -> Response:
        """Every slot of the bot: its prices, its order and, where it has none, why."""
        rows = selectors.levels(access(request, bot_id))
        return Response(serializers.LevelsSerializer({"levels": rows, "next": None}).data)


class Equity(Answering):
    @extend_schema(parameters=[inputs.EquityQuery], responses=serializers.EquitySerializer)
    def get(self, request: Request, bot_id: UUID) -> Response:
        """The bot's worth at minute closes, thinned evenly to about 2,000 points."""
        bot, query = access(request, bot_id), query_of(inputs.EquityQuery, request)
        start, end = (store.at(query[name]) if name in query else None for name in ("start", "end"))
        return Response({"equity": selectors.equity(bot, start, end)})


class Stats(Answering):
    @extend_schema(responses=serializers.StatsSerializer)
    def get(self, request: Request, bot_id: UUID) -> Response:
        """Profit in three lines that add up to equity - investment, and what it means."""
        return Response(serializers.StatsSerializer(selectors.stats(access(request, bot_id))).data)


class FirstRenderer(DefaultContentNegotiation):
    """Whatever the caller accepts: the rows are CSV, a refusal is JSON."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class FillsFile(Answering):
    content_negotiation_class = FirstRenderer

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, bot_id: UUID) -> StreamingHttpResponse:
        """All the bot's fills as a CSV file, the oldest first."""
        bot = access(request, bot_id)
        name = f"fills-{bot.symbol.replace('/', '-')}-{bot.pk}.csv"
        return StreamedRows(fill_rows(bot), name)
