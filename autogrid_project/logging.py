"""Logs: one JSON object a line, with everything that could be a secret blotted out."""

import re
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

BLOT = "[redacted]"
# Names of fields whose values never appear.
_SECRET_NAME = re.compile(
    r"secret|passw|token|authorization|signature|cookie|session_?key|passphrase|private"
    r"|api_?key$|encryption_key|x-mbx-apikey|csrf|(^|_)otp(_|$)",
    re.IGNORECASE,
)
# The same within a text: query strings, headers, JSON, URLs with a password.
_SECRET_IN_TEXT = (
    re.compile(
        r"""((?:api_?key|secret|signature|password|passphrase|access_token|refresh_token|token|x-mbx-apikey"""
        r"""|set-cookie|cookie|sessionid)["']?\s*[=:]\s*["']?)([^\s"'&,;}]+)""",
        re.IGNORECASE,
    ),
    re.compile(r"(bearer[\s.]+)([\w.~+/=-]{8,})", re.IGNORECASE),
    re.compile(r"(\w+://[^\s:/@]*:)([^\s@/]+)(?=@)"),
    # The token of a Telegram bot, in addresses.
    re.compile(r"(/bot\d+:)([\w-]{8,})"),
    # Links out of mails: who has one needs no password.
    re.compile(r"(/(?:reset/key|confirm-email|account/email)/)([^\s/\"'?]+)"),
)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The processor that every line passes, those of libraries too."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name) and not isinstance(value, bool | int | None):
        return BLOT
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_clean(name, item) for item in value]
    if isinstance(value, bytes | Exception):
        return clean_text(str(value))
    return value


def clean_text(text: str) -> str:
    for pattern in _SECRET_IN_TEXT:
        text = pattern.sub(rf"\1{BLOT}", text)
    return text


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


def configure(level: str = "INFO") -> dict[str, Any]:
    """Configures structlog and answers Django's LOGGING."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    json_lines = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _SHARED,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact,
            structlog.processors.JSONRenderer(default=str),
        ],
    }
    quiet = {
        name: {"level": "WARNING"} for name in ("daphne", "twisted", "asyncio", "urllib3", "kombu", "amqp")
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": json_lines},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stdout"], "level": level},
        # At DEBUG ccxt writes signed requests, headers and all: never, whatever the level asked for.
        # At INFO stripe writes addresses with customers in them, and httpx those with the token of Telegram's bot.
        "loggers": {
            **quiet,
            "stripe": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "apprise": {
                "level": "CRITICAL"
            },  # its errors hold whole addresses, with the keys to people's chats
            "ccxt": {"level": "INFO"},
            "django.server": {"propagate": True},
        },
    }
