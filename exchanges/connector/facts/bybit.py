"""Bybit spot (a unified trading account, API v5). Everything it refuses, it refuses with status 200."""

from dataclasses import replace

from exchanges.connector.facts.model import ExchangeFacts

READS = (
    "time",
    "markets",
    "ticker",
    "candles",
    "account",
    "open_orders",
    "all_open_orders",
    "order",
    "fills",
    "permissions",
)

BYBIT = ExchangeFacts(
    id="bybit",
    name="Bybit",
    domains=("bybit.com",),
    resolve_delay_ms=60_000,
    weights=dict.fromkeys((*READS, "create", "cancel", "connect"), 1),
    weight_limit=600,
    weight_seconds=5.0,
    order_limit=20,
    order_seconds=1.0,
    sockets_per_5m=500,
    wire="bybit",
    oldest_fill_days=729,
    key_hint=(
        "Make a system-generated key of a unified trading account: read-write, Spot trade only, no transfers, no "
        "withdrawals, and this server's IP address."
    ),
    code_at=("retCode", "ret_code"),
    text_at=("retMsg", "ret_msg"),
    ok_code="0",
    refuses_with_200=True,
    clock_codes=frozenset({"10002"}),
    busy_codes=frozenset({"10018", "10429"}),
    order_rate_codes=frozenset({"10006", "170005", "170222"}),
    account_codes=frozenset(
        {"10003", "10004", "10005", "10007", "10008", "10009", "10010", "10020", "10024", "10027", "10028"}
        | {"33004", "100028", "170201", "170209", "170224"}
    ),
    signature_codes=frozenset({"10004"}),
    symbol_codes=frozenset({"170121"}),
    missing_codes=frozenset({"170213", "110001", "170139", "170142", "170143", "170190", "110008", "110010"}),
    transient_codes=frozenset(
        {
            "10000",
            "10016",
            "10019",
            "5004",
            "170001",
            "170007",
            "170031",
            "170032",
            "170035",
            "170146",
            "170147",
        }
        | {"170149", "170150", "170234"}
    ),
    refused_codes=frozenset(
        {
            "10001",
            "10017",
            "10029",
            "12137",
            "12141",
            "170010",
            "170011",
            "170019",
            "170033",
            "170105",
            "170115",
        }
        | {"170116", "170117", "170121", "170124", "170130", "170131", "170132", "170133", "170134", "170135"}
        | {"170136", "170137", "170140", "170141", "170148", "170151", "170157", "170159", "170192", "170193"}
        | {"170194", "170195", "170196", "170197", "170198", "170199", "170200", "170202", "170210", "170217"}
        | {"170218", "170221", "170223", "170226", "170228", "170229", "170241", "170371", "170372", "170810"}
        | {"110072", "176015"}
    ),
    refused_texts=(
        ("170141", "", "duplicate_open"),
        ("12141", "", "duplicate_open"),
        ("110072", "", "duplicate_open"),
        ("170131", "", "insufficient_funds"),
        ("170033", "", "insufficient_funds"),
        ("176015", "", "insufficient_funds"),
        ("170218", "", "post_only"),
        ("170810", "", "too_many_orders"),
        *((code, "", "filter") for code in ("170124", "170132", "170133", "170134", "170135", "170136")),
        *((code, "", "filter") for code in ("170137", "170140", "170148", "12137", "170192", "170193")),
        *((code, "", "filter") for code in ("170194", "170228", "170229", "170371", "170372")),
        ("", "", "invalid"),
    ),
    reasons={
        "EC_NoError": "",
        "EC_PerCancelRequest": "",
        "EC_PostOnlyWillTakeLiquidity": "post_only",
        "EC_CancelByCrossSelfMatch": "self_trade_prevention",
    },
)

BYBIT_TESTNET = replace(
    BYBIT,
    id="bybit-testnet",
    name="Bybit testnet",
    ccxt="bybit",
    testnet_of="bybit",
    key_hint="Make the key at testnet.bybit.com: a key of the real exchange does not work there.",
)
