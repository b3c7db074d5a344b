"""Pages that are not allauth's."""

from typing import NoReturn

from django.http import Http404, HttpRequest


def not_offered(_request: HttpRequest) -> NoReturn:
    raise Http404
