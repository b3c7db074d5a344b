from django.apps import AppConfig
from django.conf import settings


class ExchangesConfig(AppConfig):
    name = "exchanges"
    verbose_name = "Exchanges"

    def ready(self) -> None:
        """A process with a wrong proxy does not start: it would reach the exchanges by another way."""
        from exchanges import egress

        egress.proxies_of(settings.EXCHANGE_PROXIES)
