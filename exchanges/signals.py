"""What must reach upward from here: the layers above listen, this one knows none of them.

Sent once per change, never again for a key that was refused or unsafe already, in the transaction of the change, so
that a listener's rows stand or fall with it. Both carry `credential`, as it is now, `code` (the exchange's own or ours)
and `detail`, a sentence fit for the user: never a key, a signature or a URL.
"""

from django.dispatch import Signal

# The exchange does not take the key any more (revoked, its IP list changed, its account closed).
key_refused = Signal()

# The key still works, but may now do what it must not, or no longer what it needs: withdraw_enabled, trade_disabled.
key_turned_unsafe = Signal()
