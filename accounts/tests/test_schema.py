from drf_spectacular.validation import validate_schema


def test_the_schema_is_valid_and_complete(api, db):
    schema = api.get("/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    validate_schema(schema)
    paths = schema["paths"]
    for path in ("auth/register", "auth/login", "auth/refresh", "auth/logout", "auth/confirm", "me"):
        assert f"/api/v1/{path}" in paths
    assert paths["/api/v1/me"]["get"]["security"] == [{"bearer": []}, {"cookieAuth": []}]
    assert paths["/api/v1/auth/register"]["post"]["responses"].keys() == {"201", "default"}
    assert "security" not in paths["/api/v1/auth/login"]["post"]


def test_schema_and_docs_are_served_to_anyone(api, db):
    schema = api.get("/api/v1/schema")
    assert schema.status_code == 200
    assert b"openapi: 3" in schema.content
    page = api.get("/api/v1/docs")
    assert page.status_code == 200
    assert b"<script>" not in page.content
    assert b"swagger-ui-bundle.js" in page.content
    assert b"://" not in page.content
    script = api.get("/api/v1/docs?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert b"/api/v1/schema" in script.content
