"""The trading core: pure decisions and exact sums. Standard library and Decimal only; no clock, no I/O."""
