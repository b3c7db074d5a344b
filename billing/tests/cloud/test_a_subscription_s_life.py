"""From the checkout to the end: what users have, and what they are told."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone
from djstripe.models import Customer, Subscription

from billing import gateway, reviews, shop
from billing.models import Grant, Movement, Standing
from tests.fakes.stripe import invoices
from tests.fakes.stripe.customers import FAILS_LATER, GOOD

GRACE = 3
NOTHING = {"compared": 0, "mended": 0, "unanswered": 0, "ended": 0, "strange": 0}


def plan_of(user):
    user.refresh_from_db()
    return user.plan


def told(user):
    deliveries = apps.get_model(
        "bots", "Delivery"
    ).objects  # above this layer: only here, to see what reaches it
    return list(deliveries.filter(user=user).order_by("created_at").values_list("kind", flat=True))


def test_a_checkout_raises_the_plan_and_keeps_stripe_s_objects(cloud, alice):
    customer = cloud.buy(alice, "starter", "year")
    assert plan_of(alice) == "free"
    cloud.deliver()
    assert plan_of(alice) == "starter"
    standing = Standing.objects.get(user=alice)
    assert (standing.status, standing.interval, standing.amount) == ("active", "year", 19_000)
    assert standing.paid_until - timezone.now() > timedelta(days=364)
    kept = Subscription.objects.get(customer__id=customer)
    assert kept.customer.subscriber == alice
    assert told(alice) == ["plan_changed"]


def test_an_upgrade_counts_at_once_and_a_downgrade_at_the_period_s_end(cloud, alice):
    cloud.buy(alice, "starter")
    cloud.in_portal(alice, "price", price=cloud.price("pro"))
    cloud.deliver()
    assert plan_of(alice) == "pro"
    cloud.in_portal(alice, "price", price=cloud.price("starter"))
    cloud.deliver()
    assert plan_of(alice) == "pro"
    cloud.pass_days(32)
    cloud.deliver()
    assert plan_of(alice) == "starter"


def test_a_failed_renewal_has_three_days_and_a_new_card_mends_it(cloud, alice):
    customer = cloud.buy(alice, "pro", number=FAILS_LATER)
    cloud.deliver()
    cloud.pass_the_month(customer, 1.1)
    cloud.deliver()
    standing = Standing.objects.get(user=alice)
    assert (plan_of(alice), standing.status) == ("pro", "past_due")
    assert standing.grace_until is not None
    assert told(alice) == ["plan_changed", "plan_grace"]
    cloud.in_portal(alice, "card", number=GOOD)
    cloud.deliver()
    standing.refresh_from_db()
    assert (plan_of(alice), standing.status, standing.grace_until) == ("pro", "active", None)
    assert told(alice)[-1] == "plan_paid"


def test_grace_ends_by_stripe_s_clock_without_any_webhook(cloud, alice):
    customer = cloud.buy(alice, "pro", number=FAILS_LATER)
    cloud.deliver()
    cloud.pass_the_month(customer, 1.1)
    cloud.deliver()
    cloud.pass_days(1)
    assert reviews.review_due() == 1
    assert plan_of(alice) == "pro"
    cloud.pass_days(GRACE)
    cloud.fake.delivery.take()
    reviews.review_due()
    assert plan_of(alice) == "free"
    assert told(alice)[-1] == "plan_changed"
    cloud.pass_days(20)  # Stripe gives up: no second grace
    cloud.deliver()
    assert Standing.objects.get(user=alice).status == "canceled"
    assert plan_of(alice) == "free"
    assert told(alice).count("plan_grace") == 1


def test_a_cancelled_plan_lasts_to_its_period_s_end_and_three_days_more(cloud, alice):
    customer = cloud.buy(alice, "starter")
    cloud.in_portal(alice, "cancel")
    cloud.deliver()
    assert told(alice) == ["plan_changed", "plan_cancelled"]
    cloud.pass_the_month(customer, 1.5)
    cloud.deliver()
    assert plan_of(alice) == "starter"
    assert told(alice)[-1] == "plan_grace"
    cloud.pass_days(GRACE)
    reviews.review_due()
    assert plan_of(alice) == "free"


@pytest.mark.parametrize(
    ("take_back", "kind"), [(invoices.refund, "plan_refunded"), (invoices.dispute, "plan_disputed")]
)
def test_money_taken_back_ends_the_subscription(cloud, alice, take_back, kind):
    customer = cloud.buy(alice, "pro")
    cloud.deliver()
    take_back(cloud.fake.books, cloud.fake.books.all("charge", customer=customer)[0]["id"])
    cloud.deliver(times=2)
    cloud.deliver()
    assert cloud.subscription(customer)["status"] == "canceled"
    assert sorted(told(alice)) == sorted(["plan_changed", kind, "plan_grace"])
    cloud.pass_days(GRACE + 0.1)
    reviews.review_due()
    assert plan_of(alice) == "free"


def test_a_plan_bought_in_the_grace_of_a_higher_one_counts_at_once(cloud, alice):
    cloud.buy(alice, "pro")
    cloud.deliver()
    gateway.client().v1.subscriptions.cancel(cloud.subscription(shop.customer_of(alice))["id"])
    cloud.deliver()
    assert Standing.objects.get(user=alice).status == "canceled"
    cloud.buy(alice, "starter")
    cloud.deliver()
    assert (plan_of(alice), Standing.objects.get(user=alice).status) == ("starter", "active")
    assert Movement.objects.filter(user=alice).first().after == 1_900


def test_a_refund_of_an_older_charge_ends_nothing(cloud, alice):
    customer = cloud.buy(alice, "pro")
    cloud.pass_days(32)
    cloud.deliver()
    invoices.refund(cloud.fake.books, cloud.fake.books.all("charge", customer=customer)[-1]["id"])
    cloud.deliver()
    assert cloud.subscription(customer)["status"] == "active"
    assert told(alice) == ["plan_changed", "plan_refunded"]


def test_a_customer_deleted_at_stripe_loses_the_plan_and_may_buy_again(cloud, alice):
    customer = cloud.buy(alice, "pro")
    cloud.deliver()
    gateway.client().v1.customers.delete(customer)
    cloud.deliver()
    cloud.pass_days(GRACE + 0.1)
    reviews.review_due()
    assert plan_of(alice) == "free"
    with pytest.raises(shop.ShopRefused, match="choose a plan first"):
        shop.open_portal(user=alice, return_url="")
    assert cloud.buy(alice, "starter") != customer
    cloud.deliver()
    assert plan_of(alice) == "starter"
    assert Customer.objects.filter(subscriber=alice).count() == 2


def test_the_nightly_comparison_mends_what_webhooks_missed(cloud, alice, bob):
    cloud.buy(alice, "pro")
    cloud.buy(bob, "starter")
    cloud.fake.delivery.take()
    assert reviews.reconcile() == NOTHING | {"compared": 2, "mended": 2}
    assert (plan_of(alice), plan_of(bob)) == ("pro", "starter")
    assert reviews.reconcile() == NOTHING | {"compared": 2}
    (told_once,) = apps.get_model("bots", "Delivery").objects.filter(kind="system_billing")
    assert ["Mended", "2"] in told_once.data["facts"]


def test_what_is_strange_about_one_customer_keeps_no_other_waiting(cloud, alice, bob, monkeypatch):
    customers = sorted((user.pk, cloud.buy(user, "pro")) for user in (alice, bob))
    strange, look = customers[0][1], gateway.look

    def stumbling(customer):
        if customer == strange:
            raise KeyError("items")
        return look(customer)

    monkeypatch.setattr(gateway, "look", stumbling)
    assert reviews.reconcile() == NOTHING | {"compared": 1, "mended": 1, "unanswered": 1}
    assert sorted((plan_of(alice), plan_of(bob))) == ["free", "pro"]


def test_who_deletes_his_account_pays_no_longer(cloud, alice, bob):
    gone, stays = cloud.buy(alice, "pro"), cloud.buy(bob, "starter")
    cloud.deliver()
    alice.delete()
    assert reviews.reconcile() == NOTHING | {"compared": 1, "ended": 1}
    assert cloud.subscription(gone)["status"] == "canceled"
    assert cloud.subscription(stays)["status"] == "active"
    assert reviews.reconcile()["ended"] == 0


def test_subscriptions_of_accounts_this_database_never_had_are_left_alone(cloud, alice):
    customer = cloud.buy(alice, "pro")
    alice.delete()  # before anything was looked up: as with another database, or after an old backup
    assert reviews.reconcile() == NOTHING | {"strange": 1}
    assert cloud.subscription(customer)["status"] == "active"


def test_a_granted_plan_counts_until_it_ends_and_a_better_paid_one_goes_before_it(cloud, alice):
    cloud.buy(alice, "pro")
    Grant.objects.create(
        user=alice, plan="starter", reason="tester", until=timezone.now() + timedelta(days=60)
    )
    cloud.deliver()
    assert plan_of(alice) == "pro"
    customer = shop.customer_of(alice)
    gateway.client().v1.subscriptions.cancel(cloud.subscription(customer)["id"])
    cloud.pass_days(GRACE + 0.1)
    cloud.deliver()
    assert plan_of(alice) == "starter"
    Grant.objects.update(until=timezone.now() - timedelta(minutes=1))
    reviews.review_due()
    assert plan_of(alice) == "free"


def test_publishing_again_makes_nothing(cloud):
    assert shop.publish() == []
    assert len(shop.offers()) == 6
