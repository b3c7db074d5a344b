"""The channels a user sets up himself: chat and push services by their Apprise URLs, programs by a webhook's address.

An address is a secret: it is stored encrypted, and nothing shows more of it than the service and the host.
"""

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from bots.models import Channel, Delivery, NoticeChannel
from bots.services import outward, push
from bots.services.notices import tell_address
from bots.services.senders import Undeliverable

MOST = 10
TEST_EVERY = 10  # s: the button is no way to flood somebody


class ChannelRejected(ValueError):
    """`field` is the one to mend."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.detail = field, detail


def access_channel(*, user: Any, channel_id: UUID) -> NoticeChannel:
    """Another user's is a 404."""
    found = NoticeChannel.objects.filter(user=user, pk=channel_id).first()
    if found is None:
        raise Http404
    return found


def add_channel(*, user: Any, kind: str, label: str, url: str) -> NoticeChannel:
    """`secret` of a webhook is for the user to see now, and never again. Raises ChannelRejected."""
    url = url.strip()
    try:
        hint = push.service_of(url) if kind == Channel.APPRISE else _checked_webhook(url)
    except outward.NotAllowed as reason:
        raise ChannelRejected("url", str(reason)) from None
    secret = f"whsec_{secrets.token_urlsafe(32)}" if kind == Channel.WEBHOOK else ""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(
            pk=user.pk
        )  # two at once: the second counts the first
        if user.notice_channels.count() >= MOST:
            raise ChannelRejected("kind", f"You have {MOST} channels, which is the most: remove one first.")
        label = label.strip() or hint
        return NoticeChannel.objects.create(
            user=user, kind=kind, label=label[:60], hint=hint[:120], url=url, secret=secret
        )


def remove_channel(*, channel: NoticeChannel) -> None:
    """What still waits for it is given up."""
    channel.delete()


@transaction.atomic
def send_test(*, channel: NoticeChannel) -> None:
    text = f"This is a test of {channel.label}. Notices of your bots will arrive here."
    key = f"{channel.pk}:{timezone.now().timestamp() // TEST_EVERY:.0f}"
    address = Channel(channel.kind), str(channel.pk)
    tell_address(user=channel.user, kind="test", address=address, text=text, key=key)


def last_deliveries(channels: Sequence[NoticeChannel]) -> dict[str, Delivery]:
    """What was last tried over each of a user's channels, by the channel's id."""
    tried = Delivery.objects.filter(
        user__in={channel.user_id for channel in channels},
        recipient__in=[str(channel.pk) for channel in channels],
        attempts__gt=0,
    )
    newest = tried.order_by("recipient", "-created_at", "id").distinct("recipient")
    return {delivery.recipient: delivery for delivery in newest}


def channel_of(delivery: Delivery) -> NoticeChannel:
    """Raises Undeliverable once the user has removed it."""
    found = NoticeChannel.objects.filter(pk=delivery.recipient).first()
    if found is None or found.user_id != delivery.user_id:
        raise Undeliverable("The user has removed this channel.")
    return found


def _checked_webhook(url: str) -> str:
    outward.check_url(url)
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"
