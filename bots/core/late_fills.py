"""Orders of which the exchange counts more than we have booked: when to ask for their fills again."""

from dataclasses import dataclass

from bots.core.sending import MINUTE, RETRY_MS

FILLS_LATE_MS = 500  # how long a stream's fill may come after the report that counts it
PATIENT = 7  # questions in vain (about half a minute) before the user is told


@dataclass(frozen=True, slots=True)
class _Question:
    at: int
    asked: int = 0


class LateFills:
    """By client id. Asks after half a second, then ever later, up to once a minute."""

    def __init__(self) -> None:
        self._questions: dict[str, _Question] = {}

    @property
    def times(self) -> list[int]:
        return [question.at for question in self._questions.values()]

    def expect(self, client_id: str, now: int) -> None:
        """Fills of this order are on their way. What is asked for already keeps its time."""
        self._questions.setdefault(client_id, _Question(now + FILLS_LATE_MS))

    def due(self, now: int) -> list[str]:
        return [client_id for client_id, question in self._questions.items() if now >= question.at]

    def put_off(self, client_id: str, now: int) -> None:
        """The exchange could not be asked."""
        self._questions[client_id] = _Question(now + RETRY_MS, self._questions[client_id].asked)

    def asked_in_vain(self, client_id: str, now: int) -> bool:
        """True when it is time to tell the user that something is wrong."""
        asked = self._questions[client_id].asked + 1
        self._questions[client_id] = _Question(now + min(MINUTE, FILLS_LATE_MS * 2**asked), asked)
        return asked == PATIENT

    def came(self, client_id: str) -> None:
        self._questions.pop(client_id, None)
