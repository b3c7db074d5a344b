"""/account/: what is signed in by the API, and how to end that."""

from django.test import Client

from accounts import tokens
from accounts.models import User


def test_programs_are_listed_and_signed_out_at_once(as_alice: Client, alice: User, bob: User) -> None:
    pair, other = tokens.issue(user=alice), tokens.issue(user=bob)
    assert "Sign all programs out" in as_alice.get("/account/").content.decode()
    answer = as_alice.post("/account/programs/sign-out/", follow=True)
    assert "Every program is signed out" in answer.content.decode()
    assert "Sign all programs out" not in answer.content.decode()
    assert tokens.user_for_access_token(pair.access) is None
    assert tokens.user_for_access_token(other.access) == bob


def test_without_programs_nothing_is_offered(as_alice: Client) -> None:
    assert "Sign all programs out" not in as_alice.get("/account/").content.decode()
