"""A long past for the bots of `benchmarks.engine_load`, `python -m benchmarks.pages_load FILLS`: orders, fills and
events in the order of their times, as months of trading leave them on the disk, slots, and what the bots were worth.
Who may look (a session of the pages, a token of the API) is in visitor.json in the home."""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

DAYS = 90
# A few bots have most of the fills. Each pair buys and sells in the next of six slots.
ACTS = """
CREATE TABLE acts AS
WITH ranked AS (SELECT *, 1.0 / (row_number() OVER (ORDER BY id) + 20) AS weight FROM bots),
counted AS (SELECT *, ceil(%(fills)s * weight / sum(weight) OVER ())::int AS trades_made FROM ranked)
SELECT counted.id AS bot_id, symbol, credential_id, n, n / 2 %% 6 AS slot, n / 12 AS cycle,
  CASE n %% 2 WHEN 0 THEN 'buy' ELSE 'sell' END AS side, gen_random_uuid() AS order_id,
  round((config->>'lower_price')::numeric * (1 + 0.01 * (n / 2 %% 6 + n %% 2)), 8) AS price,
  date_trunc('milliseconds', now() - %(days)s * interval '1 day' * (trades_made - n - random()) / trades_made) AS time
FROM counted, generate_series(0, trades_made - 1) AS n
"""
LIVE = """
INSERT INTO orders (id, bot_id, client_order_id, exchange_order_id, run, slot, cycle, attempt, side, type, price,
  quantity, post_only, dust_used, explained, status, reason, filled_quantity, filled_quote, fee, fee_base, created_at,
  sent_at)
SELECT gen_random_uuid(), id, 'ag' || left(replace(id::text, '-', ''), 20) || 'o' || slot, left(id::text, 8) || slot,
  1, slot, 1000000, 0, 'buy', 'limit', (config->>'lower_price')::numeric * (1 + 0.01 * slot), 0.001, false, 0, true,
  'open', '', 0, 0, 0, 0, now(), extract(epoch FROM now())::bigint * 1000
FROM bots, generate_series(0, 5) AS slot WHERE status = 'running'
"""
PAST = (
    """
INSERT INTO orders (id, bot_id, client_order_id, exchange_order_id, run, slot, cycle, attempt, side, type, price,
  quantity, post_only, dust_used, explained, status, reason, filled_quantity, filled_quote, fee, fee_base, created_at,
  sent_at, filled_at, closed_at)
SELECT order_id, bot_id, 'ag' || left(replace(bot_id::text, '-', ''), 20) || n, left(bot_id::text, 8) || n, 1, slot,
  cycle, 0, side, 'limit', price, round(150 / price, 8), false, 0, true, 'filled', '', round(150 / price, 8), 150,
  0.15, 0, time - interval '1 hour', extract(epoch FROM time)::bigint * 1000, time, time
FROM acts ORDER BY time
""",
    """
INSERT INTO fills (id, bot_id, order_id, account, symbol, trade_id, side, price, quantity, fee, fee_asset, fee_quote,
  liquidity, time)
SELECT gen_random_uuid(), bot_id, order_id, 'binance:' || credential_id, symbol, left(bot_id::text, 8) || n, side,
  price, round(150 / price, 8), 0.15, 'USDT', 0.15, 'maker', time
FROM acts ORDER BY time
""",
    """
INSERT INTO bot_events (id, bot_id, kind, level, text, data, time)
SELECT gen_random_uuid(), bot_id, CASE n %% 500 WHEN 7 THEN 'insufficient_funds' ELSE 'order_filled' END,
  CASE n %% 500 WHEN 7 THEN 'warning' ELSE 'info' END, 'Bought or sold 0.002 BTC at 65,000.00',
  jsonb_build_object('order_id', order_id, 'slot', slot, 'side', side), time
FROM acts ORDER BY time
""",
    """
INSERT INTO bot_slots (bot_id, slot, cycle, granted, dust, bought, spent, sold, received, cycles, profit, reason)
SELECT bot_id, slot, max(cycle), 0, 0, 0, 0, 0, 0, max(cycle), max(cycle) * 1.2, '' FROM acts GROUP BY bot_id, slot
""",
    """
UPDATE bots SET created_at = now() - %(days)s * interval '1 day', started_at = now() - %(days)s * interval '1 day',
  trades = made.count, realized_pnl = made.count * 0.6, cash = total_investment + made.count * 0.6 - 300,
  cost = 300, base = round(300 / (config->>'lower_price')::numeric, 8),
  fees = jsonb_build_object('USDT', made.count * 0.15),
  last_fill_time = extract(epoch FROM made.time)::bigint * 1000
FROM (SELECT bot_id, count(*), max(time) AS time FROM acts GROUP BY bot_id) AS made WHERE made.bot_id = id
""",
    # Most are at work.
    """
UPDATE bots SET status = CASE number %% 50
  WHEN 1 THEN 'error' WHEN 2 THEN 'paused' WHEN 3 THEN 'paused' ELSE 'stopped' END
FROM (SELECT id AS bot, row_number() OVER (ORDER BY id) AS number FROM bots) AS numbered
WHERE bot = id AND number %% 50 < 10
""",
    LIVE,
    # Each minute of the last days, each hour before them.
    """
INSERT INTO equity_snapshots (time, bot_id, equity, realized)
SELECT time, id,
  total_investment + realized_pnl * (1 - extract(epoch FROM now() - time) / 86400 / %(days)s) + random() * 9,
  realized_pnl * (1 - extract(epoch FROM now() - time) / 86400 / %(days)s)
FROM (
  SELECT generate_series(
    date_trunc('hour', now()) - %(days)s * interval '1 day', now() - interval '2 days', '1 hour') AS time
  UNION SELECT generate_series(date_trunc('minute', now()) - interval '2 days', now(), '1 minute')
) AS moments, bots ORDER BY time
""",
    "DROP TABLE acts",
)


def main(fills: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.demo")
    django.setup()
    from django.db import connection

    from marketdata.partitions import ensure_month

    now = datetime.now(UTC)
    for day in range(-1, DAYS + 2):
        ensure_month("equity_snapshots", now - timedelta(days=day))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # whose rows are whose needs no check here
        for statement in (ACTS, *PAST):
            cursor.execute(statement, {"fills": fills, "days": DAYS})
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")  # what it would write later is nobody's answer
    _let_somebody_look()


def _let_somebody_look() -> None:
    from django.conf import settings
    from django.test import Client

    from accounts.models import User
    from accounts.tokens import issue

    user, client = User.objects.get(email="bench@example.org"), Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    visitor = {"session": client.cookies["sessionid"].value, "token": issue(user=user).access}
    Path(settings.HOME, "visitor.json").write_text(json.dumps(visitor))


if __name__ == "__main__":
    main(int(sys.argv[1]))
