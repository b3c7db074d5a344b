"""Keys that the exchange refuses or that turned unsafe: the exchanges' signals become notices."""

from typing import Any

from django.dispatch import receiver

from bots.services.events import record_event
from bots.services.notices import notify
from exchanges.models import Credential
from exchanges.signals import key_refused, key_turned_unsafe


@receiver(key_refused)
def tell_refused(credential: Credential, code: str, detail: str, **_: Any) -> None:
    text = f"{credential.exchange.title()} refuses the API key {credential.label}: {detail}"
    _tell(credential, "key_refused", text, code)


@receiver(key_turned_unsafe)
def tell_unsafe(credential: Credential, code: str, detail: str, **_: Any) -> None:
    text = (
        f"The API key {credential.label} at {credential.exchange.title()} may no longer be used: {detail} "
        "Its bots open nothing until the key is mended and validated, or replaced."
    )
    _tell(credential, "key_unsafe", text, code)


def _tell(credential: Credential, kind: str, text: str, code: str) -> None:
    for bot in credential.bots.all():
        record_event(bot=bot, kind=kind, text=text, level="error", data={"code": code})
    facts = {"Key": credential.label, "Exchange": credential.exchange.title()}
    notify(user=credential.user, kind=kind, text=text, facts=facts)
