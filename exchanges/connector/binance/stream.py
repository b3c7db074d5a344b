"""Binance's account stream: user data through the WebSocket API."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson

from exchanges.connector import socket
from exchanges.connector.binance import mapping
from exchanges.connector.stream import REPLY_TIMEOUT, AccountStream, Event, OnEvent, StreamReset


class BinanceAccountStream(AccountStream):
    async def _connection(self, on_event: OnEvent) -> None:
        await self._markets.ready()
        venue, client = self._venue, self._connector.client
        await venue.may_connect("account")
        async with socket.websocket(venue.session, client.urls["api"]["ws"]["ws-api"]["spot"]) as ws:
            request = {"id": "1", "method": "userDataStream.subscribe.signature"}
            await ws.send_str(orjson.dumps({**request, "params": client.sign_params({})}).decode())
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
                await self._refused(int(status or 0), message.get("error"))
        return early

    def _take(self, message: dict[str, Any], on_event: OnEvent) -> None:
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
