"""Users with running bots, `python -m benchmarks.sockets_load USERS BOTS`: the first has ten times as many. Who may
listen (of every second a session of the pages, of the others a token of the API) is in listeners.json in the home."""

import json
import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

from benchmarks.engine_load import SYMBOLS

MANY = 10


def main(users: int, bots: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.demo")
    django.setup()
    from django.conf import settings

    from accounts.models import User
    from bots.models import Bot
    from exchanges.models import Credential

    made = User.objects.bulk_create(User(email=f"listener{n}@example.org") for n in range(users))
    keys = Credential.objects.bulk_create(
        Credential(user=user, exchange="binance", label="Key", is_valid=True, account_uid=str(n))
        for n, user in enumerate(made)
    )
    Bot.objects.bulk_create(
        _bot(Bot, key, number) for n, key in enumerate(keys) for number in range(bots * (1 if n else MANY))
    )
    listeners = [_sign_in(user, n) for n, user in enumerate(made)]
    Path(settings.HOME, "listeners.json").write_text(json.dumps(listeners))


def _bot(model: Any, key: Any, number: int) -> Any:
    symbol = SYMBOLS[(number + int(key.account_uid)) % len(SYMBOLS)].removesuffix("USDT") + "/USDT"
    config = {"lower_price": "1", "upper_price": "2", "grid_count": 6, "investment": "900"}
    values = {"strategy": "grid", "config": config, "status": "running", "run": 1, "name": f"Bot {number}"}
    money = {"total_investment": Decimal(900), "cash": Decimal(300), "base": Decimal(1), "cost": Decimal(600)}
    return model(user=key.user, credential=key, symbol=symbol, **values, **money)


def _sign_in(user: Any, number: int) -> dict[str, str]:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from accounts.sessions import SessionStore
    from accounts.tokens import issue

    if number % 2:
        return {"user": str(user.pk), "token": issue(user=user).access}
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return {"user": str(user.pk), "session": str(session.session_key)}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
