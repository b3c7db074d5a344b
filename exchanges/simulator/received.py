"""A request on its way through a wire, and the journal's note of it where it is about an order."""

from dataclasses import dataclass

import orjson
from aiohttp import web

from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults_answers import Answer
from exchanges.simulator.journal.requests import OrderRequest


@dataclass(frozen=True, slots=True)
class Received:
    exchange: Exchange
    number: int | None  # in the journal, for what is about an order

    def note(self, kind: str, instead: Answer | None) -> None:
        """The fault that strikes; `instead` is said without carrying the request out."""
        if self.number is None:
            return
        self.exchange.journal.requests.struck(self.number, kind)
        self.exchange.journal.commit()
        if instead is not None:
            self.answered(instead.status, orjson.dumps(instead.body))

    def answered(self, status: int, answer: bytes) -> None:
        if self.number is not None:
            self.exchange.journal.requests.answered(self.number, status, answer.decode())
            self.exchange.journal.commit()


def receive(
    exchange: Exchange, request: web.Request, api_key: str | None, shown: dict[str, str], *, kept: bool
) -> Received:
    """`shown` are the parameters without the signature. What is not about an order is not kept."""
    if not kept:
        return Received(exchange, None)
    asked = OrderRequest(
        time=exchange.clock(),
        api_key=api_key or "",
        method=request.method,
        path=request.path,
        parameters=shown,
    )
    number = exchange.journal.requests.receive(asked)
    exchange.journal.commit()
    return Received(exchange, number)
