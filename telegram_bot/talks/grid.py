"""The questions about a grid: how much, and where."""

from decimal import Decimal

from accounts.models import User
from bots.core.ports import ExchangeError
from bots.core.rounding import plain, ungrouped
from bots.services.errors import InvalidConfig
from bots.services.preflight import market_for
from bots.templatetags.trade import price
from marketdata.models import Timeframe
from marketdata.selectors import candles
from telegram_bot import pictures
from telegram_bot.talks.steps import Data, Prompt, Step, Unfit, credential_of, number, sentences
from telegram_bot.words import bold, code, escape, quote_of

DAYS = 30
PATIENCE = 4.0  # seconds for candles that nobody has stored yet
SUGGESTED = ("lower_price", "upper_price", "grid_count", "spacing")
TYPE_IT = "Type lowest price, highest price and number of grids, such as 60000 72000 20."


def ask_investment(_user: User, data: Data) -> Prompt:
    amounts = [(f"{value:,}", str(value)) for value in (500, 1000, 5000)]
    return Prompt(f"How much {escape(quote_of(data['symbol']))} may it use? Press one, or type.", [amounts])


def take_investment(_user: User, data: Data, text: str) -> None:
    data["config"]["investment"] = plain(number(text, "Investment"))


def ask_range(user: User, data: Data) -> Prompt:
    from bots.backtest.suggest import suggest  # what it stands on is large: loaded by who needs it

    data.pop("suggested", None)
    venue, symbol = credential_of(user, data).venue, data["symbol"]
    try:
        found = suggest(
            exchange=venue,
            symbol=symbol,
            investment=Decimal(data["config"]["investment"]),
            days=DAYS,
            patience=PATIENCE,
        )
    except InvalidConfig as refused:
        return Prompt(f"There is no suggestion:\n{sentences(refused.errors)}\n\n{TYPE_IT}")
    except ExchangeError as error:
        return Prompt(f"There is no suggestion: {escape(error.detail)}\n\n{TYPE_IT}")
    data["suggested"] = {name: found.config[name] for name in SUGGESTED}
    grid = found.config
    head = f"{bold(symbol)}: {price(grid['lower_price'])} to {price(grid['upper_price'])}, {grid['grid_count']} grids"
    why = "\n".join(escape(sentence) for sentence in found.sentences[1:3])
    text = (
        f"{head}\n\n{why}\n\nOr type lowest price, highest price and grids, such as {code('60000 72000 20')}."
    )
    return Prompt(text, [[("Use this range", "use")]], _picture(venue, symbol, data["suggested"]))


def _picture(venue: str, symbol: str, suggested: Data) -> bytes:
    found = candles(exchange=venue, symbol=symbol, timeframe=Timeframe.H1, limit=DAYS * 24)
    lower, upper = float(suggested["lower_price"]), float(suggested["upper_price"])
    count = int(suggested["grid_count"])
    levels = [lower * (upper / lower) ** (i / count) for i in range(count + 1)]
    return pictures.price_range(
        [[candle.time, float(candle.close)] for candle in found],
        lower=lower,
        upper=upper,
        levels=levels,
        title=f"{symbol} and the suggested grid",
    )


def take_range(user: User, data: Data, text: str) -> None:
    if text.casefold() == "use" and "suggested" in data:
        data["config"].update(data["suggested"])
        return
    words = [ungrouped(word.rstrip(",")) for word in text.split()]
    if len(words) != 3 or not (words[2].isascii() and words[2].isdecimal()):
        raise Unfit(TYPE_IT)
    tick = market_for(credential_of(user, data).venue, data["symbol"]).tick
    lower, upper = number(words[0], "Lowest price"), number(words[1], "Highest price")
    if upper - lower < 2 * tick:
        raise Unfit("The highest price must lie above the lowest.")
    values = {"lower_price": plain(lower), "upper_price": plain(upper), "grid_count": int(words[2][:9])}
    data["config"].update(values, spacing="arithmetic")


GRID = {
    "investment": Step(ask_investment, take_investment, lambda _: "range"),
    "range": Step(ask_range, take_range, lambda _: "review"),
}
