"""The way of the price within a candle, which candles do not tell: the fill models."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

Prices = tuple[int, int, int, int]  # open, high, low, close


class Way(IntEnum):
    """Which extreme came first. By direction: a candle that rose went down first, one that fell went up first, the
    shorter of the two ways."""

    LOW_FIRST = 0
    HIGH_FIRST = 1
    BY_DIRECTION = 2


@dataclass(frozen=True, slots=True)
class FillModel:
    """With `delayed`, an order can fill from the candle after the one in which it was placed. `first` is the candle
    the walk begins with: the bot starts at the close of candle 0."""

    way: Way
    delayed: bool = False
    first: int = 1

    def path(self, prices: Prices) -> Prices:
        """The prices in the order they were reached. An order between two of them fills at its own price; so does
        one that lies in the gap between a close and the next open."""
        opened, high, low, close = prices
        low_first = self.way is Way.LOW_FIRST or (self.way is Way.BY_DIRECTION and close >= opened)
        first, second = (low, high) if low_first else (high, low)
        return opened, first, second, close


class FillModelName(StrEnum):
    OHLC = "ohlc"
    NEXT_CANDLE = "next_candle"
    LOW_FIRST = "low_first"
    HIGH_FIRST = "high_first"


MODELS = {
    FillModelName.OHLC: FillModel(Way.BY_DIRECTION),
    FillModelName.NEXT_CANDLE: FillModel(Way.BY_DIRECTION, delayed=True),
    FillModelName.LOW_FIRST: FillModel(Way.LOW_FIRST),
    FillModelName.HIGH_FIRST: FillModel(Way.HIGH_FIRST),
}
