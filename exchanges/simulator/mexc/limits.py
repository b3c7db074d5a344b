"""Requests per address and endpoint."""

from collections import defaultdict
from dataclasses import dataclass, field

from exchanges.simulator.binance.limits import Window
from exchanges.simulator.errors import Refused

TEN_SECONDS = 10_000


@dataclass
class Limits:
    requests: int = 500  # in ten seconds
    _used: dict[tuple[str, str], Window] = field(
        default_factory=lambda: defaultdict(lambda: Window(TEN_SECONDS))
    )

    def use(self, address: str, endpoint: str, weight: int, now: int) -> None:
        window = self._used[address, endpoint]
        window.used = window.count(now) + weight
        if window.used > self.requests:
            raise Refused(429, "Too Many Requests", 429, window.seconds_left(now))
