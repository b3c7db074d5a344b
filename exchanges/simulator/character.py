"""How a simulated price moves: a slow anchor (fat tails, clusters of volatility, drawn back to where it began over a
month) and a fast swing around it (an Ornstein-Uhlenbeck process). The swing is far livelier than a real market at the
scale of minutes, so that a grid of +-2 to 3 % trades within a minute of its start; over days the anchor rules, and its
volatility is the real one."""

import math
from dataclasses import dataclass

DAY = 86_400.0
ANCHOR_DAILY = 0.03
SWING = 0.008
SWING_HALF_LIFE = 60.0  # seconds
ANCHOR_HALF_LIFE = 30 * DAY


@dataclass(frozen=True, slots=True)
class Character:
    volatility: float = 1.0

    @property
    def swing(self) -> float:
        """Standard deviation of the swing, as a logarithm."""
        return SWING * self.volatility

    @property
    def anchor_per_minute(self) -> float:
        return self.anchor_over(60.0)

    @property
    def swing_per_minute(self) -> float:
        """What the swing's noise alone adds up to in a minute."""
        return self.swing * math.sqrt(2 * math.log(2) * 60 / SWING_HALF_LIFE)

    def anchor_over(self, seconds: float) -> float:
        return ANCHOR_DAILY * self.volatility * math.sqrt(seconds / DAY)

    @staticmethod
    def swing_memory(seconds: float) -> float:
        """The share of a swing that is left after this time."""
        return float(0.5 ** (seconds / SWING_HALF_LIFE))
