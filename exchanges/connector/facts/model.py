"""What is known of an exchange, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ExchangeFacts:
    """Limits are the exchange's own; the limiter keeps its own headroom. Codes are raw.

    A testnet is an exchange of its own: its prices, markets and limits have nothing to do with the real ones."""

    id: str
    name: str
    domains: tuple[str, ...]  # every host of the exchange is one of these or below one
    resolve_delay_ms: int  # after timestamp + recvWindow, until "absent" can be believed

    # Limits. A weight is what a request takes of its address.
    weights: Mapping[str, int] = field(repr=False)
    weight_limit: int
    order_limit: int  # new orders of an account
    sockets_per_5m: int = 0  # opened, by an address; 0: this exchange is polled
    weight_seconds: float = 60.0
    order_seconds: float = 10.0

    # How it is spoken with.
    wire: str = "unified"  # whose messages: a module of ours, or ccxt's unified calls
    ccxt: str = ""  # ccxt's name; "": our own
    ccxt_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    testnet_of: str = ""
    deadline_header: str = (
        ""  # a header with the time (ms) after which an order is not to be accepted any more
    )
    poll_seconds: float = 2.0  # between two looks at an account or a price, where there is no stream
    oldest_fill_days: int = 365
    # Of ccxt's unified calls: how many a page holds, and how the next is asked for.
    fills_page: int = 100
    fills_window_days: int = 30
    fill_client_id: str = ""  # where in a trade the client id is; "": the exchange does not tell it
    open_orders_page: int = 100
    open_orders_after: str = "after"  # the parameter for "those before the order with this id"
    candles_page: int = 1000
    max_open_orders: int = 200

    # What a user needs for a key.
    passphrase: bool = False
    attested: bool = False  # the exchange does not tell what a key may do: its owner has to
    key_hint: str = ""
    key_question: Mapping[str, str] = field(default_factory=dict, repr=False)  # see unified/mapping.py

    # What it charges, where its markets do not say.
    maker_fee: str = "0.001"
    taker_fee: str = "0.001"
    fee_in_base_on_buy: bool = True

    # Errors.
    code_at: tuple[str, ...] = ("code",)  # the first of these paths that leads to a code
    text_at: tuple[str, ...] = ("msg",)
    ok_code: str = ""
    refuses_with_200: bool = False
    clock_codes: frozenset[str] = frozenset()
    busy_codes: frozenset[str] = frozenset()  # for the address: nothing happened
    order_rate_codes: frozenset[str] = frozenset()  # for the account: nothing happened
    account_codes: frozenset[str] = frozenset()
    signature_codes: frozenset[str] = frozenset()  # of them: the secret does not belong to the key
    symbol_codes: frozenset[str] = frozenset()
    missing_codes: frozenset[str] = frozenset()  # this order is not known, or no longer open
    transient_codes: frozenset[str] = frozenset()
    refused_codes: frozenset[str] = frozenset()  # on create: certainly not accepted
    # A code that says little needs its text: (code or "", part of the message, lower case) -> our code.
    refused_texts: tuple[tuple[str, str, str], ...] = (("", "", "invalid"),)
    reason_at: str = ""  # of ccxt's unified calls: where in an order it says why it ended
    # Why the exchange ended an order by itself, in its words -> in ours.
    reasons: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def ccxt_id(self) -> str:
        return self.ccxt or self.id

    @property
    def polled(self) -> bool:
        return not self.sockets_per_5m
