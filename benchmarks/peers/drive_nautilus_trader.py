"""nautilus_trader: an event-driven engine with a simulated exchange; bars are walked through open, high, low, close."""

from decimal import Decimal
from typing import Any

from common import Job, drive
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TraderId, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

VENUE = Venue("SIM")
MARKET = InstrumentId(Symbol("BTCUSDT"), VENUE)
BARS = BarType.from_str(f"{MARKET}-1-MINUTE-LAST-EXTERNAL")
MINUTE = 60_000_000_000  # ns


class Grid(Strategy):
    def __init__(self, job: Job) -> None:
        super().__init__(StrategyConfig(order_id_tag="001"))
        self.job = job
        self.slots: dict[Any, tuple[int, bool]] = {}
        self.fills: list[Any] = []
        self.begun = False

    def on_start(self) -> None:
        self.subscribe_bars(BARS)

    def on_bar(self, bar: Bar) -> None:
        if self.begun:
            return
        self.begun = True
        quantity = Quantity(self.job.purchase, 5)
        self.submit_order(self.order_factory.market(MARKET, OrderSide.BUY, quantity))

    def place(self, slot: int, holds: bool) -> None:
        side = OrderSide.SELL if holds else OrderSide.BUY
        price = Price(self.job.price(slot, holds), 2)
        order = self.order_factory.limit(MARKET, side, Quantity(self.job.quantity, 5), price)
        self.slots[order.client_order_id] = slot, holds
        self.submit_order(order)

    def on_order_filled(self, event: Any) -> None:
        side = "buy" if event.order_side == OrderSide.BUY else "sell"
        candle = (event.ts_event - int(self.job.time[0]) * 1_000_000) // MINUTE - 1
        self.fills.append((candle, side, float(event.last_px), float(event.last_qty)))
        if not self.slots:  # the purchase: what it bought can be offered now
            for slot, holds in enumerate(self.job.holds):
                self.place(slot, holds)
            return
        slot, holds = self.slots.pop(event.client_order_id)
        self.place(slot, not holds)


def run(job: Job) -> Any:
    instrument = CurrencyPair(
        MARKET, Symbol("BTCUSDT"), BTC, USDT, price_precision=2, size_precision=5,
        price_increment=Price(0.01, 2), size_increment=Quantity(job.lot, 5),
        margin_init=Decimal(0), margin_maint=Decimal(0),
        maker_fee=Decimal(str(job.fee)), taker_fee=Decimal(str(job.fee)), ts_event=0, ts_init=0,
    )  # fmt: skip
    volume = Quantity(1000, 5)
    rows = zip(job.time, job.open, job.high, job.low, job.close, strict=True)
    bars = [
        Bar(BARS, *(Price(value, 2) for value in prices), volume, closed, closed)
        for at, *prices in rows
        for closed in ((int(at) + 60_000) * 1_000_000,)
    ]

    def work() -> Any:
        config = BacktestEngineConfig(
            trader_id=TraderId("BENCH-001"), logging=LoggingConfig(bypass_logging=True)
        )
        engine = BacktestEngine(config)
        engine.add_venue(
            VENUE, OmsType.NETTING, AccountType.CASH, [Money(job.cash, USDT), Money(0, BTC)],
            bar_execution=True,
        )  # fmt: skip
        engine.add_instrument(instrument)
        engine.add_data(bars, sort=False)
        grid = Grid(job)
        engine.add_strategy(grid)
        engine.run()
        account = engine.portfolio.account(VENUE)
        money = {each: float(account.balance_total(each)) for each in (USDT, BTC)}
        engine.dispose()
        return grid.fills, money[USDT] + money[BTC] * float(job.close[-1])

    return work


drive(run)
