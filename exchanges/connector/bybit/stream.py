"""Bybit's private stream: orders and executions, each under a topic of its own."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import orjson

from bots.core.ports import AccountRefused
from exchanges.connector import errors, socket
from exchanges.connector.bybit import mapping
from exchanges.connector.stream import REPLY_TIMEOUT, AccountStream, Event, OnEvent, StreamReset

TOPICS = ["execution", "order"]
AUTH_MS = 10_000  # how long the signature of a connection counts
PING_EVERY = 20.0


class BybitAccountStream(AccountStream):
    """The two topics are not in step: an order's new state may come before the fill that led to it."""

    async def _connection(self, on_event: OnEvent) -> None:
        await self._markets.ready()
        venue, client = self._venue, self._connector.client
        await venue.clock.ready()
        await venue.may_connect("account")
        url = client.implode_hostname(client.urls["api"]["ws"]["private"]["spot"]["unified"])
        async with socket.websocket(venue.session, url) as ws:
            incoming = socket.messages(ws)
            async with asyncio.timeout(REPLY_TIMEOUT):
                await ws.send_str(_text("auth", self._signed()))
                early = await self._answered("auth", incoming)
                await ws.send_str(_text("subscribe", TOPICS))
                early += await self._answered("subscribe", incoming)
            on_event(StreamReset())
            pings = asyncio.create_task(socket.keep_alive(ws, PING_EVERY))
            try:
                for message in early:
                    self._take(message, on_event)
                async for message in incoming:
                    self._take(message, on_event)
            finally:
                pings.cancel()
                await asyncio.gather(pings, return_exceptions=True)

    def _signed(self) -> list[Any]:
        client, keys = self._connector.client, self._connector.key_pair()
        expires = self._venue.clock.now() + AUTH_MS
        text = f"GET/realtime{expires}"
        if "PRIVATE KEY" in keys.secret:
            signature = client.rsa(text, keys.secret, "sha256")
        else:
            signature = client.hmac(text.encode(), keys.secret.encode(), sha256, "hex")
        return [keys.api_key, expires, signature]

    async def _answered(self, operation: str, incoming: AsyncIterator[Any]) -> list[Any]:
        """Waits for the answer to an operation; returns what came before it."""
        early = []
        async for message in incoming:
            with socket.reading():
                answers, done = message.get("op") == operation, message.get("success")
            if not answers:
                early.append(message)
            elif done:
                break
            else:
                await self._venue.clock.measure()  # it may have been the time that was refused
                why = errors.clean(str(message.get("ret_msg")))
                raise AccountRefused(f"{self._venue.facts.name} refused the API key: {why}", "stream")
        return early

    def _take(self, message: dict[str, Any], on_event: OnEvent) -> None:
        for event in self._events(message):
            on_event(event)

    def _events(self, message: dict[str, Any]) -> list[Event]:
        found: list[Event] = []
        with socket.reading():
            topic = message.get("topic", "")
            for row in message["data"] if topic in TOPICS else ():
                symbol = self._markets.symbol_of(row["symbol"]) if row["category"] == "spot" else None
                if symbol is None:
                    continue
                if topic == "order":
                    found.append(mapping.order_report(row, symbol, self._venue.facts.reasons))
                elif mapping.is_trade(row):
                    found.append(mapping.fill(row, self._markets.get(symbol)))
        return found


def _text(operation: str, args: list[Any]) -> str:
    return orjson.dumps({"op": operation, "args": args}).decode()
