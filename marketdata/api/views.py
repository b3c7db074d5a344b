"""Candles, tradable markets and the last price."""

import time
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from bots.core.ports import ExchangeError, UnknownSymbol
from bots.core.types import Candle, Ticker
from exchanges.services import market_of, symbols_of, ticker_of
from marketdata.api import serializers
from marketdata.bus import last_ticker
from marketdata.selectors import candles
from marketdata.services import follow
from marketdata.staleness import STALE_AFTER


class ExchangeAway(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "exchange_unavailable"
    default_detail = "The exchange does not answer at the moment. Try again in a few seconds."
    wait = 5


class CandlesView(APIView):
    """1m candles are stored; the other timeframes are made from them, the last one while it forms. `start`
    and `end` (exclusive) are ms since 1970 or ISO 8601. Without `start`, the last ones. Minutes never
    stored are left out."""

    @extend_schema(parameters=[serializers.CandlesQuery], responses=serializers.CandlesSerializer)
    def get(self, request: Request) -> Response:
        query = _checked(serializers.CandlesQuery, request)
        found = candles(**query)
        if not found:
            _known(query["exchange"], query["symbol"])
        return Response({"candles": [_row(candle) for candle in found]})


class SymbolsView(APIView):
    """Every market that can be traded, with the steps and the minimum of its orders."""

    @extend_schema(parameters=[serializers.ExchangeQuery], responses=serializers.SymbolsSerializer)
    def get(self, request: Request) -> Response:
        query = _checked(serializers.ExchangeQuery, request)
        try:
            markets = symbols_of(query["exchange"])
        except ExchangeError:
            raise ExchangeAway from None
        return Response(serializers.SymbolsSerializer({"symbols": markets, "next": None}).data)


class TickerView(APIView):
    """The last price, bid and ask. `time` tells how old they are."""

    @extend_schema(parameters=[serializers.MarketQuery], responses=serializers.TickerSerializer)
    def get(self, request: Request) -> Response:
        query = _checked(serializers.MarketQuery, request)
        ticker = _ticker(**query)
        follow(**query)
        return Response(serializers.TickerSerializer(ticker).data)


def _checked(kind: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    query = kind(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)


def _ticker(exchange: str, symbol: str) -> Ticker:
    """From the bus while it is fresh, else from the exchange; an old price is better than none."""
    last = last_ticker(exchange, symbol)
    if last and time.time() * 1000 - last.time < STALE_AFTER * 1000:
        return last
    try:
        return ticker_of(exchange, symbol)
    except UnknownSymbol:
        raise _unknown(exchange, symbol) from None
    except ExchangeError:
        if last is None:
            raise ExchangeAway from None
        return last


def _known(exchange: str, symbol: str) -> None:
    """Nothing is stored: because nobody followed the market yet, or because there is none?"""
    try:
        market_of(exchange, symbol)
    except UnknownSymbol:
        raise _unknown(exchange, symbol) from None
    except ExchangeError:
        raise ExchangeAway from None


def _unknown(exchange: str, symbol: str) -> ValidationError:
    detail = f"{exchange} has no market {symbol}. GET /symbols lists them."
    return ValidationError({"symbol": [detail]}, code="unknown_symbol")


def _row(candle: Candle) -> list[int | str]:
    numbers = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    return [candle.time, *map(_plain, numbers)]


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
