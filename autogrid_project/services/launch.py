"""`./autogrid up`, `demo` and `down`: which processes run, with which environment."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import Namespace
from contextlib import suppress
from typing import Any

import psutil
import redis
from redis.connection import parse_url

from autogrid_project.services.child import Child, last_line
from autogrid_project.services.errors import Refused
from autogrid_project.services.home import ROOT, Home, port_is_free
from autogrid_project.services.processes import bot_threads, table
from autogrid_project.services.stores import environment, stores
from autogrid_project.services.supervisor import Supervisor

SETTINGS = {"up": "autogrid_project.settings.production", "demo": "autogrid_project.settings.demo"}
DOWN_DEADLINE = 150.0
DETACHED = "AUTOGRID_DETACHED"  # our output is a log then
DATABASE = {"up": "autogrid", "demo": "demo"}


def start(home: Home, options: Namespace) -> int:
    home.create()
    if home.is_held():
        return _already_running(home, options)
    _refuse_taken_ports(options)
    if options.detach:
        return _detach(home, options)
    with home.hold():
        return _supervise(home, options)


def _already_running(home: Home, options: Namespace) -> int:
    """The same command again is no error; another one is, since it asked for something that does not run."""
    facts = home.read("run.json")
    if "url" not in facts:
        raise Refused(f"another command is using {home.path}; try again when it is done.")
    same = (facts.get("command"), facts.get("cloud", False)) == (options.command, options.cloud)
    same = same and options.port in {None, facts.get("port")}
    sentence = f"`{facts['command']}` is already running at {facts['url']}"
    if not same:
        raise Refused(f"{sentence}; stop it first: ./autogrid down")
    print(f"AutoGrid: {sentence}")
    return 0


def _refuse_taken_ports(options: Namespace) -> None:
    port = options.port or 8000
    for number in (port, port + 1) if options.command == "demo" else (port,):
        if not port_is_free(number):
            raise Refused(f"port {number} is taken by another program; choose another with --port N.")


def _detach(home: Home, options: Namespace) -> int:
    """Starts ourselves again without the caller's terminal and pipes, and waits until everything is up."""
    words = [options.command, "--port", str(options.port or 8000)]
    words += ["--speed", str(options.speed)] if options.command == "demo" else []
    words += ["--cloud"] if options.cloud else []
    log = home.logs / "supervisor.log"
    (home.path / "run.json").unlink(missing_ok=True)
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "autogrid_project.services", *words], cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, DETACHED: "1"},
        )  # fmt: skip
    try:
        while supervisor.poll() is None:
            facts = home.read("run.json")
            if facts.get("state") == "up":
                print(welcome(home, facts), flush=True)
                return 0
            time.sleep(0.05)
    except KeyboardInterrupt:
        supervisor.terminate()
        supervisor.wait()
        return 130
    raise Refused(last_line(log).removeprefix("autogrid: ") or f"it ended while starting; see {log}.")


def _supervise(home: Home, options: Namespace) -> int:
    port = options.port or 8000
    url = f"http://127.0.0.1:{port}"
    facts: dict[str, Any] = {"command": options.command, "port": port, "url": url, "state": "starting"}
    facts["cloud"] = options.cloud
    home.write("last.json", {"command": options.command, "cloud": options.cloud})
    ours = stores(home, database=DATABASE[options.command])
    children = ours.children + _children(home, options, port, ours.urls)
    redis_url = ours.urls["REDIS_URL"]
    supervisor = Supervisor(home, children, facts, lambda: options.command == "up" or has_prices(redis_url))
    try:
        print(f"Starting AutoGrid in {home.path}", flush=True)
        supervisor.start(lambda line: print(line, flush=True))
        if not supervisor.stopping:
            # Detached, our output is a log, and no log holds a password: the caller prints the login.
            detached = DETACHED in os.environ
            print(f"AutoGrid is up: {url}" if detached else welcome(home, facts), flush=True)
        supervisor.watch()
    finally:
        print("Stopping ...", flush=True)
        supervisor.stop()
        (home.path / "run.json").unlink(missing_ok=True)
    return 0


def environment_of(home: Home, command: str, urls: dict[str, str], cloud: bool = False) -> dict[str, str]:
    """What the processes of `up` or `demo` run with."""
    env = environment(home, urls, SETTINGS[command])
    # Plain HTTP for this machine alone needs no Secure cookies; settings/production.py checks the hosts.
    env.setdefault("AUTOGRID_LOOPBACK_HTTP", "1")
    if command == "demo":
        wire, ca = home.port("simulator"), str(home.path / "simulator" / "ca.pem")
        env["AUTOGRID_SIMULATOR"] = json.dumps({"host": "127.0.0.1", "port": wire, "ca": ca})
        env["AUTOGRID_DEPLOYMENT"] = "cloud" if cloud else "self_hosted"
        env["AUTOGRID_TELEGRAM"] = f"http://127.0.0.1:{home.port('chat')}"
        env["AUTOGRID_TELEGRAM_TOKEN"] = "4242:" + "0" * 24  # opens nothing but the stand-in
    if cloud:
        env["AUTOGRID_STRIPE"] = f"http://127.0.0.1:{home.port('stripe')}"
        env["AUTOGRID_NOWPAYMENTS"] = f"http://127.0.0.1:{home.port('nowpayments')}"
        for name in ("API_KEY", "EMAIL", "PASSWORD"):
            env[f"NOWPAYMENTS_{name}"] = "any"  # the stand-in takes any
        env["NOWPAYMENTS_IPN_SECRET"] = home.secrets()["DJANGO_SECRET_KEY"]
        env["STRIPE_SECRET_KEY"] = "sk_test_" + "0" * 24  # opens nothing: the stand-in takes any
        env["STRIPE_WEBHOOK_SECRET"] = home.secrets()["DJANGO_SECRET_KEY"]
    return env


def _children(home: Home, options: Namespace, port: int, urls: dict[str, str]) -> list[Child]:
    env = environment_of(home, options.command, urls, options.cloud)
    values = _values(home, options, port, env)
    checks = {
        "web": f"http://127.0.0.1:{port}/readyz",
        "simulator": f"http://127.0.0.1:{port + 1}/control/market",
        "stripe": f"{env.get('AUTOGRID_STRIPE')}/control/",
    }
    children = [
        Child(
            name=process.name,
            argv=process.argv(**values),
            log=home.logs / f"{process.name}.log",
            needs=process.needs,
            once=process.once,
            grace=process.grace,
            environment=env,
            directory=ROOT,
        )
        for process in table(
            demo=options.command == "demo",
            cloud=options.cloud,
            telegram=bool(env.get("AUTOGRID_TELEGRAM_TOKEN")),
        )
    ]
    for child in children:
        if child.name in checks:
            child.is_ready = lambda url=checks[child.name]: answers(url)  # type: ignore[misc]
    return children


def _values(home: Home, options: Namespace, port: int, env: dict[str, str]) -> dict[str, object]:
    """What the commands of the processes leave blank."""
    bots = int(env.get("AUTOGRID_BOTS_PER_WORKER", "1000"))
    values: dict[str, object] = {
        "home": home.path,
        "bind": "127.0.0.1",
        "port": port,
        "bot_threads": bot_threads(bots),
    }
    if options.command == "demo":
        values |= {"simulator_port": home.port("simulator"), "control_port": port + 1}
        values |= {"chat_port": home.port("chat"), "speed": options.speed}
    if options.cloud:
        values |= {f"{name}_port": home.port(name) for name in ("stripe", "nowpayments")}
    return values


def answers(url: str) -> bool:
    """Whether the address, one of our own, answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310
            return bool(reply.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def has_prices(redis_url: str) -> bool:
    """Whether the collector has published the demo's market: a page opened now moves at once."""
    try:
        with redis.Redis.from_url(redis_url, socket_timeout=2) as client:
            return bool(client.exists(price_key(redis_url)))
    except redis.RedisError:
        return False


def price_key(redis_url: str) -> str:
    """What marketdata.bus.channel_of answers in the processes that have Django's settings."""
    database = parse_url(redis_url).get("db", 0)
    return f"price:{database}:binance:BTC/USDT"


def welcome(home: Home, facts: dict[str, Any]) -> str:
    lines = [f"AutoGrid is up: {facts['url']}"]
    login = home.read("demo.json") if facts["command"] == "demo" else {}
    if login:
        lines.append(f"  sign in as {login.get('email')} with the password {login.get('password')}")
    if facts["command"] == "demo":
        lines.append(f"  the simulated exchange: http://127.0.0.1:{facts['port'] + 1}/")
        lines.append(f"  a chat with the bot, without Telegram: {facts['url']}/account/telegram/")
    if facts.get("cloud"):
        lines.append(f"  plans: {facts['url']}/billing/ (a stand-in for Stripe: no money moves)")
    return "\n".join(lines)


def down(home: Home) -> int:
    """Safe to repeat: what is not running is down."""
    if not home.is_held():
        print("AutoGrid is not running.")
        return 0
    while home.is_held() or running_supervisor(home):
        with suppress(psutil.NoSuchProcess):
            _end(running_supervisor(home))
        time.sleep(0.05)
    (home.path / "run.json").unlink(missing_ok=True)
    print("AutoGrid is down.")
    return 0


def _end(supervisor: psutil.Process | None) -> None:
    if supervisor is None:  # it has the lock and has not written run.json yet
        return
    supervisor.terminate()
    try:
        supervisor.wait(DOWN_DEADLINE)
    except psutil.TimeoutExpired:
        supervisor.kill()  # its children follow it, see Child.start


def running_supervisor(home: Home) -> psutil.Process | None:
    """The process named in run.json, unless its pid has gone to another one since."""
    facts = home.read("run.json")
    with suppress(psutil.Error):
        process = psutil.Process(facts.get("pid", 0))
        if process.create_time() == facts.get("created"):
            return process
    return None
