"""The demo: on this machine alone, over plain HTTP, against the simulated exchange."""

import json

from autogrid_project import env, security
from autogrid_project.settings.base import *  # noqa: F403
from autogrid_project.settings.base import AUTOGRID_DEPLOYMENT, HOME

ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
# {"host", "port", "ca"}: every exchange's host name leads there and nowhere else.
EXCHANGE_SIMULATOR = json.loads(env.text("AUTOGRID_SIMULATOR"))
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = HOME / "mail"
AUTOGRID_ADDRESS = "127.0.0.1"  # as exchanges see it
# The stand-in for Telegram: a chat is a page there.
AUTOGRID_TELEGRAM_API = env.text("AUTOGRID_TELEGRAM")
AUTOGRID_TELEGRAM_LINK = AUTOGRID_TELEGRAM_API + "/chat/1?start={code}"

if AUTOGRID_DEPLOYMENT == "cloud":
    # The stand-in for Stripe; dj-stripe reads the second name, and warns of it.
    AUTOGRID_STRIPE_URL = STRIPE_API_HOST = env.text("AUTOGRID_STRIPE")
    AUTOGRID_BILLING_CLOCK = AUTOGRID_STRIPE_URL + "/control/clock"
    SILENCED_SYSTEM_CHECKS = ["djstripe.W002"]
    AUTOGRID_NOWPAYMENTS_URL = env.text("AUTOGRID_NOWPAYMENTS")
    _PAGES = AUTOGRID_STRIPE_URL, AUTOGRID_NOWPAYMENTS_URL
    CONTENT_SECURITY_POLICY = {"DIRECTIVES": security.strict(_PAGES)}
