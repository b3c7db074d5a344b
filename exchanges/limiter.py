"""The rate limits that all processes of a deployment share, kept in Redis.

Every limit is a sliding window cut into slots: in no stretch of the window's length does more pass than its
capacity. One script answers for all limits of a request in one round trip, on Redis's own clock. Nothing
depends on Redis being there: without it each process keeps to a quarter of the limits by itself."""

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

HEADROOM = 0.9  # of the exchange's limit
READ_SHARE = 0.8  # of that; the rest is kept for orders and cancels
PAGE_SHARE = 0.4  # of that; the rest of the reads' share is kept for what trading asks
LONG_WAIT = 5.0  # seconds: who waits longer is told of in the log
TELL_EVERY = 60.0  # seconds between two such lines about an exchange
LOCAL_SHARE = 0.25
REDIS_TIMEOUT = 1.0
REDIS_RETRY = 2.0
REDIS_CONNECTIONS = 16

# KEYS: the windows, then the pauses.
# ARGV: the number of windows, then of each: cost, capacity, length of a slot in ms, number of slots.
# Returns 0 when taken, otherwise the ms to wait.
TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local n = tonumber(ARGV[1])
local wait = 0
for i = n + 1, #KEYS do
  local left = redis.call('PTTL', KEYS[i])
  if left > wait then wait = left end
end
for i = 1, n do
  local cost, capacity = tonumber(ARGV[i*4-2]), tonumber(ARGV[i*4-1])
  local length, slots = tonumber(ARGV[i*4]), tonumber(ARGV[i*4+1])
  local current = math.floor(now / length)
  local used, live = 0, {}
  local all = redis.call('HGETALL', KEYS[i])
  for j = 1, #all, 2 do
    local slot, count = tonumber(all[j]), tonumber(all[j+1])
    if slot < current - slots or slot > current then
      redis.call('HDEL', KEYS[i], all[j])
    else
      used = used + count
      live[#live+1] = {slot, count}
    end
  end
  local over = used + cost - capacity
  if over > 0 and used > 0 then
    table.sort(live, function(a, b) return a[1] < b[1] end)
    local freed, k = 0, 0
    while freed < over and k < #live do
      k = k + 1
      freed = freed + live[k][2]
    end
    local due = (live[k][1] + slots + 1) * length - now
    if due > wait then wait = due end
  end
end
if wait > 0 then return wait end
for i = 1, n do
  local length, slots = tonumber(ARGV[i*4]), tonumber(ARGV[i*4+1])
  redis.call('HINCRBY', KEYS[i], string.format('%.0f', math.floor(now / length)), ARGV[i*4-2])
  redis.call('PEXPIRE', KEYS[i], (slots + 2) * length)
end
return 0
"""

PAUSE = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
"""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `capacity` units in any `slots` * `slot_ms`."""

    key: str
    cost: int
    capacity: int
    slot_ms: int
    slots: int


@dataclass(frozen=True, slots=True)
class Rate:
    """What one request takes: weight of the address and, for an order, one of the account's orders."""

    exchange: str
    weight: int
    weight_limit: int
    weight_seconds: float = 60.0
    account: str = ""
    order_limit: int = 0  # 0: no order
    order_seconds: float = 10.0
    urgent: bool = False  # orders and cancels may use what reads leave
    sockets: str = ""  # the kind of a connection that is to be opened
    sockets_per_5m: int = 0


class Limiter(Protocol):
    async def acquire(self, rate: Rate) -> None:
        """Waits until the request may go out."""

    async def pause(self, exchange: str, seconds: float, account: str = "") -> None:
        """Nobody asks this exchange (or: sends an order of this account) before that."""

    async def close(self) -> None: ...


class SharedLimiter:
    """One per event loop. `egress` names the address that the exchange sees and counts by. `pages`: whoever asks on
    this loop (pages, key checks) waits sooner than a bot, so that no crowd of them holds up what trading asks."""

    def __init__(
        self, redis_url: str, *, egress: str = "default", prefix: str = "", pages: bool = False
    ) -> None:
        self._pool = ConnectionPool.from_url(
            redis_url,
            max_connections=REDIS_CONNECTIONS,
            # With one, redis-py sends inside `asyncio.wait_for`, which in Python 3.11 may swallow a cancellation.
            socket_timeout=None,
            socket_connect_timeout=REDIS_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis = Redis(connection_pool=self._pool)
        # Hundreds of bots may ask at once: that they wait for one another says nothing about Redis.
        self._turns = asyncio.Semaphore(REDIS_CONNECTIONS)
        self._take = self._redis.register_script(TAKE)
        self._pause = self._redis.register_script(PAUSE)
        self._egress = egress
        self._prefix = prefix
        self._pages = pages
        self._told_at: dict[str, float] = {}  # of long waits, by exchange
        self._local = LocalWindows()
        self._away_until = 0.0

    async def acquire(self, rate: Rate) -> None:
        windows, pauses = self._limits(rate)
        began = time.monotonic()
        while (wait := await self._ask(windows, pauses)) > 0:
            self._tell(rate.exchange, time.monotonic() - began + wait)
            await asyncio.sleep(wait)

    async def pause(self, exchange: str, seconds: float, account: str = "") -> None:
        key = self._pause_key(exchange, account)
        self._local.pause(key, seconds)
        await self._run(self._pause, [key], [int(seconds * 1000)])

    async def close(self) -> None:
        await self._redis.aclose()
        await self._pool.disconnect()

    async def _ask(self, windows: list[Window], pauses: list[str]) -> float:
        """Seconds to wait, 0 when it was taken."""
        args: list[int] = [len(windows)]
        for window in windows:
            args += [window.cost, window.capacity, window.slot_ms, window.slots]
        wait = await self._run(self._take, [*(window.key for window in windows), *pauses], args)
        return self._local.take(windows, pauses) if wait is None else int(wait) / 1000

    async def _run(self, script: AsyncScript, keys: list[str], args: list[int]) -> Any:
        """None where Redis is away."""
        async with self._turns:
            if time.monotonic() < self._away_until:
                return None
            try:
                async with asyncio.timeout(REDIS_TIMEOUT):
                    return await script(keys=keys, args=args)
            except (RedisError, OSError) as error:
                self._went_away(error)
                return None

    def _limits(self, rate: Rate) -> tuple[list[Window], list[str]]:
        share = HEADROOM if rate.urgent else HEADROOM * READ_SHARE
        key = f"{self._prefix}limit:{rate.exchange}:{self._egress}"
        slot = _slot(rate.weight_seconds, 60)
        windows = [Window(key, rate.weight, int(rate.weight_limit * share), slot, 60)]
        if self._pages and not rate.urgent:
            capacity = int(rate.weight_limit * HEADROOM * PAGE_SHARE)
            windows.append(Window(f"{key}:pages", rate.weight, capacity, slot, 60))
        pauses = [self._pause_key(rate.exchange, "")]
        if rate.order_limit:
            key = f"{self._prefix}limit:{rate.exchange}:account:{rate.account}"
            slot = _slot(rate.order_seconds, 20)
            windows.append(Window(key, 1, int(rate.order_limit * HEADROOM), slot, 20))
            pauses.append(self._pause_key(rate.exchange, rate.account))
        if rate.sockets:
            key = f"{self._prefix}limit:{rate.exchange}:{self._egress}:sockets:{rate.sockets}"
            windows.append(Window(key, 1, int(rate.sockets_per_5m * HEADROOM), 5000, 60))
        return windows, pauses

    def _pause_key(self, exchange: str, account: str) -> str:
        scope = f"account:{account}" if account else self._egress
        return f"{self._prefix}pause:{exchange}:{scope}"

    def _tell(self, exchange: str, seconds: float) -> None:
        """Of a wait that is long, once a minute: everybody else's is as long."""
        now = time.monotonic()
        if seconds < LONG_WAIT or now < self._told_at.get(exchange, -TELL_EVERY) + TELL_EVERY:
            return
        self._told_at[exchange] = now
        who = "pages" if self._pages else "trading"
        told = {"exchange": exchange, "egress": self._egress, "for": who, "seconds": round(seconds, 1)}
        log.warning("waiting_for_request_weight", extra=told)

    def _went_away(self, error: Exception) -> None:
        log.warning("Redis is away (%s): keeping to a quarter of the rate limits.", type(error).__name__)
        self._away_until = time.monotonic() + REDIS_RETRY


def _slot(seconds: float, slots: int) -> int:
    """The length in ms of one of the slots of a window."""
    return -(-int(seconds * 1000) // slots)


class LocalWindows:
    """The same promise within one process, at a quarter of the rates."""

    def __init__(self) -> None:
        self._taken: dict[str, deque[tuple[float, int]]] = {}
        self._paused: dict[str, float] = {}

    def pause(self, key: str, seconds: float) -> None:
        self._paused[key] = max(self._paused.get(key, 0.0), time.monotonic() + seconds)

    def take(self, windows: list[Window], pauses: list[str]) -> float:
        now = time.monotonic()
        waits = [self._paused.get(key, 0.0) - now for key in pauses]
        waits += [self._wait(window, now) for window in windows]
        if (wait := max(waits)) > 0:
            return wait
        for window in windows:
            self._taken[window.key].append((now, window.cost))
        return 0.0

    def _wait(self, window: Window, now: float) -> float:
        length = window.slot_ms * window.slots / 1000
        taken = self._taken.setdefault(window.key, deque())
        while taken and taken[0][0] <= now - length:
            taken.popleft()
        over = sum(cost for _, cost in taken) + window.cost - window.capacity * LOCAL_SHARE
        for when, cost in taken:
            if over <= 0:
                break
            over -= cost
            if over <= 0:
                return when + length - now
        return 0.0
