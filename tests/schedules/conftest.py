"""Schedules commit for real: they share the test database with nobody while they run, and leave it empty."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from tests.schedules.world import forget_all

pytest.register_assert_rewrite("tests.books")


@pytest.fixture
def schedules(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            forget_all()
            User.objects.filter(email="schedules@example.org").delete()
