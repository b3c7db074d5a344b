"""What the services refuse, in the words a user reads."""

from bots.core.strategies.config import FieldError


class InvalidConfig(Exception):
    """400: the input cannot be used; `errors` names the fields."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.detail}" for error in errors))
        self.errors = errors


class IllegalMove(Exception):
    """409: the bot is not in a state for this."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class OverPlan(IllegalMove):
    """403: the user's plan allows no more of it."""


__all__ = ["FieldError", "IllegalMove", "InvalidConfig", "OverPlan"]
