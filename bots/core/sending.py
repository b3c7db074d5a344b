"""How fast one bot's orders go out: in slices, so that it hears of fills and of its user in between, and not at all
for a moment where the exchange does not say what becomes of them."""

from dataclasses import dataclass, replace

from bots.core.risk import Deferred
from bots.core.types import Side

SLICE = 10  # orders that go out before the bot listens again
BUSY_MS = 2_000  # a slice that takes longer is cut short
RETRY_MS = 2_000  # before the next try after trouble, which doubles up to a minute
MINUTE = 60_000


def backoff(tries: int) -> int:
    """ms before the next try after so many in vain."""
    return int(min(MINUTE, RETRY_MS * 2 ** min(tries, 10)))


@dataclass(frozen=True, slots=True)
class Pause:
    """What is not tried again before `until` (ms), after so many refusals in a row."""

    until: int
    refusals: int
    code: str
    detail: str

    def deferred(self) -> Deferred:
        return Deferred(self.code, self.detail, until=self.until)


def paused(before: Pause | None, now: int, code: str, detail: str, least: int = 0) -> Pause:
    """The pause after one more refusal; `least` is what the exchange itself asks for."""
    refusals = before.refusals if before else 0
    return Pause(now + max(least, backoff(refusals)), refusals + 1, code, detail)


class Pauses:
    """Slots that wait after a refusal, and sides for which the account has too little."""

    def __init__(self) -> None:
        self._slots: dict[int, Pause] = {}
        self._short: dict[Side, Pause] = {}

    def waits(self, slot: int, side: Side, now: int) -> Deferred | None:
        for pause in (self._short.get(side), self._slots.get(slot)):
            if pause is not None and now < pause.until:
                return pause.deferred()
        return None

    def refused(self, slot: int, now: int, detail: str) -> None:
        self._slots[slot] = paused(self._slots.get(slot), now, "refused", detail)

    def ended_unfilled(self, slot: int, now: int, reason: str) -> None:
        """By the reply to its sending; a pause that has begun for it already is enough."""
        begun = self._slots.get(slot)
        if begun is None or begun.until <= now:
            self.refused(slot, now, reason or "the order ended without a fill")

    def run_short(self, side: Side, now: int, detail: str) -> bool:
        """True the first time since an order of this side was accepted."""
        before = self._short.get(side)
        self._short[side] = paused(before, now, "insufficient_funds", detail)
        return before is None

    def accepted(self, side: Side) -> None:
        self._short.pop(side, None)

    def filled(self, slot: int, side: Side, now: int) -> None:
        """What a fill has brought may be what was missing for the other side."""
        self._slots.pop(slot, None)
        short = self._short.get(side.opposite)
        if short is not None:
            self._short[side.opposite] = replace(short, until=now)


class Sending:
    """`size` is how many orders the next slice may have: one after trouble, then twice as many each time."""

    def __init__(self) -> None:
        self.size = SLICE
        self.trouble: Pause | None = None
        self._smooth = True

    def waits(self, now: int) -> Deferred | None:
        """Why nothing is sent at the moment."""
        return self.trouble.deferred() if self.trouble is not None and now < self.trouble.until else None

    def begin(self) -> None:
        self._smooth = True

    def end(self, took: int) -> None:
        """`took` ms: who just managed in time does not ask for more."""
        if self._smooth:
            self.trouble = None
        if self._smooth and took < BUSY_MS // 2:
            self.size = min(SLICE, self.size * 2)

    def failed(self, now: int, code: str, detail: str, least: int = 0) -> None:
        """The exchange did not say what became of an order, or wants none for now."""
        self.trouble = paused(self.trouble, now, code, detail, least)
        self.one_by_one()

    def one_by_one(self) -> None:
        self.size, self._smooth = 1, False

    def slow(self, sent: int) -> None:
        """So many were sent when the time was over: the others of this account want to send as well."""
        self.size, self._smooth = max(1, sent // 2), False
