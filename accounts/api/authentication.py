"""Who calls the API: a bearer token, or the session of the site's own pages (with CSRF)."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import tokens
from accounts.models import TokenFamily, User


def refused(error: tokens.TokenRefused) -> AuthenticationFailed:
    return AuthenticationFailed(error.detail, code=error.code)


class BearerAuthentication(BaseAuthentication):
    """`request.auth` is the token's family."""

    def authenticate(self, request: Request) -> tuple[User, TokenFamily] | None:
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            family = tokens.authenticate_access(token.strip())
        except tokens.TokenRefused as error:
            raise refused(error) from None
        return family.user, family

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class NoAuthentication(BaseAuthentication):
    """For sign-in itself: a stale token does not hinder, and a refusal is still a 401."""

    def authenticate(self, request: Request) -> None:
        return None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'
