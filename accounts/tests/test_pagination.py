from collections.abc import Iterable, Iterator
from itertools import chain

import pytest
from django.core import signing
from rest_framework.test import APIClient

from accounts import services
from accounts.models import Plan, User
from accounts.tests.conftest import PASSWORD, only_error

URL = "/api/v1/users"
pytestmark = pytest.mark.urls("accounts.tests.urls")


@pytest.fixture
def crowd(alice):
    """Nine users who share only two plans: most neighbours tie in the first column of the order."""
    for number in range(8):
        user = services.register(email=f"user{number}@example.org", password=PASSWORD)
        User.objects.filter(pk=user.pk).update(plan=Plan.PRO if number % 3 else Plan.FREE)
    return [user.email for user in User.objects.order_by("-plan", "-id")]


def pages(client: APIClient, url: str) -> Iterator[list[str]]:
    while url:
        body = client.get(url).json()
        assert set(body) == {"users", "next"}
        yield [user["email"] for user in body["users"]]
        url = body["next"]


def joined(found: Iterable[list[str]]) -> list[str]:
    return list(chain.from_iterable(found))


def test_the_pages_together_are_the_list(alices, crowd):
    found = list(pages(alices, URL))
    assert [len(page) for page in found] == [2, 2, 2, 2, 1]
    assert joined(found) == crowd


@pytest.mark.parametrize("limit", [1, 3, 8, 9, 10, 500])
def test_any_limit_gives_the_same_list(alices, crowd, limit):
    found = list(pages(alices, f"{URL}?limit={limit}"))
    assert joined(found) == crowd
    assert all(len(page) == limit for page in found[:-1])
    assert found[-1]


def test_next_is_an_absolute_address_that_keeps_the_query(alices, crowd):
    following = alices.get(f"{URL}?limit=3&state=open").json()["next"]
    assert following.startswith("http://testserver/api/v1/users?")
    assert "limit=3" in following
    assert "state=open" in following


def test_rows_deleted_between_pages_hide_no_others(alices, crowd):
    first = alices.get(f"{URL}?limit=3").json()
    User.objects.filter(email=crowd[2]).exclude(email="alice@example.org").delete()
    rest = joined(pages(alices, first["next"]))
    assert rest == crowd[3:]


@pytest.mark.parametrize("limit", ["0", "-1", "501", "x", "", "1.5", "1e2", "٣", "9" * 5000])
def test_a_limit_out_of_bounds_is_refused(alices, limit):
    response = alices.get(URL, {"limit": limit})
    assert response.status_code == 400
    assert only_error(response) == ("invalid_limit", "limit")


@pytest.mark.parametrize(
    "cursor",
    [
        *["", "x", "a:b:c", "\0", "é"],
        signing.dumps(["free", "x"], salt="cursor:bots:-plan,-id"),
        signing.dumps(["free", "not a uuid"], salt="cursor:users:-plan,-id"),
        signing.dumps(["free"], salt="cursor:users:-plan,-id"),
        signing.dumps(5, salt="cursor:users:-plan,-id"),
    ],
    # Signatures hold the second they were made in: as names they would differ between the runner's processes.
    ids=range(9),
)
def test_a_cursor_that_is_none_of_this_list_is_refused(alices, cursor):
    response = alices.get(URL, {"cursor": cursor})
    assert response.status_code == 400
    assert only_error(response) == ("invalid_cursor", "cursor")
