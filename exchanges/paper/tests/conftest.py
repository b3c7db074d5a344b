from collections.abc import Callable
from decimal import Decimal

import pytest

from accounts.models import User
from exchanges.models import Credential
from exchanges.paper.credentials import create_paper


@pytest.fixture
def paper(alice: User) -> Credential:
    return create_paper(user=alice, exchange="binance", label="Paper account")


@pytest.fixture
def another(alice: User) -> Callable[..., Credential]:
    """A new account of Alice's in place of the last one."""

    def make(amount: str = "100000") -> Credential:
        alice.credentials.all().delete()
        return create_paper(user=alice, exchange="binance", label="Another", amount=Decimal(amount))

    return make
