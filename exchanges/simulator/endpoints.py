"""What the tables of REST endpoints of Bybit, MEXC and OKX share. Binance's says more: whom it lets in, and weights
that depend on what is asked."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from exchanges.simulator.accounts import Key
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange

Parameters = dict[str, str]


@dataclass(frozen=True, slots=True)
class AnyCall(ABC):
    """What was asked. A wire says how it refuses; the questions raise that."""

    exchange: Exchange
    parameters: Parameters
    signed_by: Key | None

    @abstractmethod
    def unsigned(self) -> Refused: ...

    @abstractmethod
    def missing(self, name: str) -> Refused: ...

    @abstractmethod
    def malformed(self, name: str) -> Refused: ...

    @property
    def key(self) -> Key:
        if self.signed_by is None:
            raise self.unsigned()
        return self.signed_by

    def text(self, name: str) -> str:
        if value := self.parameters.get(name):
            return value
        raise self.missing(name)

    def number(self, name: str) -> int | None:
        value = self.parameters.get(name)
        if not value:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) < 18):
            raise self.malformed(name)
        return int(value)

    def limit(self, default: int, most: int) -> int:
        return max(1, min(self.number("limit") or default, most))


C = TypeVar("C", bound=AnyCall)


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[C]):
    """`part` is the name by which faults find it (faults.py); all but the market's are signed."""

    answer: Callable[[C], Any]
    part: str
    weight: int

    @property
    def is_write(self) -> bool:
        return self.part in ("create", "cancel")


class Endpoints(dict[tuple[str, str], Endpoint[C]]):
    """By method and path."""

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self._prefix = prefix

    def endpoint(
        self, method: str, path: str, part: str, weight: int = 1
    ) -> Callable[[Callable[[C], Any]], Callable[[C], Any]]:
        def register(answer: Callable[[C], Any]) -> Callable[[C], Any]:
            self[method, self._prefix + path] = Endpoint(answer, part, weight)
            return answer

        return register
