"""The wire of Binance spot: REST, market streams and the WebSocket API's user data."""
