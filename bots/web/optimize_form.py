"""What the optimiser asks for: a backtest's fields, some of which may be a range."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, ClassVar, NamedTuple, cast

from django import forms
from django.forms import BoundField

from bots.backtest.optimise import MOST_CONFIGS, OptimizeRequest, count_configs
from bots.backtest.service import Request
from bots.backtest.space import PRICES
from bots.core.strategies.config import FieldError
from bots.models import Strategy
from bots.web.backtest_form import BacktestForm, initial_of_request
from bots.web.strategy_form import number

FIRST = {
    Strategy.GRID: ("lower_price", "upper_price", "grid_count"),
    Strategy.DCA: ("price_drop", "take_profit", "max_orders"),
}
MORE = {
    Strategy.GRID: ("stop_loss_price", "take_profit_price"),
    Strategy.DCA: ("step_scale", "volume_scale", "trailing", "stop_loss"),
}
SWEPT = {strategy: (*FIRST[strategy], *MORE[strategy]) for strategy in Strategy}
LISTED = {Strategy.GRID: "spacing", Strategy.DCA: "interval"}  # no numbers: their values are given one by one
BOTH = "both"
SPACINGS = [("arithmetic", "Equal steps"), ("geometric", "Equal per cent"), (BOTH, "Both are tried")]
OBJECTIVES = [
    ("sharpe_ratio", "Sharpe ratio"),
    ("sortino_ratio", "Sortino ratio"),
    ("total_return", "Return"),
    ("return_over_drawdown", "Return over deepest fall"),
]
# Enough to begin with, and true of every market: prices are per cent of the first close.
FIRST_RANGES = {
    "lower_price": ("85", "95", "5"),
    "upper_price": ("105", "115", "5"),
    "grid_count": ("10", "50", "10"),
    "price_drop": ("1", "3", "1"),
    "take_profit": ("1", "4", "0.5"),
}
START = {
    f"{name}{part}": value
    for name, values in FIRST_RANGES.items()
    for part, value in zip(("", "_to", "_step"), values, strict=True)
}


class Row(NamedTuple):
    """One field of the strategy as three inputs; without `to` it is fixed."""

    first: BoundField
    to: BoundField
    step: BoundField


class OptimizeForm(BacktestForm):
    renamed: ClassVar[dict[str, str]] = {"heatmap": "heat_x"}

    spacing = forms.ChoiceField(label="Spacing", required=False, choices=SPACINGS)
    interval = forms.CharField(
        label="Buy every",
        help_text="30m, 1h, 1d, 1w, or seconds. Several are all tried: 4h, 1d, 1w.",
        required=False,
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    prices = forms.ChoiceField(
        label="Prices are given in",
        choices=[("percent", "per cent of the first price"), ("absolute", "the quote coin")],
        help_text="Per cent lets the walk-forward move the range along with the market.",
    )
    objective = forms.ChoiceField(label="The best has the highest", choices=OBJECTIVES)
    max_configs = forms.IntegerField(
        label="Configs at most",
        min_value=1,
        max_value=MOST_CONFIGS,
        initial=1000,
        help_text="Where the ranges make more, as many are chosen by chance.",
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    folds = forms.IntegerField(
        label="Walk-forward steps",
        min_value=0,
        max_value=12,
        initial=4,
        help_text="Each chooses on one part of the time and judges on the next. 0: none.",
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )

    heat_x = forms.ChoiceField(label="Heatmap, across", required=False)
    heat_y = forms.ChoiceField(
        label="Heatmap, upwards", required=False, help_text="Two fields that have a range."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("heat_x", "heat_y"):
            cast(forms.ChoiceField, self.fields[name]).choices = [("", "of the most values"), *self._axes()]
        for name in {name for names in SWEPT.values() for name in names}:
            self.fields[f"{name}_to"], self.fields[f"{name}_step"] = number("to"), number("step")

    def _axes(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The fields that may have a range, by strategy."""
        return [
            (
                str(strategy.label),
                [(name, str(self.fields[name].label)) for name in (*names, LISTED[strategy])],
            )
            for strategy, names in SWEPT.items()
        ]

    @property
    def grid_rows(self) -> list[Row]:
        return self._rows(FIRST[Strategy.GRID])

    @property
    def grid_more(self) -> list[Row]:
        return self._rows(MORE[Strategy.GRID])

    @property
    def dca_rows(self) -> list[Row]:
        return self._rows(FIRST[Strategy.DCA])

    @property
    def dca_more(self) -> list[Row]:
        return self._rows(MORE[Strategy.DCA])

    def _rows(self, names: Iterable[str]) -> list[Row]:
        return [Row(self[name], self[f"{name}_to"], self[f"{name}_step"]) for name in names]

    def optimize_request(self) -> OptimizeRequest:
        """Of a valid form; by chance where the ranges make more than is asked for. Raises InvalidConfig."""
        data, plain = self.cleaned_data, self.request()
        ranges = dict(self._ranges())
        asked = OptimizeRequest(
            **{field.name: getattr(plain, field.name) for field in fields(Request) if field.name != "config"},
            config={name: value for name, value in plain.config.items() if name not in ranges},
            ranges=ranges,
            heatmap=tuple(data[name] for name in ("heat_x", "heat_y") if data[name]),
            **{name: data[name] for name in ("objective", "max_configs", "folds")},
        )
        return replace(asked, method="random") if count_configs(asked) > asked.max_configs else asked

    def _ranges(self) -> Iterator[tuple[str, dict[str, Any]]]:
        data = self.cleaned_data
        percent = data["prices"] == "percent"
        for name in SWEPT[Strategy(data["strategy"])]:
            unit = {"unit": "percent"} if percent and name in PRICES else {}
            first, last, step = (data[part] for part in (name, f"{name}_to", f"{name}_step"))
            if first and last:
                yield name, {"from": first, "to": last, "step": step or "1", **unit}
            elif first and unit:
                yield name, {"values": [first], **unit}
        yield from self._lists()

    def _lists(self) -> Iterator[tuple[str, dict[str, Any]]]:
        data = self.cleaned_data
        if data["strategy"] == Strategy.DCA:
            intervals = [part.strip() for part in data["interval"].split(",") if part.strip()]
            if len(intervals) > 1:
                yield "interval", {"values": intervals}
        elif data["spacing"] == BOTH:
            yield "spacing", {"values": [value for value, _ in SPACINGS if value != BOTH]}

    def add_service_errors(self, errors: Iterable[FieldError]) -> None:
        super().add_service_errors(
            FieldError(error.field.removeprefix("ranges."), error.code, error.detail) for error in errors
        )


def filled_in(form: OptimizeForm) -> OptimizeForm:
    """The form as a browser would send it unchanged: of a list, the first where none is chosen."""
    values = {name: form[name].value() for name in form.fields}
    for name, field in form.fields.items():
        if values[name] is None and isinstance(field, forms.ChoiceField):
            values[name] = next(iter(cast(Iterable[Any], field.choices)))[0]
    return OptimizeForm({n: value for n, value in values.items() if value is not None and value is not False})


def initial_of_search(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A form filled in as a kept optimisation is, or with the fixed values of a kept backtest."""
    ranges = asked.get("ranges", {})
    percent = any("unit" in given for given in ranges.values())
    own = {name: asked[name] for name in ("objective", "max_configs", "folds") if name in asked}
    own |= dict(zip(("heat_x", "heat_y"), asked.get("heatmap", ()), strict=False))
    parts = {key: value for name, given in ranges.items() for key, value in _parts(name, given)}
    return {**initial_of_request(asked), **own, **parts, "prices": "percent" if percent else "absolute"}


def _parts(name: str, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if name in LISTED.values():
        yield name, BOTH if name == "spacing" else ", ".join(map(str, given["values"]))
    elif "values" in given:
        yield name, given["values"][0]
    else:
        yield from ((name, given["from"]), (f"{name}_to", given["to"]), (f"{name}_step", given["step"]))
