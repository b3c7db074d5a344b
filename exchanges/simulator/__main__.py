"""python -m exchanges.simulator --home DIR --port P --control-port C"""

import argparse
import asyncio
import logging
import signal
import sys
import time
from decimal import Decimal
from pathlib import Path

from exchanges.simulator.app import LOOPBACK, Server
from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.hosting import open_exchanges
from exchanges.simulator.market import Market
from exchanges.simulator.process import Ohlc, read_candles
from exchanges.simulator.symbols import RULES

log = logging.getLogger("exchanges.simulator")


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    options = _parse()
    try:
        asyncio.run(_serve(options))
    except OSError as error:
        log.error("The simulated exchange cannot start: %s", error)
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    options.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    replays = _replays(options.replay)
    exchanges = open_exchanges(
        clock=lambda: time.time_ns() // 1_000_000,
        home=options.home,
        seed=options.seed,
        history_days=options.history_days,
        first_prices={symbol: Decimal(str(candles[0][0])) for symbol, candles in replays.items()},
    )
    markets = [
        Market(exchange, speed=options.speed, replays=None if exchange.leader else replays)
        for exchange in exchanges.values()
    ]
    limits = Limits(weight=options.weight_limit)
    server = Server(exchanges, options.home, markets, options.port, options.control_port, limits)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        await server.start()
        log.info(
            "wire on %s:%d, control page on http://%s:%d/",
            LOOPBACK,
            server.port,
            LOOPBACK,
            server.control_port,
        )
        ending = {asyncio.create_task(stopped.wait()), serving := asyncio.create_task(server.wait())}
        await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
    finally:
        await server.stop()
        for exchange in exchanges.values():
            exchange.close()


def _replays(file: Path | None) -> dict[str, list[Ohlc]]:
    """The symbol is the one that the file's name contains, else BTCUSDT."""
    if file is None:
        return {}
    symbol = next((symbol for symbol in RULES if symbol in file.name.upper()), "BTCUSDT")
    candles = list(read_candles(file))
    return {symbol: candles} if candles else {}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="exchanges.simulator", description="Local exchanges with the wires of the real ones."
    )
    parser.add_argument("--home", type=Path, required=True, help="where its state lies")
    parser.add_argument(
        "--port", type=int, default=0, help="of the exchanges' wire (TLS); 0 takes a free one"
    )
    parser.add_argument("--control-port", type=int, default=0, help="of the control page")
    parser.add_argument("--speed", type=_positive, default=1.0, help="times the variance and the trade rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", type=Path, help="a CSV of 1m candles: time,open,high,low,close,volume")
    parser.add_argument("--history-days", type=int, default=365)
    parser.add_argument("--weight-limit", type=int, default=6_000, help="request weight a minute and address")
    return parser.parse_args()


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 10_000:
        raise argparse.ArgumentTypeError("must be above 0 and at most 10,000")
    return value


if __name__ == "__main__":
    sys.exit(main())
