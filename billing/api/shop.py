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
from billing import crypto, shop
from billing.gateway import StripeError
from billing.nowpayments import NowPaymentsError
from billing.prepaid import TERMS
from billing.views import AWAY, AWAY_TOO


class CheckoutBody(StrictSerializer):
    """By card: `interval`, a subscription. With crypto: `months`, paid in advance."""

    plan = serializers.ChoiceField(shop.PAID)
    method = serializers.ChoiceField(["card", "crypto"], default="card")
    interval = serializers.ChoiceField(shop.INTERVALS, required=False)
    months = serializers.ChoiceField(TERMS, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        needed, other = ("interval", "months") if attrs["method"] == "card" else ("months", "interval")
        if needed not in attrs:
            raise serializers.ValidationError({needed: f"Say {needed} where method is {attrs['method']}."})
        if other in attrs:
            raise serializers.ValidationError({other: f"Leave it out where method is {attrs['method']}."})
        return attrs


class UrlSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="of the page that takes the money; good for one visit")


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
        elif isinstance(exc, NowPaymentsError):
            exc = Away(AWAY_TOO, "nowpayments_unavailable")
        return super().handle_exception(exc)


def page_of(request: Request) -> str:
    return request.build_absolute_uri(reverse("billing:plans"))


class Checkout(ShopView):
    @extend_schema(request=CheckoutBody, responses=UrlSerializer)
    def post(self, request: Request) -> Response:
        """Buy a plan: where to pay for it."""
        body = CheckoutBody(data=request.data)
        body.is_valid(raise_exception=True)
        method, user = body.validated_data.pop("method"), cast(User, request.user)
        page = page_of(request)
        if method == "crypto":
            told_at = request.build_absolute_uri(reverse("billing:ipn"))
            url = crypto.open_invoice(user=user, page=page, told_at=told_at, **body.validated_data)
        else:
            where = {"success_url": f"{page}?paid=1", "cancel_url": page}
            url = shop.open_checkout(user=user, **body.validated_data, **where)
        return Response({"url": url})


class Portal(ShopView):
    @extend_schema(request=None, responses=UrlSerializer)
    def post(self, request: Request) -> Response:
        """Change plan or card, cancel, see invoices: where that is done."""
        return Response({"url": shop.open_portal(user=cast(User, request.user), return_url=page_of(request))})
