import os
import subprocess
import sys
import time
from typing import Any

import orjson
import pytest
from django.db import connection

from exchanges.simulator.testing import simulator_in_thread
from marketdata.bus import last_ticker


def database_url() -> str:
    params = connection.settings_dict
    account = f"{params['USER']}:{params['PASSWORD']}" if params["PASSWORD"] else params["USER"]
    return f"postgres://{account}@{params['HOST']}:{params['PORT']}/{params['NAME']}"


def a_price_comes(process: "subprocess.Popen[bytes]") -> bool:
    """Within two minutes, as long as the process lives."""
    deadline = time.monotonic() + 120
    while last_ticker("binance", "BTC/USDT") is None:
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_the_process_publishes_prices_and_leaves_cleanly_when_told_to(
    settings: Any, redis_flushed: None
) -> None:
    with simulator_in_thread() as simulator:
        env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "autogrid_project.settings.demo",
            "AUTOGRID_SIMULATOR": orjson.dumps(simulator.transport).decode(),
            "AUTOGRID_TELEGRAM": "http://127.0.0.1:9",
            "AUTOGRID_HISTORY_DAYS": "0",
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.REDIS_URL,
        }
        command = [sys.executable, "manage.py", "run_collector", "--exchange", "binance"]
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        try:
            priced = a_price_comes(process)
            process.terminate()
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
    assert priced, said.decode()
    assert process.returncode == 0, said.decode()
    assert b"Traceback" not in said
