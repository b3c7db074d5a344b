"""Rows of billing: no secret among them, and none in the way when an account is deleted without the app."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import User
from billing.models import Grant, Movement
from billing.tests.cloud.rig import KEY


def every_row() -> str:
    """Of all tables, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relid::regclass::text FROM pg_stat_user_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t")
            found += [text for (text,) in cursor.fetchall()]
    return "\n".join(found)


def test_no_table_holds_stripe_s_key_a_card_s_number_or_the_webhook_s_secret(cloud, alice, settings):
    customer = cloud.buy(alice, "pro")
    cloud.deliver()
    text = every_row()
    assert customer in text  # the search finds what is there
    for secret in (KEY, settings.STRIPE_WEBHOOK_SECRET, "4242424242424242"):
        assert secret not in text


def test_an_account_is_deleted_by_a_process_that_knows_nothing_of_billing(cloud, alice, bob):
    cloud.buy(alice, "pro")
    cloud.deliver()
    until = timezone.now() + timedelta(days=9)
    Grant.objects.create(user=alice, plan="pro", reason="tester", until=until, granted_by=bob)
    Grant.objects.create(user=bob, plan="pro", reason="tester", until=until, granted_by=alice)
    for relation in User._meta.related_objects:  # all that Django sees to where billing is not installed
        model = relation.related_model
        if model._meta.app_label not in ("billing", "djstripe"):
            model._base_manager.filter(**{relation.field.name: alice}).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [alice.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert [grant.granted_by for grant in Grant.objects.all()] == [None]
    assert [move.user for move in Movement.objects.all()] == [None]
