"""What the exchange accounts behind the keys hold: the last look at each, and its worth through time."""

from django.db import models

from bots.models.fields import MoneyField
from exchanges.models import Credential


class AccountSnapshot(models.Model):
    """`assets` is {asset: [free, locked, price, ms of the price]}, amounts as text; the price is null without a market.
    `equity` and `in_bots` (what of it the account's bots work with) are in USDT."""

    credential = models.OneToOneField(
        Credential, on_delete=models.CASCADE, primary_key=True, related_name="snapshot"
    )
    asked_at = models.DateTimeField()  # when a worker was last sent to look
    taken_at = models.DateTimeField(null=True)  # when one last came back with an answer
    assets = models.JSONField(default=dict)
    equity = MoneyField(max_digits=30)
    in_bots = MoneyField(max_digits=30)
    error = models.CharField(max_length=300, blank=True)  # why the last look found nothing

    class Meta:
        db_table = "account_snapshots"

    def __str__(self) -> str:
        return f"{self.equity} at {self.taken_at}"


class AccountWorth(models.Model):
    """What an account was worth (USDT) at the first look of an hour."""

    pk = models.CompositePrimaryKey("credential_id", "hour")
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="worths")
    hour = models.DateTimeField()
    equity = MoneyField(max_digits=30)

    class Meta:
        db_table = "account_worths"

    def __str__(self) -> str:
        return f"{self.hour}: {self.equity}"
