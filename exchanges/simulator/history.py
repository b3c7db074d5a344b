"""The past of a market: 1m candles drawn at once from the same process that then goes on live, ending exactly where the
live market began."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from exchanges.simulator.character import Character
from exchanges.simulator.symbols import SymbolRules

MINUTE = 60_000
MINUTES_A_DAY = 1440

Floats = npt.NDArray[np.float64]
Minutes = npt.NDArray[np.int32]  # a row each: open, high, low, close in ticks, volume in lots


@dataclass(frozen=True)
class History:
    """`end` is the minute (ms) at which the live market opened, at `end_price`."""

    rules: SymbolRules
    end: int
    end_price: Decimal
    days: int
    seed: int
    home: Path | None  # where it is kept: drawn once, the same for ever after
    past_of: Callable[[int, int], npt.NDArray[np.int64]] | None = (
        None  # another exchange's 1m candles (candles.Rows)
    )

    @property
    def start(self) -> int:
        return self.end - self.days * MINUTES_A_DAY * MINUTE

    @cached_property
    def candles(self) -> Minutes:

        if self.home is None:
            return self._draw()
        path = self.home / "history" / f"{self.rules.symbol}.npy"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            unfinished = path.with_suffix(".part.npy")
            np.save(unfinished, self._draw())
            unfinished.rename(path)
        kept: Minutes = np.load(path, mmap_mode="r")
        return kept

    def _draw(self) -> Minutes:
        if self.past_of is not None:
            rows = self.past_of(self.start, self.end)
            if len(rows) == self.days * MINUTES_A_DAY:
                return self._beside(rows)
        rng = np.random.default_rng([self.seed, crc32(self.rules.symbol.encode())])
        return draw(self.rules, rng, self.days * MINUTES_A_DAY, end_price=self.end_price)

    def _beside(self, rows: npt.NDArray[np.int64]) -> Minutes:
        """The same shape at our own prices, ticks and lots."""
        tick, lot = (float(amount) * 1e8 for amount in (self.rules.tick, self.rules.lot))
        factor = float(self.end_price) * 1e8 / rows[-1, 4]
        prices = np.rint(rows[:, 1:5] * factor / tick).clip(min=1)
        lots = np.rint(rows[:, 5] * factor / lot).clip(min=1)
        return np.column_stack([prices, lots]).astype(np.int32)


def draw(
    rules: SymbolRules,
    rng: np.random.Generator,
    count: int,
    *,
    start_price: Decimal | None = None,
    end_price: Decimal | None = None,
) -> Minutes:
    """`count` minutes from one price, or to one."""
    character = Character(rules.volatility)
    volatility = _volatility(rng, count)
    path = _anchor(rng, volatility * character.anchor_per_minute) + _swing(rng, count, character)
    opened = np.concatenate([[0.0], path[:-1]])
    shift = np.log(float(start_price)) if start_price else np.log(float(end_price or 1)) - path[-1]
    opened, closed = opened + shift, path + shift
    spread = np.hypot(character.swing_per_minute, volatility * character.anchor_per_minute)
    high, low = _extremes(rng, opened, closed, spread)
    moved = np.abs(closed - opened) / spread
    turnover = float(rules.daily_turnover) / MINUTES_A_DAY * (0.4 + 0.8 * moved) * _noise(rng, count)
    prices = np.rint(np.exp(np.stack([opened, high, low, closed], axis=1)) / float(rules.tick)).clip(min=1)
    lots = np.rint(turnover / np.exp(closed) / float(rules.lot)).clip(min=1)
    return np.column_stack([prices, lots]).astype(np.int32)


def _volatility(rng: np.random.Generator, count: int) -> Floats:
    """Clusters: a factor around 1 whose logarithm forgets half of itself in 12 hours."""
    hours = count // 60 + 1
    logs = _reverting(rng.normal(0, 0.16, hours), np.log(2) / 12)
    return np.repeat(np.exp(logs - 0.12), 60)[:count]


def _anchor(rng: np.random.Generator, scale: Floats) -> Floats:
    """Fat tails (Student's t with 4 degrees of freedom has variance 2), drawn back over a month."""
    return _reverting(rng.standard_t(4, len(scale)) / np.sqrt(2) * scale, np.log(2) / (30 * MINUTES_A_DAY))


def _swing(rng: np.random.Generator, count: int, character: Character) -> Floats:
    memory = character.swing_memory(60.0)
    weights = memory ** np.arange(32)
    steps = rng.normal(0, character.swing * np.sqrt(1 - memory**2), count)
    return np.convolve(steps, weights)[:count]


def _reverting(steps: Floats, rate: float) -> Floats:
    """The sum of the steps, each fading by exp(-rate) per place."""
    ages = rate * np.arange(len(steps))
    if ages[-1] > 600:  # beyond what a float can hold: fade in blocks
        half = len(steps) // 2
        first, second = _reverting(steps[:half], rate), _reverting(steps[half:], rate)
        return np.concatenate([first, second + first[-1] * np.exp(-ages[1 : len(second) + 1])])
    faded: Floats = np.exp(-ages) * np.cumsum(np.exp(ages) * steps)
    return faded


def _extremes(
    rng: np.random.Generator, opened: Floats, close: Floats, spread: Floats
) -> tuple[Floats, Floats]:
    """Highest and lowest point of a Brownian bridge, by inversion of their distribution. All are logarithms."""
    middle, distance = (opened + close) / 2, (close - opened) ** 2
    up, down = (np.sqrt(distance - 2 * spread**2 * np.log(1 - rng.random(len(close)))) / 2 for _ in range(2))
    return middle + up, middle - down


def _noise(rng: np.random.Generator, count: int) -> Floats:
    return np.exp(rng.normal(-0.18, 0.6, count))
