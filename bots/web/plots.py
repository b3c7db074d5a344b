"""Plots as SVG made by the server: they need no script, move nothing, and follow the theme by their classes.

A plot is WIDE by HIGH units and stretched to its box, so it holds lines and dots only; its scales stand beside it as
text, evenly spaced."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from math import ceil, floor, log10

WIDE, HIGH = 1000, 300
STEPS = (1, 2, 2.5, 5, 10)
FEWEST_STEPS, MOST_STEPS = 3, 6
DATES = 5
DAY = 86_400_000

Point = Sequence[float]  # time (ms), value
Curve = Sequence[Point]


@dataclass(frozen=True, slots=True)
class Frame:
    """From [start, end] ms by [low, high] to the plot's units; `ticks` are the round values beside it, highest
    first."""

    start: float
    end: float
    low: float
    high: float
    ticks: list[float]

    def x(self, time: float) -> float:
        return round((time - self.start) / ((self.end - self.start) or 1) * WIDE, 1)

    def y(self, value: float) -> float:
        return round((self.high - value) / (self.high - self.low) * HIGH, 1)

    def inside(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def rules(self) -> str:
        """A line across at every tick, as a path."""
        return "".join(f"M0 {self.y(tick):g}H{WIDE}" for tick in self.ticks[1:-1])

    @property
    def decimals(self) -> int:
        """What its ticks need to be told apart."""
        step = self.ticks[0] - self.ticks[1]
        return max(0, min(8, -floor(log10(step) + 1e-9) + (round(step / 10 ** floor(log10(step)), 6) == 2.5)))

    @property
    def dates(self) -> list[datetime]:
        span = (self.end - self.start) / (DATES - 1)
        return [datetime.fromtimestamp((self.start + i * span) / 1000, UTC) for i in range(DATES)]

    @property
    def hours(self) -> bool:
        """Whether days alone would repeat themselves below the plot."""
        return self.end - self.start < DATES * DAY


def frame_of(times: Iterable[float], values: Iterable[float]) -> Frame:
    """Around all of these, with a round scale. There is at least one of each."""
    when, what = list(times), list(values)
    low, high = min(what), max(what)
    if low == high:
        low, high = low - (abs(low) or 1) * 0.01, high + (abs(high) or 1) * 0.01
    step = _step(high - low)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    ticks = [i * step for i in range(last, first - 1, -1)]
    return Frame(min(when), max(when), ticks[-1], ticks[0], ticks)


def _step(span: float) -> float:
    """The round distance that cuts `span` into at most MOST_STEPS."""
    rough = span / MOST_STEPS
    size = 10 ** floor(log10(rough))
    return float(next(size * step for step in STEPS if size * step >= rough))


def line(curve: Curve, frame: Frame) -> str:
    """The `points` of a polyline."""
    return " ".join(f"{frame.x(time):g},{frame.y(value):g}" for time, value in curve)


def area(upper: Curve, lower: Curve, frame: Frame) -> str:
    """The `points` of the polygon between two curves."""
    return f"{line(upper, frame)} {line(lower[::-1], frame)}"


def dots(points: Iterable[Point], frame: Frame) -> str:
    """A path of lines without length: round or square dots by their caps, whatever stretches the plot."""
    seen = dict.fromkeys((round(frame.x(time)), round(frame.y(value))) for time, value in points)
    return "".join(f"M{x} {y}h0" for x, y in seen)


def across(values: Iterable[float], frame: Frame) -> str:
    """A path of lines from edge to edge, at those of the values that the frame shows."""
    return "".join(f"M0 {frame.y(value):g}H{WIDE}" for value in values if frame.inside(value))


def drawdown(curve: Curve) -> list[list[float]]:
    """value / highest so far - 1, at each point; 0 where there was nothing to lose."""
    highest = accumulate((value for _, value in curve), max)
    return [
        [time, value / top - 1 if top > 0 else 0.0] for (time, value), top in zip(curve, highest, strict=True)
    ]
