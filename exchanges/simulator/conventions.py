"""Where exchanges differ in what they do, not in how they say it. The defaults are Binance's."""

from dataclasses import dataclass
from enum import Enum


class ClientIds(Enum):
    UNIQUE_WHILE_OPEN = 1  # among the open orders of a symbol
    UNIQUE_FOR_EVER = 2  # among all orders of the account
    FREE = 3  # anything goes, twice too


@dataclass(frozen=True, slots=True)
class Conventions:
    client_ids: ClientIds = ClientIds.UNIQUE_WHILE_OPEN
    post_only_is_accepted: bool = False  # a post-only order that would take is accepted and ends at once
    fees_in_quote: bool = False  # otherwise in what was received


AS_BINANCE = Conventions()
