"""No secret reaches a log, whoever writes the line."""

import io
import json
import logging
import threading
from logging.config import dictConfig

import pytest
import structlog

from autogrid_project.logging import clean_text, configure, redact

SECRET = "s3cr3tKEYmaterial0123456789"


@pytest.fixture
def lines():
    """Our logging, writing into memory; whatever was configured before comes back."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    settings = configure()
    output = io.StringIO()
    settings["handlers"]["stdout"]["stream"] = output
    dictConfig(settings)
    ours = threading.get_ident()
    root.handlers[0].addFilter(
        lambda record: record.thread == ours
    )  # others' threads may live on beside the test
    yield lambda: [json.loads(line) for line in output.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize(
    "name",
    ["api_secret", "apiKey", "password", "access_token", "Authorization", "signature", "X-MBX-APIKEY", "otp",
     "AUTOGRID_ENCRYPTION_KEYS", "sessionid_cookie"],
)  # fmt: skip
def test_a_secret_is_known_by_its_name(name):
    event = redact(None, "info", {"event": "sent", name: SECRET, "nested": [{name: SECRET}]})
    assert SECRET not in str(event)
    assert event["event"] == "sent"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://api.binance.com/api/v3/order?symbol=BTCUSDT&signature={SECRET} 401",
        f'{{"apiKey": "{SECRET}", "type": "spot"}}',
        f"{{'X-MBX-APIKEY': '{SECRET}', 'User-Agent': 'python'}}",
        f"Authorization: Bearer {SECRET}",
        f"subprotocol bearer.{SECRET}",
        f"could not connect to postgres://autogrid:{SECRET}@127.0.0.1:5432/autogrid",
        f"redis://:{SECRET}@127.0.0.1:6379/0 timed out",
        f"Set-Cookie: sessionid={SECRET}; Path=/",
        f"GET /accounts/password/reset/key/1f-{SECRET}/",
        f"GET /account/email/{SECRET}:1vN:{SECRET}/",
        f"GET /accounts/confirm-email/OQ:{SECRET}/ 200",
        f"POST https://api.telegram.org/bot4242:{SECRET}/getMe 200",
    ],
)
def test_a_secret_is_found_within_a_text(text):
    assert SECRET not in clean_text(text)


def test_what_is_no_secret_stays():
    event = {
        "event": "order placed",
        "symbol": "BTC/USDT",
        "price": "25000.10",
        "tokens_left": 7,
        "key_id": "k1",
    }
    assert redact(None, "info", dict(event)) == event


def test_lines_of_libraries_and_of_exceptions_are_clean_json(lines):
    structlog.get_logger("bots").info("placed", slot=3, api_secret=SECRET)
    logging.getLogger("aiohttp.client").warning("refused: %s", f"signature={SECRET}")
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError:
        logging.getLogger("django.request").exception("broken")
    placed, refused, broken = lines()
    assert SECRET not in json.dumps([placed, refused, broken])
    assert (placed["event"], placed["slot"], placed["level"]) == ("placed", 3, "info")
    assert refused["logger"] == "aiohttp.client"
    assert "ValueError" in broken["exception"]


def test_ccxt_never_logs_its_requests(lines):
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("ccxt.base.exchange").debug("Request: %s", SECRET)
    assert not lines()
