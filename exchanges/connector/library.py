"""ccxt, brought in when it is first needed: that takes most of a second, and of our processes only those that talk to
an exchange pay for it."""

import logging
from functools import cache
from typing import Any


@cache
def ccxt() -> Any:
    import ccxt.pro

    # At DEBUG it logs the key header and signed URLs.
    logging.getLogger("ccxt").setLevel(logging.INFO)
    return ccxt
