"""The way to a connector and its streams. A new family of exchanges registers here and in `wires.py`."""

from dataclasses import dataclass

from exchanges.connector.binance.prices import BinancePrices
from exchanges.connector.binance.rest import BinanceConnector
from exchanges.connector.binance.stream import BinanceAccountStream
from exchanges.connector.bybit.prices import BybitPrices
from exchanges.connector.bybit.rest import BybitConnector
from exchanges.connector.bybit.stream import BybitAccountStream
from exchanges.connector.client import Keys
from exchanges.connector.markets import MarketCache, Markets
from exchanges.connector.mexc.rest import MexcConnector
from exchanges.connector.polling import PolledAccountStream, PolledPriceStream
from exchanges.connector.prices import PriceStream, PriceWire, PublicPrices
from exchanges.connector.rest import RestConnector
from exchanges.connector.stream import AccountStream, Symbols
from exchanges.connector.unified.rest import UnifiedConnector


@dataclass(frozen=True, slots=True)
class Family:
    connector: type[RestConnector]
    account_stream: type[AccountStream]
    prices: PriceWire | None = None  # None: prices are polled


FAMILIES: dict[str, Family] = {
    "binance": Family(BinanceConnector, BinanceAccountStream, BinancePrices()),
    "bybit": Family(BybitConnector, BybitAccountStream, BybitPrices()),
    "mexc": Family(MexcConnector, PolledAccountStream),
    "unified": Family(UnifiedConnector, PolledAccountStream),
}


def connect(exchange: str, *, markets: MarketCache, credentials: Keys | None) -> RestConnector:
    """An account's connector, or one for public data. Session, rate limiter and clock are the cache's."""
    of = markets.of(exchange)
    return FAMILIES[of.venue.facts.wire].connector(of, credentials)


def account_stream(connector: RestConnector, symbols: Symbols) -> AccountStream:
    return FAMILIES[connector.venue.facts.wire].account_stream(connector, symbols)


def price_stream(markets: Markets) -> PublicPrices:
    family = FAMILIES[markets.venue.facts.wire]
    if family.prices is None:
        return PolledPriceStream(markets, family.connector(markets, None))
    return PriceStream(markets, family.prices)
