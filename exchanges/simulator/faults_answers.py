"""What each exchange says when a fault strikes: its own codes, texts and statuses, or the nearest it has."""

from dataclasses import dataclass
from typing import Any

HTML = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Please wait.</body></html>"
RETRY_AFTER = {"http_429": 2, "http_418": 5}  # seconds; a real 418 lasts from two minutes to three days


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any


def _binance(status: int, code: int, text: str) -> Answer:
    return Answer(status, {"code": code, "msg": text})


def _bybit(status: int, code: int, text: str) -> Answer:
    return Answer(status, {"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {}})


def _mexc(status: int, code: int, text: str) -> Answer:
    return Answer(status, {"code": code, "msg": text, "_extend": None})


def _okx(status: int, code: int, text: str) -> Answer:
    return Answer(status, {"code": str(code), "msg": text, "data": []})


NO_ORDERS = {"category": "spot", "list": [], "nextPageCursor": ""}  # Bybit looks an order up in lists
EMPTY_LIST = Answer(200, {"retCode": 0, "retMsg": "OK", "result": NO_ORDERS, "retExtInfo": {}})
OUTSIDE = "Timestamp for this request is outside of the recvWindow."

ANSWERS: dict[str, dict[str, Answer]] = {
    "binance": {
        "http_500": _binance(500, -1000, "An unknown error occurred while processing the request."),
        "http_503": _binance(503, -1000, "Unknown error, please check your request or try again later."),
        "code_-1006": _binance(
            400,
            -1006,
            "An unexpected response was received from the message bus. Execution status unknown.",
        ),
        "code_-1007": _binance(
            408,
            -1007,
            "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
        ),
        "code_-1021": _binance(400, -1021, OUTSIDE),
        "http_429": _binance(429, -1003, "Too many requests."),
        "http_418": _binance(418, -1003, "Way too much request weight used; IP banned."),
        "maintenance": _binance(503, 1, "System is under maintenance."),
        "not_found": _binance(400, -2013, "Order does not exist."),
        "not_found cancel": _binance(400, -2011, "Unknown order sent."),
        "not_found open_orders": Answer(200, []),
        "not_found trades": Answer(200, []),
        "key_revoked": _binance(401, -2015, "Invalid API-key, IP, or permissions for action."),
    },
    "bybit": {
        "http_500": _bybit(500, 10016, "Internal server error."),
        "http_503": _bybit(503, 10016, "Service is restarting."),
        "code_-1006": _bybit(200, 10016, "Internal System Error."),
        "code_-1007": _bybit(200, 10000, "Server Timeout."),
        "code_-1021": _bybit(
            200,
            10002,
            "invalid request, please check your server timestamp or recv_window param.",
        ),
        "http_429": _bybit(429, 10006, "Too many visits. Exceeded the API Rate Limit."),
        "http_418": _bybit(418, 10018, "Exceeded the IP Rate Limit."),
        "maintenance": _bybit(503, 10016, "System maintenance."),
        "not_found": EMPTY_LIST,
        "not_found cancel": _bybit(200, 170213, "Order does not exist."),
        "key_revoked": _bybit(200, 10003, "API key is invalid."),
    },
    "mexc": {
        "http_500": _mexc(500, 500, "Internal error."),
        "http_503": _mexc(503, 503, "service not available, please try again"),
        "code_-1006": _mexc(500, 500, "Internal error."),
        "code_-1007": _mexc(504, 504, "Gateway Time-out"),
        "code_-1021": _mexc(400, 700003, OUTSIDE),
        "http_429": _mexc(429, 429, "Too Many Requests"),
        "http_418": _mexc(418, 510, "Excessive frequency of requests."),
        "maintenance": _mexc(500, 500, "Under maintenance, please try again later"),
        "not_found": _mexc(404, -2013, "Order does not exist."),
        "not_found cancel": _mexc(400, -2011, "Unknown order sent."),
        "not_found open_orders": Answer(200, []),
        "not_found trades": Answer(200, []),
        "key_revoked": _mexc(400, 10072, "Api key info invalid"),
    },
    "okx": {
        "http_500": _okx(500, 50026, "System error. Try again later"),
        "http_503": _okx(503, 50001, "Service temporarily unavailable. Try again later"),
        "code_-1006": _okx(200, 50026, "System error. Try again later"),
        "code_-1007": _okx(
            200,
            50004,
            "API endpoint request timeout (does not mean that the request was successful "
            "or failed, please check the request result).",
        ),
        "code_-1021": _okx(401, 50102, "Timestamp request expired"),
        "http_429": _okx(429, 50011, "Too Many Requests"),
        "http_418": _okx(429, 50011, "Too Many Requests"),
        "maintenance": _okx(503, 50001, "Service temporarily unavailable. Try again later"),
        "not_found": _okx(200, 51603, "Order does not exist"),
        "not_found cancel": _okx(200, 51400, "Cancellation failed as the order does not exist."),
        "not_found open_orders": _okx(200, 0, ""),
        "not_found trades": _okx(200, 0, ""),
        "key_revoked": _okx(401, 50111, "Invalid OK-ACCESS-KEY"),
    },
}


def said(exchange: str, kind: str, endpoint: str) -> Answer:
    """KeyError for a kind that says nothing of its own."""
    answers = ANSWERS[exchange.removesuffix("-testnet")]
    return answers.get(f"{kind} {endpoint}") or answers[kind]
