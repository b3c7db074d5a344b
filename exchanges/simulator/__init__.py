"""A local exchange that speaks the exchanges' own wire. The demo and the tests trade on it with unmodified
clients, which reach it under the exchanges' real names (certificates.py, and the connector's transport)."""
