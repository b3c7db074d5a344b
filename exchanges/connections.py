"""The way from a credential to its exchange, for code on an event loop, which calls `close_hub` before it ends."""

from typing import cast

from bots.core.ports import AccountRefused, ExchangeConnector
from exchanges import sealed
from exchanges.connector import factory
from exchanges.connector.client import Keys
from exchanges.connector.paper import PaperConnector
from exchanges.connector.paper_stream import PaperStream, Prices
from exchanges.connector.prices import PublicPrices
from exchanges.connector.rest import RestConnector
from exchanges.connector.stream import AccountStream, Symbols
from exchanges.hub import hub
from exchanges.models import Credential, Mode
from exchanges.paper.store import DatabaseStore
from exchanges.vault import VaultError


async def open_connector(credential: Credential) -> ExchangeConnector:
    """The keys live in memory only. Raises AccountRefused where they do not open."""
    if credential.mode == Mode.PAPER:
        return PaperConnector((await hub()).public(credential.venue), DatabaseStore(credential))
    return (await hub()).connect(credential.venue, open_keys(credential))


async def open_account_stream(
    credential: Credential,  # noqa: ARG001 - the connector holds its keys
    connector: ExchangeConnector,
    symbols: Symbols = set,
    prices: Prices | None = None,
) -> AccountStream | PaperStream:
    """`symbols` is asked again and again for the markets that matter: an exchange without a stream is polled.
    A paper account's orders are filled by `prices`."""
    if isinstance(connector, PaperConnector):
        if prices is None:
            raise TypeError("A paper account needs prices.")
        return PaperStream(connector, prices)
    return factory.account_stream(cast(RestConnector, connector), symbols)


async def open_public(exchange: str) -> RestConnector:
    return (await hub()).connect(exchange)


async def open_price_stream(exchange: str) -> PublicPrices:
    return factory.price_stream((await hub()).markets.of(exchange))


def open_keys(credential: Credential) -> Keys:
    """Raises AccountRefused."""
    try:
        return sealed.keys_of(credential)
    except VaultError as error:
        detail = str(error)
    raise AccountRefused(detail, "sealed")
