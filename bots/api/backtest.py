"""Backtests: what a bot would have done."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import DecimalField, StrictSerializer
from bots.api import inputs
from bots.api.views import Answering, body_of
from bots.backtest import service
from bots.backtest.path import FillModelName
from bots.models import Strategy
from marketdata.api.serializers import exchange_field
from marketdata.models import Timeframe

MOST_FEES = Decimal("0.05")


class BacktestBody(StrictSerializer):
    """`end_date` is inclusive, UTC. `fees` is the fraction taken of each fill. With `risk`, the bot's breakers work."""

    strategy = inputs.choice(Strategy)
    symbol = inputs.TextField(max_length=20)
    start_date = serializers.DateField()
    end_date = serializers.DateField()
    config = inputs.ConfigField()
    exchange = exchange_field(default="binance")
    timeframe = inputs.choice(Timeframe, default=Timeframe.M1.value)
    fill_model = inputs.choice(FillModelName, default="ohlc")
    fees = DecimalField(default=Decimal("0.001"), min_value=Decimal(0), max_value=MOST_FEES)
    risk = serializers.BooleanField(default=False)


class BandSerializer(serializers.Serializer[Any]):
    """Total returns of the worst and the best way of the price within the candles."""

    pessimistic = serializers.FloatField()
    optimistic = serializers.FloatField()


class ReportSerializer(serializers.Serializer[Any]):
    """For the schema; the numbers are JSON numbers, times ms."""

    total_return = serializers.FloatField()
    annualized_return = serializers.FloatField()
    sharpe_ratio = serializers.FloatField()
    sortino_ratio = serializers.FloatField()
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


class BacktestView(Answering):
    @extend_schema(request=BacktestBody, responses=ReportSerializer)
    def post(self, request: Request) -> Response:
        """What a bot of this config would have done from the close of the first candle on. Missing candles are
        fetched first: where that takes long, 503 says how far it is, and asking again goes on."""
        return Response(service.backtest(service.Request(**body_of(BacktestBody, request))))
