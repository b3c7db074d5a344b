"""What the services and exchanges refuse, as answers of the API."""

from functools import singledispatch

from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, Throttled, ValidationError

from bots.backtest.replay import TookTooLong
from bots.core.ports import AccountRefused, ExchangeError, RateLimited, UnknownSymbol
from bots.models import Bot
from bots.services.errors import IllegalMove, InvalidConfig, OverPlan
from exchanges.budget import AskedTooOften
from marketdata.completing import CandlesLoading

# Inputs beside the config; every other field that a service names is one of the config's.
PLAIN_FIELDS = {
    *("name", "strategy", "symbol", "credential_id", "action", "start_date", "end_date"),
    *("ranges", "objective", "method", "max_configs", "folds", "heatmap", "days"),
}
RETRY_AFTER = 5.0  # seconds


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT


class PlanLimit(APIException):
    status_code = status.HTTP_403_FORBIDDEN


class ExchangeAway(APIException):
    """`wait` (seconds) becomes the Retry-After header."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE

    def __init__(self, detail: str, wait: float = RETRY_AFTER) -> None:
        super().__init__(detail, "exchange_unavailable")
        self.wait = wait


def attribute_of(field: str) -> str:
    if field.partition(".")[0] in PLAIN_FIELDS:
        return field
    return f"config.{field}" if field else "config"


@singledispatch
def answer_to(error: Exception) -> Exception:
    """The answer that says to a client what `error` says to us; what is none of ours stays as it is."""
    return error


@answer_to.register
def _(error: InvalidConfig) -> Exception:
    details: dict[str, list[ErrorDetail]] = {}
    for each in error.errors:
        details.setdefault(attribute_of(each.field), []).append(ErrorDetail(each.detail, each.code))
    return ValidationError(details)


@answer_to.register
def _(error: IllegalMove) -> Exception:
    return Conflict(error.detail, error.code)


@answer_to.register
def _(error: OverPlan) -> Exception:
    return PlanLimit(error.detail, error.code)


@answer_to.register
def _(_: Bot.DoesNotExist) -> Exception:
    """Deleted by another request, after this one had found it."""
    return NotFound()


@answer_to.register
def _(error: UnknownSymbol) -> Exception:
    return ValidationError({"symbol": [error.detail]}, "unknown_symbol")


@answer_to.register
def _(error: AccountRefused) -> Exception:
    return Conflict(f"The exchange refuses the API key: {error.detail}", "account_refused")


@answer_to.register
def _(error: AskedTooOften) -> Exception:
    return Throttled(error.retry_after)


@answer_to.register
def _(error: RateLimited) -> Exception:
    return ExchangeAway("The exchange is busy. Nothing was changed: try again later.", error.retry_after)


@answer_to.register
def _(error: TookTooLong) -> Exception:
    return ValidationError({"start_date": [f"{error} Or ask for it with background: true."]}, "too_long")


@answer_to.register
def _(error: CandlesLoading) -> Exception:
    return ExchangeAway(str(error), 1.0)


@answer_to.register
def _(error: ExchangeError) -> Exception:
    return ExchangeAway(f"{error.detail.rstrip('.')}. Nothing was changed: try again in a few seconds.")
