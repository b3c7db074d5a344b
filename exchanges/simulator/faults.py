"""Faults on request: which are asked for, and whom each strikes. What a strike looks like on the wire is told in
faults_http.py (REST) and faults_frames.py (streams)."""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

EXCHANGES = ("binance", "bybit", "mexc", "okx", "binance-testnet", "bybit-testnet")
WRITES = frozenset({"create", "cancel"})
SIGNED = WRITES | {
    "query",
    "open_orders",
    "trades",
    "other",
}  # `other` also takes what is signed and not named
REST = SIGNED | {"market"}
STREAM = frozenset({"stream"})
ENDPOINTS = (*sorted(REST), "stream")


@dataclass(frozen=True, slots=True)
class Kind:
    """Which endpoints it may strike, and which it does where none is named. `carried_out`: does the exchange do what
    was asked? None is not decided: a toss each time, as the answer says that nobody knows."""

    possible: frozenset[str]
    usual: frozenset[str]
    carried_out: bool | None = True


KINDS: dict[str, Kind] = {
    "accept_then_drop": Kind(REST, WRITES),
    "hang": Kind(REST, REST, carried_out=False),
    "http_500": Kind(REST, REST, carried_out=None),
    "http_503": Kind(REST, REST, carried_out=None),
    "truncate": Kind(REST, REST),
    "html_200": Kind(REST, REST),
    "empty_200": Kind(REST, REST),
    "code_-1006": Kind(REST, WRITES, carried_out=None),
    "code_-1007": Kind(REST, WRITES, carried_out=None),
    "code_-1021": Kind(SIGNED, SIGNED, carried_out=False),
    "http_429": Kind(REST, REST, carried_out=False),
    "http_418": Kind(REST, REST, carried_out=False),
    "maintenance": Kind(REST, REST, carried_out=False),
    "delay_inside_window": Kind(SIGNED, WRITES),
    "delay_outside_window": Kind(SIGNED, WRITES, carried_out=False),
    "not_found": Kind(frozenset({"query", "cancel", "open_orders", "trades"}), frozenset({"query"}), False),
    "partial_fill": Kind(SIGNED, frozenset({"create"})),
    "fill_before_cancel": Kind(frozenset({"cancel"}), frozenset({"cancel"})),
    "key_revoked": Kind(SIGNED | STREAM, SIGNED | STREAM, carried_out=False),
    "key_withdraw": Kind(frozenset({"other"}), frozenset({"other"})),
    **{
        f"ws_{what}": Kind(STREAM, STREAM)
        for what in ("drop", "duplicate", "reorder", "malformed", "silence")
    },
}


@dataclass(slots=True, eq=False)
class Fault:
    """None means: every key, the kind's usual endpoints, always, without end. Times are ms since 1970."""

    id: int
    kind: str
    exchange: str
    api_key: str | None
    endpoint: str | None
    rate: float | None
    count: int | None
    seconds: float | None
    since: int
    struck: int = 0

    @property
    def until(self) -> float | None:
        return None if self.seconds is None else self.since + self.seconds * 1000

    def is_over(self, now: int) -> bool:
        spent = self.count is not None and self.struck >= self.count
        return spent or (self.until is not None and now >= self.until)

    def may_strike(self, exchange: str, api_key: str | None, endpoint: str) -> bool:
        places = KINDS[self.kind].usual if self.endpoint is None else {self.endpoint}
        return exchange == self.exchange and endpoint in places and self.api_key in (None, api_key)

    def describe(self, now: int) -> dict[str, Any]:
        return asdict(self) | {"active": not self.is_over(now)}


class Faults:
    """One per server. `clock` gives ms since 1970."""

    def __init__(self, clock: Callable[[], int], seed: int = 0) -> None:
        self.clock = clock
        self.delay_inside = 4.0  # seconds until a delayed request is looked at: the usual recvWindow is 5 s,
        self.delay_outside = 8.0  # and the client of the product gives up after 7 s
        self._random = random.Random(f"faults {seed}")  # noqa: S311
        self._all: dict[int, Fault] = {}
        self._waiting: list[Fault] = []  # not yet over when looked at last
        self._last_id = 0

    def add(
        self,
        kind: str,
        exchange: str = "binance",
        *,
        api_key: str | None = None,
        endpoint: str | None = None,
        rate: float | None = None,
        count: int | None = None,
        seconds: float | None = None,
    ) -> Fault:
        """With both, `rate` is the chance of each of at most `count` strikes. Raises ValueError naming the field."""
        _check_place(kind, exchange, api_key, endpoint)
        _check_amounts(rate, count, seconds)
        self._last_id += 1
        fault = Fault(
            self._last_id, kind, exchange, api_key, endpoint, rate, count, seconds, since=self.clock()
        )
        self._all[fault.id] = fault
        self._waiting.append(fault)
        return fault

    def all(self) -> list[Fault]:
        """Those that are over, too, until they are cleared."""
        return list(self._all.values())

    def clear(self) -> list[Fault]:
        """Ends all of them; the answer says how often each has struck."""
        ended = self.all()
        self._all.clear()
        self._waiting.clear()
        return ended

    def end(self, fault_id: int) -> Fault | None:
        """The fault that was ended; None if there is none of this id."""
        fault = self._all.pop(fault_id, None)
        self._waiting = [each for each in self._waiting if each is not fault]
        return fault

    def draw(
        self, exchange: str, api_key: str | None, endpoint: str, kinds: frozenset[str] | None = None
    ) -> Fault | None:
        """The fault that strikes this request or frame, counted as struck: the oldest whose dice say so. `kinds`
        limits the choice; without, those that are asked for by name (`key_withdraw`) are left out."""
        if not self._waiting:
            return None
        now = self.clock()
        self._waiting = [fault for fault in self._waiting if not fault.is_over(now)]
        for fault in self._waiting:
            wanted = fault.kind != "key_withdraw" if kinds is None else fault.kind in kinds
            if wanted and fault.may_strike(exchange, api_key, endpoint) and self._dice(fault):
                fault.struck += 1
                return fault
        return None

    def carries_out(self, fault: Fault) -> bool:
        """Is what was asked done in spite of the fault?"""
        decided = KINDS[fault.kind].carried_out
        return self._random.random() < 0.5 if decided is None else decided

    def _dice(self, fault: Fault) -> bool:
        return fault.rate is None or self._random.random() < fault.rate


def _check_place(kind: str, exchange: str, api_key: str | None, endpoint: str | None) -> None:
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}.")
    if exchange not in EXCHANGES:
        raise ValueError(f"exchange is one of {', '.join(EXCHANGES)}.")
    if api_key is not None and not (isinstance(api_key, str) and api_key):
        raise ValueError("api_key is the text of a key, or is left out for all of them.")
    if endpoint is not None and endpoint not in tuple(KINDS[kind].possible):
        places = ", ".join(sorted(KINDS[kind].possible))
        raise ValueError(f"endpoint is, for {kind}, one of {places}, or is left out.")


def _check_amounts(rate: float | None, count: int | None, seconds: float | None) -> None:
    if rate is not None and not (_is_number(rate) and 0 <= rate <= 1):
        raise ValueError("rate is a number from 0 to 1.")
    if count is not None and not (isinstance(count, int) and not isinstance(count, bool) and count > 0):
        raise ValueError("count is a whole number above 0.")
    if seconds is not None and not (_is_number(seconds) and 0 < seconds < 10**9):
        raise ValueError("seconds is a number above 0.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
