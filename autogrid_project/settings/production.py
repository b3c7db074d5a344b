"""Real use: refuses to start on anything that would make it unsafe."""

import base64
import os

from django.core.exceptions import ImproperlyConfigured

from autogrid_project import env
from autogrid_project.settings.base import *  # noqa: F403
from autogrid_project.settings.base import (
    ALLOWED_HOSTS,
    AUTOGRID_DEPLOYMENT,
    AUTOGRID_ENCRYPTION_KEYS,
    AUTOGRID_TELEGRAM_MODE,
    AUTOGRID_TRUSTED_PROXIES,
    AUTOGRID_URL,
    CRYPTOGRAPHY_KEY,
    HOME,
    SECRET_KEY,
    STRIPE_SECRET_KEY,
    STRIPE_WEBHOOK_SECRET,
)

LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "[::1]"}

if os.environ.get("AUTOGRID_SIMULATOR"):
    raise ImproperlyConfigured("AUTOGRID_SIMULATOR is for the demo: real use never trades on a simulator.")
_NO_SECRETS = ("test-only", "django-insecure", "change-me", "changeme")
for _name, _value in {"DJANGO_SECRET_KEY": SECRET_KEY, "CRYPTOGRAPHY_KEY": CRYPTOGRAPHY_KEY}.items():
    if len(_value) < 50 or len(set(_value)) < 10 or any(word in _value for word in _NO_SECRETS):
        raise ImproperlyConfigured(f"{_name} must be at least 50 random characters.")

for _key in AUTOGRID_ENCRYPTION_KEYS.split(","):
    _secret = base64.b64decode(_key.partition(":")[2])
    if len(_secret) != 32 or len(set(_secret)) < 10 or b"test-only" in _secret:
        raise ImproperlyConfigured(
            "AUTOGRID_ENCRYPTION_KEYS must be `id:base64 of 32 random bytes`, by commas."
        )

if AUTOGRID_TELEGRAM_MODE == "webhook" and not AUTOGRID_URL.startswith("https://"):
    raise ImproperlyConfigured(
        "AUTOGRID_TELEGRAM_MODE=webhook needs AUTOGRID_URL, an address that begins with https://."
    )
if os.environ.get("AUTOGRID_TELEGRAM"):
    raise ImproperlyConfigured(
        "AUTOGRID_TELEGRAM is for the demo: real use never takes a stand-in for Telegram."
    )
for _name in ("AUTOGRID_STRIPE", "AUTOGRID_NOWPAYMENTS"):
    if os.environ.get(_name):
        raise ImproperlyConfigured(f"{_name} is for the demo: real use never takes a stand-in for money.")
if AUTOGRID_DEPLOYMENT == "cloud" and not (STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET):
    raise ImproperlyConfigured("AUTOGRID_DEPLOYMENT=cloud needs STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET.")
if AUTOGRID_TRUSTED_PROXIES < 0:
    raise ImproperlyConfigured("AUTOGRID_TRUSTED_PROXIES must be 0 or more.")
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "AUTOGRID_HOSTS must name hosts: with * anybody writes the links in our mails."
    )

# Plain HTTP is for this machine alone; everybody else comes through a proxy that ends TLS.
_LOOPBACK_HTTP = env.flag("AUTOGRID_LOOPBACK_HTTP")
if _LOOPBACK_HTTP and not set(ALLOWED_HOSTS) <= LOOPBACK_HOSTS:
    raise ImproperlyConfigured(
        "AUTOGRID_HOSTS names other machines: set AUTOGRID_LOOPBACK_HTTP=0 and serve HTTPS by a proxy."
    )

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not _LOOPBACK_HTTP
SECURE_SSL_REDIRECT = not _LOOPBACK_HTTP
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 0 if _LOOPBACK_HTTP else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not _LOOPBACK_HTTP
if AUTOGRID_TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Without a mail server messages are kept where only the operator can read them: they hold links that sign in.
EMAIL_HOST = env.text("AUTOGRID_SMTP_HOST", "")
EMAIL_PORT = env.integer("AUTOGRID_SMTP_PORT", 587)
EMAIL_HOST_USER = env.text("AUTOGRID_SMTP_USER", "")
EMAIL_HOST_PASSWORD = env.text("AUTOGRID_SMTP_PASSWORD", "")
EMAIL_USE_TLS = env.flag("AUTOGRID_SMTP_TLS", default=True)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("AUTOGRID_EMAIL_FROM", "autogrid@localhost")
if not EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = HOME / "mail"

# What exchanges see of this server: shown where users limit their keys to it.
AUTOGRID_ADDRESS = env.text("AUTOGRID_ADDRESS", "")
