"""Reads of credentials."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from accounts.models import User
from billing.entitlements import counts
from exchanges.connector.facts import FACTS
from exchanges.models import Credential, Mode


def credentials_of(user: User) -> QuerySet[Credential]:
    return Credential.objects.filter(user=user)


@counts("live_credentials")
def live_credentials(user: User) -> int:
    return credentials_of(user).filter(mode=Mode.LIVE).count()


def access_credential(*, user: User, credential_id: UUID) -> Credential:
    """The only way to a credential by its id. Raises Http404 where it is not the user's."""
    return get_object_or_404(credentials_of(user), pk=credential_id)


def supported_exchanges() -> list[str]:
    """Those a user may add a key of; their testnets are modes of such a key."""
    return [facts.id for facts in FACTS.values() if not facts.testnet_of]
