"""The engine of a bot, as its rows and its account say."""

from typing import TYPE_CHECKING

from bots.core.engine import BotEngine
from bots.core.ledger import PositionManager
from bots.core.orders import PlannedOrder
from bots.core.risk import RiskLimits, RiskManager
from bots.core.strategies.base import BaseStrategy, Beginning, MarketData, RunState
from bots.core.strategies.config import ConfigError, read_config, read_limits
from bots.core.strategies.dca import DCAConfig, DCAStrategy
from bots.core.strategies.grid import GridStrategy
from bots.core.types import Market
from bots.models import Bot, BotStatus
from bots.runtime.accounts import Account
from bots.runtime.loading import Loaded
from bots.runtime.recording import build_engine
from bots.runtime.store import DatabaseStore
from bots.services import halts
from bots.services.limits import operator_bounds

if TYPE_CHECKING:
    from bots.runtime.runner import Runner


class WindDown(BaseStrategy):
    """Of a bot whose config cannot be read: no new order, but what is open is cancelled and its fills are booked."""

    def begin(self, market_data: MarketData) -> Beginning | None:
        return None

    def calculate_orders(self, market_data: MarketData) -> list[PlannedOrder]:
        return []


def strategy_of(bot: Bot, market: Market, state: RunState) -> BaseStrategy:
    """Raises ConfigError where the stored config is not valid any more."""
    config = read_config(bot.strategy, bot.config)
    if isinstance(config, DCAConfig):
        return DCAStrategy(config, market, state)
    return GridStrategy(config, market, state)


def mode_of(status: str, stopping: bool) -> str:
    """A stopped bot with orders left, and one in error, are wound down as well."""
    if stopping or status in (BotStatus.STOPPED, BotStatus.ERROR):
        return "stopping"
    return str(status)


async def _configured(loaded: Loaded, market: Market, runner: "Runner") -> tuple[BaseStrategy, RiskLimits]:
    try:
        return strategy_of(loaded.bot, market, loaded.state), read_limits(loaded.bot.config)
    except ConfigError as error:
        await runner.fail(f"The bot's config is not valid any more: {error}")
        return WindDown(loaded.state), RiskLimits()


async def engine_of(loaded: Loaded, account: Account, market: Market, *, runner: "Runner") -> BotEngine:
    bot, host = loaded.bot, runner.host
    strategy, limits = await _configured(loaded, market, runner)
    store = DatabaseStore(
        lease=runner.lease,
        account=loaded.account,
        market=market,
        database=host.database,
        may_send=runner.may_send,
        tell=runner.tell,
        note=host.minutes.note,
    )
    engine = build_engine(
        host.tape,
        loaded.attempts,
        strategy=strategy,
        exchange=account.connector,
        position_manager=PositionManager(bot.total_investment, loaded.position),
        risk_manager=await _risk_of(loaded, limits, runner),
        store=store,
        market=market,
        prefix=loaded.prefix,
    )
    engine.adopt(loaded.live)
    engine.mode = mode_of(bot.status, bot.stopping)
    engine.stop_action = bot.stop_action or "keep"
    return engine


async def _risk_of(loaded: Loaded, limits: RiskLimits, runner: "Runner") -> RiskManager:
    risk = RiskManager(limits.within(operator_bounds()), loaded.bot.total_investment)
    risk.remember(loaded.closes)
    risk.remember_orders(loaded.placed, loaded.fills)
    # Asked for now: since its rows were read the bot may have waited long for its exchange.
    halt = await runner.host.database.run(halts.concerning, loaded.bot)
    risk.halt = halt.sentence if halt else ""
    return risk
