"""What a backtest asks for: a strategy's fields, the market, the days, and how the replay is done."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms

from bots.backtest.path import FillModelName
from bots.backtest.service import Request
from bots.models import Bot
from bots.web.strategy_form import StrategyForm
from exchanges.services import offers
from marketdata.models import Timeframe

DAYS = 30  # looked back where nothing else is asked for
MOST_FEES = Decimal(5)  # per cent of a fill
FRACTIONS = ("fees", "taker_fees", "slippage")  # of a request; per cent in the form
WAYS = [
    (FillModelName.OHLC, "Shorter way first"),
    (FillModelName.NEXT_CANDLE, "New orders wait for the next candle"),
    (FillModelName.LOW_FIRST, "Always to the low first"),
    (FillModelName.HIGH_FIRST, "Always to the high first"),
]


def _day(label: str, help_text: str = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date", "min": "2009-01-01"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, widget=widget)


def _percent(label: str, help_text: str = "", **extra: Any) -> forms.DecimalField:
    widget = forms.TextInput({"inputmode": "decimal", "autocomplete": "off"})
    bounds: dict[str, Any] = {"min_value": Decimal(0), "max_value": MOST_FEES, "decimal_places": 6}
    return forms.DecimalField(label=label, help_text=help_text, widget=widget, **bounds, **extra)


class BacktestForm(StrategyForm):
    exchange = forms.ChoiceField(label="Exchange")
    start_date = _day("From")
    end_date = _day("To", "Both days count, in UTC.")
    timeframe = forms.ChoiceField(
        label="Candles",
        choices=[(frame.value, frame.value) for frame in Timeframe],
        initial=Timeframe.M1,
        help_text="1m is the truest.",
    )
    fill_model = forms.ChoiceField(
        label="Way within a candle",
        choices=WAYS,
        initial=FillModelName.OHLC,
        help_text="Candles do not tell in which order prices were reached. Worst and best are always computed too.",
    )
    fees = _percent("Fee of a fill", initial=Decimal("0.1"))
    taker_fees = _percent("Taker fee", "Of market orders. Empty: the same.", required=False)
    slippage = _percent(
        "Slippage", "Market orders do this much worse than the price.", initial=0, required=False
    )
    risk = forms.BooleanField(
        label="With the circuit breakers",
        help_text="The limits on loss and orders may halt the bot, as they do in live trading.",
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["exchange"]).choices = [
            (offer.id, offer.name) for offer in offers()
        ]
        today = datetime.now(UTC).date()
        for name, days in (("start_date", DAYS), ("end_date", 0)):
            self.fields[name].initial = today - timedelta(days=days)
            self.fields[name].widget.attrs["max"] = today.isoformat()

    def request(self) -> Request:
        """Of a valid form."""
        data = self.cleaned_data
        names = ("strategy", "start_date", "end_date", "exchange", "timeframe", "fill_model", "risk")
        return Request(
            **{name: data[name] for name in names},
            symbol=data["symbol"].strip().upper(),
            fees=data["fees"] / 100,
            taker_fees=None if data["taker_fees"] is None else data["taker_fees"] / 100,
            slippage=(data["slippage"] or 0) / Decimal(100),
            config=self.config(),
        )


def initial_of_request(asked: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A form filled in as a kept request is; with another `config`, as one the optimiser found."""
    plain = {name: value for name, value in asked.items() if name != "config"}
    percents = {
        name: f"{(Decimal(asked[name]) * 100).normalize():f}" for name in FRACTIONS if asked.get(name)
    }
    return {**plain, **percents, **(asked["config"] if config is None else config)}


def initial_of_bot(bot: Bot) -> dict[str, Any]:
    """A form that asks what this bot would have done."""
    exchange = bot.credential.exchange
    return {"strategy": bot.strategy, "symbol": bot.symbol, "exchange": exchange, **bot.config}
