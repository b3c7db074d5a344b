"""What the user is told of, over which channels, and the channels he sets up himself."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import StrictSerializer
from accounts.api.permissions import ask_sessions_again
from bots.api.inputs import TextField
from bots.api.views import Answering, body_of, user_of
from bots.models import NoticeChannel
from bots.models.notice import OWN_CHANNELS
from bots.services import own_channels
from bots.services.notice_settings import BadChoice, Quiet, change, choices_of, keep_quiet, settings_of

CLOCK = ["%H:%M"]


class QuietSerializer(StrictSerializer):
    """From one time of the day to another, in the user's time zone."""

    since = serializers.TimeField(format="%H:%M", input_formats=CLOCK)
    until = serializers.TimeField(format="%H:%M", input_formats=CLOCK)


class NoticesBody(StrictSerializer):
    """What is left out stays as it is."""

    choices = serializers.DictField(
        child=serializers.DictField(child=serializers.JSONField()), required=False
    )
    quiet_hours = QuietSerializer(required=False, allow_null=True)


class NoticesSerializer(serializers.Serializer[Any]):
    """`choices`: {topic: {channel: whether it is told}}, all of them. `quiet_hours`: null for never; what is urgent
    arrives all the same."""

    timezone = serializers.CharField()
    quiet_hours = QuietSerializer(allow_null=True)
    choices = serializers.DictField(child=serializers.DictField(child=serializers.BooleanField()))


class NewChannelBody(StrictSerializer):
    kind = serializers.ChoiceField(OWN_CHANNELS)
    label = TextField(max_length=60, required=False, default="")  # type: ignore[assignment]
    url = TextField(max_length=2000)


class ChannelSerializer(serializers.ModelSerializer[NoticeChannel]):
    """`hint` is all that is shown of the URL."""

    class Meta:
        model = NoticeChannel
        fields = ["id", "kind", "label", "hint", "created_at"]


class NewChannelSerializer(ChannelSerializer):
    """`secret` signs the requests of a webhook; it is told once, here."""

    class Meta(ChannelSerializer.Meta):
        fields = [*ChannelSerializer.Meta.fields, "secret"]


class ChannelsSerializer(serializers.Serializer[Any]):
    channels = ChannelSerializer(many=True)


class Notices(Answering):
    @extend_schema(responses=NoticesSerializer)
    def get(self, request: Request) -> Response:
        """What you are told of, and over which channels."""
        return _shown(request)

    @extend_schema(request=NoticesBody, responses=NoticesSerializer)
    def patch(self, request: Request) -> Response:
        """Change what you name."""
        body = body_of(NoticesBody, request)
        try:
            change(user=user_of(request), choices=body.get("choices", {}))
        except BadChoice as refused:
            raise ValidationError({refused.field: [refused.detail]}) from None
        if "quiet_hours" in body:
            quiet = body["quiet_hours"]
            keep_quiet(user=user_of(request), quiet=Quiet(**quiet) if quiet else None)
        return _shown(request)


class Channels(Answering):
    @extend_schema(responses=ChannelsSerializer)
    def get(self, request: Request) -> Response:
        """The chat and push services, and the webhooks, that you have set up."""
        rows = user_of(request).notice_channels.all()
        return Response({"channels": ChannelSerializer(rows, many=True).data})

    @extend_schema(request=NewChannelBody, responses={201: NewChannelSerializer})
    def post(self, request: Request) -> Response:
        """Set one up: an Apprise URL, or the address of a program that takes signed JSON. In a browser's session the
        password, or a code, must have been given within the last five minutes (`POST /auth/confirm`); a token is not
        asked."""
        body = body_of(NewChannelBody, request)
        ask_sessions_again(request)
        try:
            channel = own_channels.add_channel(user=user_of(request), **body)
        except own_channels.ChannelRejected as refused:
            raise ValidationError({refused.field: [refused.detail]}) from None
        return Response(NewChannelSerializer(channel).data, status=status.HTTP_201_CREATED)


class ChannelView(Answering):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, channel_id: UUID) -> Response:
        """Forget it."""
        channel = own_channels.access_channel(user=user_of(request), channel_id=channel_id)
        own_channels.remove_channel(channel=channel)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChannelTest(Answering):
    @extend_schema(request=None, responses={202: None})
    def post(self, request: Request, channel_id: UUID) -> Response:
        """Send a test over it."""
        channel = own_channels.access_channel(user=user_of(request), channel_id=channel_id)
        own_channels.send_test(channel=channel)
        return Response(status=status.HTTP_202_ACCEPTED)


def _shown(request: Request) -> Response:
    user = user_of(request)
    row = settings_of(user)
    quiet = row.quiet_from and {"since": row.quiet_from, "until": row.quiet_until}
    shown = {"timezone": user.timezone, "quiet_hours": quiet or None, "choices": choices_of(user)}
    return Response(NoticesSerializer(shown).data)
