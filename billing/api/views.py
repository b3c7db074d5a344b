"""The plan as the API tells of it."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from billing import entitlements


class UseSerializer(serializers.Serializer[Any]):
    used = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True, help_text="null: no limit")


class UsesSerializer(serializers.Serializer[Any]):
    live_bots = UseSerializer(help_text="running")
    paper_bots = UseSerializer(help_text="running, on paper or at a testnet")
    live_credentials = UseSerializer()
    backtests_a_day = UseSerializer(help_text="today, UTC")


class PlanSerializer(serializers.Serializer[Any]):
    plan = serializers.CharField(
        help_text="free, starter, pro, enterprise; self_hosted where nothing is limited"
    )
    telegram = serializers.CharField(help_text="notifications or full")
    limits = UsesSerializer()


class PlanView(APIView):
    @extend_schema(responses=PlanSerializer)
    def get(self, request: Request) -> Response:
        """Your plan: what it allows, and how much of that you use."""
        user = cast(User, request.user)
        plan = entitlements.plan_of(user)
        limits = {use.name: {"used": use.used, "limit": use.limit} for use in entitlements.uses_of(user)}
        return Response({"plan": plan.id, "telegram": entitlements.telegram_scope(user), "limits": limits})
