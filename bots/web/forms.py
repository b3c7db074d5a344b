"""The forms. They say what is asked and in which words; what is allowed, the services decide."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from django import forms
from django.db.models import QuerySet

from accounts.confirming import ConfirmingForm
from bots.models import Backtest, Bot
from bots.web.strategy_form import StrategyForm, number
from exchanges.entry import Offer
from exchanges.models import Credential, Mode

ON_STOP = "When stopped by you"
ON_STOP_CHOICES = [("keep", "Keep the coins"), ("sell", "Sell the coins at the market")]


class KeyChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.label} · {obj.exchange_name}" + (" · paper" if obj.mode == Mode.PAPER else "")


class BotForm(StrategyForm):
    renamed: ClassVar[dict[str, str]] = {"credential_id": "credential"}

    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    credential = KeyChoice(Credential.objects.none(), label="Exchange key", empty_label=None)
    on_stop = forms.ChoiceField(label=ON_STOP, required=False, choices=ON_STOP_CHOICES)

    def __init__(self, *args: Any, credentials: QuerySet[Credential], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(KeyChoice, self.fields["credential"]).queryset = credentials

    def names(self) -> list[str]:
        return [*super().names(), "on_stop"]


class EditForm(StrategyForm):
    """What may be changed of a bot: its name at any time, the rest while it is stopped."""

    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    on_stop = forms.ChoiceField(label=ON_STOP, required=False, choices=ON_STOP_CHOICES)

    def __init__(self, data: Any, bot: Bot, *, whole: bool) -> None:
        super().__init__(data, initial={**bot.config, "strategy": bot.strategy, "name": bot.name})
        self.bot, self.whole = bot, whole
        cast(forms.ChoiceField, self.fields["strategy"]).choices = [(bot.strategy, bot.strategy)]
        del self.fields["symbol"]
        if not whole:
            for name in set(self.fields) - {"name", "strategy"}:
                del self.fields[name]

    def names(self) -> list[str]:
        return [*super().names(), "on_stop"]

    def new_config(self) -> dict[str, Any] | None:
        """With what only the API sets as it was; None where it may not be changed."""
        if not self.whole:
            return None
        kept = {name: value for name, value in self.bot.config.items() if name not in self.names()}
        return {**kept, **self.config()}


def initial_of(bot: Bot) -> dict[str, Any]:
    """A form filled in as `bot` is, to make another like it."""
    return {
        "strategy": bot.strategy,
        "name": f"{bot.name} 2"[:100],
        "credential": bot.credential_id,
        "symbol": bot.symbol,
        **bot.config,
    }


def initial_of_backtest(
    kept: Backtest, config: Mapping[str, Any], credentials: QuerySet[Credential]
) -> dict[str, Any]:
    """A form filled in with what was replayed, in an account at the same exchange where there is one."""
    asked = kept.request
    at_home = [
        key.pk for key in credentials.order_by("-is_valid", "-created_at") if key.venue == asked["exchange"]
    ]
    chosen = {"credential": at_home[0]} if at_home else {}
    return {"strategy": asked["strategy"], "symbol": asked["symbol"], **chosen, **config}


class KeyForm(ConfirmingForm):
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
