"""Plans that operators give: what changes about one counts at once."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from billing import standing
from billing.models import Grant


def give(*, grant: Grant, by: User) -> None:
    """A new grant, or one that was changed, of the same user or another."""
    grant.granted_by = grant.granted_by or by
    with transaction.atomic():
        before = Grant.objects.filter(pk=grant.pk).values_list("user", flat=True)
        users = {grant.user.pk, *before}
        grant.save()
        settle(users)


def take(*, grants: list[Grant]) -> None:
    """They end now, as if they had never been."""
    with transaction.atomic():
        Grant.objects.filter(pk__in=[grant.pk for grant in grants]).delete()
        settle({grant.user.pk for grant in grants})


def settle(users: set[UUID]) -> None:
    """Their plans follow from what is paid and granted now. In a transaction."""
    for user in User.objects.select_for_update(no_key=True).filter(pk__in=users).order_by("pk"):
        standing.settle(user)
