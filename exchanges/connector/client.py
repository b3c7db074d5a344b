"""The one place where ccxt's exchanges are made, and what we ask of them beyond ccxt: to sign with a given
time, and to say what exactly the exchange answered."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import aiohttp

from exchanges.connector.clock import ExchangeClock
from exchanges.connector.facts import ExchangeFacts
from exchanges.connector.library import ccxt

TIMEOUT_MS = 7_000
RECV_WINDOW_MS = 5_000


@dataclass(frozen=True, slots=True)
class Keys:
    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    account: str = ""  # the exchange's id of the account where known: its order rate is limited as one
    passphrase: str = field(default="", repr=False)


@dataclass(slots=True)
class Call:
    """One request: the time to sign it with, and what came back."""

    timestamp: int | None = None
    status: int | None = None
    retry_after: str = ""
    body: str = field(default="", repr=False)


# Several requests run on one ccxt instance at once; each task sees its own.
CALL: ContextVar[Call | None] = ContextVar("exchange_call", default=None)


class Signing:
    """Before an exchange's class of ccxt."""

    number = str  # amounts stay what they are on the wire
    timeout_on_exit = 0  # the session is shared and stays: nothing to wait for
    clock: ExchangeClock | None = None
    deadline_header = ""

    def nonce(self) -> int:
        call = CALL.get()
        if call is not None and call.timestamp is not None:
            return call.timestamp
        if self.clock is None:
            raise RuntimeError("A client that signs needs a clock.")
        return self.clock.now()

    def sign(self, *args: Any, **kwargs: Any) -> Any:
        request = super().sign(*args, **kwargs)  # type: ignore[misc]
        call = CALL.get()
        if self.deadline_header and call is not None and call.timestamp is not None:
            deadline = str(call.timestamp + RECV_WINDOW_MS)
            request["headers"] = {**(request["headers"] or {}), self.deadline_header: deadline}
        return request

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
        text = response_body.strip()
        # ccxt hands text through, and an empty text would read as a list of no orders.
        if code < 300 and not text.startswith(("{", "[")):
            raise ccxt().BadResponse("The answer is no JSON.")
        return text


@cache
def _client_class(ccxt_id: str) -> type[Any]:
    return type(f"{ccxt_id.title()}Client", (Signing, getattr(ccxt().pro, ccxt_id)), {})


def new_client(facts: ExchangeFacts, *, session: aiohttp.ClientSession, keys: Keys | None) -> Any:
    """A ccxt.pro exchange on the shared session. The caller gives it its clock."""
    client = _client_class(facts.ccxt_id)(
        {
            "apiKey": keys.api_key if keys else "",
            "secret": keys.secret if keys else "",
            "password": keys.passphrase if keys else "",
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
                **facts.ccxt_options,
            },
            "streaming": {"keepAlive": 15_000},
        }
    )
    client.deadline_header = facts.deadline_header
    if facts.testnet_of:
        client.set_sandbox_mode(True)
    return client
