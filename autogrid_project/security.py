"""What a browser may do on our pages: one strict policy, and two pages of libraries that need more."""

from typing import Any
from urllib.parse import unquote

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase

STRICT: dict[str, Any] = {
    "default-src": [NONE],
    "script-src": [SELF, NONCE],
    "style-src": [SELF, NONCE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "manifest-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
}
# Where our billing forms lead by a redirect, which counts as a form's action.
PAY_PAGES: tuple[str, ...] = (
    "https://checkout.stripe.com",
    "https://billing.stripe.com",
    "https://nowpayments.io",
)


def strict(form_targets: tuple[str, ...] = ()) -> dict[str, Any]:
    return {**STRICT, "form-action": [SELF, *form_targets]}


EXCEPTIONS: dict[str, dict[str, Any]] = {
    # unfold ships Alpine's eval build, and its pages have style attributes.
    "/admin/": {**STRICT, "script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]},
    # Swagger UI styles itself inline; its start script is served apart (SpectacularSwaggerSplitView).
    "/api/v1/docs": {**STRICT, "style-src": [SELF, UNSAFE_INLINE]},
}
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeaders(CSPMiddleware):
    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        for prefix, policy in EXCEPTIONS.items():
            if request.path_info.startswith(prefix):
                parts.config = policy
        return parts

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override] # Django takes one
        """No text of the database holds a NUL, and the filters of the admin's lists pass on what they are given:
        Postgres's driver would fail on it. The API's own fields refuse it by name."""
        super().process_request(request)
        if request.path_info.startswith("/admin/") and "\x00" in unquote(
            request.META.get("QUERY_STRING", "")
        ):
            return HttpResponseBadRequest("The address holds a NUL character.", content_type="text/plain")
        return None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return super().process_response(request, response)
