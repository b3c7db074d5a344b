"""The bots that kernels walk with, as they stand before the first candle."""

from decimal import Decimal

import numpy as np

from bots.backtest.kernel_dca_buys import DROP_PARTS
from bots.backtest.kernel_dca_deal import (
    AMOUNT,
    ANCHOR,
    BASED,
    COOLDOWN,
    DROPS,
    INTERVAL,
    MOST,
    ORDERS,
    PEAK,
    REPEATS,
    SKIPS,
    STOP,
    STOP_PARTS,
    TAKE,
    TAKE_PARTS,
    TRAIL,
    TRAIL_PARTS,
)
from bots.backtest.kernel_dca_deal import OWN_FIELDS as DCA_FIELDS
from bots.backtest.kernel_grid_fields import (
    ADAPTS,
    BOTTOM,
    COUNT,
    DOWN_LIMIT,
    FIRST_HOLDING,
    FROM_ABOVE,
    FUNDED,
    LEVELS,
    MOST_MONEY,
    ORIGIN,
    OWN_FIELDS,
    POST_ONLY,
    PURCHASE,
    QUANTITY_AT_START,
    REINVESTS,
    STOP_LOSS,
    TAKE_PROFIT,
    TRAILS_DOWN,
    TRAILS_UP,
    TRIGGER,
    UP_LIMIT,
)
from bots.backtest.kernel_math import Unsure
from bots.backtest.kernel_state import (
    ALARM,
    ASK,
    BID,
    CASH,
    DUE,
    FILL_FIELDS,
    HIGH,
    LOW,
    MIN_NOTIONAL,
    NEVER,
    NOW_FIELDS,
    NUMBER,
    PLACE,
    PRICED,
    ROOM,
    ROWS,
    SIZE,
    SLICE,
    SLOT_FIELDS,
    STATE_FIELDS,
    TODO_FIELDS,
    Bot,
    Table,
)
from bots.backtest.ladder import levels, reachable
from bots.backtest.path import FillModel
from bots.backtest.run import Case
from bots.backtest.whole import Funding, most_money, parts_of, rules_of, whole
from bots.core.slots import DCA_EXIT_SLOT, EXIT_SLOT, PURCHASE_SLOT
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig
from bots.core.types import Market
from marketdata.columns import Columns

HUNDRED = Decimal(100)
Blocks = tuple[Table, Table]  # the lowest low and the highest high of each BLOCK candles
NO_BLOCKS = (np.zeros(0, np.int64), np.zeros(0, np.int64))


def empty_bot(
    case: Case, rules: Table, own: Table, plan: Table, *, rows: int, room: int, todo: int = SLICE
) -> Bot:
    now = np.zeros(NOW_FIELDS, np.int64)
    now[CASH], now[LOW], now[HIGH] = whole(case.config.investment), -1, NEVER
    now[BID], now[ASK], now[DUE], now[ALARM], now[PRICED] = -1, NEVER, NEVER, NEVER, NEVER
    now[ROWS], now[ROOM] = rows, room
    return Bot(
        rules=rules,
        now=now,
        slots=np.zeros((rows, SLOT_FIELDS), np.int64),
        fills=np.empty((room, FILL_FIELDS), np.int64),
        states=np.empty((room, STATE_FIELDS), np.int64),
        profits=np.empty(room, np.int64),
        own=own,
        plan=plan,
        todo=np.zeros((todo, TODO_FIELDS), np.int64),
    )


def grid_bot(case: Case, model: FillModel, room: int, blocks: Blocks = NO_BLOCKS) -> Bot:
    config, market = case.config, case.market
    assert isinstance(config, GridConfig)  # noqa: S101 - who calls this has looked
    rules, count = rules_of(market, case.slippage, model.delayed), config.grid_count
    first, last = 0, count
    if config.trailing_up or config.trailing_down:
        first, last = reachable(config, *_extremes(case.candles, blocks))
    plan = levels(config, market, first, last)
    price = whole(config.trigger_price) if config.trigger_price else int(case.candles.close[0])
    funding = Funding(config, market, rules, plan[-first : count + 1 - first], price)
    size = funding.size()
    if not size:
        raise Unsure("the investment does not pay for one lot in every slot")
    own = _options(config, market, rules)
    own[COUNT], own[QUANTITY_AT_START], own[FIRST_HOLDING] = count, size, funding.first
    own[PURCHASE] = funding.purchase(size, int(rules[MIN_NOTIONAL]))
    own[FUNDED], own[FROM_ABOVE] = not funding.holding, -1
    own[LEVELS], own[ORIGIN], own[BOTTOM] = len(plan), -first, -first
    bot = empty_bot(case, rules, own, plan, rows=count + 2, room=room)
    bot.slots[:, NUMBER] = [*range(count), PURCHASE_SLOT, EXIT_SLOT]
    bot.slots[:count, PLACE], bot.slots[:count, SIZE] = np.arange(count) - first, size
    return bot


def _options(config: GridConfig, market: Market, rules: Table) -> Table:
    own = np.zeros(OWN_FIELDS, np.int64)
    own[POST_ONLY], own[ADAPTS], own[REINVESTS] = config.post_only, config.adapts, config.reinvest
    own[TRAILS_UP], own[TRAILS_DOWN] = config.trailing_up, config.trailing_down
    prices = {
        TRIGGER: config.trigger_price,
        STOP_LOSS: config.stop_loss_price,
        TAKE_PROFIT: config.take_profit_price,
        UP_LIMIT: config.trailing_up_limit,
        DOWN_LIMIT: config.trailing_down_limit,
    }
    for field, price in prices.items():
        own[field] = whole(price) if price else 0
    if config.adapts:
        own[MOST_MONEY] = most_money(market, rules)
    return own


def _extremes(candles: Columns, blocks: Blocks) -> tuple[int, int]:
    lows, highs = blocks if len(blocks[0]) else (candles.low, candles.high)
    return int(lows.min()), int(highs.max())


def dca_bot(case: Case, model: FillModel, room: int) -> Bot:
    config = case.config
    assert isinstance(config, DCAConfig)  # noqa: S101 - who calls this has looked
    count = config.max_orders
    own = np.zeros(DCA_FIELDS, np.int64)
    own[AMOUNT], own[ORDERS], own[DROPS] = whole(config.amount), count, bool(config.price_drop)
    own[INTERVAL], own[COOLDOWN] = (config.interval or 0) * 1000, config.cooldown * 1000
    own[MOST] = whole(config.max_investment) if config.max_investment is not None else NEVER
    own[REPEATS], own[SKIPS] = config.repeat, config.missed == "skip"
    rates = (
        (TAKE, TAKE_PARTS, config.take_profit),
        (TRAIL, TRAIL_PARTS, _negative(config.trailing)),
        (STOP, STOP_PARTS, _negative(config.stop_loss)),
    )
    for rate, parts, percent in rates:
        if percent is not None:
            own[rate], own[parts] = parts_of(1 + percent / HUNDRED)
    own[ANCHOR], own[BASED], own[PEAK] = int(case.candles.time[0]) + case.width, -1, -1
    steps = range(1, count + 1)
    left = (max(Decimal(0), 1 - config.safety_drop(number) / HUNDRED) for number in steps)
    plan = [whole(config.safety_amount(number)) for number in steps]
    plan += [int(part * DROP_PARTS) for part in left]
    rules = rules_of(case.market, case.slippage, model.delayed)
    bot = empty_bot(case, rules, own, np.array(plan, np.int64), rows=count + 3, room=room, todo=count + 3)
    bot.slots[:, NUMBER] = [*range(count + 1), DCA_EXIT_SLOT, EXIT_SLOT]
    return bot


def _negative(percent: Decimal | None) -> Decimal | None:
    return None if percent is None else -percent
