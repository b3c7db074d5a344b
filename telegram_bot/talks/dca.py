"""The questions about a DCA bot: how much, how often, and when to sell."""

from accounts.models import User
from bots.core.rounding import plain
from telegram_bot.talks.steps import Data, Prompt, Step, Unfit, number
from telegram_bot.words import escape, quote_of

INTERVALS = [("Hour", "1h"), ("4 hours", "4h"), ("Day", "1d"), ("Week", "1w")]


def ask_amount(_user: User, data: Data) -> Prompt:
    amounts = [(f"{value:,}", str(value)) for value in (25, 100, 500)]
    return Prompt(f"How much {escape(quote_of(data['symbol']))} for each buy? Press one, or type.", [amounts])


def take_amount(_user: User, data: Data, text: str) -> None:
    data["config"]["amount"] = plain(number(text, "Amount"))


def ask_interval(_user: User, _data: Data) -> Prompt:
    return Prompt("Buy every ...? Press one, or type, such as 12h.", [INTERVALS[:2], INTERVALS[2:]])


def take_interval(_user: User, data: Data, text: str) -> None:
    word = text.casefold().replace(" ", "")
    if not (word[:-1].isascii() and word[:-1].isdecimal() and word[-1] in "mhdw" and len(word) < 8):
        raise Unfit("Type a number and m, h, d or w, such as 12h.")
    data["config"]["interval"] = word


def ask_profit(_user: User, _data: Data) -> Prompt:
    choices = [[("1.5 %", "1.5"), ("3 %", "3"), ("10 %", "10")], [("Never sell", "never")]]
    return Prompt("Sell all when the price is how far above the average cost?", choices)


def take_profit(_user: User, data: Data, text: str) -> None:
    data["config"].pop("take_profit", None)
    if text.casefold() != "never":
        data["config"]["take_profit"] = plain(number(text.replace("%", ""), "Profit"))


DCA = {
    "amount": Step(ask_amount, take_amount, lambda _: "interval"),
    "interval": Step(ask_interval, take_interval, lambda _: "profit"),
    "profit": Step(ask_profit, take_profit, lambda _: "review"),
}
