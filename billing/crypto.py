"""Months of a plan paid in advance with coins, through NOWPayments. What it tells only says where to look: payments are
fetched again, so that it does not matter when, and how often, it tells."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from billing import news, nowpayments, shop, standing, terms
from billing.models import CryptoOrder, CryptoPayment, Standing
from billing.plans import PLANS
from billing.prepaid import CLOSED, Part, judge
from billing.signals import operator_news

PROCESS_TASK = "billing.process_payments"
CLAIM = timedelta(minutes=2)
AGAIN = timedelta(minutes=10)  # until the next look at a payment that is under way: what it tells may be lost
FOLLOWED = timedelta(days=14)
BATCH = 20
LONGEST_WAIT = timedelta(hours=1)
UNPAID = ("waiting", "confirming", "partial")
log = logging.getLogger(__name__)


def open_invoice(*, user: User, plan: str, months: int, page: str, told_at: str) -> str:
    """The address of NOWPayments' page; `told_at` is ours, for what it tells. Raises ShopRefused, StripeError and
    NowPaymentsError."""
    if not nowpayments.is_on():
        raise shop.ShopRefused("not_offered", "Plans are not sold for crypto here: pay by card.")
    amount = dict(terms.prices(shop.offers()).get(plan, [])).get(months)
    if amount is None:
        raise shop.ShopRefused(
            "not_offered", "Choose a plan (starter, pro, enterprise) and 1, 3 or 12 months."
        )
    row = Standing.objects.filter(user=user).first()
    if row is not None and row.status in shop.RUNNING and not row.ends_at_period:
        raise shop.ShopRefused(
            "subscribed", "Your card pays for a plan: cancel that in the billing portal first."
        )
    order = CryptoOrder(user=user, plan=plan, months=months, amount=amount)
    made = nowpayments.create_invoice(
        {
            "price_amount": str(Decimal(amount) / 100),
            "price_currency": "usd",
            "order_id": str(order.pk),
            "order_description": f"AutoGrid {PLANS[plan].name}, {months} months",
            "ipn_callback_url": told_at,
            "success_url": page,
            "cancel_url": page,
        }
    )
    order.invoice, order.url = str(made["id"]), str(made["invoice_url"])
    order.save()
    return order.url


def receive(body: bytes, signature: str) -> None:
    """Keeps which payment has news. Raises BadSignature."""
    told = nowpayments.read_ipn(body, signature)
    order = _order(told.get("order_id"))
    if order is None:
        log.warning("NOWPayments tells of an order that is not ours")
        return
    number = str(told.get("payment_id"))[:40]
    _keep(number, order)
    CryptoPayment.objects.filter(pk=number).update(next_look_at=timezone.now(), attempts=0)
    transaction.on_commit(ask_for_processing, robust=True)


def _keep(number: str, order: CryptoOrder) -> None:
    CryptoPayment.objects.bulk_create([CryptoPayment(id=number, order=order)], ignore_conflicts=True)


def find_untold() -> int:
    """Keeps payments towards open orders of which nothing was told, to be looked at; answers how many are listed. The
    list takes a login to NOWPayments. Raises NowPaymentsError."""
    since = timezone.now() - FOLLOWED
    waiting = {
        str(each.pk): each for each in CryptoOrder.objects.filter(status__in=UNPAID, created_at__gt=since)
    }
    if not (waiting and nowpayments.lists_payments()):
        return 0
    oldest = min(each.created_at for each in waiting.values())
    found = [pair for pair in nowpayments.payments_since(oldest) if pair[1] in waiting]
    for number, order in found:
        _keep(number, waiting[order])
    ask_for_processing()
    return len(found)


def _order(number: object) -> CryptoOrder | None:
    try:
        return CryptoOrder.objects.filter(pk=UUID(str(number))).first()
    except ValueError:
        return None


def ask_for_processing() -> None:
    """Wakes a worker. One that is not heard is made up for by beat."""
    current_app.send_task(PROCESS_TASK, retry=False, expires=60)


def process() -> int:
    """Looks at the payments that have news or are due; answers how many answered."""
    return sum(_looked(row) for batch in iter(_claim, []) for row in batch)


def _claim() -> list[CryptoPayment]:
    """By moving their next look on: they come again where we die on the way."""
    now = timezone.now()
    with transaction.atomic():
        due = (
            CryptoPayment.objects.filter(next_look_at__lte=now)
            .select_related("order")
            .order_by("next_look_at")
        )
        claimed = list(due.select_for_update(skip_locked=True, of=["self"])[:BATCH])
        for row in claimed:
            row.next_look_at = now + CLAIM
        CryptoPayment.objects.bulk_update(claimed, ["next_look_at"])
    return claimed


def _looked(row: CryptoPayment) -> bool:
    try:
        with standing.alone_with(f"order {row.order.pk}"):
            found = nowpayments.payment(row.pk)
            with transaction.atomic():
                _write(row, found)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
        log.warning("A crypto payment could not be looked up: %s", type(error).__name__)
        _next_look(row, _after_failure(row), row.attempts + 1)
        return False
    _next_look(row, _when_again(row, found.status), 0)
    return True


def _after_failure(row: CryptoPayment) -> datetime | None:
    wait = min(timedelta(seconds=2 ** min(row.attempts, 12)), LONGEST_WAIT)
    now = timezone.now()
    return None if now - row.received_at > FOLLOWED else now + wait


def _when_again(row: CryptoPayment, status: str) -> datetime | None:
    now = timezone.now()
    return None if status in CLOSED or now - row.received_at > FOLLOWED else now + AGAIN


def _next_look(row: CryptoPayment, when: datetime | None, attempts: int) -> None:
    """Unless there was news meanwhile."""
    unchanged = CryptoPayment.objects.filter(pk=row.pk, next_look_at=row.next_look_at)
    unchanged.update(next_look_at=when, attempts=attempts)


def _write(row: CryptoPayment, found: nowpayments.Payment) -> None:
    """The payment as it was seen, and what follows for its order and its user's plan."""
    if found.order != str(row.order.pk):
        raise nowpayments.NowPaymentsError("The payment is another order's.")
    user = User.objects.select_for_update(no_key=True).get(pk=row.order.user.pk)
    order = CryptoOrder.objects.select_for_update().get(pk=row.order.pk)
    seen = {"status": found.status, "currency": found.currency[:30], "asked": found.asked, "paid": found.paid}
    CryptoPayment.objects.filter(pk=row.pk).update(**seen, price=found.price)
    payments = CryptoPayment.objects.filter(order=order)
    parts = [Part(each.status, each.asked, each.paid, each.price) for each in payments]
    outcome = judge(parts, Decimal(order.amount) / 100)
    before = order.status, order.arrived
    terms.apply(order, outcome)
    if (order.status, order.arrived) != before:
        _tell(user, order)
    standing.settle(user)


def _tell(user: User, order: CryptoOrder) -> None:
    for each in news.of_order(order):
        standing.send(user, each)
    if order.status in ("overpaid", "partial"):
        text = "A crypto payment has brought another sum than was asked: Crypto orders in the admin shows what to do."
        facts = {"Order": str(order.pk), "Asked": order.asked, "Arrived": order.came}
        operator_news.send(None, text=text, facts=facts, key=f"crypto:{order.pk}:{order.arrived}")
