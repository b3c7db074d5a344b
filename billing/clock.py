"""What time it is for terms, grants and what is paid a month: in the demo that of the stand-in for Stripe, which can
be moved."""

from datetime import UTC, datetime

import requests
from django.conf import settings
from django.utils import timezone

TIMEOUT = 10.0  # seconds


def now() -> datetime:
    if not settings.AUTOGRID_BILLING_CLOCK:
        return timezone.now()
    told = requests.get(settings.AUTOGRID_BILLING_CLOCK, timeout=TIMEOUT).json()
    return datetime.fromtimestamp(told["now"], UTC)
