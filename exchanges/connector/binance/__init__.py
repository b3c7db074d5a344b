"""Binance spot. MEXC's messages are much the same, and use what is here."""
