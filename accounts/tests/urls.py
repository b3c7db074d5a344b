"""A few views that stand for what other apps build on the base."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import DecimalField
from accounts.api.pagination import CursorPagination
from accounts.models import User


class UserCursor(CursorPagination):
    key = "users"
    ordering = ("-plan", "-id")
    default_limit = 2


class UserSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["email"]


class Users(ListAPIView[User]):
    queryset = User.objects.all()
    serializer_class = UserSerializer
    pagination_class = UserCursor


class ConfigSerializer(serializers.Serializer[Any]):
    lower_price = DecimalField()


class BodySerializer(serializers.Serializer[Any]):
    config = ConfigSerializer()


class Echo(APIView):
    def post(self, request: Request) -> Response:
        checked = BodySerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        return Response(
            {"serialized": checked.data, "plain": {"zero": Decimal("0E-8"), "big": Decimal("1E+3")}}
        )


class Broken(APIView):
    def get(self, request: Request) -> Response:
        raise RuntimeError("the secret is s3cr3t")


class Refusing(APIView):
    def get(self, request: Request) -> Response:
        raise ValidationError({"config.upper_price": ValidationError("Too low.", code="too_low")})


class Item(APIView):
    def get(self, request: Request, item_id: str) -> Response:
        return Response({})


def broken_page(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the secret is s3cr3t")


urlpatterns = [
    path("api/v1/users", Users.as_view()),
    path("api/v1/echo", Echo.as_view()),
    path("api/v1/broken", Broken.as_view()),
    path("api/v1/broken-outside", broken_page),
    path("api/v1/refusing", Refusing.as_view()),
    path("api/v1/items/<uuid:item_id>", Item.as_view()),
    path("", include("autogrid_project.urls")),
]
handler400 = "accounts.api.errors.bad_request"
handler403 = "accounts.api.errors.permission_denied"
handler404 = "accounts.api.errors.not_found"
handler500 = "accounts.api.errors.server_error"
