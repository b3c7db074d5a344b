"""Paper accounts: opened, started over, looked at."""

from decimal import Decimal

from django.db import transaction

from bots.core.types import OrderStatus
from exchanges.models import Credential
from exchanges.paper.models import PaperAccount, PaperBalance, PaperOrder
from exchanges.paper.trading import locked

DEFAULT_ASSET = "USDT"
DEFAULT_AMOUNT = Decimal(100_000)
LARGEST = Decimal(1_000_000_000)  # what a bot's ledger holds as well


class OrdersOpen(Exception):
    """An account with open orders cannot start over."""


def open_account(*, credential: Credential, asset: str, amount: Decimal) -> PaperAccount:
    """Within the transaction that makes the credential."""
    account = PaperAccount.objects.create(credential=credential, start_asset=asset, start_amount=amount)
    PaperBalance.objects.create(account=account, asset=asset, free=amount)
    return account


def reset_account(*, credential: Credential, amount: Decimal | None = None) -> None:
    """Back to the money it began with, or to `amount` of it. Orders and trades of the past stay, since their ids
    must never be given again. Raises OrdersOpen."""
    with transaction.atomic(), locked(credential.pk) as account:
        if PaperOrder.objects.filter(account=account, status=OrderStatus.OPEN.value).exists():
            raise OrdersOpen
        account.start_amount = account.start_amount if amount is None else amount
        account.since = account.revision
        account.save(update_fields=["start_amount", "since"])
        account.balances.all().delete()
        PaperBalance.objects.create(account=account, asset=account.start_asset, free=account.start_amount)
