"""A NOWPayments of our own: invoices, payments in any state, and what it tells of them, signed as the real one does."""
