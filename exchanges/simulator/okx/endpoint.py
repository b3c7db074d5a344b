"""The table of REST endpoints: each is a function of what was asked, and answers the `data`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exchanges.simulator.accounts import Key
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.okx.errors import bad_parameter, refusal
from exchanges.simulator.okx.ids import SYMBOLS, order_number
from exchanges.simulator.orders import Order
from exchanges.simulator.venue import Venue

Parameters = dict[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    exchange: Exchange
    parameters: Parameters
    signed_by: Key | None

    @property
    def key(self) -> Key:
        if self.signed_by is None:
            raise refusal(50111, "Invalid OK-ACCESS-KEY")
        return self.signed_by

    @property
    def is_spot(self) -> bool:
        """OKX's other types list nothing here."""
        return self.parameters.get("instType", "SPOT") == "SPOT"

    def text(self, name: str) -> str:
        if value := self.parameters.get(name):
            return value
        raise bad_parameter(name)

    def number(self, name: str) -> int | None:
        value = self.parameters.get(name)
        if not value:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) < 18):
            raise bad_parameter(name)
        return int(value)

    def limit(self, most: int) -> int:
        return max(1, min(self.number("limit") or 100, most))

    def symbol(self) -> str | None:
        """Of instId, where one is given."""
        if not self.parameters.get("instId"):
            return None
        if found := SYMBOLS.get(self.text("instId")):
            return found
        raise refusal(51001, "Instrument ID does not exist")

    def venue(self) -> Venue:
        return self.exchange.venue(self.symbol() or self.text("instId"))

    def order(self, missing: int = 51003) -> Order | None:
        """By either id; the exchange's own goes first."""
        text, client_id = self.parameters.get("ordId"), self.parameters.get("clOrdId")
        if not (text or client_id):
            raise refusal(missing, "Either client order ID or order ID is required")
        number = (order_number(text) or 0) if text else None
        symbol = self.venue().rules.symbol
        return self.exchange.find_order(self.key.uid, symbol, number, None if text else client_id)


Answer = Callable[[Call], list[Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`part` is the name by which faults find it (faults.py); all but the market's are signed."""

    answer: Answer
    part: str

    @property
    def is_write(self) -> bool:
        return self.part in ("create", "cancel")


ENDPOINTS: dict[tuple[str, str], Endpoint] = {}


def endpoint(method: str, path: str, part: str) -> Callable[[Answer], Answer]:
    def register(answer: Answer) -> Answer:
        ENDPOINTS[method, f"/api/v5{path}"] = Endpoint(answer, part)
        return answer

    return register
