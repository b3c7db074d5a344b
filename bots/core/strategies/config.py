"""Reads a bot's config as people write it: numbers or strings, one clear sentence per mistake."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from bots.core.risk import RiskLimits
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig

LARGEST = Decimal(10) ** 10 - 1  # what NUMERIC(18,8) holds
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"^([0-9]{1,9})([smhdw]?)\Z")


@dataclass(frozen=True, slots=True)
class FieldError:
    """`field` names the input, `detail` says what is wrong and what would fix it."""

    field: str
    code: str
    detail: str


class ConfigError(Exception):
    """The config cannot be used; `errors` says why, field by field."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.detail}" for error in errors))
        self.errors = errors


class Reader:
    """Takes values out of a config and collects what is wrong with them."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.errors: list[FieldError] = []
        self.seen: set[str] = set()

    def fail(self, field: str, code: str, detail: str) -> None:
        self.errors.append(FieldError(field, code, detail))

    def _raw(self, field: str) -> Any:
        self.seen.add(field)
        value = self.data.get(field)
        return None if value == "" else value

    def _take(self, field: str, required: bool, convert: Callable[[Any], Any]) -> Any:
        value = self._raw(field)
        if value is None:
            if required:
                self.fail(field, "required", "This field is required.")
            return None
        try:
            return convert(value)
        except ValueError as error:
            self.fail(field, "invalid", str(error))
            return None

    def decimal(
        self, field: str, *, required: bool = False, above: Decimal = Decimal(0), below: Decimal = LARGEST
    ) -> Decimal | None:
        """A number greater than `above` and at most `below`."""

        def convert(value: Any) -> Decimal:
            number = to_decimal(value)
            if not above < number <= below:
                raise ValueError(f"Must be greater than {above} and at most {below:f}, not {number:f}.")
            return number

        found: Decimal | None = self._take(field, required, convert)
        return found

    def integer(self, field: str, low: int, high: int, *, required: bool = False) -> int | None:
        def convert(value: Any) -> int:
            number = to_decimal(value)
            if number != number.to_integral_value() or not low <= number <= high:
                raise ValueError(f"Must be a whole number from {low} to {high}.")
            return int(number)

        found: int | None = self._take(field, required, convert)
        return found

    def choice(self, field: str, choices: tuple[str, ...]) -> str:
        """One of the choices; the first is the default."""

        def convert(value: Any) -> str:
            if value not in choices:
                raise ValueError(f"Must be one of: {', '.join(choices)}.")
            return str(value)

        return self._take(field, False, convert) or choices[0]

    def boolean(self, field: str, default: bool) -> bool:
        def convert(value: Any) -> bool:
            if isinstance(value, bool):
                return value
            if isinstance(value, str) and value.lower() in {"true", "false"}:
                return value.lower() == "true"
            raise ValueError("Must be true or false.")

        found = self._take(field, False, convert)
        return default if found is None else found

    def duration(self, field: str, low: int, high: int) -> int | None:
        """Seconds from `1h`, `1d`, `1w`, `90s` or a number of seconds."""

        def convert(value: Any) -> int:
            match = _DURATION.match(str(value)) if not isinstance(value, bool) else None
            seconds = int(match[1]) * SECONDS[match[2] or "s"] if match else -1
            if not low <= seconds <= high:
                raise ValueError(f"Must be {low} to {high} seconds, or text like 1h, 1d or 1w.")
            return seconds

        found: int | None = self._take(field, False, convert)
        return found

    def refuse_unknown(self) -> None:
        for field in sorted({str(field) for field in self.data} - self.seen):
            self.fail(field, "unknown_field", "This field is not known; remove it or check its spelling.")

    def finish(self) -> None:
        """Raises ConfigError where anything was wrong."""
        self.refuse_unknown()
        if self.errors:
            raise ConfigError(self.errors)


def to_decimal(value: Any) -> Decimal:
    """Exactly what was written; a float is read by its shortest text. Raises ValueError with a sentence."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal | float):
        raise ValueError("Must be a number.")
    text = str(value).strip()
    if len(text) > 40:
        raise ValueError("Must be a number of at most 40 characters.")
    if not text.isascii() or "_" in text:  # Decimal reads them, JSON and people's eyes may not
        raise ValueError("Must be a number.")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("Must be a number.") from None
    if not number.is_finite():
        raise ValueError("Must be a finite number.")
    if number and not -8 <= number.adjusted() <= 12:
        raise ValueError("Must be between 0.00000001 and 10000000000.")
    if number.as_tuple().exponent < -8:  # type: ignore[operator]
        raise ValueError("Must have at most 8 decimal places.")
    return number


def read_grid(data: Mapping[str, Any]) -> GridConfig:
    """Raises ConfigError."""
    read = Reader(data)
    lower = read.decimal("lower_price", required=True)
    upper = read.decimal("upper_price", required=True)
    count = read.integer("grid_count", 2, 500, required=True)
    investment = read.decimal("investment", required=True)
    config = {
        "spacing": read.choice("spacing", ("arithmetic", "geometric")),
        "trigger_price": read.decimal("trigger_price"),
        "stop_loss_price": read.decimal("stop_loss_price"),
        "take_profit_price": read.decimal("take_profit_price"),
        "on_stop": read.choice("on_stop", ("keep", "sell")),
        "post_only": read.boolean("post_only", True),
        "trailing_up": read.boolean("trailing_up", False),
        "trailing_down": read.boolean("trailing_down", False),
        "trailing_up_limit": read.decimal("trailing_up_limit"),
        "trailing_down_limit": read.decimal("trailing_down_limit"),
        "reinvest": read.boolean("reinvest", False),
    }
    if lower is not None and upper is not None and lower >= upper:
        read.fail("upper_price", "range", f"Must be above lower_price ({lower:f}).")
    stop, take = config["stop_loss_price"], config["take_profit_price"]
    if isinstance(stop, Decimal) and lower is not None and stop >= lower:
        read.fail("stop_loss_price", "range", f"Must be below lower_price ({lower:f}).")
    if isinstance(take, Decimal) and upper is not None and take <= upper:
        read.fail("take_profit_price", "range", f"Must be above upper_price ({upper:f}).")
    _check_trailing(read, config, lower, upper)
    read.finish()
    return GridConfig(lower, upper, count, investment, **config)  # type: ignore[arg-type]


def _check_trailing(
    read: Reader, config: dict[str, Any], lower: Decimal | None, upper: Decimal | None
) -> None:
    highest, lowest = config["trailing_up_limit"], config["trailing_down_limit"]
    for way in ("trailing_up", "trailing_down"):
        if config[f"{way}_limit"] is not None and not config[way]:
            detail = f"Only goes with {way}: turn that on, or leave the limit out."
            read.fail(f"{way}_limit", "range", detail)
    if highest is not None and upper is not None and highest <= upper:
        read.fail("trailing_up_limit", "range", f"Must be above upper_price ({upper:f}).")
    if lowest is not None and lower is not None and lowest >= lower:
        read.fail("trailing_down_limit", "range", f"Must be below lower_price ({lower:f}).")


def read_dca(data: Mapping[str, Any]) -> DCAConfig:
    """Raises ConfigError."""
    read = Reader(data)
    percent, hundred = Decimal(0), Decimal(100)
    config = {
        "amount": read.decimal("amount", required=True),
        "interval": read.duration("interval", 1, 366 * 86_400),
        "price_drop": read.decimal("price_drop", above=percent, below=Decimal(99)),
        "step_scale": read.decimal("step_scale", below=Decimal(10)) or Decimal(1),
        "volume_scale": read.decimal("volume_scale", below=Decimal(10)) or Decimal(1),
        "take_profit": read.decimal("take_profit", below=Decimal(1000)),
        "trailing": read.decimal("trailing", below=hundred),
        "stop_loss": read.decimal("stop_loss", below=Decimal(99)),
        "cooldown": read.duration("cooldown", 0, 366 * 86_400) or 0,
        "max_investment": read.decimal("max_investment"),
        "repeat": read.boolean("repeat", True),
        "missed": read.choice("missed", ("once", "skip")),
        "on_stop": read.choice("on_stop", ("keep", "sell")),
    }
    drops = config["price_drop"] is not None
    orders = read.integer("max_orders", 0 if not drops else 1, 100)
    config["max_orders"] = (orders or 5) if drops else 0
    _check_dca(read, config)
    read.finish()
    return DCAConfig(**config)  # type: ignore[arg-type]


def _check_dca(read: Reader, config: dict[str, Any]) -> None:
    if read.errors:
        return
    made = DCAConfig(**config)
    if made.interval is None and made.price_drop is None and made.take_profit is None:
        read.fail(
            "interval",
            "required",
            "Give an interval, a price_drop or a take_profit: without one of them"
            " the bot would buy once and do nothing more.",
        )
    if made.trailing is not None and made.take_profit is None:
        read.fail("trailing", "range", "Needs a take_profit, from which it trails.")
    if made.max_investment is not None and made.max_investment < made.amount:
        read.fail("max_investment", "range", f"Must be at least amount ({made.amount:f}).")
    if made.max_orders and made.safety_drop(made.max_orders) >= 100:
        read.fail(
            "max_orders",
            "range",
            "The last safety order would lie 100 % or more below the base order: "
            "lower max_orders, price_drop or step_scale.",
        )
    if made.full_cycle > LARGEST:
        read.fail("volume_scale", "range", "The safety orders would cost more than can be traded: lower it.")


LIMITS = ("max_orders_per_minute", "max_loss_per_hour", "max_price_deviation")


def read_limits(data: Mapping[str, Any]) -> RiskLimits:
    """The bot's own risk limits, part of its config; the two last are percent. Raises ConfigError."""
    read = Reader({key: data[key] for key in LIMITS if key in data})
    usual = RiskLimits()
    orders = read.integer(LIMITS[0], 1, 1000) or usual.max_orders_per_minute
    loss = read.decimal(LIMITS[1], below=Decimal(100))
    deviation = read.decimal(LIMITS[2], below=Decimal(50))
    read.finish()
    return RiskLimits(
        orders,
        usual.max_loss_per_hour if loss is None else loss / 100,
        usual.max_price_deviation if deviation is None else deviation / 100,
    )


def read_config(strategy: str, data: Any) -> GridConfig | DCAConfig:
    """The config of a bot of this strategy. Raises ConfigError."""
    if not isinstance(data, Mapping):
        raise ConfigError([FieldError("", "invalid", "The config must be an object.")])
    read_limits(data)
    own = {key: value for key, value in data.items() if key not in LIMITS}
    return read_grid(own) if strategy == "grid" else read_dca(own)


def as_json(strategy: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The config as it is stored: only what was given, decimals as plain strings."""
    read_config(strategy, data)
    return {
        key: f"{to_decimal(value):f}" if isinstance(value, float | Decimal) else value
        for key, value in data.items()
        if value is not None and value != ""
    }
