"""The demo's user, with a running grid bot and a running DCA bot on the simulated exchange."""

import json
import os
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services import register
from bots.core.rounding import nearest
from bots.models import Bot
from bots.services import lifecycle
from bots.services.errors import OverPlan
from bots.services.preflight import price_of
from exchanges.models import Credential
from exchanges.services import create_credential

EMAIL = "demo@autogrid.example"
GRID, DCA = "Demo grid", "Demo DCA"
WIDTH = Decimal("0.03")  # of the price, to each side


class Command(BaseCommand):
    help = "Creates the demo's user and bots; what exists already stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.EXCHANGE_SIMULATOR is None:
            raise CommandError("The demo's bots trade on the simulated exchange only: use ./autogrid demo.")
        user = _user(settings.HOME / "demo.json")
        credential = user.credentials.first() or _credential(user)
        grid = _grid_config(credential)
        self._bot(user, credential, name=GRID, strategy="grid", symbol="BTC/USDT", config=grid)
        self._bot(user, credential, name=DCA, strategy="dca", symbol="ETH/USDT", config=DCA_CONFIG)

    def _bot(
        self,
        user: User,
        credential: Credential,
        *,
        name: str,
        strategy: str,
        symbol: str,
        config: dict[str, Any],
    ) -> None:
        if Bot.objects.filter(user=user, name=name).exists():
            return
        bot = lifecycle.create_bot(
            user=user, credential=credential, name=name, strategy=strategy, symbol=symbol, config=config
        )
        try:
            lifecycle.start_bot(bot=bot)
        except OverPlan as refused:  # as in the cloud, where a plan must be bought first
            self.stdout.write(f"{name} was made and not started: {refused.detail}")
            return
        self.stdout.write(f"{name} on {symbol} was started.")


def _user(file: Path) -> User:
    """The demo user; the password is made anew where its file is gone."""
    user = User.objects.filter(email=EMAIL).first()
    if user is not None and file.exists():
        return user
    password = secrets.token_urlsafe(12)
    if user is None:
        user = register(email=EMAIL, password=password)
    user.set_password(password)
    user.is_staff = user.is_superuser = True  # shows the operators' pages as well
    user.save()
    with open(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as out:
        json.dump({"email": EMAIL, "password": password}, out)
    return user


def _credential(user: User) -> Credential:
    return create_credential(
        user=user,
        exchange="binance",
        label="Simulated Binance",
        api_key=f"demo{secrets.token_hex(16)}",
        api_secret=secrets.token_hex(32),
        mode="live",
    )


def _grid_config(credential: Credential) -> dict[str, Any]:
    price = price_of(credential.venue, "BTC/USDT")
    return {
        "lower_price": str(nearest(price * (1 - WIDTH), Decimal(10))),
        "upper_price": str(nearest(price * (1 + WIDTH), Decimal(10))),
        "grid_count": 12,
        "investment": "5000",
    }


DCA_CONFIG = {
    "amount": "50",
    "interval": "2m",
    "price_drop": "0.6",
    "max_orders": 4,
    "step_scale": "1.3",
    "volume_scale": "1.4",
    "take_profit": "0.7",
    "max_investment": "1500",
}
