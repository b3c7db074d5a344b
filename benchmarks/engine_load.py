"""Puts running grid bots into the database, `python -m benchmarks.engine_load FIRST COUNT`: accounts through the
services, bots directly, so that no start waits for a pre-flight. Workers find them as bots without a runner."""

import os
import secrets
import sys
from decimal import Decimal
from typing import Any

import django

PER_ACCOUNT = 50
ACCOUNTS = 20
SYMBOLS = tuple(
    f"{base}USDT"
    for base in (
        *("BTC", "ETH", "BNB", "SOL", "XRP", "DOGE", "ADA", "TRX", "AVAX", "DOT"),
        *("LTC", "BCH", "UNI", "NEAR", "ATOM", "APT", "ARB", "FIL", "ETC", "SUI"),
    )
)
GRIDS = 6
SPACING = Decimal("0.01")  # between two levels, of the price
PER_SYMBOL = 50
INVESTMENT = Decimal(900)


def main(first: int, count: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.demo")
    django.setup()
    from bots.models import Bot
    from bots.services.preflight import price_of
    from exchanges.models import Credential
    from marketdata.services import follow

    symbols = [f"{each.removesuffix('USDT')}/USDT" for each in SYMBOLS]
    prices = {symbol: price_of("binance", symbol) for symbol in symbols}
    for symbol in symbols:
        follow(exchange="binance", symbol=symbol)
    if first == 0:
        _open_accounts()
    credentials = list(Credential.objects.order_by("label"))
    rows = []
    for number in range(first, first + count):
        symbol = symbols[number % len(symbols)]
        rows.append(_bot(Bot, number, symbol, prices[symbol], credentials))
    Bot.objects.bulk_create(rows)


def _open_accounts() -> None:
    from accounts.services import register
    from exchanges.services import create_credential

    user = register(email="bench@example.org", password=secrets.token_urlsafe(16))
    for number in range(ACCOUNTS):
        create_credential(
            user=user,
            exchange="binance",
            label=f"account {number:02}",
            api_key=f"demo{secrets.token_hex(16)}",
            api_secret=secrets.token_hex(32),
            mode="live",
        )


def _bot(model: Any, number: int, symbol: str, price: Decimal, credentials: list[Any]) -> Any:
    """Each bot of a symbol has levels of its own: fills come one by one, not in bursts."""
    from django.utils import timezone

    nth = number // len(SYMBOLS) % PER_SYMBOL
    # The order of a symbol's bots is shuffled, so that a few of them spread as well as all of them.
    shift = SPACING * (Decimal(nth * 21 % PER_SYMBOL) + Decimal("0.5")) / PER_SYMBOL
    lower = price * (1 - SPACING * (GRIDS // 2) + shift - SPACING / 2)
    credential = credentials[number // len(SYMBOLS) % len(credentials)]
    return model(
        user=credential.user,
        credential=credential,
        name=f"bot {number}",
        strategy="grid",
        symbol=symbol,
        config={
            "lower_price": f"{lower:.8f}",
            "upper_price": f"{lower + price * SPACING * GRIDS:.8f}",
            "grid_count": GRIDS,
            "investment": str(INVESTMENT),
            "post_only": False,  # so that no counter order waits for the price
        },
        total_investment=INVESTMENT,
        cash=INVESTMENT,
        status="running",
        run=1,
        started_at=timezone.now(),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
