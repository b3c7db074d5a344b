"""A user of the REST API who knows nothing of the program but its address."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode


class Refused(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status = status
        self.errors: list[dict[str, str]] = body["errors"]


def call(method: str, url: str, body: Any = None, token: str = "") -> Any:
    """Raises Refused for any answer but 2xx."""
    data = None if method == "GET" else json.dumps({} if body is None else body).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            content = reply.read()
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(error.code, json.loads(error.read())) from None
    answer = json.loads(content, parse_float=Decimal) if content else None
    check_sums(answer)
    return answer


def check_sums(answer: Any) -> None:
    """Wherever a bot's money is told, it adds up to the last digit."""
    if isinstance(answer, dict):
        if "unrealized_pnl" in answer and "equity" in answer:
            profit = Decimal(answer["realized_pnl"]) + Decimal(answer["unrealized_pnl"])
            assert profit == Decimal(answer["equity"]) - Decimal(answer["total_investment"]), answer
        answer = list(answer.values())
    if isinstance(answer, list):
        for item in answer:
            check_sums(item)


class Key(NamedTuple):
    api_key: str
    secret: str


@dataclass
class Trader:
    base: str
    token: str = field(repr=False)
    keys: dict[str, Key] = field(default_factory=dict, repr=False)  # by the credential's id

    @classmethod
    def register(cls, base: str, email: str, password: str) -> "Trader":
        tokens = call("POST", f"{base}/auth/register", {"email": email, "password": password})
        return cls(base, tokens["access_token"])

    @classmethod
    def login(cls, base: str, email: str, password: str) -> "Trader":
        tokens = call("POST", f"{base}/auth/login", {"email": email, "password": password})
        return cls(base, tokens["access_token"])

    def get(self, path: str, **query: Any) -> Any:
        return call(
            "GET", f"{self.base}/{path}" + (f"?{urlencode(query)}" if query else ""), None, self.token
        )

    def post(self, path: str, body: Any = None) -> Any:
        return call("POST", f"{self.base}/{path}", body, self.token)

    def all(self, path: str) -> list[dict[str, Any]]:
        """A whole list, page by page."""
        rows, address = [], f"{self.base}/{path}?limit=100"
        while address:
            page = call("GET", address, None, self.token)
            rows += page[path.rpartition("/")[2]]
            address = page["next"]
        return rows

    # What the tests do all the time

    def add_key(self, api_key: str, secret: str) -> str:
        """Answers the credential's id."""
        body = {"exchange": "binance", "label": "Main", "api_key": api_key, "api_secret": secret}
        credential = str(self.post("credentials", body)["id"])
        self.keys[credential] = Key(api_key, secret)
        return credential

    def add_paper(self, exchange: str = "binance") -> str:
        """Answers the credential's id."""
        body = {"exchange": exchange, "label": "Paper account", "mode": "paper"}
        return str(self.post("credentials", body)["id"])

    def price(self, symbol: str) -> Decimal:
        return Decimal(self.get("ticker", exchange="binance", symbol=symbol)["price"])

    def create(self, credential: str, strategy: str, symbol: str, config: dict[str, Any], name: str) -> str:
        """Answers the bot's id."""
        body = {"name": name, "credential_id": credential, "strategy": strategy, "symbol": symbol}
        return str(self.post("bots", body | {"config": config})["id"])

    def bot(self, bot_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"bots/{bot_id}")
        return found

    def have_stopped(self, *bots: str) -> bool:
        found = [bot for bot in self.all("bots") if bot["id"] in bots]
        return not any(bot["status"] != "stopped" or bot["stopping"] or bot["open_orders"] for bot in found)
