"""What the script tells its user instead of a traceback."""


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """One clear sentence; the script prints it and exits non-zero."""
