"""Sorts what an exchange answered into the reactions it asks for: raw code first, ccxt's class second.

On create only what is known to be a refusal is one; everything else is `OutcomeUnknown`."""

import json
import math
import re
from dataclasses import dataclass
from math import isfinite
from typing import Any

from bots.core import ports
from exchanges.connector.client import Call
from exchanges.connector.facts import ExchangeFacts
from exchanges.connector.library import ccxt

LONGEST_PAUSE = 3 * 86_400.0  # the longest ban Binance speaks of
DEFAULT_RETRY_AFTER = {429: 10.0, 418: 120.0}
# URLs, and anything long enough to be a key or a signature.
_PRIVATE = re.compile(r"\w+://\S+|[A-Za-z0-9+/=_-]{24,}")


class ClockOff(ports.ExchangeError):
    """The exchange found the timestamp outside its window: measure the clock and ask once more."""


class Missing(ports.ExchangeError):
    """The exchange does not know this order, or no longer has it open."""


class Transient(ports.ExchangeError):
    """A read or a cancel that may succeed when asked again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The facts of a failed call."""

    status: int | None  # None: no complete answer came
    code: str
    message: str
    retry_after: float
    refused: bool  # the exchange itself, not something on the way, said no: a code in an answer fit for one

    @classmethod
    def of(cls, call: Call, facts: ExchangeFacts) -> "Answer":
        try:
            body = json.loads(call.body)
        except ValueError:
            body = None
        code, message = _first(body, facts.code_at), _first(body, facts.text_at)
        said = call.status is not None and (
            400 <= call.status < 500 or (facts.refuses_with_200 and call.status == 200)
        )
        code = "" if code == facts.ok_code else code
        return cls(call.status, code, clean(message), _retry_after(call), refused=said and code != "")

    @property
    def throttled(self) -> bool:
        return self.status in (418, 429)


def _first(body: Any, paths: tuple[str, ...]) -> str:
    """The first value at one of the paths (`data.0.sCode`), as text; "" without one."""
    for path in paths:
        found = body
        for step in path.split("."):
            if isinstance(found, list) and step.isdigit():
                found = found[int(step)] if int(step) < len(found) else None
            else:
                found = found.get(step) if isinstance(found, dict) else None
        if found is not None and found != "":
            return str(found)
    return ""


def clean(text: str) -> str:
    """What an exchange wrote, made fit for a user and a log."""
    return _PRIVATE.sub("…", text)[:200].strip()


def sort_create(facts: ExchangeFacts, call: Call, error: Exception) -> ports.ExchangeError:
    answer = Answer.of(call, facts)
    if answer.throttled or (answer.refused and answer.code in facts.busy_codes | facts.order_rate_codes):
        return _rate_limited(facts, answer)
    if not answer.refused or answer.code in facts.transient_codes:
        return _unknown(facts, answer)
    if answer.code in facts.clock_codes:
        return ports.OrderRefused(f"{facts.name} refused the time of the order.", "clock")
    if answer.code in facts.account_codes:
        return _account_refused(facts, answer)
    if answer.code in facts.refused_codes:
        return _refusal(facts, answer)
    return _by_class(facts, answer, error)


def sort_read(facts: ExchangeFacts, call: Call, error: Exception) -> ports.ExchangeError:
    """For reads and cancels. `Transient`, `ClockOff` and `Missing` stay inside the connector."""
    answer = Answer.of(call, facts)
    if answer.throttled or answer.code in facts.busy_codes | facts.order_rate_codes:
        return _rate_limited(facts, answer)
    if answer.code in facts.account_codes:
        return _account_refused(facts, answer)
    if answer.code in facts.clock_codes:
        return ClockOff(f"{facts.name} refused the time of the request.", "clock")
    if answer.code in facts.symbol_codes:
        return ports.UnknownSymbol(f"{facts.name} does not list this symbol.", "unknown_symbol")
    if answer.code in facts.missing_codes:
        return Missing(answer.message, answer.code)
    return _other_read(facts, answer, error)


def _other_read(facts: ExchangeFacts, answer: Answer, error: Exception) -> ports.ExchangeError:
    unauthorised = answer.status == 401 or (answer.refused and isinstance(error, ccxt().AuthenticationError))
    if unauthorised:
        return _account_refused(facts, answer)
    if not answer.refused or answer.code in facts.transient_codes:
        return Transient(f"{facts.name} does not answer at the moment.", "unavailable")
    return ports.ExchangeUnavailable(f"{facts.name} refused the request: {answer.message}", answer.code)


def _unknown(facts: ExchangeFacts, answer: Answer) -> ports.OutcomeUnknown:
    code = answer.code or (f"http_{answer.status}" if answer.status else "no_answer")
    return ports.OutcomeUnknown(f"{facts.name} did not say what became of the order ({code}).", code)


def _rate_limited(facts: ExchangeFacts, answer: Answer) -> ports.RateLimited:
    error = ports.RateLimited(f"{facts.name} asks to slow down.", math.ceil(answer.retry_after))
    if answer.code in facts.order_rate_codes:
        error.code = "order_rate"
    return error


def _account_refused(facts: ExchangeFacts, answer: Answer) -> ports.AccountRefused:
    why = answer.message or "it is not authorised"
    return ports.AccountRefused(f"{facts.name} refused the API key: {why}", answer.code or "unauthorized")


def _refusal(facts: ExchangeFacts, answer: Answer) -> ports.ExchangeError:
    text = answer.message.lower()
    code = next(ours for raw, part, ours in facts.refused_texts if raw in ("", answer.code) and part in text)
    detail = f"{facts.name} refused the order: {answer.message}"
    if code == "duplicate_open":
        return ports.DuplicateClientId(detail, code)
    if code == "account":
        return ports.AccountRefused(detail, answer.code)
    return ports.OrderRefused(detail, code)


def _by_class(facts: ExchangeFacts, answer: Answer, error: Exception) -> ports.ExchangeError:
    """Codes that no table of ours names."""
    detail = f"{facts.name} refused the order: {answer.message}"
    if isinstance(error, ccxt().AuthenticationError):  # PermissionDenied, AccountSuspended too
        return ports.AccountRefused(detail, answer.code)
    if isinstance(error, ccxt().InsufficientFunds):
        return ports.OrderRefused(detail, "insufficient_funds")
    if isinstance(error, ccxt().InvalidOrder) and not isinstance(error, ccxt().OrderNotFound):
        return ports.OrderRefused(detail, "invalid")
    return _unknown(facts, answer)


def _retry_after(call: Call) -> float:
    default = DEFAULT_RETRY_AFTER.get(call.status or 0, 1.0)
    try:
        seconds = float(call.retry_after)
    except ValueError:
        return default
    return min(max(seconds, 0.1), LONGEST_PAUSE) if isfinite(seconds) else default
