"""What is replayed and what came of it. Money, prices and quantities are whole numbers of 1e-8: exact, and quick to add
up hundreds of thousands of times."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf
from typing import NamedTuple

from bots.core.risk import RiskLimits
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig
from bots.core.types import ZERO, Market
from marketdata.columns import Columns

NO_LIMITS = RiskLimits(10**9, Decimal(10**9), Decimal(10**9))
StrategyConfig = GridConfig | DCAConfig


@dataclass(frozen=True, slots=True)
class Case:
    """`width` is the candles' length in ms, `slippage` the fraction of orders that take. Minute closes are judged
    only where `limits` can trip. A run gives up at `until` (seconds, of `time.monotonic`), or when `should_stop`."""

    config: StrategyConfig
    market: Market
    candles: Columns
    width: int
    limits: RiskLimits = NO_LIMITS
    slippage: Decimal = ZERO
    until: float = inf
    should_stop: Callable[[], bool] = bool


class Filled(NamedTuple):
    """`fee` is in the base coin where `fee_in_base`, otherwise in quote; `time` is ms."""

    candle: int
    slot: int
    buys: bool
    price: int
    quantity: int
    fee: int
    fee_in_base: bool
    fee_quote: int
    maker: bool
    time: int


class State(NamedTuple):
    """What the bot had when a candle had ended."""

    candle: int
    cash: int
    base: int


class Tally(NamedTuple):
    """Of one slot: closed cycles and what they earned, net of fees."""

    cycles: int
    profit: int


@dataclass(slots=True)
class Run:
    """`fills` in the order they were booked; `states` after every candle that changed cash or base; `profits` of each
    closed cycle, but for those that sold what the initial purchase had bought. `stopped` is why the bot ended itself,
    "" where it ran to the end. `shift` is how many steps a grid stood above where it began.
    `replayed` is why the exact replay was needed, "" where the kernel did it."""

    fills: list[Filled] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    profits: list[int] = field(default_factory=list)
    slots: dict[int, Tally] = field(default_factory=dict)
    realized: int = 0
    stopped: str = ""
    shift: int = 0
    replayed: str = ""
