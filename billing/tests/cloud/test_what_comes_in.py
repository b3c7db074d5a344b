"""What operators see of the money: MRR, new and lost customers, churn, payments that fail."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from billing import revenue, reviews
from billing.models import Grant, Movement
from tests.fakes.stripe.customers import FAILS_LATER

REVENUE = "/admin/billing/standing/revenue/"
GRANTS = "/admin/billing/grant/"


@pytest.fixture
def operators(db) -> Client:
    operator = User.objects.create_superuser("operator@example.org", "a password for tests")
    client = Client()
    client.force_login(operator, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def moves() -> list[tuple[int, int]]:
    return list(Movement.objects.order_by("id").values_list("before", "after"))


def test_every_change_of_what_is_paid_a_month_is_written_down_once(cloud, alice):
    customer = cloud.buy(alice, "starter")
    cloud.deliver()
    cloud.in_portal(alice, "price", price=cloud.price("pro"))
    cloud.deliver(times=2)
    cloud.in_portal(alice, "cancel")
    cloud.deliver()
    cloud.pass_the_month(customer, 1.5)
    cloud.deliver()
    assert moves() == [(0, 1_900), (1_900, 4_900), (4_900, 0)]


def test_a_year_counts_as_a_twelfth_a_month_and_grants_bring_nothing(cloud, alice, bob):
    cloud.buy(alice, "pro", "year")
    Grant.objects.create(user=bob, plan="pro", reason="tester", until=timezone.now() + timedelta(days=9))
    cloud.deliver()
    assert revenue.mrr() == Decimal("40.83")


def test_a_failed_renewal_is_lost_when_its_grace_is_over(cloud, alice):
    customer = cloud.buy(alice, "starter", number=FAILS_LATER)
    cloud.deliver()
    cloud.pass_the_month(customer, 1.1)
    cloud.deliver()
    assert revenue.mrr() == 19
    assert [row.user for row in revenue.failing()] == [alice]
    cloud.pass_days(3)
    reviews.review_due()
    assert revenue.mrr() == 0


def test_months_tell_who_came_and_went(cloud, alice, bob):
    cloud.buy(alice, "starter")
    cloud.buy(bob, "pro", number=FAILS_LATER)
    cloud.deliver()
    cloud.pass_days(62)
    reviews.reconcile()
    cloud.deliver()
    latest, first = revenue.months()[0], revenue.months()[-1]
    assert (first.new, first.gained, first.customers, first.mrr, first.churn) == (2, 6_800, 2, 6_800, None)
    assert (latest.customers, latest.mrr) == (1, 1_900)
    lost = next(month for month in revenue.months() if month.lost)
    assert (lost.lost, lost.gone, lost.churn) == (1, 4_900, 50)
    assert sum(month.failed for month in revenue.months()) > 1


def test_what_a_deleted_account_paid_stays_history(cloud, alice):
    cloud.buy(alice, "starter")
    cloud.deliver()
    alice.delete()
    assert moves() == [(0, 1_900), (1_900, 0)]
    assert revenue.mrr() == 0


def test_the_page_shows_figures_months_and_whose_payment_fails(cloud, operators, alice):
    assert "None." in operators.get(REVENUE).content.decode()
    customer = cloud.buy(alice, "pro", number=FAILS_LATER)
    cloud.deliver()
    cloud.pass_the_month(customer, 1.1)
    cloud.deliver()
    page = operators.get(REVENUE).content.decode()
    assert "$49.00" in page
    assert "alice@example.org" in page
    assert "past due" in page
    assert (
        'href="/admin/billing/standing/revenue' in operators.get("/admin/billing/standing/").content.decode()
    )


def test_the_page_is_for_operators_alone(cloud, alices_page):
    assert alices_page.get(REVENUE).status_code == 302


def test_prometheus_and_the_front_page_are_told_too(cloud, operators, alice):
    cloud.buy(alice, "starter")
    cloud.deliver()
    assert "\nautogrid_mrr_usd 19.0\n" in Client().get("/metrics").content.decode()
    front = operators.get("/admin/").content.decode()
    assert "$19.00" in front
    assert "/admin/billing/standing/" in front
    assert "/admin/djstripe/" not in front  # its pages show and take keys


def grant(operators: Client, user: User, plan: str, path: str = "add/") -> None:
    until = timezone.now() + timedelta(days=30)
    form = {"user": str(user.pk), "plan": plan, "reason": "tester"}
    form |= {"until_0": f"{until:%Y-%m-%d}", "until_1": f"{until:%H:%M:%S}"}
    assert operators.post(GRANTS + path, form).status_code == 302


def test_a_grant_counts_at_once_and_ends_at_once_when_it_is_changed_or_deleted(cloud, operators, alice, bob):
    def plans() -> tuple[str, str]:
        return tuple(User.objects.get(pk=user.pk).plan for user in (alice, bob))  # type: ignore[return-value]

    grant(operators, alice, "pro")
    assert plans() == ("pro", "free")
    kept = Grant.objects.get()
    assert (kept.reason, kept.granted_by.email) == ("tester", "operator@example.org")
    grant(operators, bob, "starter", f"{kept.pk}/change/")
    assert plans() == ("free", "starter")
    operators.post(f"{GRANTS}{kept.pk}/delete/", {"post": "yes"})
    assert plans() == ("free", "free")
    grant(operators, alice, "pro")
    selected = {"action": "delete_selected", "_selected_action": Grant.objects.get().pk, "post": "yes"}
    operators.post(GRANTS, selected)
    assert plans() == ("free", "free")
