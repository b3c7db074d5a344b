"""Sign-up, sign-in and the account itself."""

from typing import Any, TypeVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts import email_change, services, tokens
from accounts.adapter import confirm_session
from accounts.api.authentication import BearerAuthentication, NoAuthentication, refused
from accounts.api.permissions import ask_again
from accounts.api.serializers import (
    ConfirmedSerializer,
    ConfirmSerializer,
    CredentialsSerializer,
    LoginSerializer,
    LogoutSerializer,
    MeSerializer,
    ProfileSerializer,
    RefreshSerializer,
    TokensSerializer,
)
from accounts.api.throttles import AuthThrottle
from accounts.models import Revocation, TokenFamily, User

AnySerializer = TypeVar("AnySerializer", bound=Serializer[Any])


def read(serializer: type[AnySerializer], request: Request) -> dict[str, Any]:
    """The validated body, or a 400 that names the fields."""
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    data: dict[str, Any] = checked.validated_data
    return data


class SignInView(APIView):
    """Base of the endpoints that need no token because they give one."""

    authentication_classes = [NoAuthentication]
    permission_classes = [AllowAny]
    throttle_classes = [AuthThrottle]


class Register(SignInView):
    @extend_schema(request=CredentialsSerializer, responses={201: TokensSerializer}, auth=[])
    def post(self, request: Request) -> Response:
        """Open an account and sign in."""
        user = services.register(**read(CredentialsSerializer, request))
        return Response(TokensSerializer(tokens.issue(user=user)).data, status=status.HTTP_201_CREATED)


class Login(SignInView):
    @extend_schema(request=LoginSerializer, responses=TokensSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """Sign in: an access token for a day, a refresh token for a week. With a second factor but no code
        the answer is a 400, `otp_required`, about `otp`."""
        try:
            user = services.sign_in(request=request._request, **read(LoginSerializer, request))
        except services.WrongCredentials:
            raise AuthenticationFailed("Wrong e-mail or password.", code="wrong_credentials") from None
        return Response(TokensSerializer(tokens.issue(user=user)).data)


class Refresh(SignInView):
    @extend_schema(request=RefreshSerializer, responses=TokensSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """Spend a refresh token for a new pair. Spending it twice ends the whole sign-in."""
        try:
            pair = tokens.rotate(**read(RefreshSerializer, request))
        except tokens.TokenRefused as error:
            raise refused(error) from None
        return Response(TokensSerializer(pair).data)


class Logout(SignInView):
    @extend_schema(request=LogoutSerializer, responses={204: None}, auth=[])
    def post(self, request: Request) -> Response:
        """End the sign-in that the refresh token, or else the bearer token, belongs to."""
        data = read(LogoutSerializer, request)
        if "refresh_token" in data:
            self._end_by_refresh_token(data["refresh_token"])
        else:
            self._end_by_bearer(request)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @staticmethod
    def _end_by_refresh_token(refresh_token: str) -> None:
        try:
            tokens.revoke_refresh_token(refresh_token=refresh_token)
        except tokens.TokenRefused as error:
            raise refused(error) from None

    @staticmethod
    def _end_by_bearer(request: Request) -> None:
        found = BearerAuthentication().authenticate(request)
        if found is None:
            raise NotAuthenticated
        tokens.revoke(family=found[1], reason=Revocation.LOGOUT)


class Confirm(APIView):
    throttle_classes = [AuthThrottle]

    @extend_schema(request=ConfirmSerializer, responses=ConfirmedSerializer)
    def post(self, request: Request) -> Response:
        """Give the password again, or a code of the second factor: opens sensitive actions for five minutes."""
        user = signed_in(request)
        services.confirm(request=request._request, user=user, **read(ConfirmSerializer, request))
        if isinstance(request.auth, TokenFamily):
            until = tokens.confirm(family=request.auth)
        else:
            confirm_session(request._request, user)
            until = timezone.now() + tokens.CONFIRMATION_LASTS
        return Response(ConfirmedSerializer({"confirmed_until": until}).data)


class Me(APIView):
    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """The account this token belongs to."""
        return Response(MeSerializer(signed_in(request)).data)

    @extend_schema(request=ProfileSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        """Change the account's settings, all that are given or none. For a new e-mail the password, or a code, must
        have been given within the last five minutes: at sign-in or by `POST /auth/confirm`."""
        user, given = signed_in(request), read(ProfileSerializer, request)
        email = given.pop("email", None)
        if email is not None:
            ask_again(request)
            services.check_profile(user=user, **given)
            email_change.ask(request=request._request, user=user, email=email)
        user = services.update_profile(user=user, **given)
        return Response(MeSerializer(user).data)


def signed_in(request: Request) -> User:
    assert isinstance(request.user, User)  # noqa: S101
    return request.user
