"""Which configs are tried: all combinations, or some of them by chance."""

from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.backtest.space import Axis, Space, read_space
from bots.services.errors import InvalidConfig

BASE = {"lower_price": 90, "upper_price": 110, "investment": 1000}
TICK = Decimal("0.01")


def space(base: Any = BASE, strategy: str = "grid", **ranges: Any) -> Space:
    return read_space(strategy, base, ranges)


def test_steps_include_both_ends_and_are_exact() -> None:
    found = space(
        grid_count={"from": 5, "to": 20, "step": 5}, lower_price={"from": "80.1", "to": 80.3, "step": 0.1}
    )
    assert [axis.values for axis in found.axes] == [("5", "10", "15", "20"), ("80.1", "80.2", "80.3")]
    assert len(found) == 12


def test_percent_are_of_the_first_close_on_the_tick() -> None:
    found = space(grid_count=[10], lower_price={"values": [80, "92.5"], "unit": "percent"})
    configs = [found.config(numbers, Decimal("99.99"), TICK) for numbers in found.choose(10)]
    assert [config["lower_price"] for config in configs] == ["79.99", "92.49"]
    assert configs[0] == {**BASE, "grid_count": "10", "lower_price": "79.99"}


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_every_combination_once(sizes: list[int]) -> None:
    axes = tuple(Axis(f"field{n}", tuple(range(size))) for n, size in enumerate(sizes))
    found = Space("grid", {}, axes)
    assert found.choose(0) == list(product(*(range(size) for size in sizes)))


@given(st.integers(0, 1000), st.integers(1, 30))
def test_chance_repeats_itself_and_nothing_in_it(seed: int, most: int) -> None:
    axes = tuple(Axis(name, tuple(range(4))) for name in "abc")
    found = Space("grid", {}, axes)
    chosen = found.choose(most, seed)
    assert chosen == found.choose(most, seed)
    assert len(set(chosen)) == len(chosen) == most
    assert set(chosen) <= set(found.choose(0))


def test_a_huge_space_is_sampled_without_being_listed() -> None:
    axes = tuple(Axis(name, tuple(range(100))) for name in "abcdef")
    assert len(Space("grid", {}, axes).choose(50, 1)) == 50


@pytest.mark.parametrize(
    ("ranges", "field"),
    [
        ({}, "ranges"),
        ({"grid_count": {"from": 1, "to": 500, "step": 1}}, "ranges.grid_count"),
        ({"grid_count": {"from": 5, "to": 50}}, "ranges.grid_count"),
        ({"grid_count": {"from": 50, "to": 5, "step": 5}}, "ranges.grid_count"),
        ({"grid_count": {"from": 5, "to": 50, "step": 0}}, "ranges.grid_count"),
        ({"grid_count": {"from": 5, "to": "NaN", "step": 1}}, "ranges.grid_count"),
        ({"grid_count": {"values": [10], "unit": "percent"}}, "ranges.grid_count"),
        ({"grid_count": [10, "many"]}, "ranges.grid_count"),
        ({"grid_count": [1]}, "ranges.grid_count"),
        ({"grid_count": []}, "ranges.grid_count"),
        ({"grid_count": 10}, "ranges.grid_count"),
        ({"grid_count": [[10]]}, "ranges.grid_count"),
        ({"grid_count": [10], "spacing": ["arithmetic", "crooked"]}, "ranges.spacing"),
        ({"grid_count": [10], "lower_price": {"values": [-5], "unit": "percent"}}, "ranges.lower_price"),
        ({"grid_count": [10], "amount": [5]}, "ranges.amount"),
        ({"grid_count": {"start": 5}}, "ranges.grid_count"),
    ],
)
def test_a_range_that_makes_no_sense_is_named(ranges: Any, field: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        space(**ranges)
    assert {error.field for error in refused.value.errors} == {field}


def test_what_is_wrong_with_the_rest_of_the_config_is_named_as_ever() -> None:
    with pytest.raises(InvalidConfig) as refused:
        space({"lower_price": 90, "upper_price": 110, "surprise": 1}, grid_count=[10])
    assert {error.field for error in refused.value.errors} == {"investment", "surprise"}


def test_values_that_do_not_go_together_are_no_mistake() -> None:
    assert len(space(grid_count=[10], lower_price=[90, 120], upper_price=[100, 130])) == 4
