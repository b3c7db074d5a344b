"""Notices as e-mail: text and simple HTML, over whatever Django's mail settings say."""

import smtplib
from email.mime.image import MIMEImage
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from bots.models import Delivery
from bots.services import mail_chart
from bots.services.senders import Message, Undeliverable

NOTICES_PAGE = "/account/notices/"
PERMANENT = 500  # SMTP's codes from here on say "never"


class EmailSender:
    """One connection for a batch, opened by its first message; a new one after each failure."""

    def __init__(self) -> None:
        self._connection: Any = None

    def __enter__(self) -> "EmailSender":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def send(self, delivery: Delivery, message: Message) -> None:
        """Raises Undeliverable where the server refuses this recipient or message for good."""
        try:
            if self._connection is None:
                self._connection = get_connection()
                self._connection.open()
            mail_of(delivery, message, self._connection).send()
        except smtplib.SMTPRecipientsRefused as refusal:
            self._close()
            code, text = next(iter(refusal.recipients.values()), (0, b""))
            _raise_if_permanent(code, text, refusal)
        except smtplib.SMTPDataError as refusal:
            self._close()
            _raise_if_permanent(refusal.smtp_code, refusal.smtp_error, refusal)
        except Exception:
            self._close()
            raise

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _raise_if_permanent(code: int, text: bytes | str, refusal: Exception) -> None:
    if code >= PERMANENT:
        words = text.decode(errors="replace") if isinstance(text, bytes) else text
        raise Undeliverable(f"The mail server refuses it: {code} {words}"[:300]) from None
    raise refusal


def in_words(error: Exception) -> str:
    """An error as an operator reads it; SMTP's own words where there are any."""
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else ""
        return f"{type(error).__name__}: {error.smtp_code} {words}".strip()
    return f"{type(error).__name__}: {error}" if isinstance(error, OSError) else type(error).__name__


def mail_of(delivery: Delivery, message: Message, connection: Any = None) -> EmailMultiAlternatives:
    context: dict[str, Any] = {
        "message": message,
        "site": settings.AUTOGRID_URL,
        "zone": ZoneInfo(delivery.user.timezone if delivery.user else "UTC"),
        "settings_page": f"{settings.AUTOGRID_URL}{NOTICES_PAGE}" if delivery.user else "",
    }
    if message.curve:
        context |= {"pictures": True, "picture_text": mail_chart.in_words(message.curve)}
    mail = EmailMultiAlternatives(
        subject=f"[AutoGrid] {message.title}",
        body=render_to_string("mail/notice.txt", context),
        to=[delivery.recipient],
        # The same for every try, so that a mail box can tell a message that came twice.
        headers={"Message-ID": f"<{message.id}@{_domain()}>", "Auto-Submitted": "auto-generated"},
        connection=connection,
    )
    mail.attach_alternative(render_to_string("mail/notice.html", context), "text/html")
    if message.curve:
        _attach_chart(mail, message.curve, context["zone"].key)
    return mail


def _attach_chart(mail: EmailMultiAlternatives, curve: dict[str, Any], zone: str) -> None:
    """In both themes; the page shows the one that fits."""
    mail.mixed_subtype = "related"  # type: ignore[attr-defined]
    for name, colours in {"chart-light": mail_chart.LIGHT, "chart-dark": mail_chart.DARK}.items():
        picture = MIMEImage(mail_chart.chart(curve, zone, colours))
        picture["Content-ID"] = f"<{name}>"
        picture["Content-Disposition"] = f'inline; filename="{name}.png"'
        mail.attach(picture)


def _domain() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
