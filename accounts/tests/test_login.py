from accounts.models import User
from accounts.tests.conftest import PASSWORD, only_error

URL = "/api/v1/auth/login"


def test_the_right_password_signs_in(api, alice, bearing):
    response = api.post(URL, {"email": "Alice@Example.ORG", "password": PASSWORD})
    assert response.status_code == 200
    assert response.json()["user_id"] == str(alice.pk)
    assert bearing(response.json()["access_token"]).get("/api/v1/me").status_code == 200
    alice.refresh_from_db()
    assert alice.last_login is not None


def test_a_wrong_password_and_an_unknown_email_answer_alike(api, alice):
    wrong = api.post(URL, {"email": "alice@example.org", "password": "not her password"})
    unknown = api.post(URL, {"email": "nobody@example.org", "password": "not her password"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert wrong["WWW-Authenticate"] == unknown["WWW-Authenticate"] == 'Bearer realm="api"'
    assert only_error(wrong) == ("wrong_credentials", None)


def test_an_unknown_email_costs_a_hash_too(api, db, monkeypatch):
    """The time of an answer must not tell whether an account exists."""
    hashed = []
    monkeypatch.setattr(User, "set_password", lambda user, raw: hashed.append(raw))
    api.post(URL, {"email": "nobody@example.org", "password": "some password"})
    assert hashed == ["some password"]


def test_a_closed_account_answers_like_a_wrong_password(api, alice):
    User.objects.update(is_active=False)
    response = api.post(URL, {"email": "alice@example.org", "password": PASSWORD})
    assert response.status_code == 401
    assert only_error(response) == ("wrong_credentials", None)


def test_a_stale_token_does_not_hinder_signing_in(alice, bearing):
    response = bearing("stale").post(URL, {"email": "alice@example.org", "password": PASSWORD})
    assert response.status_code == 200


def test_missing_fields_are_named(api, db):
    response = api.post(URL, {})
    assert response.status_code == 400
    assert [(e["code"], e["attr"]) for e in response.json()["errors"]] == [
        ("required", "email"),
        ("required", "password"),
    ]
