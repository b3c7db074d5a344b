"""The way of the price within a candle, which candles do not tell: the fill models."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

Prices = tuple[int, int, int, int]  # open, high, low, close


@dataclass(frozen=True, slots=True)
class FillModel:
    """`low_first` says of a candle (open, close) whether the price went to its low before its high. With `delayed`,
    an order can fill from the candle after the one in which it was placed. `first` is the candle the walk begins
    with: the bot starts at the close of candle 0."""

    low_first: Callable[[int, int], bool]
    delayed: bool = False
    first: int = 1

    def path(self, prices: Prices) -> Prices:
        """The prices in the order they were reached. An order between two of them fills at its own price; so does
        one that lies in the gap between a close and the next open."""
        opened, high, low, close = prices
        first, second = (low, high) if self.low_first(opened, close) else (high, low)
        return opened, first, second, close


def _rising(opened: int, close: int) -> bool:
    """A candle that rose went down first, one that fell went up first: the shorter of the two ways."""
    return close >= opened


class FillModelName(StrEnum):
    OHLC = "ohlc"
    NEXT_CANDLE = "next_candle"
    LOW_FIRST = "low_first"
    HIGH_FIRST = "high_first"


MODELS = {
    FillModelName.OHLC: FillModel(_rising),
    FillModelName.NEXT_CANDLE: FillModel(_rising, delayed=True),
    FillModelName.LOW_FIRST: FillModel(lambda _opened, _close: True),
    FillModelName.HIGH_FIRST: FillModel(lambda _opened, _close: False),
}
