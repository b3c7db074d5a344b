"""hftbacktest: made for ticks and queues; a candle is two trades to it, at its lowest and at its highest price. Nothing
else is in the book, so that every resting order is first in its queue."""

from typing import Any

import numpy as np
from common import Job, drive
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    FILLED,
    GTC,
    LIMIT,
    LOCAL_EVENT,
    MARKET,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

SECOND = 1_000_000_000  # ns
TICK, FAR, MUCH = 0.01, (0.01, 1_000_000.0), 1_000_000.0
BOTH = EXCH_EVENT | LOCAL_EVENT
LOW, HIGH = BOTH | TRADE_EVENT | SELL_EVENT, BOTH | TRADE_EVENT | BUY_EVENT
BID, ASK = BOTH | DEPTH_EVENT | BUY_EVENT, BOTH | DEPTH_EVENT | SELL_EVENT


def events(job: Job) -> Any:
    """A book that nothing reaches; the first close on offer when candle 0 ends, and gone then; two trades a candle."""
    opened, count = job.time.astype(np.int64) * 1_000_000, len(job.time)
    first = int(opened[0]) + 59 * SECOND
    book = [
        (BID, first, FAR[0], MUCH),
        (ASK, first, FAR[1], MUCH),
        (ASK, first, float(job.close[0]), MUCH),
        (ASK, first + 2 * SECOND, float(job.close[0]), 0.0),
    ]
    found = np.zeros(len(book) + 2 * (count - 1), event_dtype)
    for row, (kind, at, price, quantity) in enumerate(book):
        found[["ev", "exch_ts", "px", "qty"]][row] = kind, at, price, quantity
    for part, (kind, second, prices) in enumerate(((LOW, 20, job.low), (HIGH, 40, job.high))):
        rows = found[len(book) + part :: 2]
        rows["ev"], rows["px"], rows["qty"] = kind, prices[1:], MUCH
        rows["exch_ts"] = opened[1:] + second * SECOND
    found["local_ts"] = found["exch_ts"]
    return found


@njit
def walk(hbt: Any, levels: Any, holds: Any, quantity: float, purchase: float, count: int) -> Any:  # noqa: PLR0917
    slots, fills, made = len(holds), [(0, 0, 0.0, 0.0)], 1
    ids = np.zeros(slots, np.uint64)
    hbt.elapse(SECOND)
    hbt.submit_buy_order(0, 1, levels[-1], purchase, GTC, MARKET, True)
    fills[0] = (0, 1, hbt.orders(0).get(1).exec_price, purchase)
    trades = hbt.state_values(0).num_trades
    for slot in range(slots):
        made += 1
        ids[slot] = made
        place(hbt, made, levels[slot + holds[slot]], quantity, holds[slot])
    for candle in range(1, count):
        if hbt.elapse(60 * SECOND) != 0:
            break
        if hbt.state_values(0).num_trades == trades:
            continue
        trades = hbt.state_values(0).num_trades
        for slot in range(slots):
            order = hbt.orders(0).get(ids[slot])
            if order.status != FILLED:
                continue
            fills.append((candle, 1 - holds[slot], levels[slot + holds[slot]], quantity))
            holds[slot] = 1 - holds[slot]
            made += 1
            ids[slot] = made
            place(hbt, made, levels[slot + holds[slot]], quantity, holds[slot])
        hbt.clear_inactive_orders(0)
    return fills


@njit
def place(hbt: Any, number: int, price: float, quantity: float, sells: int) -> None:
    if sells:
        hbt.submit_sell_order(0, number, price, quantity, GTC, LIMIT, False)
    else:
        hbt.submit_buy_order(0, number, price, quantity, GTC, LIMIT, False)


def run(job: Job) -> Any:
    data, levels = events(job), np.array(job.levels)

    def work() -> Any:
        asset = (
            BacktestAsset()
            .data(data)
            .linear_asset(1.0)
            .constant_order_latency(0, 0)
            .risk_adverse_queue_model()
            .no_partial_fill_exchange()
            .trading_value_fee_model(job.fee, job.fee)
            .tick_size(TICK)
            .lot_size(job.lot)
        )
        hbt = HashMapMarketDepthBacktest([asset])
        holds = np.array(job.holds, np.int64)
        found = walk(hbt, levels, holds, job.quantity, job.purchase, len(job.close))
        end = hbt.state_values(0)
        equity = job.cash + end.balance - end.fee + end.position * float(job.close[-1])
        hbt.close()
        return [(candle, "buy" if buys else "sell", *rest) for candle, buys, *rest in found], equity

    return work


drive(run)
