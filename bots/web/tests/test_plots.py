"""Plots keep every value inside their frame, and their scales are round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.web import plots

VALUES = st.lists(st.floats(-1e9, 1e9, allow_nan=False).map(lambda v: round(v, 6)), min_size=1, max_size=50)


@given(VALUES)
def test_a_frame_holds_all_values_between_a_few_even_ticks(values: list[float]) -> None:
    frame = plots.frame_of(range(len(values)), values)
    assert all(
        frame.inside(value) or min(abs(value - frame.low), abs(value - frame.high)) < 1e-3 for value in values
    )
    assert 2 <= len(frame.ticks) <= plots.MOST_STEPS + 2
    steps = {round(a - b, 6) for a, b in zip(frame.ticks, frame.ticks[1:], strict=False)}
    assert max(steps) - min(steps) <= 1e-3 * max(1, *steps)


@pytest.mark.parametrize(
    ("values", "ticks", "decimals"),
    [
        ((0, 100), [100, 80, 60, 40, 20, 0], 0),
        ((-1.2, 3.9), [4, 3, 2, 1, 0, -1, -2], 0),
        ((0, 0.11), None, 2),
        ((0, 14), None, 1),
    ],
)
def test_ticks_are_round(values: tuple[float, float], ticks: list[float] | None, decimals: int) -> None:
    frame = plots.frame_of((0, 1), values)
    assert frame.decimals == decimals
    assert ticks is None or frame.ticks == ticks


def test_a_line_runs_from_left_to_right_and_up() -> None:
    frame = plots.frame_of((0, 10), (0, 100))
    assert plots.line([[0, 0], [5, 50], [10, 100]], frame) == "0,300 500,150 1000,0"


def test_dots_that_fall_on_one_another_are_drawn_once() -> None:
    frame = plots.frame_of((0, 10_000_000), (0, 100))
    assert plots.dots([[0, 50], [1, 50.001], [10_000_000, 0]], frame) == "M0 150h0M1000 300h0"


def test_levels_outside_the_frame_are_left_out() -> None:
    frame = plots.frame_of((0, 1), (0, 100))
    assert plots.across([50, 500], frame) == "M0 150H1000"


def test_a_drawdown_counts_from_the_highest_so_far() -> None:
    assert plots.drawdown([[0, 100], [1, 75], [2, 200], [3, 100]]) == [[0, 0], [1, -0.25], [2, 0], [3, -0.5]]
