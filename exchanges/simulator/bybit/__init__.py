"""The wire of Bybit spot (v5): REST, public and private streams."""
