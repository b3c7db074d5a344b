from django.apps import AppConfig


class TelegramBotConfig(AppConfig):
    name = "telegram_bot"
    verbose_name = "Telegram"

    def ready(self) -> None:
        from bots.models import Channel
        from bots.services.deliveries import SENDERS
        from telegram_bot.notices import ChatSender

        SENDERS[Channel.TELEGRAM] = ChatSender
