import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.tests.conftest import only_error

pytestmark = pytest.mark.urls("accounts.tests.urls")


def post_raw(
    client: APIClient, body: bytes, content_type: str = "application/json", url: str = "/api/v1/echo"
) -> Any:
    return client.post(url, data=body, content_type=content_type)


def test_an_unknown_path_is_a_404_in_the_one_shape(api, alices):
    for client in (api, alices):
        for path in ("/api/v1/nothing", "/api/v1/me/", "/api/", "/api/v1/items/not-a-uuid"):
            response = client.get(path)
            assert response.status_code == 404
            assert response.json()["type"] == "client_error"
            assert only_error(response) == ("not_found", None)


def test_a_wellformed_id_reaches_its_view(alices):
    assert alices.get(f"/api/v1/items/{uuid.uuid4()}").status_code == 200


def test_a_wrong_method_is_a_405(alices):
    response = alices.delete("/api/v1/me")
    assert response.status_code == 405
    assert only_error(response) == ("method_not_allowed", None)


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]
)
def test_only_json_is_taken(alices, content_type):
    response = post_raw(alices, b"a=1", content_type)
    assert response.status_code == 415
    assert only_error(response) == ("unsupported_media_type", None)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b"nul",
        b'{"config": NaN}',
        b'{"config": Infinity}',
        b'{"config": "\\u0000"}',
        b'{"config": "\\ud800"}',
        b'{"\\u0000": 1}',
        b"[" * 100_000,
        b'{"config": ' + b"9" * 5000 + b"}",
    ],
)
def test_malformed_json_is_a_400(alices, body):
    response = post_raw(alices, body)
    assert response.status_code == 400
    assert only_error(response) == ("parse_error", None)


def test_an_oversized_body_is_a_413(alices, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = post_raw(alices, b'"' + b"x" * 1000 + b'"')
    assert response.status_code == 413
    assert only_error(response) == ("too_large", None)


@pytest.mark.parametrize("body", [b"[]", b"5", b'"x"', b"null", b"true"])
def test_a_body_that_is_no_object_is_a_400(alices, body):
    assert post_raw(alices, body).status_code == 400
    assert post_raw(alices, body, url="/api/v1/auth/login").status_code == 400


def test_a_nested_field_is_named_by_its_path(alices):
    response = alices.post("/api/v1/echo", {"config": {"lower_price": "much"}})
    assert response.json()["type"] == "validation_error"
    assert only_error(response) == ("invalid", "config.lower_price")


def test_a_services_refusal_is_a_400_that_names_the_field(alices):
    response = alices.get("/api/v1/refusing")
    assert response.status_code == 400
    assert only_error(response) == ("too_low", "config.upper_price")


@pytest.mark.parametrize("path", ["/api/v1/broken", "/api/v1/broken-outside"])
def test_our_own_failure_is_a_500_that_leaks_nothing(alices, path):
    alices.raise_request_exception = False
    response = alices.get(path)
    assert response.status_code == 500
    assert response.json()["type"] == "server_error"
    assert only_error(response) == ("error", None)
    assert b"s3cr3t" not in response.content


def test_a_wrong_host_is_a_400(api):
    response = api.get("/api/v1/me", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert only_error(response) == ("bad_request", None)


def test_decimals_are_plain_strings_wherever_they_stand(alices):
    body = alices.post("/api/v1/echo", {"config": {"lower_price": 0.00000001}}).json()
    assert body["serialized"] == {"config": {"lower_price": "0.00000001"}}
    assert body["plain"] == {"zero": "0.00000000", "big": "1000"}
