"""python -m exchanges.simulator, as people and the supervisor start it."""

import asyncio
from decimal import Decimal

import ccxt.pro
import pytest

from exchanges.connector.transport import client_session
from exchanges.simulator.tests.conftest import OPTIONS
from exchanges.simulator.tests.processes import PATIENCE, launched, simulator_process

pytestmark = pytest.mark.processes


async def test_a_taken_port_is_one_sentence_and_an_exit_code(tmp_path):
    async with simulator_process(tmp_path / "first") as (_, port):
        second = await launched(tmp_path / "second", "--port", str(port))
        async with asyncio.timeout(PATIENCE):
            _, errors = await second.communicate()
    assert second.returncode == 1
    assert errors.decode().count("\n") == 1
    assert "cannot start" in errors.decode()


async def test_a_replay_starts_at_the_first_price_of_its_file(tmp_path):
    file = tmp_path / "ETHUSDT-2024.csv"
    rows = [f"{minute},2000,2000,2000,2000,5" for minute in range(5)]
    file.write_text("\n".join(["time,open,high,low,close,volume", *rows]) + "\n")
    async with simulator_process(tmp_path / "home", "--replay", str(file)) as (_, port):
        transport = {"host": "127.0.0.1", "port": port, "ca": str(tmp_path / "home" / "ca.pem")}
        async with client_session(transport) as session:
            client = ccxt.pro.binance({"session": session, "options": OPTIONS})
            try:
                ticker = await client.fetch_ticker("ETH/USDT")
            finally:
                await client.close()
    assert Decimal(str(ticker["last"])) == 2000
