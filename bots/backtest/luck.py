"""How likely it is that the best of many was the luckiest. Ratios here are per day, not annualised.

Bailey, D. and Lopez de Prado, M. (2014), The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest Overfitting
and Non-Normality, Journal of Portfolio Management 40 (5), 94-107.
"""

from dataclasses import dataclass
from math import e, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

ENOUGH = 0.95
FEWEST_DAYS = 30
_NORMAL = NormalDist()


def expected_maximum(variance: float, trials: int) -> float:
    """The Sharpe ratio that the best of `trials` independent ones without any skill is expected to show, where
    `variance` is that of their ratios: sqrt(V) * ((1 - g) * Z(1 - 1/N) + g * Z(1 - 1/(N e))), g Euler-Mascheroni's
    constant, Z the inverse of the standard normal distribution."""
    if trials < 2:
        return 0.0
    high, higher = (_NORMAL.inv_cdf(1 - 1 / (trials * factor)) for factor in (1.0, e))
    return sqrt(variance) * ((1 - np.euler_gamma) * high + np.euler_gamma * higher)


def deflated_sharpe_ratio(
    ratio: float, benchmark: float, days: int, skewness: float = 0.0, kurtosis: float = 3.0
) -> float:
    """The probability that the true ratio is above `benchmark` (`expected_maximum`), given one observed over `days`
    returns of this skewness and kurtosis (3 for a normal distribution):
    F((SR - SR0) * sqrt(T - 1) / sqrt(1 - skewness * SR + (kurtosis - 1) / 4 * SR ** 2))."""
    spread = 1 - skewness * ratio + (kurtosis - 1) / 4 * ratio**2
    return _NORMAL.cdf((ratio - benchmark) * sqrt(days - 1) / sqrt(spread)) if spread > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Luck:
    """`probability` that the best is better than the luckiest of so many would be, None where nothing can be said."""

    probability: float | None
    sentence: str

    @property
    def likely(self) -> bool:
        return self.probability is None or self.probability < ENOUGH


def judge(returns: NDArray[np.float64], ratios: NDArray[np.float64], trials: int) -> Luck:
    """Of the best config's daily `returns`, found among `trials`, of which `ratios` (daily) were seen. All trials count
    as independent: neighbours are not, so the answer is on the strict side."""
    days, spread = len(returns), float(returns.std()) if len(returns) else 0.0
    if days < FEWEST_DAYS or not spread:
        return Luck(None, f"Too few days to tell skill from luck: {days} of at least {FEWEST_DAYS}.")
    deviations = (returns - returns.mean()) / spread
    ratio = float(returns.mean() / returns.std(ddof=1))
    benchmark = expected_maximum(float(ratios.var(ddof=1)) if len(ratios) > 1 else 0.0, trials)
    probability = deflated_sharpe_ratio(
        ratio, benchmark, days, float((deviations**3).mean()), float((deviations**4).mean())
    )
    return Luck(probability, _sentence(probability, trials, ratio, benchmark))


def _sentence(probability: float, trials: int, ratio: float, benchmark: float) -> str:
    year = sqrt(365)
    facts = (
        f"its Sharpe ratio is {ratio * year:.2f}, and the luckiest of {trials:,} tries without any skill would be "
        f"expected to show {benchmark * year:.2f}. Deflated Sharpe ratio {probability:.2f}"
    )
    if probability < ENOUGH:
        return f"The best one is likely luck: {facts}, where {ENOUGH} is asked for."
    return f"The best one is unlikely to be luck alone: {facts}. What has worked may still stop working."
