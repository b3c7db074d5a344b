"""Schedules commit for real."""

import pytest

pytest.register_assert_rewrite("tests.books")


@pytest.fixture
def schedules(transactional_db: None) -> None:
    """The database is emptied afterwards."""
