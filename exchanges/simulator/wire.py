"""What an exchange's wire is to the server that carries it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web


class Wire(Protocol):
    def routes(self) -> list[web.RouteDef]: ...

    async def run(self) -> None:
        """Sends what goes by the clock, for ever."""


def _order_as_it_is(number: int) -> int | str:
    return number


def _trade_as_it_is(_symbol: str, number: int) -> int | str:
    return number


@dataclass(frozen=True, slots=True)
class Ids:
    """How the exchange writes its numbers."""

    order: Callable[[int], int | str] = _order_as_it_is
    trade: Callable[[str, int], int | str] = _trade_as_it_is


AS_THEY_ARE = Ids()
