"""Markets, tickers and accounts as Bybit writes them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bots.core.types import ZERO, Side
from exchanges.simulator.accounts import Account, Funds, Key
from exchanges.simulator.amounts import plain, plain_e8
from exchanges.simulator.bybit.rules import INSTRUMENTS
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.symbols import SymbolRules
from exchanges.simulator.venue import Venue

Json = dict[str, Any]


def instrument(rules: SymbolRules) -> Json:
    """With the rules as they stand now."""
    symbol = rules.symbol
    listed = INSTRUMENTS[symbol]
    return {
        "symbolId": listed.number,
        "symbol": symbol,
        "baseCoin": rules.base,
        "quoteCoin": rules.quote,
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "utaOnly",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": plain(rules.lot),
            "quotePrecision": listed.quote_precision,
            "minOrderQty": plain(rules.lot),
            "maxOrderQty": plain(rules.max_quantity),
            "minOrderAmt": plain(rules.min_notional),
            "maxOrderAmt": plain(rules.max_notional),
            "maxLimitOrderQty": plain(rules.max_quantity),
            "maxMarketOrderQty": plain(rules.market_max_quantity),
            "postOnlyMaxLimitOrderSize": plain(rules.max_quantity * 5),
        },
        "priceFilter": {"tickSize": plain(rules.tick)},
        "riskParameters": {"priceLimitRatioX": listed.limit_x, "priceLimitRatioY": listed.limit_y},
        "symbolType": "",
        "xstockMultiplier": "1",
    }


def day(venue: Venue) -> Json:
    """What the ticker says of the last 24 hours."""
    rows = venue.candles.day()
    opened = Decimal(int(rows[0, 1])).scaleb(-8)
    return {
        "symbol": venue.rules.symbol,
        "lastPrice": plain(venue.price),
        "highPrice24h": plain_e8(rows[:, 2].max()),
        "lowPrice24h": plain_e8(rows[:, 3].min()),
        "prevPrice24h": plain(opened),
        "volume24h": plain_e8(rows[:, 5].sum()),
        "turnover24h": plain_e8(rows[:, 6].sum()),
        "price24hPcnt": f"{venue.price / opened - 1:.4f}",
        "usdIndexPrice": f"{venue.mid:.6f}",
    }


def ticker(venue: Venue) -> Json:
    return day(venue) | touch(venue)


def touch(venue: Venue) -> Json:
    book = venue.quote()
    (bid,), (ask,) = book.depth(Side.BUY, 1), book.depth(Side.SELL, 1)
    return {
        "bid1Price": plain(bid[0]),
        "bid1Size": plain(bid[1]),
        "ask1Price": plain(ask[0]),
        "ask1Size": plain(ask[1]),
    }


def kline(row: Sequence[int]) -> list[str]:
    """`row` as in candles.Rows."""
    return [str(int(row[0])), *(plain_e8(value) for value in row[1:7])]


def wallet(exchange: Exchange, account: Account, coins: set[str] | None) -> Json:
    held = {
        asset: funds
        for asset, funds in sorted(account.funds.items())
        if (funds.free or funds.locked) and (coins is None or asset in coins)
    }
    usd = {asset: _usd(exchange, asset) * (funds.free + funds.locked) for asset, funds in held.items()}
    total = f"{sum(usd.values(), ZERO):.8f}"
    return {
        "accountType": "UNIFIED",
        "accountIMRate": "0",
        "accountMMRate": "0",
        "accountLTV": "",
        "totalEquity": total,
        "totalWalletBalance": total,
        "totalMarginBalance": total,
        "totalAvailableBalance": total,
        "totalPerpUPL": "0",
        "totalInitialMargin": "0",
        "totalMaintenanceMargin": "0",
        "coin": [_coin(asset, funds, usd[asset]) for asset, funds in held.items()],
    }


def _coin(asset: str, funds: Funds, usd: Decimal) -> Json:
    total = plain(funds.free + funds.locked)
    return {
        "coin": asset,
        "equity": total,
        "walletBalance": total,
        "usdValue": f"{usd:.8f}",
        "locked": plain(funds.locked),
        "free": "",
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "borrowAmount": "0",
        "accruedInterest": "0",
        "spotBorrow": "0",
        "totalOrderIM": "0",
        "totalPositionIM": "0",
        "totalPositionMM": "0",
        "unrealisedPnl": "0",
        "cumRealisedPnl": "0",
        "bonus": "0",
        "marginCollateral": True,
        "collateralSwitch": True,
        "spotHedgingQty": "0",
    }


def _usd(exchange: Exchange, asset: str) -> Decimal:
    venue = exchange.venues.get(f"{asset}USDT")
    return venue.price if venue else Decimal(1)


def key_info(key: Key) -> Json:
    """Of the key that asks."""
    wallet_rights = ["Withdraw"] if key.can_withdraw else []
    return {
        "id": str(10_000_000 + key.uid),
        "note": "key",
        "apiKey": key.api_key,
        "readOnly": 0 if key.can_trade else 1,
        "secret": "",
        "permissions": {
            "ContractTrade": [],
            "Spot": ["SpotTrade"],
            "Wallet": wallet_rights,
            "Options": [],
            "Derivatives": [],
            "CopyTrading": [],
            "BlockTrade": [],
            "Exchange": [],
            "NFT": [],
            "Affiliate": [],
            "Earn": [],
        },
        "ips": ["203.0.113.7"] if key.ip_restricted else ["*"],
        "type": 1,
        "deadlineDay": -2 if key.ip_restricted else 90,
        "expiredAt": "1970-01-01T00:00:00Z" if key.ip_restricted else "2099-01-01T00:00:00Z",
        "createdAt": "2026-01-01T00:00:00Z",
        "unified": 0,
        "uta": 1,
        "userID": key.uid,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }
