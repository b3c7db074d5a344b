"""What happens to an account's orders, as it happens.

The connection is read here rather than through ccxt's `watch_*`: those hand over a cache between two awaits,
hang on a malformed frame and notice a dead pipe late. Address and signature are ccxt's."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from bots.core.ports import RateLimited
from bots.core.types import Fill, OrderReport
from exchanges.connector import errors, mapping, socket
from exchanges.connector.client import Call
from exchanges.connector.rest import BinanceConnector

log = logging.getLogger(__name__)

REPLY_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class StreamReset:
    """The stream is live from here on; what came before is to be asked by REST."""


Event = OrderReport | Fill | StreamReset


class AccountStream:
    """One per account and process."""

    def __init__(self, connector: BinanceConnector) -> None:
        self._connector = connector
        self._venue = connector.venue
        self._markets = connector.markets

    async def run(self, on_event: Callable[[Event], None]) -> None:
        """Until cancelled. The fill of an execution comes before the order's new state. Raises AccountRefused
        when the exchange refuses the key."""

        async def connection() -> None:
            await self._connection(on_event)

        await socket.forever(f"account stream of {self._venue.facts.name}", connection)

    async def _connection(self, on_event: Callable[[Event], None]) -> None:
        await self._markets.ready()
        venue, client = self._venue, self._connector.client
        await socket.may_connect(venue, "account")
        async with socket.websocket(venue.session, client.urls["api"]["ws"]["ws-api"]["spot"]) as ws:
            request = {"id": "1", "method": "userDataStream.subscribe.signature"}
            await ws.send_str(json.dumps({**request, "params": client.sign_params({})}))
            incoming = socket.messages(ws)
            async with asyncio.timeout(REPLY_TIMEOUT):
                early = await self._subscribed(incoming)
            on_event(StreamReset())
            for message in early:
                self._take(message, on_event)
            async for message in incoming:
                self._take(message, on_event)

    async def _subscribed(self, incoming: AsyncIterator[Any]) -> list[Any]:
        """Waits for the answer to the subscription; returns what came before it."""
        early = []
        async for message in incoming:
            with socket.reading():
                answers, status = message.get("id") == "1", message.get("status")
            if not answers:
                early.append(message)
            elif status == 200:
                break
            else:
                await self._refused(message)
        return early

    async def _refused(self, message: dict[str, Any]) -> None:
        call = Call(status=int(message.get("status", 0)), body=json.dumps(message.get("error")))
        error = errors.sort_read(self._venue.facts, call, Exception())
        if isinstance(error, errors.ClockOff):
            await self._venue.clock.measure()
        if isinstance(error, RateLimited):
            await self._venue.slow_down(error)
        raise error

    def _take(self, message: dict[str, Any], on_event: Callable[[Event], None]) -> None:
        for event in self._events(message):
            on_event(event)

    def _events(self, message: dict[str, Any]) -> list[Event]:
        with socket.reading():
            event = message.get("event", {})
            kind = event.get("e")
            symbol = self._markets.symbol_of(event["s"]) if kind == "executionReport" else None
            if symbol is not None:
                fill, report = mapping.execution(event, symbol)
                return [report] if fill is None else [fill, report]
        if kind == "eventStreamTerminated":
            raise ConnectionError("The exchange ended the event stream.")
        return []
