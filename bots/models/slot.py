"""The state of one slot of a bot: what its current cycle bought and sold, and why it has no order."""

from django.db import models

from bots.models.bot import Bot
from bots.models.fields import MoneyField


class BotSlot(models.Model):
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="slots")
    slot = models.IntegerField()
    cycle = models.PositiveIntegerField(default=0)  # the current one
    granted = MoneyField()  # base given to it by the initial purchase of its run
    dust = MoneyField()  # base from the bot's dust that its buys of this cycle counted on
    bought = MoneyField()  # base its buys of this cycle brought, net of fees taken in base
    spent = MoneyField()  # quote, net of nothing: what those buys cost, fees in quote included
    sold = MoneyField()  # base its sells of this cycle took
    received = MoneyField()  # quote, net of fees
    cycles = models.PositiveIntegerField(default=0)  # closed ones
    profit = MoneyField()  # of the closed cycles that began with a buy of its own, net of fees
    reason = models.CharField(max_length=300, blank=True)  # why no order is open here

    class Meta:
        db_table = "bot_slots"
        constraints = [models.UniqueConstraint(fields=["bot", "slot"], name="bot_slots_unique")]

    def __str__(self) -> str:
        return f"slot {self.slot}"
