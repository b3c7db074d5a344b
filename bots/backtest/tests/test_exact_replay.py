from dataclasses import replace
from decimal import Decimal

import pytest

from bots.backtest.path import FillModelName
from bots.backtest.tests.market import BTC, GRID, MINUTE, START, columns, fills, flat, run
from bots.core.risk import RiskLimits
from bots.core.strategies.dca import DCAConfig
from marketdata.columns import SCALE

D = Decimal
PURCHASE = (0, -1, "buy", D(98))  # funds the slots at 100 and 105 at the first close


def test_a_bot_starts_at_the_close_of_the_first_candle() -> None:
    found = run(columns((80, 200, 80, 98)))
    assert fills(found) == [PURCHASE]
    (bought,) = found.fills
    assert not bought.maker
    assert bought.fee_in_base
    assert bought.fee == round(bought.quantity * BTC.taker_fee)


def test_slippage_makes_what_is_taken_dearer() -> None:
    found = run(columns(flat(98)), slippage=D("0.001"))
    assert fills(found) == [(0, -1, "buy", D("98.10"))]


def test_a_resting_order_fills_at_its_own_price_when_the_candle_reaches_it() -> None:
    assert fills(run(columns(flat(98), (98, 98, 95, 96)))) == [PURCHASE, (1, 1, "buy", D(95))]
    assert fills(run(columns(flat(98), (98, 98, 95.01, 96)))) == [PURCHASE]


def test_a_gap_between_two_candles_fills_what_lies_in_it_at_its_own_price() -> None:
    assert fills(run(columns(flat(98), flat(93)))) == [PURCHASE, (1, 1, "buy", D(95))]


def test_a_candle_that_rose_went_down_first() -> None:
    down_and_up = columns(flat(98), (98, 101, 94, 99))
    found = [(1, 1, "buy", D(95)), (1, 1, "sell", D(100))]
    assert fills(run(down_and_up)) == [PURCHASE, *found]
    assert fills(run(down_and_up, FillModelName.LOW_FIRST)) == [PURCHASE, *found]
    assert fills(run(down_and_up, FillModelName.HIGH_FIRST)) == [PURCHASE, found[0]]


def test_a_candle_that_fell_went_up_first() -> None:
    assert fills(run(columns(flat(98), (98, 101, 94, 97)))) == [PURCHASE, (1, 1, "buy", D(95))]


def test_in_the_next_candle_model_a_new_order_waits_for_the_next_candle() -> None:
    candles = columns(flat(98), (98, 101, 94, 99), flat(99), (99, 100, 99, 99))
    found = fills(run(candles, FillModelName.NEXT_CANDLE))
    assert found == [PURCHASE, (1, 1, "buy", D(95)), (3, 1, "sell", D(100))]


def test_a_slot_trades_cycle_after_cycle() -> None:
    wave = [(98, 98, 94, 94), (94, 101, 94, 101), (101, 101, 94, 94), (94, 101, 94, 101)]
    found = run(columns(flat(98), *wave))
    assert found.slots[1].cycles == 2
    assert [side for _, slot, side, _ in fills(found) if slot == 1] == ["buy", "sell"] * 2


def test_minutes_that_are_missing_fill_nothing() -> None:
    times = [START, START + MINUTE, START + 500 * MINUTE]
    assert fills(run(columns(flat(98), flat(98), flat(98), times=times))) == [PURCHASE]


def test_the_money_follows_from_the_fills() -> None:
    wave = [(98, 99, 89, 90), (90, 111, 90, 108), (108, 109, 93, 94), (94, 100, 94, 99)]
    found = run(columns(flat(98), *wave))
    cash, base = int(GRID.investment * SCALE), 0
    for fill in found.fills:
        sign = 1 if fill.buys else -1
        cash -= sign * round(D(fill.price) * fill.quantity / SCALE) + (0 if fill.fee_in_base else fill.fee)
        base += sign * fill.quantity - (fill.fee if fill.fee_in_base else 0)
    assert found.states[-1][1:] == (cash, base)


def test_a_grid_that_trails_up_goes_with_a_rising_market() -> None:
    rising = replace(GRID, trailing_up=True, trailing_up_limit=D(130))
    found = run(
        columns(flat(98), (98, 122, 98, 121), (121, 121, 114, 115), (115, 141, 115, 140)), config=rising
    )
    assert found.shift == 4
    assert fills(found)[-2:] == [(2, 1, "buy", D(115)), (3, 1, "sell", D(120))]  # from 95 to 115 and 120
    cash, base = found.states[-1][1:]
    assert base * 130 < found.realized
    assert cash > GRID.investment * SCALE


def test_a_stop_loss_ends_the_bot_within_the_candle() -> None:
    config = replace(GRID, stop_loss_price=D(85), on_stop="sell")
    found = run(columns(flat(98), (98, 98, 80, 82), flat(120)), config=config)
    assert found.stopped.startswith("stop_loss")
    assert fills(found)[-1] == (1, -2, "sell", D(85))
    assert found.states[-1].base < BTC.lot * SCALE


def test_a_grid_waits_for_its_trigger() -> None:
    config = replace(GRID, trigger_price=D(96))
    found = run(columns(flat(98), flat(97), (97, 97, 95.5, 97)), config=config)
    assert fills(found)[0] == (2, -1, "buy", D(96))


def test_a_dca_bot_buys_when_its_time_has_come() -> None:
    config = DCAConfig(amount=D(100), interval=120, max_investment=D(250))
    found = run(columns(*[flat(98)] * 7), config=config)
    assert [(number, side) for number, _, side, _ in fills(found)] == [(0, "buy"), (2, "buy")]


def test_a_dca_bot_takes_its_profit_and_begins_anew() -> None:
    config = DCAConfig(amount=D(100), take_profit=D(2))
    found = fills(run(columns(flat(100), (100, 103, 100, 101)), config=config))
    assert [(number, slot, side) for number, slot, side, _ in found] == [
        (0, 0, "buy"),
        (1, 1000, "sell"),
        (1, 0, "buy"),
    ]


def test_with_the_breakers_on_a_crash_halts_the_bot() -> None:
    candles = columns(flat(98), flat(98), (98, 98, 70, 70), flat(70))
    assert run(candles, limits=RiskLimits()).stopped.startswith("Equity fell")
    assert run(candles).stopped == ""


@pytest.mark.parametrize("model", list(FillModelName))
def test_no_candles_and_one_candle_are_no_errors(model: FillModelName) -> None:
    assert run(columns(flat(98)).__class__(*[columns(flat(98)).time[:0]] * 6), model).fills == []
    assert len(run(columns(flat(98)), model).fills) == 1
