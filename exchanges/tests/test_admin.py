"""What operators see of credentials, and may do."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from exchanges import background, services
from exchanges.models import Credential
from exchanges.simulator.testing import ThreadedSimulator, simulator_in_thread

LIST = "/admin/exchanges/credential/"
KEY, SECRET = "demo-admin-0123456789abcdef", "secret-of-the-admins-test"


@pytest.fixture(scope="module")
def sim() -> Iterator[ThreadedSimulator]:
    with simulator_in_thread() as running:
        yield running
        background.close()


@pytest.fixture
def credential(sim: ThreadedSimulator, settings: Any, db: None) -> Credential:
    settings.EXCHANGE_SIMULATOR = sim.transport
    user = User.objects.create_user("alice@example.org", "x" * 12)
    return services.create_credential(
        user=user, exchange="binance", label="Main", api_key=KEY, api_secret=SECRET
    )


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator@example.org", "x" * 12))
    return client


def revalidate(operator: Client, credential: Credential) -> Any:
    data = {"action": "revalidate", "_selected_action": [str(credential.pk)]}
    return operator.post(LIST, data, follow=True)


def test_neither_secrets_nor_their_envelopes_are_shown(operator, credential):
    for url in (LIST, f"{LIST}{credential.pk}/change/"):
        page = operator.get(url)
        assert page.status_code == 200
        text = page.content.decode()
        assert "Main" in text
        for hidden in (KEY, SECRET, "encrypted", bytes(credential.api_key_encrypted).hex()):
            assert hidden not in text


def test_credentials_are_neither_added_nor_changed_here(operator, credential):
    assert operator.get(f"{LIST}add/").status_code == 403
    assert operator.post(f"{LIST}{credential.pk}/change/", {"label": "Mine"}).status_code == 403


def test_an_operator_has_a_key_checked_again(operator, credential):
    Credential.objects.update(is_valid=False)
    assert "1 keys were checked" in revalidate(operator, credential).content.decode()
    credential.refresh_from_db()
    assert credential.is_valid


def test_an_exchange_that_is_down_is_told(operator, credential, settings, sim):
    settings.EXCHANGE_SIMULATOR = sim.transport | {"port": 9}
    assert "Binance does not answer" in revalidate(operator, credential).content.decode()
