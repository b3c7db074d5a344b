"""Request weight per address and orders per account, in fixed windows as Binance counts them."""

from collections import defaultdict
from dataclasses import dataclass, field

from exchanges.simulator.errors import Refused

MINUTE, TEN_SECONDS, DAY = 60_000, 10_000, 86_400_000


@dataclass(slots=True)
class Window:
    length: int  # ms
    start: int = 0
    used: int = 0

    def count(self, now: int) -> int:
        if now - self.start >= self.length:
            self.start, self.used = now - now % self.length, 0
        return self.used

    def seconds_left(self, now: int) -> int:
        return (self.start + self.length - now) // 1000 + 1


@dataclass
class Limits:
    weight: int = 6_000  # a minute and address
    orders: int = 100  # in ten seconds and account
    orders_a_day: int = 200_000
    _weights: dict[str, Window] = field(default_factory=lambda: defaultdict(lambda: Window(MINUTE)))
    _orders: dict[int, tuple[Window, Window]] = field(
        default_factory=lambda: defaultdict(lambda: (Window(TEN_SECONDS), Window(DAY)))
    )

    def use_weight(self, address: str, weight: int, now: int) -> None:
        """Raises Refused with 429 above the limit; what is refused counts, too."""
        window = self._weights[address]
        window.used = window.count(now) + weight
        if window.used > self.weight:
            text = (
                f"Too much request weight used; current limit is {self.weight} request weight per 1 MINUTE."
            )
            raise Refused(-1003, text, 429, window.seconds_left(now))

    def weight_used(self, address: str, now: int) -> int:
        return self._weights[address].count(now)

    def use_order(self, uid: int, now: int) -> None:
        limits = ((self.orders, "10 SECONDS"), (self.orders_a_day, "1 DAY"))
        for window, (limit, name) in zip(self._orders[uid], limits, strict=True):
            if window.count(now) >= limit:
                text = f"Too many new orders; current limit is {limit} orders per {name}."
                raise Refused(-1015, text, 429, window.seconds_left(now))
        for window in self._orders[uid]:
            window.used += 1

    def orders_used(self, uid: int, now: int) -> tuple[int, int]:
        short, long = self._orders[uid]
        return short.count(now), long.count(now)

    def describe(self) -> list[dict[str, object]]:
        """The `rateLimits` of exchangeInfo."""
        rows = (
            ("REQUEST_WEIGHT", "MINUTE", 1, self.weight),
            ("ORDERS", "SECOND", 10, self.orders),
            ("ORDERS", "DAY", 1, self.orders_a_day),
            ("RAW_REQUESTS", "MINUTE", 5, 61_000),
        )
        return [
            {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
            for kind, interval, number, limit in rows
        ]
