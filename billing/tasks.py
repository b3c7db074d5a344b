"""Short background work of billing, on the queue `celery`, in the cloud alone."""

from celery import shared_task

from billing import crypto, reviews, terms, webhooks


@shared_task(name=webhooks.PROCESS_TASK, ignore_result=True)
def process_events() -> int:
    return webhooks.process()


@shared_task(name=crypto.PROCESS_TASK, ignore_result=True)
def process_payments() -> int:
    return crypto.process()


@shared_task(name="billing.find_payments", ignore_result=True)
def find_payments() -> int:
    return crypto.find_untold()


@shared_task(name="billing.review_due", ignore_result=True)
def review_due() -> int:
    return reviews.review_due() + terms.review_due()


@shared_task(name="billing.forget_webhooks", ignore_result=True)
def forget_webhooks() -> int:
    return webhooks.forget_old()


@shared_task(name="billing.reconcile", ignore_result=True)
def reconcile() -> dict[str, int]:
    return reviews.reconcile()
