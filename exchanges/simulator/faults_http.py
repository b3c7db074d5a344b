"""What a fault does to a REST request. Every wire's handler goes through `serve`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
from aiohttp import web

from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Fault, Faults
from exchanges.simulator.faults_answers import HTML, RETRY_AFTER, Answer, said
from exchanges.simulator.orders import Order

HANG_SECONDS = 120  # a client that waits longer is cut off

Reply = Callable[[], Awaitable[web.Response]]
Note = Callable[[str, Answer | None], None]


@dataclass(frozen=True, slots=True)
class About:
    """The order that a request is about, by either id."""

    exchange: Exchange
    symbol: str
    order_id: int | None = None
    client_id: str | None = None

    def open_order(self, api_key: str | None) -> Order | None:
        """Where the request names none, the account's oldest."""
        key = self.exchange.accounts.keys.get(api_key or "")
        orders = self.exchange.open_orders(key.uid) if key else []
        if self.order_id is None and not self.client_id:
            return next(iter(orders), None)
        named = (each for each in orders if each.symbol == self.symbol)
        return next(
            (each for each in named if self.order_id == each.id or self.client_id == each.client_id), None
        )


@dataclass(frozen=True, slots=True)
class Strike:
    faults: Faults
    fault: Fault
    request: web.Request
    exchange: str
    api_key: str | None
    endpoint: str
    answer: Reply
    about: About | None
    note: Note


def _no_note(kind: str, instead: Answer | None) -> None:
    """For requests that nobody keeps."""


async def serve(
    faults: Faults,
    request: web.Request,
    *,
    exchange: str,
    api_key: str | None,
    endpoint: str,
    answer: Reply,
    about: About | None = None,
    note: Note = _no_note,
) -> web.StreamResponse:
    """`answer` carries the request out. `note` hears of the fault that strikes, with what is said instead of carrying
    the request out, so that the journal tells the truth."""
    fault = faults.draw(exchange, api_key, endpoint)
    if fault is None:
        return await answer()
    strike = Strike(faults, fault, request, exchange, api_key, endpoint, answer, about, note)
    return await STRIKES.get(fault.kind, _says)(strike)


async def _says(strike: Strike) -> web.StreamResponse:
    """An error of the exchange's own; what was asked may have been done all the same."""
    kind = strike.fault.kind
    instead = said(strike.exchange, kind, strike.endpoint)
    if strike.faults.carries_out(strike.fault):
        strike.note(kind, None)
        await strike.answer()
    else:
        strike.note(kind, instead)
    headers = {"Retry-After": str(RETRY_AFTER[kind])} if kind in RETRY_AFTER else {}
    return web.Response(
        body=orjson.dumps(instead.body),
        status=instead.status,
        headers=headers,
        content_type="application/json",
    )


async def _accept_then_drop(strike: Strike) -> web.StreamResponse:
    await _carry_out(strike)
    return _cut(strike.request)


async def _truncate(strike: Strike) -> web.StreamResponse:
    body = (await _carry_out(strike)).body
    whole = body if isinstance(body, bytes) else b""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(whole)
    await response.prepare(strike.request)
    await response.write(whole[: len(whole) // 2])
    await asyncio.sleep(0)
    return _cut(strike.request)


async def _html(strike: Strike) -> web.StreamResponse:
    await _carry_out(strike)
    return web.Response(text=HTML, content_type="text/html")


async def _empty(strike: Strike) -> web.StreamResponse:
    await _carry_out(strike)
    return web.Response(body=b"", content_type="application/json")


async def _hang(strike: Strike) -> web.StreamResponse:
    """Never carried out, never answered; until the client goes."""
    strike.note(strike.fault.kind, None)
    for _ in range(HANG_SECONDS):
        if strike.request.transport is None:
            break
        await asyncio.sleep(1)
    return _cut(strike.request)


async def _delay_inside(strike: Strike) -> web.StreamResponse:
    strike.note(strike.fault.kind, None)
    await asyncio.sleep(strike.faults.delay_inside)
    return await strike.answer()


async def _delay_outside(strike: Strike) -> web.StreamResponse:
    """The exchange itself refuses what it gets to see so late."""
    strike.note(strike.fault.kind, None)
    await asyncio.sleep(strike.faults.delay_outside)
    return await strike.answer()


async def _partial_fill(strike: Strike) -> web.StreamResponse:
    """Half of what remains: of a new order before its reply is out, of one that is asked about before the look."""
    strike.note(strike.fault.kind, None)
    if strike.endpoint != "create":
        _fill(strike, half=True)
        return await strike.answer()
    response = await strike.answer()
    _fill(strike, half=True)
    return response


async def _fill_before_cancel(strike: Strike) -> web.StreamResponse:
    strike.note(strike.fault.kind, None)
    _fill(strike, half=False)
    return await strike.answer()


def _fill(strike: Strike, *, half: bool) -> None:
    order = strike.about.open_order(strike.api_key) if strike.about else None
    if order is None or strike.about is None:
        return
    lot = strike.about.exchange.venue(order.symbol).rules.lot
    quantity = order.remaining / 2 // lot * lot if half else order.remaining
    if quantity:
        strike.about.exchange.fill(order, quantity)


async def _carry_out(strike: Strike) -> web.Response:
    strike.note(strike.fault.kind, None)
    return await strike.answer()


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


STRIKES: dict[str, Callable[[Strike], Awaitable[web.StreamResponse]]] = {
    "accept_then_drop": _accept_then_drop,
    "hang": _hang,
    "truncate": _truncate,
    "html_200": _html,
    "empty_200": _empty,
    "delay_inside_window": _delay_inside,
    "delay_outside_window": _delay_outside,
    "partial_fill": _partial_fill,
    "fill_before_cancel": _fill_before_cancel,
}
