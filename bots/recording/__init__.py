"""What a live engine is handed and what it asks for, kept line by line, so that it can be replayed."""

COMMANDS = ("create_order", "cancel_order")
ASKED = (*COMMANDS, "fetch_order", "open_orders", "order_fills", "reserve_order")
BOOKED = ("ingest", "record")
# The store's writes that happen at once; `minute` waits for the minutes of other bots, and the rest only reads.
WRITES = (
    *("intend", "mark_sent", "begin", "grant", "remember", "explain", "request_stop", "finished", "tell"),
    *BOOKED,
)
