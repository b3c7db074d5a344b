"""The core's values as JSON and back: numbers of money as text, a value of a class as its fields in order."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson

from bots.core.ports import (
    AccountRefused,
    DuplicateClientId,
    ExchangeError,
    ExchangeUnavailable,
    OrderRefused,
    OutcomeUnknown,
    RateLimited,
    UnknownSymbol,
)

RAISED = "raised"
ERRORS = {
    kind.__name__: kind
    for kind in (
        *(AccountRefused, DuplicateClientId, ExchangeUnavailable, OrderRefused, OutcomeUnknown),
        *(RateLimited, UnknownSymbol),
    )
}


class Interrupted(BaseException):
    """What the process met that is no answer of the exchange: it was ended, or something in it broke."""


def dumps(value: Any) -> bytes:
    """Raises orjson.JSONEncodeError (a TypeError) for what is no value of the core."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, BaseException):
        return _error(value)
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    raise TypeError(type(value).__name__)


def _error(error: BaseException) -> list[Any]:
    if not isinstance(error, ExchangeError):
        return [RAISED, type(error).__name__]
    return [RAISED, type(error).__name__, error.detail, error.code, getattr(error, "retry_after", 0)]


def error_of(answer: Any) -> BaseException | None:
    """The exception that was recorded in place of an answer."""
    if not (isinstance(answer, list) and answer and answer[0] == RAISED):
        return None
    kind = ERRORS.get(answer[1])
    if kind is None:
        return Interrupted(answer[1])
    _, _, detail, code, retry_after = answer
    return RateLimited(detail, retry_after) if kind is RateLimited else kind(detail, code)


def value_of(kind: Any, raw: Any) -> Any:
    """The value of this type that `dumps` made `raw` of."""
    if get_origin(kind) in (Union, UnionType):
        return None if raw is None else value_of(next(k for k in get_args(kind) if k is not NoneType), raw)
    if get_origin(kind) is not None:
        return _container_of(get_origin(kind), get_args(kind), raw)
    if kind is Decimal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return kind(raw)
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(*map(value_of, _types(kind), raw))
    return raw


def _container_of(origin: Any, kinds: tuple[Any, ...], raw: Any) -> Any:
    if origin is list:
        return [value_of(kinds[0], each) for each in raw]
    if origin is Mapping:
        return {name: value_of(kinds[1], each) for name, each in raw.items()}
    return tuple(raw)


@cache
def _types(kind: type) -> list[Any]:
    hints = get_type_hints(kind)
    return [hints[field.name] for field in fields(kind)]
