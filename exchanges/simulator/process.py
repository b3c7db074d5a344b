"""Where a price goes next: drawn (character.py) or replayed from a file."""

import csv
import gzip
import math
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Protocol, TypeVar

from exchanges.simulator.character import ANCHOR_HALF_LIFE, DAY, Character

VOLATILITY_HALF_LIFE = DAY / 2
VOLATILITY_SPREAD = 0.47  # standard deviation of its logarithm
MINUTE = 60.0
BASIS_HALF_LIFE = 60.0
BASIS_SPREAD = 0.0003

Number = TypeVar("Number", float, Decimal)
Ohlc = tuple[float, float, float, float]


class Process(Protocol):
    def advance(self, seconds: float) -> list[float]:
        """The prices to visit in this time, the last one being where it ends."""

    def jump_to(self, price: float) -> None:
        """Somebody moved the market: go on from there."""


class DrawnPrice:
    def __init__(self, price: float, home: float, volatility: float, rng: random.Random) -> None:
        """`home` is the price that a month draws it back to."""
        self._character = Character(volatility)
        self._rng = rng
        self._home = math.log(home)
        self._log_volatility = 0.0
        self.jump_to(price)

    def jump_to(self, price: float) -> None:
        self._anchor, self._swing = math.log(price), 0.0

    def advance(self, seconds: float) -> list[float]:
        rng = self._rng
        keep = 0.5 ** (seconds / VOLATILITY_HALF_LIFE)
        self._log_volatility *= keep
        self._log_volatility += rng.gauss(0, VOLATILITY_SPREAD * math.sqrt(1 - keep * keep))
        fat = rng.gauss(0, 1) / math.sqrt(rng.gammavariate(2, 0.5)) / math.sqrt(2)  # Student's t, 4 degrees
        factor = math.exp(self._log_volatility - VOLATILITY_SPREAD**2 / 2)
        self._anchor += fat * factor * self._character.anchor_over(seconds)
        self._anchor += (self._home - self._anchor) * (1 - 0.5 ** (seconds / ANCHOR_HALF_LIFE))
        memory = self._character.swing_memory(seconds)
        self._swing = self._swing * memory
        self._swing += rng.gauss(0, self._character.swing * math.sqrt(1 - memory * memory))
        return [math.exp(self._anchor + self._swing)]


class FollowedPrice:
    """Near what another exchange shows: apart by a few hundredths of a percent that come and go, or by as much as
    somebody pushed it, until the arbitrageurs have brought it back."""

    def __init__(self, leader: Callable[[], Decimal], rng: random.Random) -> None:
        self._leader = leader
        self._rng = rng
        self._apart = 0.0  # as a logarithm

    def jump_to(self, price: float) -> None:
        self._apart = math.log(price / float(self._leader()))

    def advance(self, seconds: float) -> list[float]:
        keep = 0.5 ** (seconds / BASIS_HALF_LIFE)
        self._apart = self._apart * keep + self._rng.gauss(0, BASIS_SPREAD * math.sqrt(1 - keep * keep))
        return [float(self._leader()) * math.exp(self._apart)]


class ReplayedPrice:
    """Walks through each candle's open, its nearer extreme, the other one and its close, a quarter of a minute each;
    after the last candle it goes on as drawn."""

    def __init__(self, candles: list[Ohlc], then: DrawnPrice) -> None:
        self._points = [price for candle in candles for price in path(candle)]
        self._then = then
        self._at = 0.0  # in points

    def jump_to(self, price: float) -> None:
        """The file knows better, until it ends."""
        self._then.jump_to(price)

    def advance(self, seconds: float) -> list[float]:
        before, self._at = int(self._at), self._at + seconds * 4 / MINUTE
        passed = self._points[before : int(self._at)]
        if passed:
            self._then.jump_to(passed[-1])
        elif before >= len(self._points):
            return self._then.advance(seconds)
        return passed


def path(candle: tuple[Number, Number, Number, Number]) -> list[Number]:
    """A plausible way through a candle: the nearer extreme first."""
    opened, high, low, close = candle
    nearer, farther = (high, low) if high - opened < opened - low else (low, high)
    return [opened, nearer, farther, close]


def read_candles(file: Path) -> Iterator[Ohlc]:
    """From a CSV with the header time,open,high,low,close,volume; gzipped where the name ends in .gz."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            yield float(row["open"]), float(row["high"]), float(row["low"]), float(row["close"])
