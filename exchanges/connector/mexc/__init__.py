"""MEXC spot, API v3: Binance's paths with differences."""
