"""Every error of the API in one shape: `{"type", "errors": [{"code", "detail", "attr"}]}`."""

import math
import sys

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

RETRY_AFTER = 5  # seconds
BUSY = "AutoGrid is busy and could not look that up. Nothing was changed: try again in a few seconds."


class Unavailable(exceptions.APIException):
    """The database is away or all its connections are in use: nobody's bug, and over in a moment."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    wait = RETRY_AFTER

    def __init__(self) -> None:
        super().__init__(BUSY, "unavailable")


class ApiExceptionHandler(ExceptionHandler):
    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """A service's ValidationError({"field": ...}) is a 400 that names the field."""
        if isinstance(exc, DjangoValidationError):
            return exceptions.ValidationError(as_serializer_error(exc))
        if isinstance(exc, OperationalError):
            return Unavailable()
        return super().convert_known_exceptions(exc)

    def report_exception(self, exc: exceptions.APIException, response: Response) -> None:
        """A 503 that a view answers on purpose is nobody's bug: no traceback in the log."""
        if exc.status_code == status.HTTP_500_INTERNAL_SERVER_ERROR:
            super().report_exception(exc, response)

    def get_headers(self, exc: exceptions.APIException) -> dict[str, str]:
        headers: dict[str, str] = super().get_headers(exc)
        wait = getattr(exc, "wait", None)
        if wait:
            headers["Retry-After"] = str(math.ceil(wait))
        return headers


def error_response(status: int, code: str, detail: str) -> JsonResponse:
    kind = "server_error" if status >= 500 else "client_error"
    error = {"code": code, "detail": detail, "attr": None}
    return JsonResponse({"type": kind, "errors": [error]}, status=status)


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


# What fails before or outside a view of the API; the root URLconf names these as its handlers.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return error_response(400, "bad_request", "The request is malformed.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return error_response(403, "permission_denied", "You may not do this.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return error_response(404, "not_found", "There is nothing at this address.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], OperationalError):
        return _unavailable(request)
    if is_api(request):
        return error_response(500, "error", "Something went wrong on our side.")
    return defaults.server_error(request)


def _unavailable(request: HttpRequest) -> HttpResponse:
    if is_api(request):
        answer: HttpResponse = error_response(503, "unavailable", BUSY)
    else:
        answer = HttpResponse(render_to_string("503.html"), status=503)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer
