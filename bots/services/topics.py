"""What users may be told of, and over which channels each is told unless they choose otherwise."""

from dataclasses import dataclass
from typing import Any

from bots.models import Channel, Priority

EMAIL, TELEGRAM, APPRISE, WEBHOOK = Channel.EMAIL, Channel.TELEGRAM, Channel.APPRISE, Channel.WEBHOOK


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    about: str
    channels: frozenset[Channel]  # over these it is told by default


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notice. `subject` may name {bot}; without one it reads "Your bots". One without a topic is always
    told."""

    subject: str
    priority: Priority = Priority.USUAL
    topic: str = ""


_ALL = frozenset(Channel)

TOPICS = {
    "fills": Topic("Fills", "Each order that was filled; many at once come as one message.", _ALL - {EMAIL}),
    "bot_errors": Topic("Bot errors", "A bot is in error, or fails again and again.", _ALL),
    "kill_switch": Topic(
        "Kill switch and breakers", "Bots or all trading were halted, or may go on again.", _ALL
    ),
    "keys": Topic("Key problems", "An exchange refuses an API key, or a key is no longer safe.", _ALL),
    "plan": Topic("Plan", "Payments, and bots that a plan pauses or resumes.", _ALL - {WEBHOOK}),
    "daily_summary": Topic(
        "Daily summary", "Profit, fills and bots in error of the day.", frozenset({TELEGRAM, APPRISE})
    ),
    "weekly_report": Topic("Weekly report", "The week, with a chart by e-mail.", frozenset({EMAIL})),
}

_URGENT, _LOW = Priority.URGENT, Priority.LOW

KINDS = {
    "fill": Kind("{bot}: order filled", _LOW, "fills"),
    "breaker": Kind("{bot} was halted by its circuit breaker", _URGENT, "kill_switch"),
    "kill_switch": Kind("Kill switch: {bot} halted", _URGENT, "kill_switch"),
    "bot_error": Kind("{bot} is in error and trades no more", _URGENT, "bot_errors"),
    "bot_crashing": Kind("{bot} fails again and again", topic="bot_errors"),
    "key_refused": Kind("Your exchange refuses an API key", _URGENT, "keys"),
    "key_unsafe": Kind("An API key is not safe any more", _URGENT, "keys"),
    "trading_halted": Kind("Trading is halted", _URGENT, "kill_switch"),
    "trading_resumed": Kind("Trading is resumed", topic="kill_switch"),
    "plan_grace": Kind("Your plan needs a payment", _URGENT, "plan"),
    "plan_paid": Kind("Your plan is paid again", topic="plan"),
    "plan_cancelled": Kind("Your plan is cancelled", topic="plan"),
    "plan_refunded": Kind("A payment was refunded", topic="plan"),
    "plan_disputed": Kind("A payment is disputed", _URGENT, "plan"),
    "plan_prepaid": Kind("Your payment has arrived", topic="plan"),
    "plan_underpaid": Kind("A payment is not complete", _URGENT, "plan"),
    "plan_ending": Kind("Your plan ends soon", topic="plan"),
    "plan_changed": Kind("Your plan has changed", topic="plan"),
    "plan_paused": Kind("Bots are paused: your plan allows fewer", _URGENT, "plan"),
    "plan_resumed": Kind("Your bots go on", topic="plan"),
    "second_factor_on": Kind("Your second factor is on", _URGENT),
    "second_factor_off": Kind("Your second factor is off", _URGENT),
    "recovery_code_spent": Kind("A recovery code was used", _URGENT),
    "codes_guessed": Kind("Somebody gave wrong codes to sign in", _URGENT),
    "recovery_codes_renewed": Kind("You have new recovery codes", _URGENT),
    "daily_summary": Kind("Your day", _LOW, "daily_summary"),
    "weekly_report": Kind("Your week", _LOW, "weekly_report"),
    "test": Kind("A test: this channel works", _URGENT),
    "system_halt": Kind("Operators: trading was halted", _URGENT),
    "system_resumed": Kind("Operators: trading was resumed"),
    "system_billing": Kind("Operators: billing needs a look"),
}


def wanted(choices: dict[str, Any], topic: str, channel: Channel) -> bool:
    """Whether a user with these choices hears of the topic over the channel."""
    default = channel in TOPICS[topic].channels
    return bool(choices.get(topic, {}).get(channel.value, default))
