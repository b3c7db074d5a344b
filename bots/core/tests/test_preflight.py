"""Each failure names its field and a number, and that number really fixes it."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bots.core.preflight import preflight_grid
from bots.core.preflight_dca import preflight_dca
from bots.core.strategies.config import FieldError
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig
from bots.core.tests.strategies import MARKET, dcas, grids, markets, places
from bots.core.types import Market

PRICE = Decimal(100)


def number(pattern: str, failure: FieldError) -> Decimal | None:
    found = re.search(pattern + r" ([0-9.,]*[0-9])", failure.detail)
    return decimal(found[1]) if found else None


def decimal(shown: str) -> Decimal:
    return Decimal(shown.replace(",", ""))


def codes(config: GridConfig | DCAConfig, market: Market, funds: Decimal | None = None) -> set[str]:
    check = preflight_grid if isinstance(config, GridConfig) else preflight_dca
    return {failure.code for failure in check(config, market, PRICE, funds).failures}


def fixes(config: GridConfig, failure: FieldError) -> list[GridConfig]:
    """The configs that the sentence suggests."""
    made = []
    if (least := number("invest at least", failure)) is not None:
        made.append(replace(config, investment=least))
    if (most := number("at most", failure)) is not None:
        field = "investment" if failure.code == "too_large" else "grid_count"
        made.append(replace(config, **{field: most if field == "investment" else int(most)}))
    if (upper := number("upper_price of at least", failure)) is not None:
        made.append(replace(config, upper_price=upper, grid_count=2))
    if failure.code == "too_low":
        made.append(replace(config, lower_price=number("one tick:", failure) or PRICE))
    return made


@given(grids(), markets())
def test_the_number_a_grid_failure_suggests_fixes_it(config: GridConfig, market: Market) -> None:
    for failure in preflight_grid(config, market, PRICE, None).failures:
        suggested = fixes(config, failure)
        assert suggested, failure
        for better in suggested:
            assume(better.lower_price < better.upper_price)
            assert failure.code not in codes(better, market), (failure.detail, better)


TRAILING = (
    r"(trailing_up)_limit to at (most) ([0-9.,]*[0-9])",
    r"(trailing_down)_limit to at (least) ([0-9.,]*[0-9])",
)


def trailing_fixes(config: GridConfig, failure: FieldError) -> list[GridConfig]:
    made = [fix for fix in fixes(config, failure) if "grids" in failure.detail or "invest" in failure.detail]
    limits = filter(None, (re.search(pattern, failure.detail) for pattern in TRAILING))
    made += [replace(config, **{f"{found[1]}_limit": decimal(found[3])}) for found in limits]
    if found := re.search("leave (trailing_[a-z]+) out", failure.detail):
        made.append(replace(config, **{found[1]: False, f"{found[1]}_limit": None}))
    return made


@settings(max_examples=40)
@given(grids(), markets(), st.none() | places("1.1", "9", 1), st.none() | places("0.1", "0.9", 1))
def test_the_number_a_trailing_failure_suggests_fixes_it(
    config: GridConfig, market: Market, up: Decimal | None, down: Decimal | None
) -> None:
    assume(preflight_grid(config, market, PRICE, None).ok)
    trailing = replace(
        config,
        trailing_up=True,
        trailing_down=True,
        trailing_up_limit=up and config.upper_price * up,
        trailing_down_limit=down and config.lower_price * down,
    )
    for failure in preflight_grid(trailing, market, PRICE, None).failures:
        suggested = trailing_fixes(trailing, failure)
        assert suggested, failure
        for better in suggested:
            left = preflight_grid(better, market, PRICE, None).failures
            same = [
                each for each in left if (each.field[:11], each.code) == (failure.field[:11], failure.code)
            ]
            assert not same, (failure.detail, same[0].detail)


@given(dcas(), markets())
def test_the_number_a_dca_failure_suggests_fixes_it(config: DCAConfig, market: Market) -> None:
    for failure in preflight_dca(config, market, PRICE, None).failures:
        if failure.field == "amount":
            better = replace(config, amount=number("at least", replace_first(failure)))
        elif failure.field == "max_orders":
            better = replace(config, max_orders=int(number("at most", failure)))
        else:
            fees = number("selling:", failure)
            better = replace(config, take_profit=fees + Decimal("0.01"))
        assert failure.code not in codes(better, market), (failure.detail, better)


def replace_first(failure: FieldError) -> FieldError:
    return FieldError(failure.field, failure.code, failure.detail.split("use ")[-1])


GRID = GridConfig(Decimal(80), Decimal(120), 10, Decimal(1000))


def test_a_sound_grid_passes_and_is_summed_up() -> None:
    check = preflight_grid(GRID, MARKET, PRICE, Decimal(1000))
    assert check.ok
    assert len(check.summary["levels"]) == 11
    assert 0 < check.summary["profit_per_grid_min"] < check.summary["profit_per_grid_max"]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"stop_loss_price": Decimal(100)}, "stop_loss_price", "range"),
        ({"take_profit_price": Decimal(100)}, "take_profit_price", "range"),
        ({"grid_count": 300, "investment": Decimal(100_000)}, "grid_count", "too_many_orders"),
        ({"upper_price": Decimal("80.5"), "investment": Decimal(2000)}, "grid_count", "unprofitable"),
        ({"upper_price": Decimal("80.05")}, "grid_count", "levels_equal"),
        ({"investment": Decimal(10)}, "investment", "min_notional"),
        ({"investment": Decimal(10**7)}, "investment", "too_large"),
        ({"lower_price": Decimal("0.001")}, "lower_price", "too_low"),
    ],
)
def test_a_grid_that_cannot_work_is_refused_by_field(change: dict[str, Any], field: str, code: str) -> None:
    config = replace(GRID, **change)
    failures = preflight_grid(config, MARKET, PRICE, None).failures
    assert (field, code) in {(failure.field, failure.code) for failure in failures}


def test_missing_money_is_told_to_the_cent() -> None:
    failure = preflight_grid(GRID, MARKET, PRICE, Decimal("900.5")).failures[0]
    assert (failure.field, failure.code) == ("investment", "insufficient_balance")
    assert "add 99.50 USDT" in failure.detail


def test_a_dca_bot_needs_no_more_than_its_max_investment() -> None:
    config = DCAConfig(
        Decimal(100), price_drop=Decimal(1), max_orders=5, take_profit=Decimal(2), max_investment=Decimal(200)
    )
    assert preflight_dca(config, MARKET, PRICE, Decimal(200)).ok
    failure = preflight_dca(config, MARKET, PRICE, Decimal(150)).failures[0]
    assert failure.code == "insufficient_balance"
    assert "add 50.00 USDT" in failure.detail


def test_safety_orders_below_one_tick_are_refused() -> None:
    config = DCAConfig(Decimal(100), price_drop=Decimal("45"), max_orders=2, take_profit=Decimal(2))
    coarse = replace(MARKET, tick=Decimal(50), lot=Decimal("0.001"), min_quantity=Decimal("0.001"))
    failures = {
        failure.code: failure.detail for failure in preflight_dca(config, coarse, PRICE, None).failures
    }
    assert failures["too_low"].endswith("use at most 1.")
    assert "too_many_orders" in codes(config, replace(MARKET, max_orders=2))


def test_a_coin_so_cheap_that_its_amounts_cannot_be_kept_is_refused() -> None:
    market = replace(MARKET, tick=Decimal("0.0000000001"), lot=Decimal(1), max_quantity=Decimal(10) ** 13)
    prices = {"lower_price": Decimal("0.000001"), "upper_price": Decimal("0.000003")}
    config = GridConfig(**prices, grid_count=5, investment=Decimal(50_000))
    report = preflight_grid(config, market, Decimal("0.000002"), None)
    [failure] = [each for each in report.failures if each.code == "too_large"]
    most = decimal(failure.detail.rsplit(" ", 1)[1].rstrip("."))
    assert preflight_grid(replace(config, investment=most), market, Decimal("0.000002"), None).ok
    deal = DCAConfig(amount=Decimal(50_000), take_profit=Decimal(2))
    assert [each.code for each in preflight_dca(deal, market, Decimal("0.000002"), None).failures] == [
        "too_large"
    ]
