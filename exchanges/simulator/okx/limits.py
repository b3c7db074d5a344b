"""Orders per account."""

from collections import defaultdict
from dataclasses import dataclass, field

from exchanges.simulator.binance.limits import Window
from exchanges.simulator.errors import Refused

TWO_SECONDS = 2_000


@dataclass
class Limits:
    orders: int = 60  # in two seconds and endpoint
    _orders: dict[tuple[int, str], Window] = field(
        default_factory=lambda: defaultdict(lambda: Window(TWO_SECONDS))
    )

    def use_order(self, uid: int, endpoint: str, now: int) -> None:
        window = self._orders[uid, endpoint]
        if window.count(now) >= self.orders:
            raise Refused(50011, "Too Many Requests", 429)
        window.used += 1
