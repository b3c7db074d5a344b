"""The simulator as a process of its own."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

PATIENCE = 60  # seconds


async def launched(home: Path, *options: str) -> asyncio.subprocess.Process:
    command = (
        sys.executable,
        "-m",
        "exchanges.simulator",
        "--home",
        str(home),
        "--history-days",
        "1",
        *options,
    )
    return await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)


@asynccontextmanager
async def simulator_process(
    home: Path, *options: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """With the port of its wire; killed at the end unless it has ended."""
    process = await launched(home, *options)
    try:
        assert process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            line = (await process.stderr.readline()).decode()
        found = re.search(r"wire on 127.0.0.1:(\d+)", line)
        assert found, line
        yield process, int(found[1])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: asyncio.subprocess.Process, with_signal: int) -> int | None:
    process.send_signal(with_signal)
    async with asyncio.timeout(PATIENCE):
        await process.wait()
    return process.returncode
