"""API keys of the user's exchanges."""

from typing import cast
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import CursorPagination
from accounts.api.permissions import ask_sessions_again
from accounts.models import User
from exchanges import selectors, services
from exchanges.api.serializers import CredentialSerializer, NewCredentialSerializer
from exchanges.models import Credential, Mode


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT


class PlanLimit(APIException):
    status_code = status.HTTP_403_FORBIDDEN


class Unavailable(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE


class CredentialPagination(CursorPagination):
    key = "credentials"


def rejected(error: services.CredentialRejected) -> APIException:
    if error.code == "in_use":
        return Conflict(error.detail, error.code)
    if error.code == "plan_limit":
        return PlanLimit(error.detail, error.code)
    if error.code == "exchange_unavailable":
        return Unavailable(error.detail, error.code)
    return ValidationError({error.field or "non_field_errors": [error.detail]}, error.code)


class Credentials(ListAPIView[Credential]):
    serializer_class = CredentialSerializer
    pagination_class = CredentialPagination

    def get_queryset(self) -> QuerySet[Credential]:
        return selectors.credentials_of(cast(User, self.request.user))

    @extend_schema(request=NewCredentialSerializer, responses={201: CredentialSerializer})
    def post(self, request: Request) -> Response:
        """Add a key. The exchange is asked first: a key that can withdraw is refused. In a browser's session the
        password, or a code, must have been given within the last five minutes (`POST /auth/confirm`), except for a
        paper account; a token is not asked."""
        body = NewCredentialSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if body.validated_data["mode"] != Mode.PAPER:
            ask_sessions_again(request)
        try:
            credential = services.create_credential(user=cast(User, request.user), **body.validated_data)
        except services.CredentialRejected as error:
            raise rejected(error) from None
        return Response(CredentialSerializer(credential).data, status=status.HTTP_201_CREATED)


class CredentialView(APIView):
    @extend_schema(responses=CredentialSerializer)
    def get(self, request: Request, credential_id: UUID) -> Response:
        """One key, without its secrets."""
        return Response(CredentialSerializer(_access(request, credential_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, credential_id: UUID) -> Response:
        """Forget a key. Refused while bots use it. In a browser's session the password, or a code, must have been given
        within the last five minutes (`POST /auth/confirm`); a token is not asked."""
        ask_sessions_again(request)
        try:
            services.delete_credential(credential=_access(request, credential_id))
        except services.CredentialRejected as error:
            raise rejected(error) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class Validate(APIView):
    @extend_schema(request=None, responses=CredentialSerializer)
    def post(self, request: Request, credential_id: UUID) -> Response:
        """Ask the exchange again what the key may do."""
        credential = _access(request, credential_id)
        try:
            credential = services.validate_credential(credential=credential)
        except services.CredentialRejected as error:
            raise rejected(error) from None
        return Response(CredentialSerializer(credential).data)


def _access(request: Request, credential_id: UUID) -> Credential:
    return services.access_credential(user=cast(User, request.user), credential_id=credential_id)
