"""Markets, candles and configs by chance: one seed, one case."""

import random
from dataclasses import replace
from decimal import Decimal

from bots.backtest.path import FillModelName
from bots.backtest.run import Case, StrategyConfig
from bots.backtest.tests.market import BTC, MINUTE, START, columns
from bots.core.preflight import preflight_grid
from bots.core.preflight_dca import preflight_dca
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig
from bots.core.types import Market
from marketdata.columns import Columns

D = Decimal
Row = tuple[float, float, float, float]


def walk(seed: int, count: int, step: float) -> list[Row]:
    """A market that returns to 100: candles overlap, gape, and now and then jump over several levels."""
    chance, price, rows = random.Random(seed), 100.0, []
    for _ in range(count):
        opened = max(1.0, price + chance.choice([0, 0, 0, chance.gauss(0, step)]))
        close = max(1.0, opened + chance.gauss(0, step) + (100 - opened) * 0.02)
        high = max(opened, close) + abs(chance.gauss(0, step / 2))
        low = max(0.5, min(opened, close) - abs(chance.gauss(0, step / 2)))
        rows.append((round(opened, 2), round(high, 2), round(low, 2), round(close, 2)))
        price = close
    return rows


def case_of(seed: int) -> tuple[Case, FillModelName]:
    """One that passes the pre-flight, as every case of a user does."""
    for attempt in range(1000):
        chance = random.Random(f"{seed}.{attempt}")
        market, candles = _market(chance), _candles(chance)
        price = D(int(candles.close[0])) / 10**8
        config: StrategyConfig = (_grid if chance.random() < 0.5 else _dca)(chance)
        check = preflight_grid if isinstance(config, GridConfig) else preflight_dca
        if check(config, market, price, None).ok:
            slippage = chance.choice([D(0), D(0), D("0.0005")])
            return Case(config, market, candles, MINUTE, slippage=slippage), chance.choice(
                list(FillModelName)
            )
    raise AssertionError(f"no config passes the pre-flight with seed {seed}")


def _market(chance: random.Random) -> Market:
    fee = chance.choice(["0", "0.00075", "0.001", "0.002"])
    return replace(
        BTC,
        tick=D(chance.choice(["0.01", "0.01", "0.1", "0.5", "0.0001"])),
        lot=D(chance.choice(["0.000001", "0.00001", "0.001", "0.1"])),
        market_lot=D(chance.choice(["0", "0", "0.001"])),
        market_max_quantity=D(chance.choice(["0", "0", "0", "3"])),
        min_quantity=D("0.000001"),
        min_notional=D(chance.choice(["1", "5", "10"])),
        maker_fee=D(fee),
        taker_fee=D(chance.choice([fee, "0.001"])),
        fee_in_base_on_buy=chance.random() < 0.6,
    )


def _candles(chance: random.Random) -> Columns:
    rows = walk(chance.randrange(10**9), chance.randint(2, 120), chance.choice([0.3, 1.0, 2.0, 8.0]))
    times, at = [], START
    for _ in rows:
        times.append(at)
        at += MINUTE * chance.choice([1] * 30 + [2, 90])  # holes
    return columns(*rows, times=times)


def _maybe(chance: random.Random, low: int, high: int, odds: float = 0.25) -> Decimal | None:
    return D(chance.randint(low * 10, high * 10)) / 10 if chance.random() < odds else None


def _grid(chance: random.Random) -> GridConfig:
    low, high = chance.randint(70, 99), chance.randint(101, 140)
    config = GridConfig(
        D(low),
        D(high),
        chance.choice([2, 3, 5, 8, 13, 21, 40]),
        D(chance.choice([100, 333, 1000, 12_345, 100_000])),
        spacing=chance.choice(["arithmetic", "geometric"]),
        trigger_price=_maybe(chance, 90, 110),
        stop_loss_price=_maybe(chance, 50, low - 1),
        take_profit_price=_maybe(chance, high + 1, high + 20),
        on_stop=chance.choice(["keep", "sell"]),
        post_only=chance.random() < 0.7,
    )
    return _adapting(config, chance) if chance.random() < 0.3 else config


def _adapting(config: GridConfig, chance: random.Random) -> GridConfig:
    """One that reinvests, or leaves its range: narrower ones do so more often. Of many slots each fill takes long."""
    low, high = (config.lower_price + 100) / 2, (config.upper_price + 100) / 2
    up, down = chance.choice([(True, False), (False, True), (True, True), (False, False)])
    return replace(
        config,
        lower_price=low,
        upper_price=high,
        grid_count=min(config.grid_count, 13),
        stop_loss_price=_maybe(chance, 50, 90),
        take_profit_price=_maybe(chance, 120, 150),
        trailing_up=up,
        trailing_down=down,
        trailing_up_limit=_maybe(chance, int(high) + 1, int(high) + 20) if up else None,
        trailing_down_limit=_maybe(chance, int(low) - 20, int(low) - 1) if down else None,
        reinvest=chance.random() < 0.5 or not (up or down),
    )


def _dca(chance: random.Random) -> DCAConfig:
    drop = _maybe(chance, 1, 4, 0.6)
    amount = D(chance.choice(["7.77", "20", "100", "1234.5", "20000"]))
    take = _maybe(chance, 1, 6, 0.8)
    interval = chance.choice([None, None, 45, 60, 600, 3600])
    return DCAConfig(
        amount,
        interval=interval if take or drop else interval or 600,
        price_drop=drop,
        step_scale=D(chance.choice(["1", "1.2", "0.9", "2"])),
        volume_scale=D(chance.choice(["1", "1.5", "1.05", "2"])),
        max_orders=chance.choice([1, 2, 3, 5, 6, 14]) if drop else 0,
        take_profit=take,
        trailing=_maybe(chance, 1, 3, 0.3) if take else None,
        stop_loss=_maybe(chance, 2, 15, 0.3),
        cooldown=chance.choice([0, 0, 30, 300]),
        max_investment=amount * chance.choice([1, 2, 3, 5, 9]) if chance.random() < 0.4 else None,
        repeat=chance.random() < 0.8,
        missed=chance.choice(["once", "skip"]),
        on_stop=chance.choice(["keep", "sell"]),
    )
