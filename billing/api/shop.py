"""The ways to Stripe's pages, in the cloud alone."""

from typing import Any, cast

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import StrictSerializer
from accounts.models import User
from billing import shop
from billing.gateway import StripeError
from billing.views import AWAY


class CheckoutBody(StrictSerializer):
    plan = serializers.ChoiceField(shop.PAID)
    interval = serializers.ChoiceField(shop.INTERVALS)


class UrlSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="of Stripe's page; good for one visit")


class Refused(APIException):
    status_code = status.HTTP_409_CONFLICT


class Away(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    wait = 5.0


class ShopView(APIView):
    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, shop.ShopRefused):
            exc = Refused(exc.detail, exc.code)
        elif isinstance(exc, StripeError):
            exc = Away(AWAY, "stripe_unavailable")
        return super().handle_exception(exc)


def page_of(request: Request) -> str:
    return request.build_absolute_uri(reverse("billing:plans"))


class Checkout(ShopView):
    @extend_schema(request=CheckoutBody, responses=UrlSerializer)
    def post(self, request: Request) -> Response:
        """Buy a plan: where to pay for it."""
        body = CheckoutBody(data=request.data)
        body.is_valid(raise_exception=True)
        page = page_of(request)
        where = {"success_url": f"{page}?paid=1", "cancel_url": page}
        return Response(
            {"url": shop.open_checkout(user=cast(User, request.user), **body.validated_data, **where)}
        )


class Portal(ShopView):
    @extend_schema(request=None, responses=UrlSerializer)
    def post(self, request: Request) -> Response:
        """Change plan or card, cancel, see invoices: where that is done."""
        return Response({"url": shop.open_portal(user=cast(User, request.user), return_url=page_of(request))})
