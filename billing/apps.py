from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Installed in the cloud alone: what self-hosted processes import of billing (plans, entitlements) needs no app."""

    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from billing import revenue  # noqa: F401 - listens to accounts that are deleted
