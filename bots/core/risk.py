"""The gate every order passes, and the breaker that stops a bot.

Orders per minute counts placements beyond what fills explain; loss per hour is the fall of equity from its maximum
of the last 60 minutes, judged at minute closes; price deviation defers a resting order that is too far away and
refuses a crossing one.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from bots.core.orders import PlannedOrder
from bots.core.rounding import as_price, plain
from bots.core.types import ZERO, Side

RULES = ("max_orders_per_minute", "max_loss_per_hour", "max_price_deviation")
MINUTE = 60_000
HOUR = 60 * MINUTE
STALE_MS = 10_000  # a price older than this is no price to trade on
LOOK_AGAIN_MS = 1_000


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Defaults of the design document, 7.3."""

    max_orders_per_minute: int = 50
    max_loss_per_hour: Decimal = Decimal("0.05")  # of the investment
    max_price_deviation: Decimal = Decimal("0.10")  # from the market

    def within(self, bounds: "RiskLimits") -> "RiskLimits":
        """No wider than the operator's bounds, whatever the bot's config says."""
        return RiskLimits(
            min(self.max_orders_per_minute, bounds.max_orders_per_minute),
            min(self.max_loss_per_hour, bounds.max_loss_per_hour),
            min(self.max_price_deviation, bounds.max_price_deviation),
        )


@dataclass(frozen=True, slots=True)
class Allowed:
    pass


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now: `code` and `reason` say why, `price` (where the market must come to) or `until` (ms) when."""

    code: str
    reason: str
    price: Decimal | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """Never: the breaker trips. `rule` names the limit, `reason` the figures."""

    rule: str
    reason: str


Verdict = Allowed | Deferred | Denied


class RiskManager:
    """One bot's limits with their short memory. Times are ms on the exchange's clock."""

    def __init__(self, limits: RiskLimits, investment: Decimal) -> None:
        self.limits = limits
        self.investment = investment
        self.priced_at: int | None = None  # when the newest price came (ms); None: its age is not judged
        self.halt = ""  # why no order may go out at all: an operator's halt, in words
        self._placed: deque[int] = deque()
        self._unexplained: deque[int] = deque()
        self._fills: deque[int] = deque()
        self._equity: deque[tuple[int, Decimal]] = deque()

    def check(
        self, order: PlannedOrder, price: Decimal, now: int, funds: Decimal | None, explained: bool = True
    ) -> Verdict:
        """`price` is the market's, `funds` the quote of this bot not yet committed to other orders;
        None where its cash does not bound it. `explained` as in `note_placed`."""
        return (
            self._halted()
            or self._crossing(order, price)
            or self.stale(order, price, now)
            or self._deviation(order, price)
            or self._balance(order, price, funds)
            or (self._pace(now) if explained else self._runaway(now))
            or Allowed()
        )

    def _halted(self) -> Verdict | None:
        return Deferred("halted", self.halt) if self.halt else None

    def price_age(self, now: int) -> int:
        """How old the newest price is (ms)."""
        return 0 if self.priced_at is None else max(0, now - self.priced_at)

    def stale(self, order: PlannedOrder, price: Decimal, now: int) -> Deferred | None:
        """An order that would trade at once waits for a fresh price: what it would trade at, and how far that is from
        the market, nobody knows. One that rests by the last known price may go: its own price bounds it."""
        rests = order.price is not None and (
            order.price < price if order.side is Side.BUY else order.price > price
        )
        if self.price_age(now) <= STALE_MS or order.post_only or rests:
            return None
        reason = "there is no fresh price: an order that would trade at once waits for one"
        return Deferred("stale_price", reason, until=now + LOOK_AGAIN_MS)

    def _deviation(self, order: PlannedOrder, price: Decimal) -> Verdict | None:
        if order.price is None:
            return None
        limit = self.limits.max_price_deviation
        distance = abs(order.price - price) / price
        if distance <= limit:
            return None
        resting = order.price < price if order.side is Side.BUY else order.price > price
        if resting:
            near = order.price / (1 - limit) if order.side is Side.BUY else order.price / (1 + limit)
            reason = (
                f"{as_price(order.price)} is more than {plain(limit * 100)} % from the market; "
                f"the order is placed when the price comes to {as_price(near.quantize(order.price))}"
            )
            return Deferred("too_far", reason, price=near)
        return Denied(
            "max_price_deviation",
            f"A {order.side} at {as_price(order.price)} would trade more than {plain(limit * 100)} % away from the "
            f"market price {as_price(price)}.",
        )

    def _crossing(self, order: PlannedOrder, price: Decimal) -> Verdict | None:
        if not order.post_only or order.price is None:
            return None
        crosses = order.price >= price if order.side is Side.BUY else order.price <= price
        if not crosses:
            return None
        where = "below" if order.side is Side.BUY else "above"
        reason = (
            f"the market is at or {where} {as_price(order.price)}: a post-only {order.side} would be refused, "
            "it is placed when the price comes back"
        )
        return Deferred("would_cross", reason, price=order.price)

    def _balance(self, order: PlannedOrder, price: Decimal, funds: Decimal | None) -> Verdict | None:
        if order.side is Side.SELL or funds is None:
            return None
        needed = order.quantity * (order.price or price)
        if needed <= funds:
            return None
        return Deferred(
            "funds",
            f"the order needs {as_price(needed)} and the bot has {as_price(max(funds, ZERO))} of its investment left",
        )

    def _runaway(self, now: int) -> Verdict | None:
        """Such orders are not paced: they go out at once, or there are too many of them."""
        self._forget(now)
        if self._fills or len(self._unexplained) < self.limits.max_orders_per_minute:
            return None
        return Denied(
            "max_orders_per_minute",
            f"{len(self._unexplained) + 1} orders in one minute that no fill explains; "
            f"the limit is {self.limits.max_orders_per_minute}.",
        )

    def _pace(self, now: int) -> Verdict | None:
        self._forget(now)
        if len(self._placed) >= self.limits.max_orders_per_minute:
            until = self._placed[0] + MINUTE
            return Deferred("pacing", "orders are placed at the pace the limits allow", until=until)
        return None

    def _forget(self, now: int) -> None:
        for times in (self._placed, self._unexplained, self._fills):
            while times and times[0] <= now - MINUTE:
                times.popleft()

    def note_placed(self, now: int, explained: bool) -> int | None:
        """`explained`: by a start, a resume, a recovery, a cycle's progress or a deferral that ended. Of the others
        each fill explains one; when that was is answered, for `note_unsent`."""
        self._placed.append(now)
        if explained:
            return None
        if self._fills:
            return self._fills.popleft()
        self._unexplained.append(now)
        return None

    def note_unsent(self, at: int, explained: bool, fill: int | None) -> None:
        """The order noted then never left: it is planned anew, and must not count twice."""
        if at in self._placed:
            self._placed.remove(at)
        if fill is not None:
            self._fills.appendleft(fill)
        elif not explained and at in self._unexplained:
            self._unexplained.remove(at)

    def note_fill(self, now: int) -> None:
        """A fill explains the next order, and frees its place in the minute's pace."""
        self._fills.append(now)
        if self._placed:
            self._placed.popleft()

    def remember(self, closes: list[tuple[int, Decimal]]) -> None:
        """The minute closes (ms, equity) an earlier process recorded."""
        self._equity = deque(closes)

    def remember_orders(self, placed: Iterable[tuple[int, bool]], fills: Iterable[int]) -> None:
        """The orders (ms, explained) and fills of the last minute, by earlier processes too: neither the pace nor a
        runaway begins anew with a restart."""
        made = [(at, 1, explained) for at, explained in placed]
        for at, is_order, explained in sorted(made + [(at, 0, True) for at in fills]):
            if is_order:
                self.note_placed(at, explained)
            else:
                self.note_fill(at)

    def observe(self, now: int, equity: Decimal) -> None:
        """What the bot is worth when it begins: the first closes are compared with it."""
        self._equity.append((now, equity))

    @property
    def last_close(self) -> int:
        """When its worth was last noted (ms); 0: never."""
        return self._equity[-1][0] if self._equity else 0

    def minute_close(self, now: int, equity: Decimal, cost: Decimal) -> Denied | None:
        """Judges the loss of the last hour. `cost` counts where more is held than the investment says."""
        self._equity.append((now, equity))
        while self._equity and self._equity[0][0] < now - HOUR:
            self._equity.popleft()
        highest = max(value for _, value in self._equity)
        allowed = self.limits.max_loss_per_hour * max(self.investment, cost)
        if highest - equity <= allowed:
            return None
        return Denied(
            "max_loss_per_hour",
            f"Equity fell by {as_price(highest - equity)} from {as_price(highest)} within an hour; "
            f"the limit is {as_price(allowed)}.",
        )

    def forget_history(self) -> None:
        """A reset or a new run begins with a clean sheet."""
        for times in (self._placed, self._unexplained, self._fills):
            times.clear()
        self._equity.clear()
