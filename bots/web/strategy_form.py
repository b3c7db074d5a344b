"""What a strategy asks for: the fields that the forms of bots and of backtests share."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms

from bots.core.rounding import ungrouped
from bots.models import Strategy
from bots.services.errors import FieldError

GRID_FIELDS = [
    *("lower_price", "upper_price", "grid_count", "investment", "spacing"),
    *("trigger_price", "stop_loss_price", "take_profit_price", "post_only"),
    *("trailing_up", "trailing_up_limit", "trailing_down", "trailing_down_limit", "reinvest"),
]
DCA_FIELDS = [
    *("amount", "interval", "price_drop", "max_orders", "step_scale", "volume_scale", "max_investment"),
    *("take_profit", "trailing", "stop_loss", "cooldown", "repeat", "missed"),
]
UNLESS_ASKED = {"trailing_up", "trailing_down", "reinvest"}  # off by default
# Where a label is no noun, for sentences.
NOUNS = {"trailing_up_limit": "limit of trailing up", "trailing_down_limit": "limit of trailing down"}
FIELD_NAME = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
FIELDS = {Strategy.GRID: GRID_FIELDS, Strategy.DCA: DCA_FIELDS}


class Number(forms.CharField):
    """Text, so that what was typed comes back as it was; the services say what is wrong with it. 1,234.50, as sentences
    have it, is taken; 1,234 alone may be meant otherwise."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        return ungrouped(text) if "." in text else text


def number(label: str, help_text: str = "", *, whole: bool = False, **extra: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"inputmode": "numeric" if whole else "decimal", "autocomplete": "off"})
    return Number(label=label, help_text=help_text, required=False, max_length=40, widget=widget, **extra)


class StrategyForm(forms.Form):
    renamed: ClassVar[dict[str, str]] = {}  # how the services call a field of this form

    strategy = forms.ChoiceField(choices=Strategy.choices, initial=Strategy.GRID)
    symbol = forms.CharField(
        label="Market",
        max_length=20,
        widget=forms.TextInput({"list": "symbols", "autocomplete": "off", "spellcheck": "false"}),
    )

    lower_price = number("Lower price")
    upper_price = number("Upper price")
    grid_count = number("Grids", "Intervals between the two prices, 2 to 500.", whole=True, initial="20")
    investment = number("Investment", initial="1000")
    spacing = forms.ChoiceField(
        label="Spacing",
        required=False,
        choices=[("arithmetic", "Equal steps"), ("geometric", "Equal per cent")],
    )
    trigger_price = number("Trigger price", "The grid waits until the price comes here.")
    stop_loss_price = number("Stop loss price", "At or below it the bot sells and stops.")
    take_profit_price = number("Take profit price", "At or above it the bot sells and stops.")
    post_only = forms.BooleanField(
        label="Maker orders only",
        help_text="Never pay the taker fee in the grid.",
        required=False,
        initial=True,
    )
    trailing_up = forms.BooleanField(
        label="Trailing up",
        help_text="A step above the range, the lowest slot moves to the top and buys there.",
        required=False,
    )
    trailing_up_limit = number("Trail up to", "The upper price comes no higher.")
    trailing_down = forms.BooleanField(
        label="Trailing down",
        help_text="A step below the range, the highest slot moves to the bottom and sells there, at a loss.",
        required=False,
    )
    trailing_down_limit = number("Trail down to", "The lower price comes no lower.")
    reinvest = forms.BooleanField(
        label="Reinvest profits",
        help_text="Each slot buys its next cycle with what it has earned as well.",
        required=False,
    )

    amount = number("Amount per buy", initial="100")
    interval = forms.CharField(
        label="Buy every",
        help_text="30m, 1h, 1d, 1w, or seconds.",
        required=False,
        max_length=20,
        widget=forms.TextInput({"list": "intervals", "autocomplete": "off"}),
    )
    price_drop = number("Buy again on a drop of", "From the first buy of a deal.", initial="2")
    max_orders = number("Extra buys", "On drops, at most.", whole=True, initial="5")
    step_scale = number("Step scale", "Each further drop is this many times the one before.")
    volume_scale = number("Volume scale", "Each further buy is this many times the one before.")
    take_profit = number("Take profit", "Above the average cost.", initial="2.5")
    trailing = number("Trailing", "Sell only after it fell back this far from its peak.")
    stop_loss = number("Stop loss", "Below the average cost.")
    cooldown = number("Pause between deals", "After a take profit.", whole=True)
    max_investment = number("Invest at most")
    repeat = forms.BooleanField(label="Start over after a take profit", required=False, initial=True)
    missed = forms.ChoiceField(
        label="A buy missed during an outage",
        required=False,
        choices=[("once", "Buy once afterwards"), ("skip", "Skip it")],
    )

    def names(self) -> list[str]:
        """The config's fields of the chosen strategy."""
        return FIELDS[Strategy(self.cleaned_data["strategy"])]

    def config(self) -> dict[str, Any]:
        """What was filled in for the chosen strategy; blanks are left to the defaults."""
        given = {name: self.cleaned_data[name] for name in self.names() if self.cleaned_data[name] != ""}
        return {name: value for name, value in given.items() if value or name not in UNLESS_ASKED}

    def add_service_errors(self, errors: Iterable[FieldError]) -> None:
        for error in errors:
            field = self.renamed.get(error.field, error.field.removeprefix("config."))
            self.add_error(field if field in self.fields else None, self.in_words(error.detail))

    def in_words(self, detail: str) -> str:
        """The services name the API's fields; the page calls them as their labels do."""
        return FIELD_NAME.sub(lambda name: self._called(name[0]), detail)

    def _called(self, name: str) -> str:
        return f"the {NOUNS.get(name, str(self.fields[name].label).lower())}" if name in self.fields else name
