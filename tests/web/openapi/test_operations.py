"""The document is whole: every route is described, and nothing is described that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match

from telpher.core.tokens import Scope
from telpher.web.api import models
from telpher.web.openapi.operations import PRIVILEGED, operations
from tests.web.api.house import House

# The assets of pages are theirs to name: their addresses are not for anybody to build upon.
UNDESCRIBED = {"/static/docs.js", "/favicon.ico"}

METHODS = {"get", "head", "options", "post", "delete"}


def example(path: str, about: dict[str, Any]) -> str:
    """An address that a described path stands for."""
    parameters = next(iter(about.values()))["parameters"]
    for each in parameters:
        if each["in"] == "path":
            path = path.replace("{" + each["name"] + "}", str(each["example"]))
    return path


def routes_of(home: House) -> list[BaseRoute]:
    return list(home.world.app().routes)


def by_hand(home: House) -> list[BaseRoute]:
    return [each for each in routes_of(home) if not isinstance(each, APIRoute)]


def takes(route: BaseRoute, path: str) -> bool:
    scope = {"type": "http", "path": path, "method": "GET", "root_path": "", "headers": []}
    return route.matches(scope)[0] is Match.FULL


async def test_every_route_is_described(home: House) -> None:
    addresses = [example(*item) for item in operations().items()] + sorted(UNDESCRIBED)
    missing = [
        getattr(route, "path", None) or vars(route)
        for route in by_hand(home)
        if not any(takes(route, address) for address in addresses)
    ]
    assert not missing, f"{missing} is not in web/openapi/operations.py"


async def test_everything_described_has_its_route(home: House) -> None:
    for path, about in operations().items():
        address = example(path, about)
        assert "{" not in address, f"a parameter of {path} has no description"
        assert sum(takes(route, address) for route in by_hand(home)) == 1, path


async def document(home: House) -> Any:
    return (await home.http.get("/openapi.json")).json()


def described(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, about in document["paths"].items():
        for method, operation in about.items():
            assert method in METHODS
            yield method, path, operation


async def test_title_and_shape(home: House) -> None:
    found = await document(home)
    assert found["openapi"].startswith("3.1")
    assert found["info"]["title"] == "Telegram VLC Stream Bot API"
    assert "telpher token create" in found["info"]["description"]
    names = [operation["operationId"] for _, _, operation in described(found)]
    assert len(names) == len(set(names)) > 30
    tags = {each["name"] for each in found["tags"]}
    assert {tag for _, _, each in described(found) for tag in each["tags"]} == tags


async def test_the_api_is_in_it_with_the_scopes_that_are_asked_for(home: House) -> None:
    found = await document(home)
    assert set(found["components"]["securitySchemes"]) == {"token", PRIVILEGED}
    scopes = set()
    for _, path, operation in described(found):
        security = operation.get("security", [])
        assert any("token" in each for each in security) == path.startswith("/api/")
        scopes |= {scope for each in security for scope in each.get("token", [])}
    assert scopes == set(Scope)


async def test_every_error_is_of_the_one_shape_and_has_an_example(home: House) -> None:
    found = await document(home)
    for method, path, operation in described(found):
        assert operation["summary"]
        assert operation["description"]
        for status, answer in operation["responses"].items():
            assert answer["description"]
            if int(status) < 400 or path.startswith("/health"):
                continue
            content = answer["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Error"}, (method, path)
            assert set(content["example"]["detail"]) >= {"error", "message", "request_id"}


async def test_every_answer_in_json_has_an_example(home: House) -> None:
    found = await document(home)
    shapes = found["components"]["schemas"]
    for method, path, operation in described(found):
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/json")
            if content is None or "example" in content:
                continue
            name = content["schema"]["$ref"].rpartition("/")[2]
            assert shapes[name]["examples"], (method, path, status)
            for each in shapes[name]["examples"]:
                vars(models)[name].model_validate(each, extra="forbid")


async def test_every_parameter_has_an_example_or_a_meaning(home: House) -> None:
    for method, path, operation in described(await document(home)):
        for each in operation.get("parameters", []):
            told = each.get("description") or each["schema"].get("description")
            assert told, (method, path, each["name"])


async def test_every_reference_leads_somewhere(home: House) -> None:
    found = await document(home)
    for name in re.findall(r"#/components/schemas/(\w+)", str(found)):
        assert name in found["components"]["schemas"]


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/redoc"])
async def test_head(home: House, path: str) -> None:
    assert (await home.http.head(path)).status_code == 200


async def test_it_is_there_without_the_api(client: httpx.AsyncClient) -> None:
    found = (await client.get("/openapi.json")).json()
    assert not [path for path in found["paths"] if path.startswith("/api")]
    assert "Error" in found["components"]["schemas"]
