"""The table of REST endpoints: each is a function of what was asked, with what it weighs and whom it lets in."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from exchanges.simulator.accounts import Key
from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.binance.parameters import Parameters
from exchanges.simulator.errors import bad_key
from exchanges.simulator.exchange import Exchange


class Access(Enum):
    ANYONE = 0
    SIGNED = 1
    TRADE = 2  # signed by a key that may trade


@dataclass(frozen=True, slots=True)
class Call:
    exchange: Exchange
    limits: Limits
    parameters: Parameters
    signed_by: Key | None

    @property
    def key(self) -> Key:
        if self.signed_by is None:
            raise bad_key()
        return self.signed_by


Answer = Callable[[Call], Any]
Weight = int | Callable[[Parameters], int]


@dataclass(frozen=True, slots=True)
class Endpoint:
    answer: Answer
    weight: Weight
    access: Access
    part: str  # what a fault knows it as (faults.ENDPOINTS)

    def weigh(self, parameters: Parameters) -> int:
        return self.weight(parameters) if callable(self.weight) else self.weight


ENDPOINTS: dict[tuple[str, str], Endpoint] = {}


def endpoint(
    method: str, path: str, weight: Weight, access: Access = Access.ANYONE, part: str = ""
) -> Callable[[Answer], Answer]:
    def register(answer: Answer) -> Answer:
        usual = "market" if access is Access.ANYONE else "other"
        ENDPOINTS[method, path] = Endpoint(answer, weight, access, part or usual)
        return answer

    return register
