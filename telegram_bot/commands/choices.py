"""/settings: which notices come into this chat."""

from accounts.models import User
from bots.models import Channel
from bots.services.notice_settings import change, choices_of
from bots.services.topics import TOPICS
from telegram_bot.commands.registry import command
from telegram_bot.talking import Answer, Button, say
from telegram_bot.words import bold, escape


@command("settings", "which notices come here", for_all=True)
def settings(user: User, typed: str) -> Answer:
    """`typed` is empty, or topic:on or topic:off from a button."""
    topic, _, wish = typed.partition(":")
    if topic in TOPICS and wish in ("on", "off"):
        change(user=user, choices={topic: {Channel.TELEGRAM.value: wish == "on"}})
    chosen = choices_of(user)
    lines, rows = [], []
    for name, about in TOPICS.items():
        on = chosen[name][Channel.TELEGRAM]
        lines.append(f"{'☑' if on else '☐'} {bold(about.name)}: {escape(about.about)}")
        rows.append(
            [Button(f"{'Stop' if on else 'Send'}: {about.name}", f"settings:{name}:{'off' if on else 'on'}")]
        )
    text = (
        "Notices in this chat\n\n" + "\n".join(lines) + "\n\nOther channels and quiet hours are on the pages."
    )
    return say(text, rows, edits=bool(wish))
