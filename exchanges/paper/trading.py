"""A paper account's writes and reads. Each write is one transaction under the account's row lock, so that two
processes never see half of one, and a kill at any moment leaves either all of it or nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max

from bots.core.ports import AccountRefused, OrderRefused
from bots.core.types import Balance, Fill, Market, OrderReport, OrderRequest, OrderStatus, Ticker
from exchanges.connector.paper import Changes, Clock, Step, from_ticker
from exchanges.paper import values
from exchanges.paper.desk import Desk, Execution, Funds, Resting
from exchanges.paper.models import PaperAccount, PaperBalance, PaperMarket, PaperOrder, PaperTrade

LOCK_TIMEOUT = "5s"


@contextmanager
def locked(account_id: UUID) -> Iterator[PaperAccount]:
    """One transaction that holds the account. Raises AccountRefused where it is gone, and OperationalError where
    somebody else, perhaps a frozen process, holds it too long."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        row = PaperAccount.objects.select_for_update(no_key=True).filter(pk=account_id).first()
        if row is None:
            raise AccountRefused("This paper account was deleted.", "no_account")
        yield row


# Writes


def place(
    account_id: UUID, *, order: OrderRequest, market: Market, ticker: Ticker, clock: Clock, deadline: int
) -> OrderReport:
    """Accepts an order and lets it trade with the market as the ticker shows it. Raises OrderRefused and
    DuplicateClientId."""
    with locked(account_id) as account:
        now = clock()
        if now > deadline:
            raise OrderRefused("The order came too late to be accepted.", "clock")
        desk = _desk(account, market)
        desk.walk([from_ticker(ticker, now, traded=False)])
        placed = desk.place(order, ticker, now)
        _save(account, desk)
        if desk.orders == [placed]:  # the only one: no price before it matters to anybody
            _remember(account, market.symbol, now)
        return _report(placed)


def cancel(account_id: UUID, *, market: Market, client_id: str, clock: Clock) -> OrderReport | None:
    """None where no such order is open."""
    with locked(account_id) as account:
        desk = _desk(account, market)
        order = next((each for each in desk.orders if each.client_id == client_id), None)
        if order is None:
            return None
        desk.end(order, clock())
        _save(account, desk)
        return _report(order)


def settle(account_id: UUID, *, market: Market, steps: Sequence[Step], seen: int | None) -> None:
    """Fills what the steps reach, and remembers until when prices have been applied, in one transaction."""
    with locked(account_id) as account:
        if steps:
            desk = _desk(account, market)
            desk.walk(steps)
            _save(account, desk)
        if seen is not None:
            _remember(account, market.symbol, seen)


# Reads


def balances(account_id: UUID) -> dict[str, Balance]:
    """Of one moment, though nobody is held up: it is one statement."""
    rows = PaperBalance.objects.filter(account_id=account_id)
    return {row.asset: Balance(row.free, row.locked) for row in rows if row.free or row.locked}


def find(account_id: UUID, *, symbol: str, client_id: str) -> OrderReport | None:
    """The newest with this id. Waits for whoever holds the account: an order that is being accepted somewhere
    must not be taken for absent."""
    with locked(account_id) as account:
        rows = PaperOrder.objects.filter(account=account, symbol=symbol, client_id=client_id)
        row = rows.order_by("-pk").first()
        return values.report(row) if row else None


def by_id(account_id: UUID, *, symbol: str, exchange_order_id: str) -> OrderReport | None:
    rows = PaperOrder.objects.filter(account_id=account_id, symbol=symbol, pk=int(exchange_order_id))
    return next(map(values.report, rows), None)


def open_orders(account_id: UUID, *, symbol: str | None) -> list[OrderReport]:
    rows = PaperOrder.objects.filter(account_id=account_id, status=OrderStatus.OPEN.value)
    rows = rows.filter(symbol=symbol) if symbol else rows
    return [values.report(row) for row in rows.order_by("pk")]


def fills(account_id: UUID, *, symbol: str, since: int) -> list[Fill]:
    rows = PaperTrade.objects.filter(account_id=account_id, symbol=symbol, time__gte=since)
    return [values.fill(row) for row in rows.select_related("order").order_by("time", "pk")]


def order_fills(account_id: UUID, *, symbol: str, exchange_order_id: str) -> list[Fill]:
    rows = PaperTrade.objects.filter(account_id=account_id, symbol=symbol, order_id=int(exchange_order_id))
    return [values.fill(row) for row in rows.select_related("order").order_by("time", "pk")]


def seen(account_id: UUID, *, symbol: str) -> int | None:
    rows = PaperMarket.objects.filter(account_id=account_id, symbol=symbol)
    return rows.values_list("seen", flat=True).first()


def revision(account_id: UUID) -> int:
    """Raises AccountRefused."""
    found = PaperAccount.objects.filter(pk=account_id).values_list("revision", flat=True).first()
    if found is None:
        raise AccountRefused("This paper account was deleted.", "no_account")
    return found


def changes(account_id: UUID, *, since: int) -> Changes:
    """An order's fills come before the order. What is committed between two of these statements has a higher
    revision than is answered here: the next call tells it."""
    until = revision(account_id)
    if until == since:
        return Changes(until, [])
    trades = PaperTrade.objects.filter(account_id=account_id, revision__gt=since, revision__lte=until)
    orders = PaperOrder.objects.filter(account_id=account_id, revision__gt=since, revision__lte=until)
    told: list[tuple[tuple[int, int, int], Fill | OrderReport]] = [
        *(((row.revision, 0, row.pk), values.fill(row)) for row in trades.select_related("order")),
        *(((row.revision, 1, row.pk), values.report(row)) for row in orders),
    ]
    return Changes(until, [event for _, event in sorted(told, key=lambda each: each[0])])


# Steps


def _report(order: Resting) -> OrderReport:
    assert order.id is not None  # noqa: S101 - it has just been saved
    return values.report(PaperOrder.objects.get(pk=order.id))


def _desk(account: PaperAccount, market: Market) -> Desk:
    rows = PaperOrder.objects.filter(account=account, symbol=market.symbol, status=OrderStatus.OPEN.value)
    held = {row.asset: Funds(row.free, row.locked) for row in account.balances.all()}
    base, quote = held.get(market.base, Funds()), held.get(market.quote, Funds())
    return Desk(market, base, quote, [values.resting(row) for row in rows.order_by("pk")])


def _save(account: PaperAccount, desk: Desk) -> None:
    """Everything the desk has done since it was opened."""
    if not desk.changed:
        return
    symbol = desk.market.symbol
    account.revision += 1
    account.save(update_fields=["revision"])
    times = _in_order(account, symbol, desk.executions)
    for order in desk.changed:
        _save_order(account, symbol, order)
    for done, time in zip(desk.executions, times, strict=True):
        assert done.order.id is not None  # noqa: S101 - orders are saved first
        trade = values.trade(done, symbol)
        trade.account, trade.order_id, trade.revision, trade.time = (
            account,
            done.order.id,
            account.revision,
            time,
        )
        trade.save(force_insert=True)
    _save_funds(account, desk.market.base, desk.base)
    _save_funds(account, desk.market.quote, desk.quote)


def _in_order(account: PaperAccount, symbol: str, executions: Sequence[Execution]) -> list[int]:
    """When each happened: as at an exchange, no trade is older than the one before it. A price may come late, or
    a minute of which only the end is known."""
    if not executions:
        return []
    trades = PaperTrade.objects.filter(account=account, symbol=symbol)
    last = trades.aggregate(last=Max("time"))["last"] or 0
    times = []
    for done in executions:
        last = max(last, done.time)
        done.order.updated = max(done.order.updated, last)
        times.append(last)
    return times


def _save_order(account: PaperAccount, symbol: str, order: Resting) -> None:
    columns = {**values.order_columns(order), "revision": account.revision}
    if order.id is not None:
        PaperOrder.objects.filter(pk=order.id).update(**columns)
        return
    row = PaperOrder.objects.create(
        account=account,
        symbol=symbol,
        client_id=order.client_id,
        side=order.side.value,
        type=order.type.value,
        price=order.price,
        quantity=order.quantity,
        time=order.time,
        **columns,
    )
    order.id = row.pk


def _save_funds(account: PaperAccount, asset: str, funds: Funds) -> None:
    PaperBalance.objects.update_or_create(
        account=account, asset=asset, defaults={"free": funds.free, "locked": funds.locked}
    )


def _remember(account: PaperAccount, symbol: str, seen: int) -> None:
    """Never back: another process may have seen more."""
    row, _ = PaperMarket.objects.get_or_create(account=account, symbol=symbol, defaults={"seen": seen})
    if row.seen < seen:
        row.seen = seen
        row.save(update_fields=["seen"])
