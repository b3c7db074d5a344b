"""The forms. They say what is asked and in which words; what is allowed, the services decide."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from django import forms
from django.db.models import QuerySet

from bots.models import Bot, Strategy
from bots.services.errors import FieldError
from exchanges.entry import Offer
from exchanges.models import Credential, Mode

GRID_FIELDS = [
    *("lower_price", "upper_price", "grid_count", "investment", "spacing"),
    *("trigger_price", "stop_loss_price", "take_profit_price", "post_only"),
]
DCA_FIELDS = [
    *("amount", "interval", "price_drop", "max_orders", "step_scale", "volume_scale", "max_investment"),
    *("take_profit", "trailing", "stop_loss", "cooldown", "repeat", "missed"),
]
FIELDS = {Strategy.GRID: [*GRID_FIELDS, "on_stop"], Strategy.DCA: [*DCA_FIELDS, "on_stop"]}


def number(label: str, help_text: str = "", *, whole: bool = False, **extra: Any) -> forms.CharField:
    """Text, so that what was typed comes back as it was; the services say what is wrong with it."""
    widget = forms.TextInput(attrs={"inputmode": "numeric" if whole else "decimal", "autocomplete": "off"})
    return forms.CharField(
        label=label, help_text=help_text, required=False, max_length=40, widget=widget, **extra
    )


class KeyChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.label} · {obj.exchange_name}" + (" · paper" if obj.mode == Mode.PAPER else "")


class BotForm(forms.Form):
    strategy = forms.ChoiceField(choices=Strategy.choices, initial=Strategy.GRID)
    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    credential = KeyChoice(Credential.objects.none(), label="Exchange key", empty_label=None)
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

    on_stop = forms.ChoiceField(
        label="When stopped by you",
        required=False,
        choices=[("keep", "Keep the coins"), ("sell", "Sell the coins at the market")],
    )

    def __init__(self, *args: Any, credentials: QuerySet[Credential], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(KeyChoice, self.fields["credential"]).queryset = credentials

    def config(self) -> dict[str, Any]:
        """What was filled in for the chosen strategy; blanks are left to the defaults."""
        names = FIELDS[Strategy(self.cleaned_data["strategy"])]
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name] != ""}

    def add_service_errors(self, errors: Iterable[FieldError]) -> None:
        for error in errors:
            field = {"credential_id": "credential"}.get(error.field, error.field.removeprefix("config."))
            self.add_error(field if field in self.fields else None, error.detail)


def initial_of(bot: Bot) -> dict[str, Any]:
    """A form filled in as `bot` is, to make another like it."""
    return {
        "strategy": bot.strategy,
        "name": f"{bot.name} 2"[:100],
        "credential": bot.credential_id,
        "symbol": bot.symbol,
        **bot.config,
    }


class KeyForm(forms.Form):
    """Asks for what keys of the chosen exchange need: a paper account needs none."""

    exchange = forms.ChoiceField()
    mode = forms.ChoiceField(label="Trades with", required=False)
    label = forms.CharField(
        label="Label",
        max_length=100,
        help_text="How you will recognise it.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    api_key = forms.CharField(
        label="API key",
        max_length=300,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    api_secret = forms.CharField(
        label="API secret",
        max_length=300,
        help_text="Sealed when you save it. No page ever shows it again.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    api_passphrase = forms.CharField(
        label="Passphrase",
        max_length=256,
        help_text="The one you chose when you made the key.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    attest_no_withdrawal = forms.BooleanField(
        label="I confirm that this key cannot withdraw or transfer funds",
        help_text="The exchange does not tell AutoGrid what a key may do, so it relies on your word.",
        required=False,  # the service says what is missing, in the exchange's name
    )
    paper_balance = number("Begins with", "Imaginary money; 100,000 without an answer.")

    def __init__(self, data: Any, offers: Sequence[Offer], wanted: Mapping[str, str]) -> None:
        """`wanted` names exchange and mode where nothing was sent yet."""
        super().__init__(data)
        chosen = {offer.id: offer for offer in offers}
        source = data or wanted
        self.offer = chosen.get(source.get("exchange", ""), offers[0])
        modes = [("live", "Real money"), *([("testnet", "Testnet money")] if self.offer.testnet_hint else [])]
        modes.append(("paper", "Paper money"))
        mode = source.get("mode", "")
        self.money = mode if mode in dict(modes) else "live"
        self._choose("exchange", [(offer.id, offer.name) for offer in offers], self.offer.id)
        self._choose("mode", modes, self.money)
        for name in self._not_asked():
            del self.fields[name]

    @property
    def hint(self) -> str:
        hints = {
            "live": self.offer.hint,
            "testnet": self.offer.testnet_hint,
            "paper": f"Orders are filled by AutoGrid at {self.offer.name}'s live prices. No key, no real money.",
        }
        return hints[self.money]

    def _choose(self, name: str, choices: list[tuple[str, str]], initial: str) -> None:
        field = cast(forms.ChoiceField, self.fields[name])
        field.choices, field.initial = choices, initial

    def _not_asked(self) -> set[str]:
        if self.money == "paper":
            return {"api_key", "api_secret", "api_passphrase", "attest_no_withdrawal"}
        asked = {"api_passphrase": self.offer.passphrase, "attest_no_withdrawal": self.offer.attested}
        return {"paper_balance", *(name for name, needed in asked.items() if not needed)}

    def given(self) -> dict[str, Any]:
        """For the service; blanks are left to its defaults."""
        return {name: value for name, value in self.cleaned_data.items() if value != ""}
