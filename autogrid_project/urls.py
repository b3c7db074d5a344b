"""Every address of the site, composed from what the apps declare."""

from allauth.mfa.recovery_codes.views import view_recovery_codes
from allauth.mfa.totp.views import activate_totp
from django.apps import apps
from django.contrib import admin
from django.urls import include, path
from django.views.decorators.cache import never_cache

from accounts.lockout import throttled
from accounts.views import change_password, not_offered
from autogrid_project import health
from telegram_bot.webhook import webhook

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("admin/login/", throttled(admin.site.login)),
    path("admin/", admin.site.urls),
    # allauth's page would let a session claim anybody's address, and make it its own, without the password.
    path("accounts/email/", not_offered),
    path("accounts/password/change/", change_password),
    path("accounts/", include("allauth.account.urls")),
    # What these two show is shown once: no browser keeps it.
    path("accounts/second-factor/totp/activate/", never_cache(activate_totp)),
    path("accounts/second-factor/recovery-codes/", never_cache(view_recovery_codes)),
    path("accounts/second-factor/", include("allauth.mfa.urls")),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("billing.api.urls")),
    path("api/v1/", include("marketdata.api.urls")),
    path("account/telegram/", include("telegram_bot.urls")),
    path("telegram/webhook/", webhook),
    path("", include("bots.web.urls")),
    path("api/v1/", include("exchanges.api.urls")),
    path("api/v1/", include("bots.api.urls")),
]

if apps.is_installed("billing"):  # in the cloud
    urlpatterns += [
        path("billing/", include("billing.urls")),
        path("api/v1/", include("billing.api.cloud_urls")),
    ]

# JSON under /api/, pages elsewhere.
handler400 = "accounts.api.errors.bad_request"
handler403 = "accounts.api.errors.permission_denied"
handler404 = "accounts.api.errors.not_found"
handler429 = "accounts.lockout.too_many_requests"  # asked for by allauth
handler500 = "accounts.api.errors.server_error"
