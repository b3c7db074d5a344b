"""Refusals, with the codes and texts of Binance (the richest of the exchanges' own sets)."""


class Refused(Exception):
    """What the exchange answers instead of doing what was asked. `retry_after` in seconds, with 429 only."""

    def __init__(self, code: int, message: str, status: int = 400, retry_after: int = 0) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after


def mandatory(parameter: str) -> Refused:
    return Refused(-1102, f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.")


def filter_failure(name: str) -> Refused:
    return Refused(-1013, f"Filter failure: {name}")


def rejected(message: str) -> Refused:
    """A new order that passed its checks and was rejected by the account or the book."""
    return Refused(-2010, message)


def invalid_symbol() -> Refused:
    return Refused(-1121, "Invalid symbol.")


def no_such_order() -> Refused:
    return Refused(-2013, "Order does not exist.")


def unknown_order() -> Refused:
    return Refused(-2011, "Unknown order sent.")


def bad_key() -> Refused:
    return Refused(-2015, "Invalid API-key, IP, or permissions for action.", 401)
