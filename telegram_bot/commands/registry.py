"""What a command is, and the list of them."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.models import User
from telegram_bot.talking import Answer

Handler = Callable[[User, str], Answer]


@dataclass(frozen=True, slots=True)
class Command:
    """`handler` gets the user and the text behind the command. `for_all`: also where the plan allows notifications
    only."""

    name: str
    handler: Handler
    usage: str
    help: str
    for_all: bool = False


COMMANDS: dict[str, Command] = {}
# As /help and Telegram's own menu list them.
MENU = {
    "Look": ["status", "follow", "bots", "bot", "pnl", "profit", "balance", "orders", "levels"],
    "Trade": ["new", "backtest", "startbot", "stopbot", "pause", "kill"],
    "More": ["settings", "cancel", "help", "unlink"],
}


def command(
    name: str, help_text: str, *, usage: str = "", for_all: bool = False
) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        COMMANDS[name] = Command(name, handler, usage, help_text, for_all)
        return handler

    return register
