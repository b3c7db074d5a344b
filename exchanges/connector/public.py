"""What an exchange says of itself, whatever its wire: its clock, its markets, and what a key may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from bots.core.types import Market
from exchanges.connector.facts import ExchangeFacts

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    market_id: str  # the exchange's own name
    market: Market
    trading: bool


class Limits(NamedTuple):
    """As the exchange tells them now; 0: it does not."""

    weight: int = 0
    orders: int = 0


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What the exchange says of a key. None: it does not say."""

    account_uid: str
    may_trade: bool
    moves_money: bool | None  # out of the account: by withdrawal, or by transfer to another one
    ip_restricted: bool | None


class PublicWire(Protocol):
    async def time(self, client: Any) -> int:
        """The exchange's clock in ms."""

    async def listing(self, client: Any) -> tuple[list[Raw], Limits]:
        """Its markets, as they come."""

    def listed(self, raw: Raw, client: Any, facts: ExchangeFacts) -> Listed | None:
        """None: no spot market. May raise KeyError, TypeError, ValueError and ArithmeticError."""


def plain(value: str) -> Decimal:
    """Without the zeros that exchanges pad with, and never as 1E+3."""
    number = Decimal(value).normalize()
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number
