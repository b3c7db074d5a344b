"""The one place where ccxt's exchanges are made, and what we ask of them beyond ccxt: to sign with a given
time, and to say what exactly the exchange answered."""

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import ccxt.pro

from exchanges.connector.clock import ExchangeClock

TIMEOUT_MS = 7_000
RECV_WINDOW_MS = 5_000

# At DEBUG ccxt logs the key header and signed URLs.
logging.getLogger("ccxt").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Keys:
    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    account: str = ""  # the exchange's id of the account where known: its order rate is limited as one


@dataclass(slots=True)
class Call:
    """One request: the time to sign it with, and what came back."""

    timestamp: int | None = None
    status: int | None = None
    retry_after: str = ""
    body: str = field(default="", repr=False)


# Several requests run on one ccxt instance at once; each task sees its own.
CALL: ContextVar[Call | None] = ContextVar("exchange_call", default=None)


class BinanceClient(ccxt.pro.binance):
    timeout_on_exit = 0  # the session is shared and stays: nothing to wait for
    clock: ExchangeClock | None = None

    def nonce(self) -> int:
        call = CALL.get()
        if call is not None and call.timestamp is not None:
            return call.timestamp
        if self.clock is None:
            raise RuntimeError("A client that signs needs a clock.")
        return self.clock.now()

    def on_rest_response(  # noqa: PLR0917 - ccxt calls it so
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        response_headers: Mapping[str, str],
        response_body: str,
        request_headers: Any,
        request_body: Any,
    ) -> str:
        call = CALL.get()
        if call is not None:
            call.status, call.body = code, response_body
            call.retry_after = response_headers.get("Retry-After", "")
        return response_body.strip()


CLIENTS: dict[str, type[ccxt.pro.binance]] = {"binance": BinanceClient}


def new_client(exchange: str, *, session: aiohttp.ClientSession, keys: Keys | None) -> Any:
    """A ccxt.pro exchange on the shared session. The caller gives it its clock."""
    return CLIENTS[exchange](
        {
            "apiKey": keys.api_key if keys else "",
            "secret": keys.secret if keys else "",
            "session": session,
            "ssl_context": False,  # the session brings its own; ccxt would build one per instance
            "timeout": TIMEOUT_MS,
            "enableRateLimit": False,
            "verbose": False,
            "options": {
                "recvWindow": RECV_WINDOW_MS,
                "fetchCurrencies": False,
                "fetchMargins": False,
                "maxRetriesOnFailure": 0,
                "warnOnFetchOpenOrdersWithoutSymbol": False,
            },
            "streaming": {"keepAlive": 15_000},
        }
    )
