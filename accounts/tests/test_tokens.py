import threading
import uuid
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import services, tokens
from accounts.models import TokenFamily
from accounts.tests.conftest import PASSWORD, only_error

REFRESH = "/api/v1/auth/refresh"
LOGOUT = "/api/v1/auth/logout"
ME = "/api/v1/me"


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_a_refresh_gives_a_working_new_pair(api, alice, bearing):
    first = tokens.issue(user=alice)
    response = api.post(REFRESH, {"refresh_token": first.refresh})
    assert response.status_code == 200
    assert response.json()["user_id"] == str(alice.pk)
    assert response.json()["refresh_token"] != first.refresh
    assert bearing(response.json()["access_token"]).get(ME).status_code == 200
    again = api.post(REFRESH, {"refresh_token": response.json()["refresh_token"]})
    assert again.status_code == 200


def test_the_access_token_of_before_lives_on_after_a_refresh(api, alice, bearing):
    first = tokens.issue(user=alice)
    api.post(REFRESH, {"refresh_token": first.refresh})
    assert bearing(first.access).get(ME).status_code == 200


def test_reuse_of_a_spent_refresh_token_ends_its_family_and_no_other(api, alice, bearing):
    first, elsewhere = tokens.issue(user=alice), tokens.issue(user=alice)
    second = api.post(REFRESH, {"refresh_token": first.refresh}).json()
    reuse = api.post(REFRESH, {"refresh_token": first.refresh})
    assert reuse.status_code == 401
    assert only_error(reuse) == ("token_reused", None)
    for access in (first.access, second["access_token"]):
        response = bearing(access).get(ME)
        assert response.status_code == 401
        assert only_error(response) == ("token_revoked", None)
    after = api.post(REFRESH, {"refresh_token": second["refresh_token"]})
    assert only_error(after) == ("token_revoked", None)
    assert bearing(elsewhere.access).get(ME).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_parallel_refreshes_exactly_one_wins_and_the_family_ends():
    alice = services.register(email="alice@example.org", password=PASSWORD)
    pair = tokens.issue(user=alice)
    answers = []
    gate = threading.Barrier(4)

    def refresh() -> None:
        gate.wait()
        answers.append(APIClient().post(REFRESH, {"refresh_token": pair.refresh}))
        connection.close()

    threads = [threading.Thread(target=refresh) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    family = TokenFamily.objects.get()
    assert (family.generation, family.revoked_for) == (1, "reuse")


def test_logout_by_refresh_token_ends_the_family(api, alice, bearing):
    pair = tokens.issue(user=alice)
    assert api.post(LOGOUT, {"refresh_token": pair.refresh}).status_code == 204
    assert only_error(bearing(pair.access).get(ME)) == ("token_revoked", None)
    assert only_error(api.post(REFRESH, {"refresh_token": pair.refresh})) == ("token_revoked", None)


def test_logout_by_bearer_ends_only_its_own_family(alice, bearing):
    here, elsewhere = tokens.issue(user=alice), tokens.issue(user=alice)
    assert bearing(here.access).post(LOGOUT).status_code == 204
    assert bearing(here.access).get(ME).status_code == 401
    assert bearing(elsewhere.access).get(ME).status_code == 200


def test_logout_with_an_expired_access_token_works_by_refresh_token(alice, bearing):
    pair = tokens.issue(user=alice)
    assert bearing("stale").post(LOGOUT, {"refresh_token": pair.refresh}).status_code == 204


def test_logout_of_nobody_is_refused(api, db):
    response = api.post(LOGOUT)
    assert response.status_code == 401
    assert only_error(response) == ("not_authenticated", None)


def test_logout_with_what_is_no_refresh_token_is_refused(api, alice):
    for token in ("x", tokens.issue(user=alice).access):
        assert only_error(api.post(LOGOUT, {"refresh_token": token})) == ("token_invalid", None)


def test_an_expired_token_says_so(api, alice, bearing):
    family = TokenFamily.objects.create(
        user=alice, expires_at=timezone.now() + timedelta(days=1), confirmed_at=timezone.now()
    )
    for kind in (tokens.AccessToken, tokens.RefreshToken):
        token = kind()
        token["fam"], token["gen"] = str(family.pk), 0
        token.set_exp(lifetime=timedelta(seconds=-1))
        if kind is tokens.AccessToken:
            response = bearing(str(token)).get(ME)
        else:
            response = api.post(REFRESH, {"refresh_token": str(token)})
        assert response.status_code == 401
        assert only_error(response) == ("token_expired", None)
        assert "Bearer" in response["WWW-Authenticate"]


def test_tokens_last_as_long_as_the_design_says(alice):
    pair = tokens.issue(user=alice)
    access, refresh = claims(pair.access), claims(pair.refresh)
    assert access["exp"] - access["iat"] == 24 * 3600
    assert refresh["exp"] - refresh["iat"] == 7 * 24 * 3600


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "Bearer", "ä", "." * 5000])
def test_what_is_no_token_is_a_401(api, db, token):
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    response = api.get(ME)
    assert response.status_code == 401
    assert only_error(response) == ("token_invalid", None)


def test_a_refresh_token_is_no_access_token_nor_the_reverse(api, alice, bearing):
    pair = tokens.issue(user=alice)
    assert only_error(bearing(pair.refresh).get(ME)) == ("token_invalid", None)
    assert only_error(api.post(REFRESH, {"refresh_token": pair.access})) == ("token_invalid", None)


def test_a_token_of_another_key_or_without_signature_is_refused(alice, bearing):
    genuine = claims(tokens.issue(user=alice).access)
    for forged in (jwt.encode(genuine, "k" * 64, "HS256"), jwt.encode(genuine, "", "none")):
        assert only_error(bearing(forged).get(ME)) == ("token_invalid", None)


def test_tokens_of_closed_and_deleted_accounts_open_nothing(alice, bob, bearing):
    alices, bobs = tokens.issue(user=alice), tokens.issue(user=bob)
    alice.is_active = False
    alice.save()
    bob.delete()
    assert only_error(bearing(alices.access).get(ME)) == ("token_revoked", None)
    assert only_error(bearing(bobs.access).get(ME)) == ("token_revoked", None)


def test_a_changed_password_ends_every_family_of_that_user_only(alice, bob, bearing):
    alices, bobs = [tokens.issue(user=alice) for _ in range(2)], tokens.issue(user=bob)
    alice.set_password("another good password")
    alice.save()
    for pair in alices:
        assert only_error(bearing(pair.access).get(ME)) == ("token_revoked", None)
    assert bearing(bobs.access).get(ME).status_code == 200


def test_other_changes_of_a_user_leave_the_tokens_alone(api, alice, bearing, settings):
    pair = tokens.issue(user=alice)
    alice.timezone = "Europe/Berlin"
    alice.save()
    # An upgraded hash is no new password.
    settings.PASSWORD_HASHERS = ["accounts.hashers.PatientBCrypt"]
    assert alice.check_password(PASSWORD)
    assert "$12$" in alice.password
    assert bearing(pair.access).get(ME).status_code == 200


def test_user_for_access_token_serves_sockets(alice):
    pair = tokens.issue(user=alice)
    assert tokens.user_for_access_token(pair.access) == alice
    assert tokens.user_for_access_token(pair.refresh) is None
    assert tokens.user_for_access_token("") is None


def test_authentication_by_token_costs_one_query(alice, django_assert_num_queries):
    pair = tokens.issue(user=alice)
    with django_assert_num_queries(1):
        tokens.user_for_access_token(pair.access)


def test_a_sign_in_sweeps_the_users_expired_families(alice, bob):
    past = timezone.now() - timedelta(seconds=1)
    for user in (alice, bob):
        TokenFamily.objects.create(user=user, expires_at=past, confirmed_at=past)
    tokens.issue(user=alice)
    assert TokenFamily.objects.filter(user=alice).count() == 1
    assert TokenFamily.objects.filter(user=bob).count() == 1


def test_a_pair_does_not_show_its_tokens():
    assert "secret" not in repr(tokens.TokenPair(user_id=uuid.uuid4(), access="secret", refresh="secret"))
