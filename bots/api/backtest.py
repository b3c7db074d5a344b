"""Backtests: what a bot would have done."""

from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import DecimalField, StrictSerializer
from accounts.api.pagination import CursorPagination
from accounts.api.wire import QuickJSONRenderer
from bots.api import inputs
from bots.api.views import Answering, body_of, query_of, user_of
from bots.backtest import kept, service
from bots.backtest.optimise import (
    METHODS,
    MOST_CONFIGS,
    MOST_FOLDS,
    OBJECTIVES,
    OptimizeRequest,
    submit_optimize,
)
from bots.backtest.path import FillModelName
from bots.backtest.suggest import MOST_DAYS, suggest
from bots.models import Backtest, BacktestKind, BacktestStatus, Strategy
from marketdata.api.serializers import exchange_field
from marketdata.models import Timeframe

MOST_FEES = Decimal("0.05")


class BacktestBody(StrictSerializer):
    """`end_date` is inclusive, UTC. `fees` is the fraction taken of each fill; `taker_fees`, where given, of those that
    take (market orders, the initial purchase). `slippage` is the fraction by which these do worse than the price. With
    `risk`, the bot's breakers work."""

    strategy = inputs.choice(Strategy)
    symbol = inputs.TextField(max_length=20)
    start_date = serializers.DateField()
    end_date = serializers.DateField()
    config = inputs.ConfigField()
    exchange = exchange_field(default="binance")
    timeframe = inputs.choice(Timeframe, default=Timeframe.M1.value)
    fill_model = inputs.choice(FillModelName, default="ohlc")
    fees = DecimalField(default=Decimal("0.001"), min_value=Decimal(0), max_value=MOST_FEES)
    taker_fees = DecimalField(default=None, allow_null=True, min_value=Decimal(0), max_value=MOST_FEES)
    slippage = DecimalField(default=Decimal(0), min_value=Decimal(0), max_value=MOST_FEES)
    risk = serializers.BooleanField(default=False)
    background = serializers.BooleanField(
        default=False, help_text="Answers 202 at once; GET /backtest/{id} tells how far it is."
    )


class BandSerializer(serializers.Serializer[Any]):
    """Total returns of the worst and the best way of the price within the candles."""

    pessimistic = serializers.FloatField()
    optimistic = serializers.FloatField()


class ReportSerializer(serializers.Serializer[Any]):
    """For the schema; the numbers are JSON numbers, times ms."""

    id = serializers.UUIDField(help_text="of the kept result")
    total_return = serializers.FloatField()
    annualized_return = serializers.FloatField(
        allow_null=True, help_text="Null below a day, and a million fold or more: it says nothing there."
    )
    sharpe_ratio = serializers.FloatField()
    sortino_ratio = serializers.FloatField(
        allow_null=True, help_text="Null where no day lost, or there are fewer than two days."
    )
    max_drawdown = serializers.FloatField(help_text="negative")
    max_drawdown_days = serializers.FloatField()
    win_rate = serializers.FloatField(help_text="of closed cycles")
    total_trades = serializers.IntegerField(help_text="fills; the initial purchase counts as one")
    cycles = serializers.IntegerField()
    profit_per_cycle = serializers.FloatField()
    exposure = serializers.FloatField()
    fees = serializers.DictField(child=serializers.FloatField())
    fees_quote = serializers.FloatField()
    realized_pnl = serializers.FloatField()
    final_equity = serializers.FloatField()
    buy_and_hold_return = serializers.FloatField()
    band = BandSerializer()
    stopped = serializers.CharField(help_text="why the bot ended itself")
    candles = serializers.IntegerField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    equity_curve = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    buy_and_hold_curve = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    trades = serializers.ListField(child=serializers.DictField())
    slots = serializers.ListField(child=serializers.DictField())
    levels = serializers.ListField(
        child=serializers.FloatField(), help_text="of a grid at the end, lowest first"
    )
    shift = serializers.IntegerField(
        help_text="steps that a grid which trails stood above its range at the end"
    )


class OptimizeBody(BacktestBody):
    """A backtest with `ranges` instead of some fields of its config."""

    config = inputs.ConfigField(help_text="what all have in common")
    ranges = serializers.DictField(
        help_text='by field: {"values": [...]} or {"from": 5, "to": 50, "step": 5}; with "unit": "percent" prices are '
        "percent of the first close"
    )
    objective = serializers.ChoiceField(list(OBJECTIVES), default="sharpe_ratio")
    method = serializers.ChoiceField(
        list(METHODS), default=METHODS[0], help_text="grid tries all combinations, random max_configs of them"
    )
    max_configs = serializers.IntegerField(min_value=1, max_value=MOST_CONFIGS, default=1000)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    folds = serializers.IntegerField(
        min_value=0, max_value=MOST_FOLDS, default=4, help_text="of the walk-forward; 0: none"
    )
    heatmap = serializers.ListField(child=serializers.CharField(), default=list, help_text="its two fields")
    background = None  # type: ignore[assignment]
    risk = None  # type: ignore[assignment]


class KeptSerializer(serializers.ModelSerializer[Backtest]):
    kind = serializers.ChoiceField(BacktestKind.choices)
    status = serializers.ChoiceField(BacktestStatus.choices)
    progress = serializers.FloatField(help_text="0 to 1")
    doing = serializers.CharField(help_text="what it is at, in a sentence")
    request = serializers.DictField()
    summary = serializers.DictField(help_text="the most important figures of the result")

    class Meta:
        model = Backtest
        fields = [
            "id", "kind", "status", "progress", "doing", "error", "request", "summary", "created_at",
            "started_at", "finished_at",
        ]  # fmt: skip


class KeptWithResultSerializer(KeptSerializer):
    result = serializers.DictField(allow_null=True, help_text="null until it is done")

    class Meta(KeptSerializer.Meta):
        fields = [*KeptSerializer.Meta.fields, "result"]


class KeptPagination(CursorPagination):
    key = "backtests"


class Backtests(Answering, GenericAPIView[Backtest]):
    queryset = Backtest.objects.none()
    serializer_class = KeptSerializer
    pagination_class = KeptPagination
    renderer_classes = (QuickJSONRenderer,)

    @extend_schema(responses=KeptSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Your backtests and optimisations, the newest first, without their results."""
        rows = self.paginate_queryset(kept.kept_of(user_of(request)))
        return self.get_paginated_response(KeptSerializer(cast(list[Backtest], rows), many=True).data)

    @extend_schema(request=BacktestBody, responses={200: ReportSerializer, 202: KeptSerializer})
    def post(self, request: Request) -> Response:
        """What a bot of this config would have done from the close of the first candle on. Missing candles are
        fetched first: where that takes long, 503 says how far it is, and asking again goes on. With `background` the
        answer is 202 with an id, under which it is done in its own time."""
        body, user = body_of(BacktestBody, request), user_of(request)
        background = body.pop("background")
        asked = service.Request(**body)
        if background:
            row = kept.submit_later(user=user, request=asked)
            return Response(KeptSerializer(row).data, status=status.HTTP_202_ACCEPTED)
        kept.count_start(user=user)
        report = service.backtest(asked)
        return Response({"id": kept.keep(user=user, request=asked, report=report).pk, **report})


class Optimize(Answering):
    @extend_schema(request=OptimizeBody, responses={202: KeptSerializer})
    def post(self, request: Request) -> Response:
        """Try many configs in the background: the best ones, a map over two fields, how the best of one part of the
        time did on the next, and how likely it is that the best was the luckiest. One of yours runs at a time."""
        body = body_of(OptimizeBody, request)
        body["heatmap"] = tuple(body["heatmap"])
        row = submit_optimize(user=user_of(request), request=OptimizeRequest(**body))
        return Response(KeptSerializer(row).data, status=status.HTTP_202_ACCEPTED)


class SuggestionQuery(serializers.Serializer[Any]):
    exchange = exchange_field(default="binance")
    symbol = serializers.CharField(max_length=20)
    investment = DecimalField(default=Decimal(1000), min_value=Decimal("0.00000001"))
    days = serializers.IntegerField(min_value=2, max_value=MOST_DAYS, default=30)


class SuggestionSerializer(serializers.Serializer[Any]):
    config = serializers.DictField(help_text="of a grid bot")
    reasons = serializers.DictField(child=serializers.FloatField(), help_text="numbers; ratios are fractions")
    sentences = serializers.ListField(child=serializers.CharField(), help_text="the same for people")


class SuggestionView(Answering):
    @extend_schema(parameters=[SuggestionQuery], responses=SuggestionSerializer)
    def get(self, request: Request) -> Response:
        """A range and a number of grids for a market, from the volatility of its last days and the fees."""
        query = query_of(SuggestionQuery, request)
        query["symbol"] = query["symbol"].upper()
        return Response(SuggestionSerializer(suggest(**query)).data)


class BacktestView(Answering):
    renderer_classes = (QuickJSONRenderer,)

    @extend_schema(responses=KeptWithResultSerializer)
    def get(self, request: Request, backtest_id: UUID) -> Response:
        """One of your backtests or optimisations: how far it is, and what came of it."""
        found = kept.access_backtest(user=user_of(request), backtest_id=backtest_id)
        return Response(KeptWithResultSerializer(found).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, backtest_id: UUID) -> Response:
        """Cancel one that waits or runs (it stays in the list as cancelled), delete one that has ended."""
        found = kept.access_backtest(user=user_of(request), backtest_id=backtest_id)
        if not kept.cancel(backtest=found):
            kept.delete(backtest=found)
        return Response(status=status.HTTP_204_NO_CONTENT)
