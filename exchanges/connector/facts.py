"""What is known of each exchange, as data: a new exchange adds an entry here and a connector class."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ExchangeFacts:
    """Limits are the exchange's own; the limiter keeps its own headroom. Codes are raw."""

    id: str
    name: str
    domains: tuple[str, ...]  # every host of the exchange is one of these or below one
    resolve_delay_ms: int  # after timestamp + recvWindow, until "absent" can be believed
    weight_per_minute: int
    orders_per_10s: int
    sockets_per_5m: int  # opened, by an address
    weights: Mapping[str, int] = field(repr=False)
    clock_codes: frozenset[str] = frozenset()
    busy_codes: frozenset[str] = frozenset()  # for the address: nothing happened
    order_rate_codes: frozenset[str] = frozenset()  # for the account: nothing happened
    account_codes: frozenset[str] = frozenset()
    symbol_codes: frozenset[str] = frozenset()
    missing_codes: frozenset[str] = frozenset()  # this order is not known, or no longer open
    transient_codes: frozenset[str] = frozenset()
    refused_codes: frozenset[str] = frozenset()  # on create: certainly not accepted
    # A code that says little needs its text: (code or "", part of the message, lower case) -> our code.
    refused_texts: tuple[tuple[str, str, str], ...] = ()


BINANCE = ExchangeFacts(
    id="binance",
    name="Binance",
    domains=("binance.com",),
    resolve_delay_ms=10_000,
    weight_per_minute=6000,
    orders_per_10s=50,
    sockets_per_5m=300,
    weights={
        "time": 1,
        "markets": 20,
        "ticker": 2,
        "candles": 2,
        "account": 20,
        "open_orders": 6,
        "order": 4,
        "fills": 20,
        "order_fills": 5,
        "create": 1,
        "cancel": 1,
        "permissions": 1,
    },
    clock_codes=frozenset({"-1021"}),
    busy_codes=frozenset({"-1003"}),
    order_rate_codes=frozenset({"-1015"}),
    account_codes=frozenset({"-1002", "-1022", "-1099", "-2008", "-2014", "-2015", "-3022"}),
    symbol_codes=frozenset({"-1121"}),
    missing_codes=frozenset({"-2011", "-2013"}),
    transient_codes=frozenset(
        {"-1000", "-1001", "-1004", "-1006", "-1007", "-1008", "-1010", "-1016", "-3000", "-3044"}
    ),
    refused_codes=frozenset(
        {"-1013", "-1014", "-1020", "-1100", "-1101", "-1102", "-1103", "-1104", "-1105", "-1106", "-1108"}
        | {"-1111", "-1112", "-1114", "-1115", "-1116", "-1117", "-1118", "-1119", "-1121", "-1130", "-1131"}
        | {"-2010"}
    ),
    refused_texts=(
        ("-2010", "duplicate order sent", "duplicate_open"),
        ("-2010", "insufficient balance", "insufficient_funds"),
        ("-2010", "immediately match", "post_only"),
        ("-2010", "disabled on this account", "account"),
        ("-1013", "max_num_orders", "too_many_orders"),
        ("-1013", "max_position", "filter"),
        ("-1013", "", "filter"),
        ("-1111", "", "filter"),
        ("", "", "invalid"),
    ),
)

FACTS: dict[str, ExchangeFacts] = {BINANCE.id: BINANCE}
