"""The families of exchanges, as far as nobody needs a key."""

from exchanges.connector.binance.public import BinancePublic
from exchanges.connector.bybit.public import BybitPublic
from exchanges.connector.mexc.public import MexcPublic
from exchanges.connector.public import PublicWire
from exchanges.connector.unified.public import UnifiedPublic

PUBLIC: dict[str, PublicWire] = {
    "binance": BinancePublic(),
    "bybit": BybitPublic(),
    "mexc": MexcPublic(),
    "unified": UnifiedPublic(),
}
