"""A real SIGKILL at every point between a webhook and its end: nothing is lost, nothing is done twice."""

import json
import os
import signal
import subprocess
import sys

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from billing import webhooks
from billing.models import Movement, StripeEvent
from billing.tests.cloud.rig import KEY

# Whether it is answered by then; what is not Stripe sends again.
POINTS = {
    "before it is kept": False,
    "before anybody is woken": False,
    "with the event in hand": True,
    "with Stripe asked": True,
    "in the midst of the transaction": True,
    "with the plan written": True,
}


def die_at_every_point(cloud, events) -> dict[str, int]:
    """The exit codes; each process gets one of the events."""
    posts = {}
    for point, event in events.items():
        ((_, body, headers),) = cloud.fake.delivery.messages(event)
        posts[point] = [body.decode(), headers["Stripe-Signature"]]
    told = {"url": cloud.fake.url, "key": KEY, "secret": settings.STRIPE_WEBHOOK_SECRET, "posts": posts}
    database = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    done = subprocess.run(
        [sys.executable, "-m", "billing.tests.cloud.dying"],
        env={**os.environ, "DATABASE_URL": database},
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_whoever_is_killed_loses_nothing_and_nothing_is_done_twice(transactional_db, cloud):
    events, users = {}, {}
    for number, point in enumerate(POINTS):
        users[point] = User.objects.create_user(f"user-{number}@example.org")
        cloud.buy(users[point], "starter")
        events[point] = cloud.fake.delivery.take()[-1]
    assert die_at_every_point(cloud, events) == dict.fromkeys(POINTS, -signal.SIGKILL)

    kept = set(StripeEvent.objects.filter(processed_at=None).values_list("pk", flat=True))
    assert kept == {events[point]["id"] for point in POINTS if point != "before it is kept"}
    for point, answered in POINTS.items():
        if not answered:
            assert cloud.post(events[point]).status_code == 200
    StripeEvent.objects.update(next_try_at=timezone.now())  # the claims of the dead run out
    webhooks.process()

    assert not StripeEvent.objects.filter(processed_at=None).exists()
    deliveries = apps.get_model(
        "bots", "Delivery"
    ).objects  # above this layer: only here, to see what reaches it
    for user in users.values():
        user.refresh_from_db()
        assert user.plan == "starter"
        assert Movement.objects.filter(user=user).count() == 1
        assert deliveries.filter(user=user).count() == 1
