"""What a grid alone knows, the columns of `own`. Rows 0 to n - 1 of the slots are the grid's, then come the initial
purchase and the exit. `plan` holds the levels: a slot buys at that of its PLACE and sells at the next one.

The window begins at level BOTTOM, which was ORIGIN at the start; its lowest slot is row TURN. At ENDED_AT, where it
began then, it was found to go no further ENDED_WAY. Up to MOST_MONEY the engine's sums are exact."""

# fmt: off
(COUNT, QUANTITY_AT_START, FIRST_HOLDING, PURCHASE, FUNDED, TRIGGER, FROM_ABOVE, STOP_LOSS, TAKE_PROFIT, POST_ONLY,
 ADAPTS, REINVESTS, TRAILS_UP, TRAILS_DOWN, UP_LIMIT, DOWN_LIMIT, LEVELS, ORIGIN, BOTTOM, TURN, ENDED_AT, ENDED_WAY,
 MOST_MONEY) = range(23)
# fmt: on
OWN_FIELDS = 23
