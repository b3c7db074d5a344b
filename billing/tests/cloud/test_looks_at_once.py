import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection
from djstripe.models import PaymentMethod, Subscription

from billing import standing
from billing.models import Standing


def test_many_looks_at_one_customer_write_what_one_writes(transactional_db, cloud, alice):
    customer = cloud.buy(alice, "pro")
    barrier = threading.Barrier(6)
    cloud.fake.requests.clear()

    def look(_: int) -> None:
        try:
            barrier.wait(60)
            standing.review(customer)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(look, range(6)))
    asked = [
        path.split("/")[2]
        for _, path in cloud.fake.requests
        if "/customers/" in path or "/subscriptions" in path
    ]
    assert asked == ["customers", "subscriptions"] * 6  # one after the other
    alice.refresh_from_db()
    assert alice.plan == "pro"
    assert (Subscription.objects.count(), PaymentMethod.objects.count(), Standing.objects.count()) == (
        1,
        1,
        1,
    )
