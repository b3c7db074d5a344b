"""MEXC spot. Its stream needs protobuf and its own limits on listen keys: it is polled."""

from exchanges.connector.facts.model import ExchangeFacts

MEXC = ExchangeFacts(
    id="mexc",
    name="MEXC",
    domains=("mexc.com",),
    resolve_delay_ms=60_000,
    weights={
        "time": 1,
        "markets": 10,
        "ticker": 1,
        "candles": 1,
        "account": 10,
        "open_orders": 3,
        "order": 2,
        "fills": 10,
        "create": 1,
        "cancel": 1,
        "permissions": 1,
    },
    weight_limit=500,  # of an endpoint; all share one here
    order_limit=5,
    weight_seconds=10.0,
    order_seconds=1.0,
    wire="mexc",
    poll_seconds=2.0,
    oldest_fill_days=29,  # of trades it tells the last month
    attested=True,
    key_hint=(
        "Allow reading account details and spot trading, leave withdrawals and transfers off, and restrict the key to "
        "this server's IP address. MEXC does not tell what a key may do: you have to confirm it."
    ),
    maker_fee="0",
    taker_fee="0.0005",
    fee_in_base_on_buy=False,  # it is taken in quote on both sides
    clock_codes=frozenset({"700003"}),
    busy_codes=frozenset({"429", "510"}),
    account_codes=frozenset(
        {
            "401",
            "402",
            "406",
            "511",
            "602",
            "701",
            "702",
            "703",
            "704",
            "1000",
            "10001",
            "10072",
            "30018",
            "60005",
        }
        | {"70011", "140002", "700001", "700002", "700006", "700007", "730100"}
    ),
    signature_codes=frozenset({"602", "700002"}),
    symbol_codes=frozenset({"-1121", "10007", "30014", "30021", "730001"}),
    missing_codes=frozenset({"-2011", "-2013"}),
    transient_codes=frozenset({"500", "501", "503", "504", "513", "603", "604", "801", "20002", "730000"}),
    refused_codes=frozenset(
        {
            "-1121",
            "-1128",
            "400",
            "2003",
            "2005",
            "2011",
            "10007",
            "10095",
            "10096",
            "10097",
            "10098",
            "10101",
            "10102",
        }
        | {"30000", "30001", "30002", "30003", "30004", "30005", "30010", "30014", "30016", "30019", "30021"}
        | {
            "30025",
            "30027",
            "30028",
            "30029",
            "30032",
            "30041",
            "30087",
            "88013",
            "88015",
            "700004",
            "700005",
        }
        | {"700008", "730001", "730002"}
    ),
    refused_texts=(
        *((code, "", "insufficient_funds") for code in ("30004", "30005", "2005", "10101", "88015")),
        ("30029", "", "too_many_orders"),
        ("400", "scale is invalid", "filter"),
        *((code, "", "filter") for code in ("30002", "30003", "30087", "88013", "10096", "2003")),
        ("", "", "invalid"),
    ),
)
