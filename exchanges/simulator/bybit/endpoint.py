"""The table of REST endpoints: each is a function of what was asked, and answers the `result`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exchanges.simulator.accounts import Key
from exchanges.simulator.bybit.errors import bad_parameter, refusal
from exchanges.simulator.exchange import Exchange
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
            raise refusal(10003, "API key is invalid.")
        return self.signed_by

    @property
    def is_spot(self) -> bool:
        """Bybit's other categories list nothing here."""
        return self.text("category") == "spot"

    def text(self, name: str) -> str:
        if value := self.parameters.get(name):
            return value
        raise bad_parameter(f"{name} is required")

    def number(self, name: str, default: int | None = None) -> int | None:
        value = self.parameters.get(name)
        if not value:
            return default
        if not (value.isascii() and value.isdecimal() and len(value) < 18):
            raise bad_parameter(name)
        return int(value)

    def limit(self, default: int, most: int) -> int:
        return max(1, min(self.number("limit", default) or default, most))

    def venue(self) -> Venue:
        found = self.exchange.venues.get(self.text("symbol"))
        if found is None:
            raise bad_parameter("symbol invalid")
        return found


Answer = Callable[[Call], Any]


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
        ENDPOINTS[method, path] = Endpoint(answer, part)
        return answer

    return register
