from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Installed in the cloud alone: what self-hosted processes import of billing (plans, entitlements) needs no app."""

    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from djstripe.models import Account

        from billing import revenue  # noqa: F401 - listens to accounts that are deleted

        # Whose objects these are dj-stripe remembers by our secret key, which it would store in plain text (and a
        # restricted key may not ask for the account at all). There is one account here: nobody needs to know.
        Account.get_or_retrieve_for_api_key = lambda _key: None
