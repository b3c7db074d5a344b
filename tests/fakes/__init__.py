"""Services of others that tests and the demo talk to in their place, at the wire."""
