"""What the market data endpoints take and give."""

import re
from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.fields import DecimalField
from exchanges.connector.facts import FACTS
from marketdata.models import Timeframe
from marketdata.validation import EARLIEST

MAX_CANDLES = 1500
DEFAULT_CANDLES = 500
_DIGITS = re.compile("[0-9]{1,19}")
# An unescaped + in a query string arrives as a blank.
_BLANK_FOR_PLUS = re.compile(r"(:[0-9.]+) ([0-9]{2}:?[0-9]{2})$")
_LATEST = 4_102_444_800_000  # the year 2100


@extend_schema_field(
    {"type": "string", "example": "2024-08-05T00:00:00Z", "description": "ms since 1970, or ISO 8601"}
)
class MomentField(serializers.Field[int, Any, int, Any]):
    """ms since 1970 UTC, or ISO 8601 (UTC where it names no zone)."""

    default_error_messages = {
        "invalid": "Send milliseconds since 1970, or a date and time such as 2024-08-05T00:00:00Z.",
        "range": "The time must lie between the years 2009 and 2100; milliseconds, not seconds.",
    }

    def to_internal_value(self, data: Any) -> int:
        text = str(data).strip()
        ms = int(text) if _DIGITS.fullmatch(text) else self._from_iso(text)
        if not EARLIEST <= ms < _LATEST:
            self.fail("range")
        return ms

    def _from_iso(self, text: str) -> int:
        try:
            when = datetime.fromisoformat(_BLANK_FOR_PLUS.sub(r"\1+\2", text))
            return int(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1000)
        except (ValueError, OverflowError):
            self.fail("invalid")


def exchange_field(**options: Any) -> serializers.ChoiceField:
    known = sorted(FACTS)
    message = "Unknown exchange: {input}. Offered: " + ", ".join(known) + "."
    return serializers.ChoiceField(choices=known, error_messages={"invalid_choice": message}, **options)


class ExchangeQuery(serializers.Serializer[Any]):
    exchange = exchange_field()


class MarketQuery(ExchangeQuery):
    symbol = serializers.CharField(max_length=20)


class CandlesQuery(MarketQuery):
    timeframe = serializers.ChoiceField(choices=Timeframe.values, default=Timeframe.M1.value)
    start = MomentField(required=False)
    end = MomentField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_CANDLES, default=DEFAULT_CANDLES)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.get("start"), attrs.get("end")
        if start is None or end is None:
            return attrs
        if start >= end:
            raise serializers.ValidationError({"start": "start must be before end."}, code="start_after_end")
        if "limit" not in self.initial_data:
            attrs["limit"] = MAX_CANDLES
            self._check_range(start, end, Timeframe(attrs["timeframe"]))
        return attrs

    def _check_range(self, start: int, end: int, timeframe: Timeframe) -> None:
        if end - start > MAX_CANDLES * timeframe.milliseconds:
            detail = f"That is more than {MAX_CANDLES} candles of {timeframe}: shorten the range,"
            detail += " take a larger timeframe, or send a limit and page by start."
            raise serializers.ValidationError({"end": detail}, code="range_too_large")


class TickerSerializer(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    price = DecimalField()
    bid = DecimalField()
    ask = DecimalField()
    time = serializers.IntegerField(help_text="ms since 1970 UTC")


class SymbolSerializer(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    base = serializers.CharField()
    quote = serializers.CharField()
    tick = DecimalField()
    lot = DecimalField()
    min_notional = DecimalField()


class SymbolsSerializer(serializers.Serializer[Any]):
    symbols = SymbolSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class CandlesSerializer(serializers.Serializer[Any]):
    """Each candle is [open time in ms, open, high, low, close, volume], the numbers as strings."""

    candles = serializers.ListField(child=serializers.ListField())
