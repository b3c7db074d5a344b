"""The deflated Sharpe ratio, against the numbers its authors published."""

from math import sqrt

import numpy as np
import pytest

from bots.backtest.luck import FEWEST_DAYS, deflated_sharpe_ratio, expected_maximum, judge

# The paper's "numerical example": an annualised ratio of 2.5 over 1,250 days, 250 of them a year; the ratios of the
# trials vary by 1/2 (annualised).
RATIO, VARIANCE, DAYS = 2.5 / sqrt(250), 0.5 / 250, 1250


def test_the_papers_hundred_trials() -> None:
    benchmark = expected_maximum(VARIANCE, 100)
    assert benchmark == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe_ratio(RATIO, benchmark, DAYS, -3, 10) == pytest.approx(0.9004, abs=5e-5)


@pytest.mark.parametrize(("trials", "skewness", "kurtosis"), [(46, -3, 10), (88, 0, 3)])
def test_the_papers_most_trials_that_still_convince(trials: int, skewness: float, kurtosis: float) -> None:
    """Of returns as they were, and of normal ones."""
    benchmark = expected_maximum(VARIANCE, trials)
    found = deflated_sharpe_ratio(RATIO, benchmark, DAYS, skewness, kurtosis)
    assert found == pytest.approx(0.9505, abs=5e-5)


def test_one_trial_had_no_choice() -> None:
    assert expected_maximum(VARIANCE, 1) == 0.0


def test_the_best_of_many_random_walks_is_called_luck_and_real_skill_is_not() -> None:
    walks = np.random.default_rng(1).normal(0, 0.01, (500, 365))
    ratios = walks.mean(axis=1) / walks.std(axis=1, ddof=1)
    best = walks[ratios.argmax()]
    found = judge(best, ratios, 500)
    assert found.likely
    assert "likely luck" in found.sentence
    assert "500 tries" in found.sentence
    skilled = judge(best + 0.004, ratios, 500)
    assert not skilled.likely
    assert skilled.probability > 0.999


def test_the_same_ratio_convinces_less_the_more_was_tried() -> None:
    rng = np.random.default_rng(2)
    returns, ratios = rng.normal(0.002, 0.01, 365), rng.normal(0, 0.05, 50)
    probabilities = [judge(returns, ratios, trials).probability or 0.0 for trials in (50, 500, 5000, 50_000)]
    assert probabilities == sorted(probabilities, reverse=True)


@pytest.mark.parametrize("returns", [np.zeros(0), np.ones(FEWEST_DAYS - 1) * 0.01, np.zeros(400)])
def test_of_too_little_nothing_is_claimed(returns: np.ndarray) -> None:
    found = judge(returns, np.array([0.1, 0.2]), 2)
    assert found.probability is None
    assert found.likely
