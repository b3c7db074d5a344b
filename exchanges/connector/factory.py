"""The way to a connector. A new exchange registers its class here."""

from exchanges.connector.client import Keys
from exchanges.connector.markets import MarketCache
from exchanges.connector.rest import BinanceConnector

CONNECTORS = {"binance": BinanceConnector}


def connect(exchange: str, *, markets: MarketCache, credentials: Keys | None) -> BinanceConnector:
    """An account's connector, or one for public data. Session, rate limiter and clock are the cache's."""
    return CONNECTORS[exchange](markets.of(exchange), credentials)
