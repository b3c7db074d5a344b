"""Binance spot."""

from dataclasses import replace

from exchanges.connector.facts.model import ExchangeFacts

BINANCE = ExchangeFacts(
    id="binance",
    name="Binance",
    domains=("binance.com",),
    resolve_delay_ms=10_000,
    weight_limit=6000,
    order_limit=50,
    sockets_per_5m=300,
    wire="binance",
    key_hint="Allow reading and spot trading, leave withdrawals off, and restrict the key to this server's IP address.",
    weights={
        "time": 1,
        "markets": 20,
        "ticker": 2,
        "candles": 2,
        "account": 20,
        "open_orders": 6,
        "all_open_orders": 80,
        "order": 4,
        "fills": 20,
        "order_fills": 5,
        "create": 1,
        "cancel": 1,
        "permissions": 1,
        "connect": 2,
    },
    clock_codes=frozenset({"-1021"}),
    busy_codes=frozenset({"-1003"}),
    order_rate_codes=frozenset({"-1015"}),
    account_codes=frozenset({"-1002", "-1022", "-1099", "-2008", "-2014", "-2015", "-3022"}),
    signature_codes=frozenset({"-1022"}),
    symbol_codes=frozenset({"-1121"}),
    missing_codes=frozenset({"-2011", "-2013", "-2026"}),
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

BINANCE_TESTNET = replace(
    BINANCE,
    id="binance-testnet",
    name="Binance testnet",
    ccxt="binance",
    domains=("binance.vision",),
    testnet_of="binance",
    key_hint="Make the key at Binance's spot testnet: a key of the real exchange does not work there.",
)
