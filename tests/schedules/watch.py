"""What is watched while a schedule runs: what leaves for the exchange, what rests on its book, what is logged."""

import logging
import re
from collections import Counter
from typing import Any

from bots.models import Order
from exchanges.simulator.events import OrderChanged
from tests.books import name_of

_POST = re.compile(rb"^POST /(api/v3/order|v5/order/create|api/v5/trade/order)[? ]")
_NAME = re.compile(rb"(?:newClientOrderId=|\"orderLinkId\": ?\"|\"clOrdId\": ?\")(ag[0-9a-z]{24})")
OURS = re.compile(r"ag[0-9a-z]{24}")


class Watch:
    def __init__(self, secrets: tuple[str, ...]) -> None:
        self.violations: list[str] = []
        self.posts: Counter[str] = Counter()
        self.stale_writes: list[str] = []
        self.log = _Log(secrets)
        self._heads: dict[int, bool] = {}  # of each pipe: is an order being posted?
        self._live: dict[tuple[str, int], set[int]] = {}

    def told(self, pipe: int, piece: bytes) -> None:
        """Bytes that leave a process for the exchange."""
        if piece[:5] in (b"POST ", b"GET /", b"DELET"):
            self._heads[pipe] = _POST.match(piece) is not None
        found = _NAME.search(piece) if self._heads.get(pipe) else None
        if found is None:
            return
        name = found.group(1).decode()
        self.posts[name] += 1
        self._heads[pipe] = False
        if not Order.objects.filter(client_order_id=name, sent_at__isnull=False).exists():
            self.violations.append(
                f"intent_first: {name} was sent before its row and its time were committed"
            )

    def happened(self, event: Any) -> None:
        """At the exchange."""
        if not isinstance(event, OrderChanged) or not OURS.fullmatch(event.order.client_id):
            return
        name = name_of(event.order.client_id)
        live = self._live.setdefault((name.bot, name.slot), set())
        if not event.status.is_open:
            live.discard(event.order.id)
            return
        live.add(event.order.id)
        if len(live) > 1:
            self.violations.append(f"one_live: slot {name.slot} has {len(live)} orders on the book")


class _Log(logging.Handler):
    """Every line, as it would be written; no line may hold a secret, and no bot may crash for want of foresight."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self.leaks: list[str] = []
        self.crashes: list[str] = []
        self._secrets = secrets

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        self.lines.append(line)
        if any(secret in line for secret in self._secrets):
            self.leaks.append(line[:200])
        if "bot_crashed" in line and "OperationalError" not in line:
            self.crashes.append(line[-700:])
