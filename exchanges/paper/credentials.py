"""A paper account as one of the user's credentials: there is no key, so there is nothing to seal and to check."""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from bots.core.rounding import round8
from exchanges.entry import CredentialRejected, check_exchange, check_label
from exchanges.models import Credential, Mode, PermissionState
from exchanges.paper.accounts import DEFAULT_AMOUNT, DEFAULT_ASSET, LARGEST, open_account

MOST = 50  # of one user: each costs a row lock and a look every few seconds while its bots run


def create_paper(*, user: User, exchange: str, label: str, amount: Decimal | None = None) -> Credential:
    """An account that begins with this much. Raises CredentialRejected."""
    check_exchange(exchange)
    check_label(label)
    amount = DEFAULT_AMOUNT if amount is None else amount
    if not 0 < amount <= LARGEST or amount != round8(amount):
        detail = f"Give an amount above 0, up to {LARGEST:,} {DEFAULT_ASSET}."
        raise CredentialRejected("invalid", "paper_balance", detail)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two requests at once: the second counts the first
        if Credential.objects.filter(user=user, mode=Mode.PAPER).count() >= MOST:
            raise CredentialRejected("too_many", "", f"There may be {MOST} paper accounts: remove one first.")
        row = Credential(user=user, exchange=exchange, label=label, mode=Mode.PAPER, is_valid=True)
        row.account_uid = f"paper-{row.pk.hex}"
        row.permission_state = PermissionState.VERIFIED_SAFE  # nothing can be withdrawn with it
        row.checked_at = timezone.now()
        row.save(force_insert=True)
        open_account(credential=row, asset=DEFAULT_ASSET, amount=amount)
    return row
