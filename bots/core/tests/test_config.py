"""Configs as people write them: one clear sentence per mistake, never anything but ConfigError."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.core.strategies.config import ConfigError, FieldError, as_json, read_config, read_limits
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig

GRID = {"lower_price": "100", "upper_price": 200, "grid_count": 10, "investment": 1000.5}
DCA = {"amount": 50, "interval": "1d"}
GRID_FIELDS = [
    *GRID,
    "spacing",
    "trigger_price",
    "stop_loss_price",
    "take_profit_price",
    "on_stop",
    "post_only",
    "trailing_up",
    "trailing_down",
    "trailing_up_limit",
    "trailing_down_limit",
    "reinvest",
]
DCA_FIELDS = [
    *DCA, "price_drop", "step_scale", "volume_scale", "max_orders", "take_profit", "trailing", "stop_loss",
    "cooldown", "max_investment", "repeat", "missed", "on_stop",
]  # fmt: skip
RUBBISH = [
    True, False, "NaN", "sNaN", "Infinity", "-inf", float("nan"), float("inf"), -1, "-0.01", "", None, "abc",
    "1e999999999", "1e-99", 10**30, 10**5000, [], {}, [1], {"a": 1}, "\x00", "0x10", "1,000", " ", Decimal("NaN"),
    "9" * 100, 1.123456789012, "١٢", "1h\n", "99999999999999w", object(),
]  # fmt: skip


def mistakes(strategy: str, data: Any) -> list[FieldError]:
    try:
        read_config(strategy, data)
    except ConfigError as error:
        return error.errors
    return []


def errors_of(strategy: str, data: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read_config(strategy, data)
    assert all(error.detail.endswith(".") and len(error.detail) < 200 for error in caught.value.errors)
    return {error.field: error.code for error in caught.value.errors}


def test_numbers_may_be_text_or_numbers() -> None:
    config = read_config("grid", GRID)
    assert isinstance(config, GridConfig)
    assert (config.lower_price, config.upper_price, config.investment) == (100, 200, Decimal("1000.5"))
    dca = read_config("dca", DCA)
    assert isinstance(dca, DCAConfig)
    assert dca.interval == 86_400


@pytest.mark.parametrize("value", RUBBISH, ids=range(len(RUBBISH)))
@pytest.mark.parametrize(
    ("strategy", "field"), [*(("grid", f) for f in GRID_FIELDS), *(("dca", f) for f in DCA_FIELDS)]
)
def test_rubbish_in_any_field_is_read_or_refused_by_name(strategy: str, field: str, value: Any) -> None:
    found = mistakes(strategy, {**(GRID if strategy == "grid" else DCA), field: value})
    assert not found or field in {mistake.field for mistake in found} or value in ("", None)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.decimals(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
names = (
    st.sampled_from([*GRID_FIELDS, *DCA_FIELDS, "max_loss_per_hour", "reinvest"])
    | st.text(max_size=5)
    | st.integers()
)


@given(st.sampled_from(["grid", "dca"]), st.dictionaries(names, anything, max_size=6))
def test_no_input_raises_anything_but_config_error(strategy: str, data: dict[Any, Any]) -> None:
    start = dict(GRID if strategy == "grid" else DCA)
    assert all(mistake.code and mistake.detail for mistake in mistakes(strategy, start | data))


@given(st.sampled_from(["grid", "dca"]), st.dictionaries(names, anything, max_size=3))
def test_what_is_stored_reads_back_as_the_same_config(strategy: str, data: dict[Any, Any]) -> None:
    start = dict(GRID if strategy == "grid" else DCA) | data
    if not mistakes(strategy, start):
        assert read_config(strategy, as_json(strategy, start)) == read_config(strategy, start)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"upper_price": 50}, "upper_price", "range"),
        ({"upper_price": 100}, "upper_price", "range"),
        ({"grid_count": 1}, "grid_count", "invalid"),
        ({"grid_count": 501}, "grid_count", "invalid"),
        ({"grid_count": 2.5}, "grid_count", "invalid"),
        ({"investment": 0}, "investment", "invalid"),
        ({"investment": None}, "investment", "required"),
        ({"stop_loss_price": 100}, "stop_loss_price", "range"),
        ({"take_profit_price": 200}, "take_profit_price", "range"),
        ({"spacing": "linear"}, "spacing", "invalid"),
        ({"on_stop": "hold"}, "on_stop", "invalid"),
        ({"post_only": "yes"}, "post_only", "invalid"),
        ({"reinvest": 1}, "reinvest", "invalid"),
        ({"trailing_up": "up"}, "trailing_up", "invalid"),
        ({"trailing_up": True, "trailing_up_limit": 200}, "trailing_up_limit", "range"),
        ({"trailing_down": True, "trailing_down_limit": 100}, "trailing_down_limit", "range"),
        ({"trailing_down": True, "trailing_down_limit": 0}, "trailing_down_limit", "invalid"),
        ({"trailing_up_limit": 300}, "trailing_up_limit", "range"),
        ({"trailing_up": True, "trailing_down_limit": 50}, "trailing_down_limit", "range"),
        ({"lower": 5}, "lower", "unknown_field"),
        ({"max_orders_per_minute": 0}, "max_orders_per_minute", "invalid"),
        ({"max_price_deviation": 51}, "max_price_deviation", "invalid"),
    ],
)
def test_a_grid_mistake_names_its_field(change: dict[str, Any], field: str, code: str) -> None:
    assert errors_of("grid", GRID | change) == {field: code}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"interval": None}, "interval", "required"),
        ({"interval": "1y"}, "interval", "invalid"),
        ({"interval": 0}, "interval", "invalid"),
        ({"trailing": 1}, "trailing", "range"),
        ({"max_investment": 49}, "max_investment", "range"),
        ({"price_drop": 30, "max_orders": 4}, "max_orders", "range"),
        ({"price_drop": 1, "max_orders": 0}, "max_orders", "invalid"),
        ({"price_drop": "0.1", "volume_scale": 10, "max_orders": 40}, "volume_scale", "range"),
        ({"missed": "twice"}, "missed", "invalid"),
        ({"stop_loss": 100}, "stop_loss", "invalid"),
    ],
)
def test_a_dca_mistake_names_its_field(change: dict[str, Any], field: str, code: str) -> None:
    assert errors_of("dca", DCA | change) == {field: code}


def test_a_config_is_an_object() -> None:
    assert errors_of("grid", [1, 2]) == {"": "invalid"}


def test_limits_are_percent_and_have_the_documents_defaults() -> None:
    usual = read_limits({})
    assert (usual.max_orders_per_minute, usual.max_loss_per_hour, usual.max_price_deviation) == (
        50,
        Decimal("0.05"),
        Decimal("0.1"),
    )
    own = read_limits({"max_loss_per_hour": 2, "max_price_deviation": "25", "max_orders_per_minute": "7"})
    assert (own.max_orders_per_minute, own.max_loss_per_hour, own.max_price_deviation) == (
        7,
        Decimal("0.02"),
        Decimal("0.25"),
    )
