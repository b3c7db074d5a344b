"""OKX spot, through ccxt's unified calls: everything that is OKX's own is here.

Weights are shares of two seconds: OKX counts each endpoint for itself (20 to 60 requests in two seconds, the history of
fills 10, the account's settings 5), and all of them share one limit here."""

from dataclasses import replace

from exchanges.connector.facts.model import ExchangeFacts

OKX = ExchangeFacts(
    id="okx",
    name="OKX",
    domains=("okx.com",),
    resolve_delay_ms=60_000,
    weights={
        "time": 4,
        "markets": 2,
        "ticker": 2,
        "candles": 2,
        "account": 4,
        "permissions": 8,
        "open_orders": 1,
        "all_open_orders": 1,
        "order": 1,
        "fills": 4,
        "create": 1,
        "cancel": 1,
    },
    weight_limit=40,
    weight_seconds=2.0,
    order_limit=60,
    order_seconds=2.0,
    ccxt_options={
        "fetchMarkets": {"types": ["spot"]},
        "createOrder": "privatePostTradeOrder",
        "defaultType": "spot",
        "tgtCcy": "base_ccy",
        "timeDifference": 0,
    },
    # It takes a request whose signature is up to 30 seconds old: an order says itself until when it counts.
    deadline_header="expTime",
    oldest_fill_days=89,
    fills_page=100,
    fills_window_days=89,
    fill_client_id="clOrdId",
    reason_at="cancelSource",
    reasons={"31": "post_only", "32": "self_trade_prevention"},
    open_orders_page=100,
    open_orders_after="after",
    candles_page=100,
    max_open_orders=500,
    passphrase=True,
    key_hint=(
        "Make a trading key: permissions Read and Trade, never Withdraw, bound to this server's IP address (OKX lets "
        "keys without one lapse after 14 days). The passphrase is the one you choose for the key."
    ),
    key_question={
        "endpoint": "privateGetAccountConfig",
        "at": "data.0",
        "uid": "uid",
        "rights": "perm",
        "moves_money": "withdraw",
        "trades": "trade",
        "addresses": "ip",
    },
    maker_fee="0.0008",
    taker_fee="0.001",
    code_at=("data.0.sCode", "code"),
    text_at=("data.0.sMsg", "msg"),
    ok_code="0",
    refuses_with_200=True,
    clock_codes=frozenset({"50102", "50112", "51149"}),
    busy_codes=frozenset({"50011", "50040"}),
    order_rate_codes=frozenset({"50061"}),
    account_codes=frozenset(
        {
            "50007",
            "50008",
            "50009",
            "50012",
            "50027",
            "50030",
            "50035",
            "50100",
            "50101",
            "50103",
            "50104",
            "50105",
        }
        | {
            "50106",
            "50110",
            "50111",
            "50113",
            "50114",
            "50119",
            "50120",
            "50121",
            "51009",
            "51010",
            "51024",
            "51155",
        }
    ),
    signature_codes=frozenset({"50113", "50105"}),
    symbol_codes=frozenset({"51001", "51012", "51014", "51015"}),
    missing_codes=frozenset({"51400", "51401", "51402", "51405", "51410", "51603"}),
    transient_codes=frozenset({"1", "2", "50001", "50004", "50005", "50013", "50026", "51054"}),
    refused_codes=frozenset(
        {
            "50000",
            "50002",
            "50006",
            "50014",
            "50015",
            "50016",
            "51000",
            "51001",
            "51003",
            "51004",
            "51005",
            "51006",
        }
        | {
            "51008",
            "51011",
            "51016",
            "51020",
            "51021",
            "51022",
            "51025",
            "51031",
            "51100",
            "51109",
            "51110",
            "51116",
        }
        | {
            "51118",
            "51119",
            "51120",
            "51121",
            "51122",
            "51124",
            "51127",
            "51131",
            "51135",
            "51136",
            "51137",
            "51138",
        }
        | {"51174", "51185", "51201", "51202"}
    ),
    refused_texts=(
        ("51016", "", "duplicate_open"),
        *((code, "", "insufficient_funds") for code in ("51008", "51119", "51127", "51131")),
        *((code, "", "too_many_orders") for code in ("51025", "51174")),
        *(
            (code, "", "filter")
            for code in ("51004", "51005", "51006", "51020", "51031", "51100", "51116", "51118")
        ),
        *(
            (code, "", "filter")
            for code in ("51120", "51121", "51122", "51135", "51136", "51137", "51138", "51185")
        ),
        ("", "", "invalid"),
    ),
)

OKX_TESTNET = replace(
    OKX,
    id="okx-testnet",
    name="OKX demo trading",
    ccxt="okx",
    testnet_of="okx",
    key_hint="Make the key in OKX's demo trading: a key of the real exchange does not work there.",
)
