"""Requests per address, and orders per account and second."""

from collections import defaultdict
from dataclasses import dataclass, field

from exchanges.simulator.binance.limits import Window
from exchanges.simulator.bybit.errors import refusal
from exchanges.simulator.errors import Refused

FIVE_SECONDS, SECOND = 5_000, 1_000


@dataclass
class Limits:
    requests: int = 600  # in five seconds and address
    orders: int = 20  # in a second, account and endpoint
    _requests: dict[str, Window] = field(default_factory=lambda: defaultdict(lambda: Window(FIVE_SECONDS)))
    _orders: dict[tuple[int, str], Window] = field(
        default_factory=lambda: defaultdict(lambda: Window(SECOND))
    )

    def use_request(self, address: str, now: int) -> None:
        window = self._requests[address]
        window.used = window.count(now) + 1
        if window.used > self.requests:
            raise Refused(10018, "Exceeded the IP Rate Limit.", 403)

    def use_order(self, uid: int, endpoint: str, now: int) -> None:
        window = self._orders[uid, endpoint]
        if window.count(now) >= self.orders:
            raise refusal(10006, "Too many visits. Exceeded the API Rate Limit.")
        window.used += 1

    def headers(self, uid: int, endpoint: str, now: int) -> dict[str, str]:
        window = self._orders[uid, endpoint]
        return {
            "X-Bapi-Limit": str(self.orders),
            "X-Bapi-Limit-Status": str(self.orders - window.count(now)),
            "X-Bapi-Limit-Reset-Timestamp": str(max(now, window.start + SECOND)),
        }
