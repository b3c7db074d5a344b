from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of an account's history: times in ms, both ends included. With a start or a first id the oldest come
    first in the count, otherwise the newest do; the answer is always oldest first."""

    start: int | None = None
    end: int | None = None
    from_id: int | None = None
    limit: int = 500

    @property
    def oldest_first(self) -> bool:
        return self.start is not None or self.from_id is not None

    def clause(self) -> tuple[str, list[int]]:
        """The rest of a WHERE, to the end of the statement, and its values."""
        tests = {"time >= ?": self.start, "time <= ?": self.end, "id >= ?": self.from_id}
        used = {test: value for test, value in tests.items() if value is not None}
        order = "ASC" if self.oldest_first else "DESC"
        sql = "".join(f" AND {test}" for test in used) + f" ORDER BY id {order} LIMIT ?"
        return sql, [*used.values(), self.limit]
