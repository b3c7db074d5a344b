from django.test import Client

from accounts.tests.conftest import only_error

URL = "/api/v1/me"


def test_the_account_is_described_without_secrets(alices, alice):
    body = alices.get(URL).json()
    assert set(body) == {
        "id", "email", "name", "plan", "timezone", "telegram_linked", "second_factor", "created_at",
    }  # fmt: skip
    assert body["id"] == str(alice.pk)
    assert (body["plan"], body["timezone"], body["telegram_linked"]) == ("free", "UTC", False)


def test_the_timezone_can_be_changed(alices, alice, bob):
    response = alices.patch(URL, {"timezone": "Europe/Berlin"})
    assert response.status_code == 200
    assert response.json()["timezone"] == "Europe/Berlin"
    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.timezone, bob.timezone) == ("Europe/Berlin", "UTC")


def test_the_name_can_be_changed(alices):
    assert alices.patch(URL, {"name": " Alice Liddell "}).json()["name"] == "Alice Liddell"
    assert alices.patch(URL, {"timezone": "UTC"}).json()["name"] == "Alice Liddell"
    assert only_error(alices.patch(URL, {"name": "a\u202eb"})) == ("invalid", "name")
    assert alices.patch(URL, {"name": ""}).json()["name"] == ""


def test_an_empty_change_changes_nothing(alices):
    assert alices.patch(URL, {}).json()["timezone"] == "UTC"


def test_a_wrong_timezone_is_named(alices):
    for timezone in ("Mars/Olympus", "../etc/passwd", "", None, 5, ["UTC"]):
        response = alices.patch(URL, {"timezone": timezone})
        assert response.status_code == 400
        assert only_error(response)[1] == "timezone"


def test_plan_and_id_cannot_be_set(alices, alice):
    for field, value in (("plan", "enterprise"), ("id", "1")):
        response = alices.patch(URL, {field: value})
        assert response.status_code == 400
        assert only_error(response) == ("unknown_field", field)
    alice.refresh_from_db()
    assert (alice.plan, alice.email) == ("free", "alice@example.org")


def test_without_a_token_it_is_a_401_that_says_how(api, db):
    response = api.get(URL)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert only_error(response) == ("not_authenticated", None)


def test_a_session_of_the_pages_is_accepted_but_changes_need_csrf(alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.get(URL).status_code == 200
    response = browser.patch(URL, {"timezone": "UTC"}, content_type="application/json")
    assert response.status_code == 403
    assert only_error(response) == ("permission_denied", None)
