"""How long pages and API take over a user's long past, through the web process as it runs in use, one request after the
other: until the whole answer is there, compressed as a browser asks for it (of files: until their first rows). CPU
time, of the web process and the stores together, holds on a machine that has other work too."""

import argparse
import gzip
import http.client
import json
import os
import time
from typing import Any

from benchmarks.report import percentile, show
from benchmarks.rig import STORES, Rig, rig

API = "/api/v1"
STEPS = 10  # pages of 500 fills from the first to the deep one
MIDDLE = """
SELECT to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS') || '_' || id FROM fills
ORDER BY time OFFSET (SELECT count(*) / 2 FROM fills) LIMIT 1
"""
BUSIEST = "SELECT bot_id::text FROM fills GROUP BY bot_id ORDER BY count(*) DESC LIMIT 1"
MONTH = "SELECT 'start_date=' || min(time)::date || '&end_date=' || min(time)::date + 30 FROM fills"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./autogrid bench pages")
    parser.add_argument("--bots", type=int, default=1000)
    parser.add_argument("--fills", type=int, default=1_000_000, help="of all bots together")
    parser.add_argument("--times", type=int, default=50, help="each page is asked for")
    parser.add_argument("--hold", action="store_true", help="wait for Enter before the end, to look at it")
    chosen = parser.parse_args(arguments)
    with rig(chosen.bots) as made:
        figures = fill(made, chosen)
        web = Web(made)
        made.warm()
        figures |= measure(made, web, pages(made, web), chosen.times)
        show("pages", figures)
        if chosen.hold:
            print(made.environment["DATABASE_URL"], web.port, web.visitor, flush=True)
            input()


def fill(made: Rig, chosen: argparse.Namespace) -> dict[str, Any]:
    began = time.monotonic()
    made.tell_exchange("still")
    made.python("benchmarks.engine_load", "0", str(chosen.bots))
    made.python("benchmarks.pages_load", str(chosen.fills))
    counts = {name: made.ask(f"SELECT count(*) FROM {name}") for name in TABLES}
    return {"load average": os.getloadavg()[0], "seconds to fill": time.monotonic() - began, **counts}


TABLES = ("bots", "orders", "fills", "bot_events", "equity_snapshots")


class Web:
    """The web process, and a visitor on one connection."""

    def __init__(self, made: Rig) -> None:
        made.python("django", "collectstatic", "--no-input", "--verbosity", "0")
        self.visitor = json.loads((made.home.path / "visitor.json").read_text())
        self.port = made.web()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, path: str) -> tuple[bytes, float, float]:
        """The body, and seconds until its first byte and its last. A file is left after its first rows."""
        who = {"Cookie": f"sessionid={self.visitor['session']}"}
        if path.startswith(API) and ".csv" not in path:
            who = {"Authorization": f"Bearer {self.visitor['token']}"}
        began = time.perf_counter()
        encoding = "identity" if ".csv" in path else "gzip"
        self.connection.request("GET", path, headers={**who, "Accept-Encoding": encoding})
        answer = self.connection.getresponse()
        start = answer.readline() + answer.readline() if ".csv" in path else answer.read(1)
        first = time.perf_counter() - began
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        if ".csv" in path:
            self.connection.close()
            return start, first, first
        body = start + answer.read()
        return body, first, time.perf_counter() - began


def pages(made: Rig, web: Web) -> dict[str, str]:
    """What is asked for, each with its address."""
    bot, month, middle = (made.ask(query) for query in (BUSIEST, MONTH, MIDDLE))
    fills = f"{API}/bots/{bot}/fills"
    return {
        "dashboard": "/",
        "dashboard, 90 days": "/?span=90d",
        "bots": "/bots/",
        "the busiest bot": f"/bots/{bot}/",
        "its panels": f"/bots/{bot}/panels/",
        "its form": f"/bots/{bot}/edit/",
        "history": "/history/",
        "history, sales of a month": f"/history/?side=sell&{month}",
        "history, one bot": f"/history/?bot_id={bot}",
        "history, from the middle": f"/history/?after={middle}",
        "all fills as CSV": f"{API}/fills.csv",
        "sales of the year as CSV": f"{API}/sales.csv?year={time.gmtime().tm_year}",
        "a month's fills as CSV": f"{API}/fills.csv?{month}",
        "new bot": "/bots/new/",
        "backtests": "/backtest/",
        "keys": "/keys/",
        "account": "/account/",
        "notices": "/account/notices/",
        "GET /bots": f"{API}/bots",
        "GET /bots?limit=500": f"{API}/bots?limit=500",
        "GET /bots/{id}": f"{API}/bots/{bot}",
        "GET /bots/{id}/fills": fills,
        "GET /bots/{id}/fills, from deep inside": _deep(web, f"{fills}?limit=500"),
        "GET /bots/{id}/orders": f"{API}/bots/{bot}/orders",
        "GET /bots/{id}/events": f"{API}/bots/{bot}/events",
        "GET /bots/{id}/stats": f"{API}/bots/{bot}/stats",
        "GET /bots/{id}/equity": f"{API}/bots/{bot}/equity",
    }


def _deep(web: Web, path: str) -> str:
    for _ in range(STEPS):
        following = json.loads(gzip.decompress(web.ask(path)[0]))["next"]
        if following is None:
            break
        path = following[following.index(API) :]
    return path


def measure(made: Rig, web: Web, asked: dict[str, str], times: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, path in asked.items():
        for _ in range(3):
            body, _, _ = web.ask(path)
        before = _used(made)
        took = [1000 * web.ask(path)[2] for _ in range(times)]
        figures[f"{name}: ms of CPU"] = (_used(made) - before) / times * 1000
        figures[f"{name}: ms, median"] = percentile(took, 0.5)
        figures[f"{name}: ms, p99"] = percentile(took, 0.99)
        figures[f"{name}: kB"] = round(len(body) / 1000, 1)
    return figures


def _used(made: Rig) -> float:
    used = made.used()
    return used["web"] + used[STORES]
