import threading

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.conftest import PASSWORD, only_error

URL = "/api/v1/auth/register"
pytestmark = pytest.mark.django_db


def test_a_visitor_registers_and_is_signed_in(api, bearing):
    response = api.post(URL, {"email": "Carol@Example.org", "password": PASSWORD})
    assert response.status_code == 201
    assert set(response.json()) == {"user_id", "access_token", "refresh_token"}
    me = bearing(response.json()["access_token"]).get("/api/v1/me").json()
    assert me["id"] == response.json()["user_id"]
    assert me["email"] == "carol@example.org"


def test_the_password_is_stored_as_bcrypt_in_password_hash(alice):
    with connection.cursor() as cursor:
        cursor.execute("SELECT password_hash FROM users")
        (stored,) = cursor.fetchone()
    assert stored.startswith("bcrypt_sha256$$2b$")


@pytest.mark.parametrize("email", ["alice@example.org", "ALICE@EXAMPLE.ORG"])
def test_a_taken_email_is_refused_whatever_its_case(api, alice, email):
    response = api.post(URL, {"email": email, "password": PASSWORD})
    assert response.status_code == 400
    assert only_error(response) == ("email_taken", "email")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_too_short"),
        ("elevenchars", "password_too_short"),
        ("123456789012", "password_entirely_numeric"),
        ("q1w2e3r4t5y6", "password_too_common"),
        ("carol@example.org", "password_too_similar"),
        ("", "blank"),
    ],
)
def test_a_weak_password_is_refused_and_nothing_is_created(api, password, code):
    response = api.post(URL, {"email": "carol@example.org", "password": password})
    assert response.status_code == 400
    errors = response.json()["errors"]
    assert {error["attr"] for error in errors} == {"password"}
    assert code in {error["code"] for error in errors}
    assert not User.objects.exists()


def test_every_wrong_field_is_named_at_once(api, alice):
    response = api.post(URL, {"email": "alice@example.org", "password": "short"})
    assert {error["attr"] for error in response.json()["errors"]} == {"email", "password"}


@pytest.mark.parametrize("email", ["", "carol", "carol@", None, 5, True, [], {}, "a" * 250 + "@example.org"])
def test_what_is_no_email_is_refused(api, email):
    response = api.post(URL, {"email": email, "password": PASSWORD})
    assert response.status_code == 400
    assert only_error(response)[1] == "email"


def test_a_visitor_cannot_choose_rights(api):
    body = {"email": "carol@example.org", "password": PASSWORD, "is_staff": True, "plan": "enterprise"}
    response = api.post(URL, body)
    assert response.status_code == 400
    assert {error["attr"] for error in response.json()["errors"]} == {"is_staff", "plan"}


def test_spaces_belong_to_a_password(api):
    password = f"  {PASSWORD}  "
    api.post(URL, {"email": "carol@example.org", "password": password})
    login = {"email": "carol@example.org", "password": PASSWORD}
    assert api.post("/api/v1/auth/login", login).status_code == 401
    assert api.post("/api/v1/auth/login", {**login, "password": password}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_simultaneous_registrations_one_wins():
    answers = []
    gate = threading.Barrier(2)

    def register() -> None:
        gate.wait()
        body = {"email": "carol@example.org", "password": PASSWORD}
        answers.append(APIClient().post(URL, body).status_code)
        connection.close()

    threads = [threading.Thread(target=register) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(answers) == [201, 400]
    assert User.objects.count() == 1
