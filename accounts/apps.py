from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import browsers, confirming, second_factor, signals  # noqa: F401 - connect what they receive
