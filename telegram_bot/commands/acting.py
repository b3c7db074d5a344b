"""/startbot, /stopbot, /pause, /kill: each asks before it acts."""

from accounts.models import User
from bots import selectors
from bots.models import Bot
from bots.services import lifecycle
from bots.templatetags.trade import money
from telegram_bot.commands.choosing import NO_BOTS, bots_of, choose
from telegram_bot.commands.registry import command
from telegram_bot.questions import acts, question
from telegram_bot.talking import Answer, say
from telegram_bot.words import bold, counted, escape, quote_of, state


@command("startbot", "start or resume a bot", usage="NAME")
def startbot(user: User, typed: str) -> Answer:
    bot = choose(user, typed, "startbot")
    if bot.status == "paused":
        words, label = "Resume it? It opens orders again.", "Resume"
    else:
        amount = f"{money(bot.total_investment)} {quote_of(bot.symbol)}"
        words, label = f"Start it? It trades with up to {escape(amount)}.", "Start"
    return _ask(bot, words, [(label, "start_bot")])


@command("stopbot", "stop a bot and cancel its orders", usage="NAME")
def stopbot(user: User, typed: str) -> Answer:
    bot = choose(user, typed, "stopbot")
    sells = bot.config.get("on_stop") == "sell"
    words = "Stop it? Its orders are cancelled" + (" and its coins sold." if sells else "; its coins stay.")
    return _ask(bot, words, [("Stop", "stop_bot")])


@command("pause", "open nothing new, keep what is open", usage="NAME")
def pause(user: User, typed: str) -> Answer:
    bot = choose(user, typed, "pause")
    return _ask(bot, "Pause it? It opens nothing new; open orders stay.", [("Pause", "pause_bot")])


@command("kill", "kill switch: all bots, or one", usage="[NAME]")
def kill(user: User, typed: str) -> Answer:
    if typed.strip() and typed.strip().casefold() != "all":
        bot = choose(user, typed, "kill")
        words = "Kill switch: cancel its orders and halt it until a reset?"
        return _ask(bot, words, [("Cancel orders", "kill_keep"), ("Cancel orders and sell", "kill_sell")])
    count = lifecycle.at_work(Bot.objects.filter(user=user)).count()
    if not count:
        return say(NO_BOTS if not bots_of(user) else "None of your bots is at work.")
    text = f"{bold('Kill switch')}: halt {'the one bot' if count == 1 else f'all {count} bots'} at work?"
    choices = [
        (label, "kill_all", {"action": action})
        for label, action in (
            ("Cancel all orders", "cancel"),
            ("Cancel and sell everything", "cancel_and_sell"),
        )
    ]
    return question(user=user, text=text, choices=choices)


def _ask(bot: Bot, words: str, choices: list[tuple[str, str]]) -> Answer:
    text = f"{bold(bot.name)} · {escape(bot.symbol)} · {state(bot)}\n{words}"
    asked = [(label, act, {"bot_id": str(bot.pk)}) for label, act in choices]
    return question(user=bot.user, text=text, choices=asked)


def _bot(user: User, bot_id: str) -> Bot:
    return selectors.access_bot(user=user, bot_id=bot_id)


@acts("start_bot")
def start_bot(*, user: User, bot_id: str) -> str:
    bot = lifecycle.start_bot(bot=_bot(user, bot_id))
    return f"{bold(bot.name)} is starting. /status shows how it goes."


@acts("stop_bot")
def stop_bot(*, user: User, bot_id: str) -> str:
    bot = lifecycle.stop_bot(bot=_bot(user, bot_id))
    return f"{bold(bot.name)} is stopping: its orders are being cancelled."


@acts("pause_bot")
def pause_bot(*, user: User, bot_id: str) -> str:
    bot = lifecycle.pause_bot(bot=_bot(user, bot_id))
    return f"{bold(bot.name)} is paused: it opens nothing new, its open orders stay."


@acts("kill_keep")
def kill_keep(*, user: User, bot_id: str) -> str:
    bot = lifecycle.kill_bot(bot=_bot(user, bot_id), action="cancel")
    return f"Kill switch: {bold(bot.name)} is halted, its orders are being cancelled."


@acts("kill_sell")
def kill_sell(*, user: User, bot_id: str) -> str:
    bot = lifecycle.kill_bot(bot=_bot(user, bot_id), action="cancel_and_sell")
    return f"Kill switch: {bold(bot.name)} is halted, its orders are being cancelled and its coins sold."


@acts("kill_all")
def kill_all(*, user: User, action: str) -> str:
    killed = lifecycle.kill_all(user=user, action=action)
    sold = " and coins sold" if action == "cancel_and_sell" else ""
    return f"Kill switch: {counted(len(killed), 'bot')} halted, orders are being cancelled{sold}."
