"""Creates and starts the benchmark's bots through the services, in the environment of a running demo."""

import os
import secrets
import sys
import time
from decimal import Decimal

import django

PER_ACCOUNT = 10
SYMBOLS = ("BTC/USDT", "ETH/USDT", "BNB/USDT", "SOL/USDT")
GRIDS = 16
WIDTH = Decimal("0.02")


def main(bots: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.demo")
    django.setup()
    from accounts.models import User
    from bots.core.ports import ExchangeUnavailable
    from bots.core.rounding import nearest
    from bots.services.lifecycle import create_bot, start_bot
    from bots.services.preflight import market_for, price_of
    from exchanges.services import create_credential

    user = User.objects.get()
    credential = None
    for number in range(bots):
        if number % PER_ACCOUNT == 0:
            credential = create_credential(
                user=user,
                exchange="binance",
                label=f"account {number // PER_ACCOUNT}",
                api_key=f"demo{secrets.token_hex(16)}",
                api_secret=secrets.token_hex(32),
                mode="live",
            )
        assert credential is not None
        symbol = SYMBOLS[number % len(SYMBOLS)]
        price, tick = price_of("binance", symbol), market_for("binance", symbol).tick
        config = {
            "lower_price": str(nearest(price * (1 - WIDTH), tick)),
            "upper_price": str(nearest(price * (1 + WIDTH), tick)),
            "grid_count": GRIDS,
            "investment": "5000",
            "post_only": False,  # so that no counter order waits for the price
        }
        bot = create_bot(
            user=user,
            credential=credential,
            name=f"bot {number}",
            strategy="grid",
            symbol=symbol,
            config=config,
        )
        while True:  # hundreds of starts a minute reach the exchange's own request limit
            try:
                start_bot(bot=bot)
            except ExchangeUnavailable:
                time.sleep(2)
            else:
                break


if __name__ == "__main__":
    main(int(sys.argv[1]))
