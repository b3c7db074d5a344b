"""What the script tells its user instead of a traceback."""


class Refused(Exception):
    """One clear sentence; the script prints it and exits non-zero."""
