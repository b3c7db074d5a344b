"""What is known of each exchange, as data. A new exchange adds its entry here."""

from exchanges.connector.facts.binance import BINANCE, BINANCE_TESTNET
from exchanges.connector.facts.bybit import BYBIT, BYBIT_TESTNET
from exchanges.connector.facts.mexc import MEXC
from exchanges.connector.facts.model import ExchangeFacts
from exchanges.connector.facts.okx import OKX, OKX_TESTNET

__all__ = ["BINANCE", "BYBIT", "FACTS", "MEXC", "OKX", "ExchangeFacts", "testnet_of"]

ALL = (BINANCE, BINANCE_TESTNET, BYBIT, BYBIT_TESTNET, MEXC, OKX, OKX_TESTNET)
FACTS: dict[str, ExchangeFacts] = {facts.id: facts for facts in ALL}


def testnet_of(exchange: str) -> ExchangeFacts | None:
    """None where the exchange has none."""
    return next((facts for facts in FACTS.values() if facts.testnet_of == exchange), None)
