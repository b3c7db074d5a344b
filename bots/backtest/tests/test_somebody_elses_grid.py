"""The fills of another program on real candles, reproduced by its rules written as a strategy of ours."""

import csv
import gzip
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bots.backtest.exchange import CandleExchange
from bots.backtest.path import MODELS, FillModelName
from bots.backtest.replay import Replay
from bots.backtest.run import Case, Filled
from bots.core.matching import BookOrder
from bots.core.orders import Order, PlannedOrder
from bots.core.slots import PURCHASE_SLOT
from bots.core.strategies.base import BaseStrategy, Beginning, MarketData, RunState
from bots.core.strategies.dca import DCAConfig
from bots.core.types import ZERO, Fill, Liquidity, Market, OrderType, Side
from marketdata import candle_files
from marketdata.columns import SCALE, Columns

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the real candles are not on this machine")
MINUTE = 60_000
SELLS = 100  # where the slots of sells begin
TINY = Decimal("1e-18")


class HedgedGrid(BaseStrategy):
    """Half the balance is bought at the first close. Then buys at all levels below it and sells at all above, of one
    amount; a buy that filled opens a sell one level higher, a sell a buy one level lower. Each level has a slot for
    its buys and one for its sells."""

    bounded_by_cash = False

    def __init__(self, levels: list[Decimal], balance: Decimal) -> None:
        super().__init__(RunState(run=1))
        self.levels, self.balance = levels, balance
        self.amount = ZERO
        self.wanted: dict[int, PlannedOrder] = {}
        self.cycles: Counter[int] = Counter()

    def begin(self, market_data: MarketData) -> Beginning | None:
        return None

    def calculate_orders(self, market_data: MarketData) -> list[PlannedOrder]:
        if not self.cycles:
            self._open(PURCHASE_SLOT, Side.BUY, None, self.balance / 2 / market_data.price)
        return list(self.wanted.values())

    def on_order_filled(self, order: Order) -> None:
        del self.wanted[order.slot]
        if order.slot == PURCHASE_SLOT:
            self._begin(order)
        elif order.side is Side.BUY:
            self._limit(Side.SELL, order.slot % SELLS + 1)
        else:
            self._limit(Side.BUY, order.slot % SELLS - 1)

    def _begin(self, purchase: Order) -> None:
        price = self.balance / 2 / purchase.quantity
        value = self.balance - self.balance / 2 * Decimal("0.001")
        self.amount = value / len(self.levels) / price
        for number, level in enumerate(self.levels):
            self._limit(Side.BUY if level < price else Side.SELL, number)

    def _limit(self, side: Side, level: int) -> None:
        slot = level if side is Side.BUY else SELLS + level
        if slot not in self.wanted:  # a level has at most one order of a side
            self._open(slot, side, self.levels[level], self.amount)

    def _open(self, slot: int, side: Side, price: Decimal | None, amount: Decimal) -> None:
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        self.wanted[slot] = PlannedOrder(slot, self.cycles[slot], side, kind, price, amount)
        self.cycles[slot] += 1


class Touch(CandleExchange):
    """Their rule: an order fills in a candle that holds its price. One that the market has passed before it could
    fill waits until a candle reaches it again."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.passed: list[BookOrder] = []

    def next_candle(self) -> None:
        for order in self.waiting:
            if self._reaches(order):
                self.passed.append(order)
            else:
                self.book.rest(order)
        self.waiting.clear()

    def _reaches(self, order: BookOrder) -> bool:
        assert order.price is not None
        return self.price <= order.price if order.side is Side.BUY else self.price >= order.price

    def fill_touched(self) -> list[Fill]:
        back = [order for order in self.passed if not self._reaches(order) or order.price == self.price]
        self.passed = [order for order in self.passed if order not in back]
        late = [
            self._fill(self._by_number[order.id], order.price, Liquidity.MAKER)
            for order in back
            if order.price
        ]
        return super().fill_touched() + late


class TouchReplay(Replay):
    exchange_type = Touch


def published() -> tuple[dict[str, Any], list[dict[str, str]]]:
    runs = json.loads((DATA / "reference" / "grid_trading_bot_runs_on_shared_data.json").read_text())
    (run,) = runs["runs"]
    with gzip.open(DATA / "reference" / run["fills"], "rt") as file:
        return run, list(csv.DictReader(file))


def candles(run: dict[str, Any]) -> Columns:
    now = int(datetime.now(UTC).timestamp() * 1000)
    found = candle_files.read(DATA / run["params"]["file"], width=MINUTE, now=now).good
    start, end = (
        int(datetime.fromisoformat(run["params"][name]).timestamp() * 1000) for name in ("start", "end")
    )
    rows = found.filter((found["time"] >= start) & (found["time"] <= end))
    prices = [
        np.array([int(Decimal(text) * SCALE) for text in rows[name]], np.int64)
        for name in ("open", "high", "low", "close")
    ]
    return Columns(rows["time"].to_numpy(), *prices, volume=rows["volume"].cast(float).to_numpy())  # type: ignore[misc]


def _side(fill: Filled) -> str:
    return "buy" if fill.buys else "sell"


def test_all_fills_of_another_program_are_ours() -> None:
    run, theirs = published()
    levels = [Decimal(str(level)).quantize(Decimal("1e-8")) for level in run["grid_levels"]]
    balance, columns = Decimal(run["params"]["balance"]), candles(run)
    market = Market(
        "BTC/USDT", "BTC", "USDT", Decimal("1e-8"), TINY, TINY, Decimal(10**9), ZERO, fee_in_base_on_buy=False
    )
    strategy = HedgedGrid(levels, balance)
    touch = replace(MODELS[FillModelName.NEXT_CANDLE], first=0)
    ours = TouchReplay(Case(DCAConfig(balance), market, columns, MINUTE), touch, strategy).run()

    fills = [(int(columns.time[fill.candle]), _side(fill), fill.slot % SELLS) for fill in ours.fills[1:]]
    wanted = [(int(row["time"]), row["side"], int(row["level"])) for row in theirs[1:]]
    assert len(wanted) == 1398
    assert sorted(fills) == sorted(wanted)
    last = ours.states[-1]
    value = (last.cash + last.base * Decimal(int(columns.close[-1])) / SCALE) / SCALE
    assert f"{value:.2f}" == run["summary"]["Final Balance (Fiat)"]
