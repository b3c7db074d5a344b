"""The price of a backtest's time as bands: a year of minutes becomes what a screen can show."""

from typing import NamedTuple

import numpy as np

from marketdata import columns

MOST_BANDS = 500

Curve = list[list[float]]


class Bands(NamedTuple):
    """(ms, price) each, of one length: the highest, the lowest and the last price of a stretch, at its end."""

    high: Curve
    low: Curve
    close: Curve


def bands(*, exchange: str, symbol: str, start: int, end: int) -> Bands | None:
    """Of the stored candles that open in [start, end) ms; None where none are left."""
    frame = columns.finest(exchange=exchange, symbol=symbol, start=start, end=end)
    if frame is None:
        return None
    found = columns.read(exchange=exchange, symbol=symbol, timeframe=frame, start=start, end=end)
    if not len(found):
        return None
    first = np.unique(
        np.linspace(0, len(found), min(MOST_BANDS, len(found)), endpoint=False).astype(np.int64)
    )
    last = np.append(first[1:], len(found)) - 1
    times = found.time[last].tolist()
    high, low = np.maximum.reduceat(found.high, first), np.minimum.reduceat(found.low, first)
    return Bands(*(_curve(times, prices) for prices in (high, low, found.close[last])))


def _curve(times: list[int], prices: columns.Numbers) -> Curve:
    return [[time, price] for time, price in zip(times, (prices / columns.SCALE).tolist(), strict=True)]
