from django.apps import AppConfig


class BotsConfig(AppConfig):
    name = "bots"
    verbose_name = "Bots"

    def ready(self) -> None:
        from bots.services import (  # noqa: F401 - connect and register what they offer
            account_notices,
            key_notices,
            places,
            plan_changes,
        )
