"""What an optimiser may try: the values of each field, and which of their combinations."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from math import prod
from typing import Any

from bots.core.rounding import nearest, plain
from bots.core.strategies.config import ConfigError, FieldError, read_config, to_decimal
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig
from bots.models import Strategy
from bots.services.errors import InvalidConfig

MOST_FIELDS = 6
MOST_VALUES = 100  # of one field
PRICES = {
    *("lower_price", "upper_price", "trigger_price", "stop_loss_price", "take_profit_price"),
    *("trailing_up_limit", "trailing_down_limit"),
}
KNOWN = {Strategy.GRID.value: GridConfig, Strategy.DCA.value: DCAConfig}
NOMINAL = Decimal(1000)  # a first close to check percentages with, before the real one is known
PARTS = {"values", "from", "to", "step", "unit"}


@dataclass(frozen=True, slots=True)
class Axis:
    """One field and what it may be. With `percent` the values are percent of the first close."""

    field: str
    values: tuple[Any, ...]
    percent: bool = False

    def at(self, number: int, first_close: Decimal, tick: Decimal) -> Any:
        """The value as a config holds it."""
        value = self.values[number]
        return plain(nearest(first_close * Decimal(value) / 100, tick)) if self.percent else value


@dataclass(frozen=True, slots=True)
class Space:
    """All combinations of the axes' values; each is named by one number from each axis."""

    strategy: str
    base: Mapping[str, Any]
    axes: tuple[Axis, ...]

    def __len__(self) -> int:
        return prod(len(axis.values) for axis in self.axes)

    def choose(self, most: int, seed: int | None = None) -> list[tuple[int, ...]]:
        """All of them where `seed` is None, else `most` by chance, each at most once, the same for the same seed."""
        count = len(self)
        numbers: Sequence[int] = range(count)
        if seed is not None and count > most:
            numbers = sorted(random.Random(seed).sample(numbers, most))  # noqa: S311 - no secret
        return [tuple(self._digits(number)) for number in numbers]

    def config(self, numbers: Sequence[int], first_close: Decimal, tick: Decimal) -> dict[str, Any]:
        own = {
            axis.field: axis.at(number, first_close, tick)
            for axis, number in zip(self.axes, numbers, strict=True)
        }
        return {**self.base, **own}

    def values(self, numbers: Sequence[int]) -> dict[str, Any]:
        """As they were asked for."""
        return {axis.field: axis.values[n] for axis, n in zip(self.axes, numbers, strict=True)}

    def _digits(self, number: int) -> Iterator[int]:
        left = len(self)
        for axis in self.axes:
            left //= len(axis.values)
            digit, number = divmod(number, left)
            yield digit


def read_space(strategy: str, base: Mapping[str, Any], ranges: Mapping[str, Any]) -> Space:
    """Raises InvalidConfig, which names the range or the field of the config."""
    if not 1 <= len(ranges) <= MOST_FIELDS:
        raise _refuse("ranges", f"Give 1 to {MOST_FIELDS} fields of the config with the values to try.")
    space = Space(strategy, base, tuple(_axis(strategy, field, asked) for field, asked in ranges.items()))
    errors = [error for number in range(MOST_VALUES) for error in _errors(space, number)]
    if errors:
        raise InvalidConfig(list(dict.fromkeys(errors)))
    return space


def _axis(strategy: str, field: str, asked: Any) -> Axis:
    known = sorted(each.name for each in fields(KNOWN[strategy]))
    if field not in known:
        raise _refuse(f"ranges.{field}", f"Not a field of this strategy: use one of {', '.join(known)}.")
    if isinstance(asked, list):
        asked = {"values": asked}
    if not isinstance(asked, Mapping) or not set(asked) <= PARTS:
        raise _refuse(f"ranges.{field}", 'Give {"values": [...]} or {"from": ..., "to": ..., "step": ...}.')
    percent = _is_percent(field, asked.get("unit"))
    values = asked["values"] if "values" in asked else _steps(field, asked)
    if not isinstance(values, list | tuple) or not 1 <= len(values) <= MOST_VALUES:
        raise _refuse(f"ranges.{field}", f"Give 1 to {MOST_VALUES} values.")
    return Axis(field, tuple(dict.fromkeys(_plain(field, value, percent) for value in values)), percent)


def _is_percent(field: str, unit: Any) -> bool:
    if unit in (None, "absolute"):
        return False
    if unit == "percent" and field in PRICES:
        return True
    raise _refuse(f"ranges.{field}", "unit is absolute or, for prices, percent (of the first close).")


def _steps(field: str, asked: Mapping[str, Any]) -> list[str]:
    first, last, step = (_number(field, name, asked.get(name)) for name in ("from", "to", "step"))
    if step <= 0 or last < first:
        raise _refuse(f"ranges.{field}", "from must not be above to, and step must be above 0.")
    count = int((last - first) / step) + 1
    if count > MOST_VALUES:
        raise _refuse(f"ranges.{field}", f"{count:,} values; at most {MOST_VALUES}: take a larger step.")
    return [plain(first + step * number) for number in range(count)]


def _number(field: str, name: str, value: Any) -> Decimal:
    try:
        return to_decimal(value)
    except ValueError as error:
        raise _refuse(f"ranges.{field}", f"{name}: {error}") from None


def _plain(field: str, value: Any, percent: bool) -> Any:
    if isinstance(value, bool) and not percent:
        return value
    if percent and _number(field, "values", value) <= 0:
        raise _refuse(f"ranges.{field}", "Percent of the first close must be above 0.")
    if isinstance(value, int | float | Decimal):
        return plain(_number(field, "values", value))
    if not isinstance(value, str):
        raise _refuse(f"ranges.{field}", "Each value must be a number, a text or true or false.")
    return value


def _errors(space: Space, number: int) -> Iterator[FieldError]:
    """What is wrong with the `number`th value of each axis, or with the config around it, whatever the others are.
    Two values that do not go together are no mistake: such combinations are left out."""
    numbers = [min(number, len(axis.values) - 1) for axis in space.axes]
    swept = {axis.field for axis in space.axes}
    try:
        read_config(space.strategy, space.config(numbers, NOMINAL, Decimal("0.00000001")))
    except ConfigError as refused:
        for error in refused.errors:
            if error.code != "range":
                field = f"ranges.{error.field}" if error.field in swept else error.field
                yield FieldError(field, error.code, error.detail)


def _refuse(field: str, detail: str) -> InvalidConfig:
    return InvalidConfig([FieldError(field, "invalid", detail)])
