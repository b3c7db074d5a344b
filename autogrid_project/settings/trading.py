"""What operators may set of the bots: how many, how bounded, how patient."""

from autogrid_project import env

# How many bots one worker process may run at a time.
AUTOGRID_BOTS_PER_WORKER = env.integer("AUTOGRID_BOTS_PER_WORKER", 1000)
# When an order without an answer counts as absent (ms): not before its time + recvWindow + delay (-1: the exchange's
# own) on the exchange's clock, after two looks that far apart. Only tests have reason to change these.
AUTOGRID_RECV_WINDOW_MS = env.integer("AUTOGRID_RECV_WINDOW_MS", 5_000)
AUTOGRID_RESOLVE_DELAY_MS = env.integer("AUTOGRID_RESOLVE_DELAY_MS", -1)
AUTOGRID_BETWEEN_MISSES_MS = env.integer("AUTOGRID_BETWEEN_MISSES_MS", 5_000)

# What one user may have: far beyond honest use, so that nobody fills the machine by himself.
AUTOGRID_MOST_BOTS_PER_USER = env.integer("AUTOGRID_MOST_BOTS_PER_USER", 2000)
AUTOGRID_MOST_KEYS_PER_USER = env.integer("AUTOGRID_MOST_KEYS_PER_USER", 100)
AUTOGRID_MOST_SOCKETS_PER_USER = env.integer("AUTOGRID_MOST_SOCKETS_PER_USER", 50)
AUTOGRID_MOST_BACKTESTS_PER_DAY = env.integer("AUTOGRID_MOST_BACKTESTS_PER_DAY", 20_000)
# The operator's bounds on each bot's own risk limits; the two last in percent.
AUTOGRID_MOST_ORDERS_PER_MINUTE = env.integer("AUTOGRID_MOST_ORDERS_PER_MINUTE", 1000)
AUTOGRID_MOST_LOSS_PER_HOUR = env.decimal("AUTOGRID_MOST_LOSS_PER_HOUR", "100", most="100")
AUTOGRID_MOST_PRICE_DEVIATION = env.decimal("AUTOGRID_MOST_PRICE_DEVIATION", "50", most="50")
# The circuit breaker above single bots: that many bots of one user, or bots of that many users, halted by their own
# limits within a minute. 0: never.
AUTOGRID_BREAKER_USER_BOTS = env.integer("AUTOGRID_BREAKER_USER_BOTS", 3)
AUTOGRID_BREAKER_SYSTEM_USERS = env.integer("AUTOGRID_BREAKER_SYSTEM_USERS", 5)
