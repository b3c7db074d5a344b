"""Products and prices at Stripe."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import shop
from billing.gateway import StripeError


class Command(BaseCommand):
    help = "Makes the products and prices of the paid plans that Stripe lacks. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = shop.publish()
        except StripeError as error:
            raise CommandError(
                f"Stripe refused: {type(error).__name__}. Is STRIPE_SECRET_KEY right?"
            ) from None
        self.stdout.write(f"Made: {', '.join(made)}." if made else "Everything was there already.")
