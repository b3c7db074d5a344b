"""What the exchange accounts hold and are worth: the workers look, seldom enough for the exchanges' limits.

What bots work with lies in the same account: an account's worth is that of its balances, never that plus its bots'."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from kombu.exceptions import OperationalError

from bots import selectors, store
from bots.core.ports import ExchangeError, UnknownSymbol
from bots.core.rounding import round8
from bots.core.types import ZERO, Balance
from bots.holdings import CURRENCY
from bots.models import AccountSnapshot, AccountWorth, BotStatus
from exchanges import services as exchanges
from exchanges.budget import BalanceLooks
from exchanges.models import Credential, Mode
from marketdata.bus import last_ticker

LOOK_TASK = "bots.look_at_account"
FRESH = timedelta(seconds=30)  # while somebody watches
REGULAR = timedelta(minutes=10)  # while nobody does
MOST_DUE = 60  # of one beat
MOST_PRICES = 20  # that one look asks the exchange for; the others wait for the next
PRICE_KEPT_MS = 5 * 60_000

Asset = tuple[Decimal, Decimal, Decimal | None, int]  # free, locked, price, when that was told (ms)


def ask_for_due(now: datetime) -> int:
    """Sends workers to the accounts that were not looked at for long; answers how many."""
    due = Q(snapshot=None) | Q(snapshot__asked_at__lt=now - REGULAR)
    rows = Credential.objects.filter(due, is_valid=True).order_by(
        F("snapshot__asked_at").asc(nulls_first=True)
    )
    return ask(list(rows.values_list("pk", flat=True)[:MOST_DUE]), REGULAR, now)


def ask(credential_ids: Collection[UUID], every: timedelta, now: datetime) -> int:
    """Sends workers to those of the accounts that nobody was sent to within `every`. A queue that cannot be reached
    is made up for by the next beat."""
    rows = AccountSnapshot.objects.filter(pk__in=credential_ids)
    chosen = set(credential_ids) - set(rows.filter(asked_at__gte=now - every).values_list("pk", flat=True))
    if chosen:
        new = [AccountSnapshot(credential_id=pk, asked_at=now) for pk in chosen]
        AccountSnapshot.objects.bulk_create(new, ignore_conflicts=True)
        rows.filter(pk__in=chosen).update(asked_at=now)
        with suppress(OperationalError):
            _send(chosen)
    return len(chosen)


def refresh(portfolio: dict[str, Any], now: datetime) -> None:
    """For who looks at it (`holdings.portfolio`): sees to it that the next look at it is fresh."""
    shown = [each["credential_id"] for each in portfolio["accounts"] if each["same_as"] is None]
    ask(shown, FRESH, now)


def _send(credential_ids: Iterable[UUID]) -> None:
    """Raises kombu's OperationalError where the queue cannot be reached."""
    with current_app.producer_or_acquire() as producer:
        for each in credential_ids:
            current_app.send_task(LOOK_TASK, args=[str(each)], retry=False, producer=producer)


def look(*, credential_id: UUID, now: datetime) -> None:
    """Asks the exchange and keeps what it says, or why it said nothing."""
    credential = Credential.objects.filter(pk=credential_id, is_valid=True).first()
    paper = credential is not None and credential.mode == Mode.PAPER
    if credential is None or not (paper or BalanceLooks.counts(credential.venue)):
        return
    row = AccountSnapshot.objects.get_or_create(credential=credential, defaults={"asked_at": now})[0]
    try:
        held = exchanges.balances_of(credential)
        prices = Prices(credential.venue, row.assets, store.milliseconds(now))
        assets = _valued(held, prices)
        row.in_bots = _in_bots(credential, prices)
    except ExchangeError as error:
        AccountSnapshot.objects.filter(pk=row.pk).update(error=error.detail[:300])
        return
    row.assets = {name: [_text(each) for each in asset[:3]] + [asset[3]] for name, asset in assets.items()}
    row.equity = sum(
        (round8((free + locked) * (price or ZERO)) for free, locked, price, _ in assets.values()), ZERO
    )
    row.taken_at, row.error = now, ""
    _keep(row, now)


def _keep(row: AccountSnapshot, now: datetime) -> None:
    with transaction.atomic():
        if not Credential.objects.select_for_update(no_key=True).filter(pk=row.pk).exists():
            return  # deleted meanwhile
        row.save(update_fields=["assets", "equity", "in_bots", "taken_at", "error"])
        hour = now.replace(minute=0, second=0, microsecond=0)
        worth = AccountWorth(credential_id=row.pk, hour=hour, equity=row.equity)
        AccountWorth.objects.bulk_create([worth], ignore_conflicts=True)


class Prices:
    """Of coins in CURRENCY at one venue: the feed's, or one told lately, or the exchange's own. `before` is what the
    last look kept; where the exchange does not answer, or was asked for enough, its price stands."""

    def __init__(self, venue: str, before: dict[str, list[str | int | None]], now_ms: int) -> None:
        self._venue, self._now, self._left = venue, now_ms, MOST_PRICES
        self._known: dict[str, tuple[Decimal | None, int]] = {}
        for asset, (_, _, price, at) in before.items():
            self._known[asset] = (None if price is None else Decimal(price), int(at or 0))

    def age_of(self, asset: str) -> int:
        """Since when (ms) its price stands; 0 for one that is not known."""
        return self._known.get(asset, (None, 0))[1]

    def of(self, asset: str) -> tuple[Decimal | None, int]:
        """The price and since when (ms) it stands; None where no market tells."""
        if asset == CURRENCY:
            return Decimal(1), self._now
        if (found := self._from_feed(asset)) is not None:
            self._known[asset] = found, self._now
        elif self._now - self.age_of(asset) > PRICE_KEPT_MS and self._left:
            self._left -= 1
            with suppress(ExchangeError):
                self._known[asset] = self._from_exchange(asset), self._now
        return self._known.get(asset, (None, 0))

    def _from_feed(self, asset: str) -> Decimal | None:
        ticker = last_ticker(self._venue, f"{asset}/{CURRENCY}")
        return ticker.price if ticker else None

    def _from_exchange(self, asset: str) -> Decimal | None:
        """None where neither coin is traded for the other. Raises ExchangeError."""
        with suppress(UnknownSymbol):
            return exchanges.ticker_of(self._venue, f"{asset}/{CURRENCY}").price or None
        with suppress(UnknownSymbol):
            turned = exchanges.ticker_of(self._venue, f"{CURRENCY}/{asset}").price
            return round8(1 / turned) if turned else None
        return None


def _valued(held: dict[str, Balance], prices: Prices) -> dict[str, Asset]:
    """The longest unpriced first, so that in an account of many coins each has its turn."""
    return {
        asset: (held[asset].free, held[asset].locked, *prices.of(asset))
        for asset in sorted(held, key=lambda name: (prices.age_of(name), name))
    }


def _in_bots(credential: Credential, prices: Prices) -> Decimal:
    """Of a bot at work its equity; a stopped one has given its money back but for the coins it kept."""
    total = ZERO
    for view in selectors.bot_views(selectors.all_bots().filter(credential=credential)):
        at_work = view["status"] != BotStatus.STOPPED or view["stopping"]
        worth = view["equity"] if at_work else view["position"] * (view["mark_price"] or ZERO)
        total += worth * (prices.of(view["symbol"].partition("/")[2])[0] or ZERO) if worth else ZERO
    return round8(total)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
