"""The pre-flight of a bot against the real market and account; one for web, API, CLI and Telegram."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bots.core.ports import UnknownSymbol
from bots.core.preflight import Preflight, preflight_grid
from bots.core.preflight_dca import preflight_dca
from bots.core.strategies.config import ConfigError, FieldError, read_config
from bots.core.strategies.grid import GridConfig
from bots.core.types import ZERO, Market
from bots.models import Bot, Strategy
from bots.services.errors import InvalidConfig
from bots.services.limits import beyond_bounds
from exchanges import services as exchanges
from exchanges.models import Credential
from marketdata.bus import last_ticker


def market_for(exchange: str, symbol: str) -> Market:
    """Raises InvalidConfig where the exchange does not list the symbol."""
    try:
        return exchanges.market_of(exchange, symbol)
    except UnknownSymbol:
        name = exchanges.name_of(exchange)
        detail = f"{name} does not list {symbol!r}. Use a symbol such as BTC/USDT; see GET /symbols."
        raise InvalidConfig([FieldError("symbol", "unknown_symbol", detail)]) from None


def price_of(exchange: str, symbol: str) -> Decimal:
    """The live price, from the bus or else from the exchange. Raises ExchangeUnavailable."""
    ticker = last_ticker(exchange, symbol)
    return (ticker or exchanges.ticker_of(exchange, symbol)).price


def checked_config(strategy: str, config: Mapping[str, Any]) -> Any:
    """The config of the strategy. Raises InvalidConfig."""
    if strategy not in Strategy.values:
        detail = f"Must be one of: {', '.join(Strategy.values)}."
        raise InvalidConfig([FieldError("strategy", "invalid", detail)])
    try:
        parsed = read_config(strategy, config)
    except ConfigError as error:
        raise InvalidConfig(error.errors) from None
    if errors := beyond_bounds(config):
        raise InvalidConfig(errors)
    return parsed


def preflight(*, credential: Credential, strategy: str, symbol: str, config: Mapping[str, Any]) -> Preflight:
    """What a new bot would meet: each failure names the field and the number that would fix it."""
    parsed = checked_config(strategy, config)
    check_credential(credential)
    market = market_for(credential.venue, symbol)
    exchanges.count_question(user_id=credential.user_id)
    return _check(parsed, market, credential, free_funds(credential, market))


def check_credential(credential: Credential) -> None:
    """Raises InvalidConfig where the exchange has refused the key."""
    if not credential.is_valid:
        detail = "The exchange refuses this API key. Validate it again, or add another one."
        raise InvalidConfig([FieldError("credential_id", "credential_invalid", detail)])


def free_funds(credential: Credential, market: Market) -> Decimal:
    balance = exchanges.balances_of(credential).get(market.quote)
    return balance.free if balance else ZERO


def _check(
    parsed: Any,
    market: Market,
    credential: Credential,
    funds: Decimal | None,
    *,
    held: Decimal = ZERO,
    budget: Decimal | None = None,
) -> Preflight:
    price = price_of(credential.venue, market.symbol)
    if isinstance(parsed, GridConfig):
        return preflight_grid(parsed, market, price, funds, held=held, budget=budget)
    return preflight_dca(parsed, market, price, funds)


def check_creation(credential: Credential, strategy: str, symbol: str, config: Mapping[str, Any]) -> Any:
    """What must hold for a bot to be worth keeping; the balance is asked at its start. Raises InvalidConfig."""
    parsed = checked_config(strategy, config)
    report = _check(parsed, market_for(credential.venue, symbol), credential, None)
    if not report.ok:
        raise InvalidConfig(report.failures)
    return parsed


def check_start(bot: Bot) -> None:
    """The whole pre-flight of a bot about to begin a run. Raises InvalidConfig."""
    parsed = checked_config(bot.strategy, bot.config)
    market = market_for(bot.credential.venue, bot.symbol)
    funds = free_funds(bot.credential, market)
    report = _check(parsed, market, bot.credential, funds, held=max(ZERO, bot.base), budget=bot.cash)
    if not report.ok:
        raise InvalidConfig(report.failures)
