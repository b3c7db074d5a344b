import pytest
from axes.models import AccessAttempt

from accounts import tokens
from accounts.models import User
from accounts.tests.conftest import PASSWORD, only_error

USERS = "/admin/accounts/user/"


@pytest.fixture
def operator(pages, db):
    user = User.objects.create_superuser("Operator@example.org", PASSWORD)
    form = {"username": "operator@example.org", "password": PASSWORD, "next": "/admin/"}
    assert pages.post("/admin/login/", form).status_code == 302
    pages.user = user
    return pages


def test_an_operator_creates_a_user(operator):
    assert operator.get(f"{USERS}add/").status_code == 200
    form = {
        "email": "Carol@example.org",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    assert operator.post(f"{USERS}add/", form).status_code == 302
    carol = User.objects.get(email="carol@example.org")
    assert carol.check_password(PASSWORD)


def test_the_form_refuses_an_address_that_exists_in_another_case(operator, alice):
    form = {
        "email": "ALICE@example.org",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    response = operator.post(f"{USERS}add/", form)
    assert "email" in response.context["adminform"].form.errors


def test_an_operator_changes_a_user_and_sees_no_hash(operator, alice):
    url = f"{USERS}{alice.pk}/change/"
    page = operator.get(url)
    assert page.status_code == 200
    assert alice.password.encode() not in page.content
    form = {"email": "alice@example.org", "plan": "pro", "timezone": "UTC", "is_active": "on"}
    assert operator.post(url, form).status_code == 302
    alice.refresh_from_db()
    assert alice.plan == "pro"
    assert alice.check_password(PASSWORD)


def test_a_password_set_by_an_operator_ends_the_users_tokens(operator, alice, bearing):
    pair = tokens.issue(user=alice)
    form = {
        "usable_password": "true",
        "password1": "another good password",
        "password2": "another good password",
    }
    assert operator.post(f"{USERS}{alice.pk}/password/", form).status_code == 302
    assert only_error(bearing(pair.access).get("/api/v1/me")) == ("token_revoked", None)


def test_an_operator_revokes_tokens(operator, alice, bearing):
    pair = tokens.issue(user=alice)
    form = {"action": "sign_out_of_the_api", "_selected_action": [str(alice.pk)]}
    assert operator.post(USERS, form).status_code == 302
    assert only_error(bearing(pair.access).get("/api/v1/me")) == ("token_revoked", None)


def test_every_list_opens(operator, alice):
    tokens.issue(user=alice)
    AccessAttempt.objects.create(username="x", ip_address="192.0.2.1", failures_since_start=1)
    for model in (
        "accounts/user",
        "accounts/tokenfamily",
        "axes/accessattempt",
        "account/emailaddress",
        "auth/group",
    ):
        assert operator.get(f"/admin/{model}/").status_code == 200
        assert operator.get(f"/admin/{model}/?q=x").status_code == 200


def test_a_user_may_not_enter(pages, alice):
    pages.force_login(alice)
    assert pages.get(USERS).status_code == 302


def test_the_admin_bears_the_products_name(operator):
    page = operator.get("/admin/").content.decode()
    assert "AutoGrid" in page
    assert "Django administration" not in page
