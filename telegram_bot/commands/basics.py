"""/start, /help, /unlink: what every linked chat may do."""

from accounts.models import User
from billing import entitlements
from telegram_bot import links
from telegram_bot.commands.registry import COMMANDS, MENU, command
from telegram_bot.questions import acts, question
from telegram_bot.talking import Answer, say
from telegram_bot.words import bold, escape

NOTICES_ONLY = (
    "Your plan has Telegram for notifications. Commands come with the Starter plan: "
    "see Plans and billing on the pages."
)


def has_commands(user: User) -> bool:
    return entitlements.telegram_scope(user) == "full"


@command("start", "how to begin", for_all=True)
def start(user: User, _typed: str) -> Answer:
    return say(f"{bold('AutoGrid')} is linked with {escape(user.email)}.\n\n{_first_steps(user)}")


def welcome(user: User) -> Answer:
    """After a code was redeemed."""
    return say(f"This chat is linked with {bold(user.email)} now.\n\n{_first_steps(user)}")


def _first_steps(user: User) -> str:
    if not has_commands(user):
        return f"{NOTICES_ONLY}\n\n/unlink ends the link."
    return "/status shows your bots, /new makes one, /help lists everything else."


@command("help", "this list", for_all=True)
def help_(user: User, _typed: str) -> Answer:
    if not has_commands(user):
        return say(f"{NOTICES_ONLY}\n\n/settings which notices come\n/unlink ends the link")
    parts = [bold(group) + "".join(map(_line, names)) for group, names in MENU.items()]
    return say(
        "\n\n".join([*parts, "A bot is named by its name, the beginning of it, or its number in /bots."])
    )


def _line(name: str) -> str:
    entry = COMMANDS[name]
    return f"\n/{name}{escape(f' {entry.usage}' if entry.usage else '')} {entry.help}"


@command("unlink", "end the link of this chat", for_all=True)
def unlink(user: User, _typed: str) -> Answer:
    text = "Unlink this chat? No notices come here any more; your bots trade on."
    return question(user=user, text=text, choices=[("Unlink", "unlink", {})])


@acts("unlink")
def unlinked(*, user: User) -> str:
    links.unlink(user=user)
    return "This chat is no longer linked."
