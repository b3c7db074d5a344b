"""The table of REST endpoints: each is a function of what was asked, with what it weighs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exchanges.simulator.accounts import Key
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.mexc.errors import illegal, missing
from exchanges.simulator.mexc.ids import order_number
from exchanges.simulator.venue import Venue

Parameters = dict[str, str]
OrderIds = tuple[int | None, str | None]


@dataclass(frozen=True, slots=True)
class Call:
    exchange: Exchange
    parameters: Parameters
    signed_by: Key | None

    @property
    def key(self) -> Key:
        if self.signed_by is None:
            raise Refused(700001, "API-key format invalid.")
        return self.signed_by

    def text(self, name: str) -> str:
        if value := self.parameters.get(name):
            return value
        raise missing(name)

    def number(self, name: str) -> int | None:
        value = self.parameters.get(name)
        if not value:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) < 18):
            raise illegal(name)
        return int(value)

    def limit(self, default: int, most: int) -> int:
        return max(1, min(self.number("limit") or default, most))

    def venue(self) -> Venue:
        return self.exchange.venue(self.text("symbol"))

    def order_ids(self) -> OrderIds:
        """The exchange's own goes first; 0 is nobody's."""
        text, client_id = self.parameters.get("orderId"), self.parameters.get("origClientOrderId")
        if not (text or client_id):
            raise Refused(
                700004, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
            )
        return (order_number(text) or 0, None) if text else (None, client_id)


Answer = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`part` is the name by which faults find it (faults.py); all but the market's are signed."""

    answer: Answer
    part: str
    weight: int

    @property
    def is_write(self) -> bool:
        return self.part in ("create", "cancel")


ENDPOINTS: dict[tuple[str, str], Endpoint] = {}


def endpoint(method: str, path: str, part: str, weight: int = 1) -> Callable[[Answer], Answer]:
    def register(answer: Answer) -> Answer:
        ENDPOINTS[method, path] = Endpoint(answer, part, weight)
        return answer

    return register
