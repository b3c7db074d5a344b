"""The end of every act: what changed goes to the journal in one transaction, then those who listen are told."""

from collections.abc import Callable, Mapping

from exchanges.simulator.accounts import FIRST_USER
from exchanges.simulator.events import BalanceChanged, Event
from exchanges.simulator.journal import Journal
from exchanges.simulator.settlement import Settlement
from exchanges.simulator.venue import Venue

Listener = Callable[[Event], None]


class Commits:
    def __init__(
        self, journal: Journal, settlement: Settlement, venues: Mapping[str, Venue], clock: Callable[[], int]
    ) -> None:
        self.unsaved: set[str] = (
            set()
        )  # symbols whose venue has changed with an account's trade or a closed candle
        self._journal = journal
        self._settlement = settlement
        self._venues = venues
        self._clock = clock
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def announce(self, event: Event) -> None:
        for listener in list(self._listeners):
            listener(event)

    def commit(self) -> None:
        """Background trades alone are told at once and written with the next commit or flush."""
        settlement, accounts = self._settlement, self._settlement.accounts
        events, settlement.events = settlement.events, []
        if settlement.orders or accounts.changed or accounts.new_keys or self.unsaved:
            events += self._balance_events(accounts.changed)
            self._write()
        for event in events:
            self.announce(event)

    def _write(self) -> None:
        settlement, journal = self._settlement, self._journal
        journal.orders.save(settlement.orders.values())
        journal.trades.save(settlement.trades)
        journal.accounts.save(settlement.accounts)
        venues = [self._venues[symbol] for symbol in self.unsaved]
        for venue in venues:
            venue.candles.save()
        journal.markets.save(venue.state() for venue in venues)
        journal.commit()
        settlement.orders.clear()
        settlement.trades = []
        self.unsaved.clear()

    def _balance_events(self, changed: set[tuple[int, str]]) -> list[BalanceChanged]:
        now = self._clock()
        events = []
        for uid in sorted({uid for uid, _ in changed if uid >= FIRST_USER}):
            account = self._settlement.accounts.by_uid[uid]
            account.update_time = now
            assets = sorted(asset for owner, asset in changed if owner == uid)
            funds = {asset: (account.funds[asset].free, account.funds[asset].locked) for asset in assets}
            events.append(BalanceChanged(uid, funds, now))
        return events
