"""Bots: make, change and command them. What they did is in `history`."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.api.pagination import CursorPagination
from accounts.models import User
from bots import selectors
from bots.api import inputs
from bots.api.errors import answer_to
from bots.api.serializers import BotSerializer, BotsSerializer, PreflightSerializer
from bots.core.ports import AccountRefused
from bots.models import Bot
from bots.services import halts, lifecycle
from bots.services.preflight import preflight
from exchanges.models import Credential
from exchanges.services import access_credential


def user_of(request: Request) -> User:
    return cast(User, request.user)


def body_of(kind: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The checked body, or a 400 that names the fields."""
    body = kind(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def query_of(kind: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    query = kind(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)


class Answering(APIView):
    """Base of all views of bots: refusals of the services become answers."""

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(answer_to(exc))


class BotPagination(CursorPagination):
    key = "bots"


class Bots(Answering, GenericAPIView[Bot]):
    queryset = Bot.objects.none()
    serializer_class = BotSerializer
    pagination_class = BotPagination

    @extend_schema(parameters=[inputs.BotsQuery], responses=BotSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Your bots, the newest first."""
        rows = self.paginate_queryset(self.wanted(request))
        views = selectors.bot_views(cast(list[Bot], rows))
        return self.get_paginated_response(BotSerializer(views, many=True).data)

    def wanted(self, request: Request) -> QuerySet[Bot]:
        return selectors.bots_of(user_of(request)).filter(**query_of(inputs.BotsQuery, request))

    @extend_schema(request=inputs.NewBotBody, responses={201: BotSerializer})
    def post(self, request: Request) -> Response:
        """Make a bot. It trades nothing until it is started."""
        body = body_of(inputs.NewBotBody, request)
        credential = _credential(request, body.pop("credential_id"))
        bot = lifecycle.create_bot(user=user_of(request), credential=credential, **body)
        return Response(_shown(bot), status=status.HTTP_201_CREATED)


class PreflightView(Answering):
    @extend_schema(request=inputs.PreflightBody, responses=PreflightSerializer)
    def post(self, request: Request) -> Response:
        """What a bot would meet at the exchange if it started now: each failure says what would mend it."""
        body = body_of(inputs.PreflightBody, request)
        body.pop("name", None)
        credential = _credential(request, body.pop("credential_id"))
        try:
            report = preflight(credential=credential, **body)
        except AccountRefused as error:
            detail = f"The exchange refuses this API key: {error.detail}"
            raise ValidationError({"credential_id": [detail]}, "account_refused") from None
        return Response(PreflightSerializer(report).data)


class BotView(Answering):
    @extend_schema(responses=BotSerializer)
    def get(self, request: Request, bot_id: UUID) -> Response:
        """One bot as it is now."""
        return Response(_shown(access(request, bot_id)))

    @extend_schema(request=inputs.ChangedBotBody, responses=BotSerializer)
    def patch(self, request: Request, bot_id: UUID) -> Response:
        """Rename a bot, or give a stopped one a new config."""
        bot = access(request, bot_id)
        return Response(_shown(lifecycle.update_bot(bot=bot, **body_of(inputs.ChangedBotBody, request))))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, bot_id: UUID) -> Response:
        """Forget a stopped bot and all its history."""
        lifecycle.delete_bot(bot=access(request, bot_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Command(Answering):
    """A POST without a body that tells a bot to do something."""

    act: Callable[..., Bot]

    def post(self, request: Request, bot_id: UUID) -> Response:
        bot = access(request, bot_id)
        body_of(inputs.NothingSerializer, request)
        return Response(_shown(type(self).act(bot=bot)))


@extend_schema(request=None, responses=BotSerializer)
class Start(Command):
    """Start a stopped bot, resume a paused one. A stopped one first passes the whole pre-flight."""

    act = staticmethod(lifecycle.start_bot)


@extend_schema(request=None, responses=BotSerializer)
class Stop(Command):
    """Stop a bot: all its open orders are cancelled."""

    act = staticmethod(lifecycle.stop_bot)


@extend_schema(request=None, responses=BotSerializer)
class Pause(Command):
    """Pause a running bot: it opens nothing new, what is open stays."""

    act = staticmethod(lifecycle.pause_bot)


@extend_schema(request=None, responses=BotSerializer)
class Reset(Command):
    """Lift the halt that the kill switch or a risk limit left."""

    act = staticmethod(lifecycle.reset_bot)


class Kill(Answering):
    @extend_schema(request=inputs.KillBody, responses=BotSerializer)
    def post(self, request: Request, bot_id: UUID) -> Response:
        """The kill switch of one bot: cancels its orders, sells what it holds where asked, halts it until a reset."""
        bot = access(request, bot_id)
        return Response(_shown(lifecycle.kill_bot(bot=bot, **body_of(inputs.KillBody, request))))


class KillSwitch(Answering):
    @extend_schema(request=inputs.KillBody, responses=BotsSerializer)
    def post(self, request: Request) -> Response:
        """The kill switch of all your bots. Answers those that were at work."""
        user = user_of(request)
        killed = lifecycle.kill_all(user=user, **body_of(inputs.KillBody, request))
        bots = selectors.bots_of(user).filter(id__in=[bot.pk for bot in killed])
        return Response(BotsSerializer({"bots": selectors.bot_views(bots)}).data)


class KillSwitchReset(Answering):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Lift the halt that the circuit breaker placed on your account when several of your bots tripped at once."""
        halts.lift_own_halt(user=user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def access(request: Request, bot_id: UUID) -> Bot:
    return selectors.access_bot(user=user_of(request), bot_id=bot_id)


def _shown(bot: Bot) -> Any:
    return BotSerializer(selectors.bot_view(bot)).data


def _credential(request: Request, credential_id: UUID) -> Credential:
    """The user's own. Another user's is as unknown as one that never was."""
    try:
        return access_credential(user=user_of(request), credential_id=credential_id)
    except Http404:
        detail = "You have no API key with this id. GET /credentials lists yours."
        raise ValidationError({"credential_id": [detail]}, "unknown") from None
