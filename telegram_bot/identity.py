"""What the service knows and others show: the bot's name, and what is wrong. A file in $AUTOGRID_HOME, so that pages
and `./autogrid status` need neither the service nor Redis."""

import json
import os
import tempfile
from typing import Any

from django.conf import settings

FILE = "telegram.json"


def write(*, username: str = "", problem: str = "") -> None:
    """Whole or not at all."""
    settings.HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=settings.HOME, prefix=f".{FILE}.", delete=False) as file:
        json.dump({"username": username, "problem": problem}, file)
    os.replace(file.name, settings.HOME / FILE)


def read() -> dict[str, Any]:
    try:
        found = json.loads((settings.HOME / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def chat_address() -> str:
    """Of the chat with the bot; "" while the bot's name is not known."""
    return deep_link("").partition("?")[0]


def deep_link(code: str) -> str:
    """Opens the chat with the code in it; "" while the bot's name is not known."""
    username = read().get("username", "")
    return settings.AUTOGRID_TELEGRAM_LINK.format(username=username, code=code) if username else ""
