"""Candles, and the markets somebody wants prices of."""

from typing import Any

from django.db import models


class Timeframe(models.TextChoices):
    """Only `1m` is stored; the others are answered from it."""

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    H1 = "1h"
    H4 = "4h"
    D1 = "1d"

    @property
    def milliseconds(self) -> int:
        return _MINUTES[self.value] * 60_000


_MINUTES = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "4h": 240, "1d": 1440}


def _price() -> "models.DecimalField[Any, Any]":
    return models.DecimalField(max_digits=18, decimal_places=8)


class Ohlcv(models.Model):
    """A hypertable, or partitioned by month (see the migration). Written by `services.store_candles` alone,
    which makes the month's partition first; read by `selectors.candles`. Django's admin cannot show
    composite keys."""

    pk = models.CompositePrimaryKey("exchange", "symbol", "timeframe", "time")
    time = models.DateTimeField()  # open time
    exchange = models.CharField(max_length=50)
    symbol = models.CharField(max_length=20)
    timeframe = models.CharField(max_length=10, choices=Timeframe)
    open = _price()
    high = _price()
    low = _price()
    close = _price()
    volume = models.DecimalField(max_digits=24, decimal_places=8)  # in the base coin

    class Meta:
        db_table = "ohlcv"
        verbose_name = "candle"

    def __str__(self) -> str:
        return f"{self.exchange} {self.symbol} {self.timeframe} {self.time:%Y-%m-%d %H:%M}"


class FollowedMarket(models.Model):
    """The collector streams a market until `wanted_until`."""

    exchange = models.CharField(max_length=50)
    symbol = models.CharField(max_length=20)
    wanted_until = models.DateTimeField()

    class Meta:
        db_table = "followed_markets"
        ordering = ["exchange", "symbol"]
        constraints = [
            models.UniqueConstraint(fields=["exchange", "symbol"], name="followed_markets_once"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} on {self.exchange}"


class CandleMonth(models.Model):
    """Counts the writes to a month of a market's candles, in their transactions: what was read at a version is
    what is stored while it is still the version. Written by `services.store_rows`, read by `columns`."""

    exchange = models.CharField(max_length=50)
    symbol = models.CharField(max_length=20)
    timeframe = models.CharField(max_length=10, choices=Timeframe)
    month = models.DateField()  # its first day
    version = models.BigIntegerField()

    class Meta:
        db_table = "candle_months"
        ordering = ["exchange", "symbol", "timeframe", "month"]
        constraints = [
            models.UniqueConstraint(
                fields=["exchange", "symbol", "timeframe", "month"], name="candle_months_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exchange} {self.symbol} {self.timeframe} {self.month:%Y-%m}"
