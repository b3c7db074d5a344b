import base64
import threading
import uuid
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from exchanges import rotation, sealed, vault
from exchanges.connector.client import Keys
from exchanges.models import Credential

K1, K2 = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


def make(user: User, number: int) -> Credential:
    row = uuid.uuid4()
    return Credential.objects.create(
        id=row,
        user=user,
        exchange="binance",
        label=f"key {number}",
        api_key_encrypted=sealed.seal("api_key_encrypted", row, f"key-{number}"),
        api_secret_encrypted=sealed.seal("api_secret_encrypted", row, f"secret-{number}"),
    )


def plaintexts() -> set[tuple[str, str]]:
    keys = [sealed.keys_of(each) for each in Credential.objects.all()]
    return {(each.api_key, each.secret) for each in keys}


def key_ids() -> set[str]:
    rows = Credential.objects.values_list("api_key_encrypted", "api_secret_encrypted")
    return {vault.key_id_of(bytes(envelope)) for row in rows for envelope in row}


@pytest.fixture
def seven(settings: Any, transactional_db: None) -> set[tuple[str, str]]:
    """Seven credentials under k1; then k2 is put in front."""
    settings.AUTOGRID_ENCRYPTION_KEYS = f"k1:{K1}"
    user = User.objects.create_user("alice@example.org", "x" * 12)
    for number in range(7):
        make(user, number)
    before = plaintexts()
    settings.AUTOGRID_ENCRYPTION_KEYS = f"k2:{K2},k1:{K1}"
    return before


def rotate(**options: Any) -> str:
    out = StringIO()
    call_command("rotate_encryption_keys", stdout=out, **options)
    return out.getvalue()


def test_every_secret_is_sealed_anew_and_the_old_key_may_go(seven, settings):
    said = rotate(batch_size=3)
    assert said.strip() == "7 credentials sealed anew with key k2, 0 were already."
    settings.AUTOGRID_ENCRYPTION_KEYS = f"k2:{K2}"
    assert (plaintexts(), key_ids()) == (seven, {"k2"})


def test_a_second_run_changes_nothing(seven):
    rotate()
    before = list(Credential.objects.values_list("api_key_encrypted", flat=True))
    assert rotate().strip() == "0 credentials sealed anew with key k2, 7 were already."
    assert list(Credential.objects.values_list("api_key_encrypted", flat=True)) == before


def test_two_runs_at_once_rotate_each_row_once(seven):
    done: list[rotation.Rotation] = []

    def run() -> None:
        try:
            done.append(rotation.rotate_encryption_keys(batch_size=2))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each.rotated for each in done) == 7
    assert sum(each.current for each in done) == 7
    assert (plaintexts(), key_ids()) == (seven, {"k2"})


def test_a_row_that_does_not_open_is_left_and_told(seven, settings):
    settings.AUTOGRID_ENCRYPTION_KEYS = f"k2:{K2}"
    before = list(Credential.objects.values_list("api_key_encrypted", flat=True))
    with pytest.raises(CommandError, match="7 credentials do not open") as raised:
        rotate()
    assert list(Credential.objects.values_list("api_key_encrypted", flat=True)) == before
    assert "secret" not in str(raised.value)


def test_a_secret_moved_to_another_row_or_column_does_not_open(seven):
    one, other = Credential.objects.all()[:2]
    other.api_secret_encrypted = one.api_secret_encrypted
    one.api_secret_encrypted = one.api_key_encrypted
    for credential in (one, other):
        with pytest.raises(vault.VaultError):
            sealed.keys_of(credential)


def test_keys_show_nothing_of_themselves():
    assert "very-secret" not in repr(Keys("very-secret", "very-secret", "uid"))
