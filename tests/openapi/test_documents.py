"""The documents say of every route who may use it, what it answers and why it refuses."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import uuid4

import pytest
from fastapi import Request
from fastapi.routing import APIRoute
from schemathesis.openapi import from_dict
from starlette.responses import Response

from services.chassis.events.dead_letters import OutOfOrder, RetryFailed, TooLate
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, PlanClosed, TooManyRequests, Unavailable, WrongCentre
from services.chassis.runtime.settings import Settings
from services.chassis.web import Reading, Running, allow, anyone, limited
from services.chassis.web.openapi import document
from services.chassis.web.openapi.reasons import refusals_in
from services.chassis.web.routing import Router
from services.contracts.roles import Role
from services.intake.store import Visit
from services.launcher.catalogue import NAMES
from tests.openapi.documents import JSON, document_of

FREE_FORM = ("/import/schema", "/schema", "/asyncapi.json")
"""Documents whose form is that of JSON Schema or AsyncAPI."""


def operations_of(made: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in made["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", path, operation


def without_answers(made: dict[str, Any]) -> Iterator[str]:
    """Routes that do not say who may use them, or whose answers are not typed."""
    for what, path, operation in operations_of(made):
        answers: dict[str, Any] = operation["responses"]
        if not operation.get("description"):
            yield f"{what} has no description"
        needed = {"401"} if operation.get("security") == [{"device": []}] else {"401", "403"}
        if "security" not in operation or bool(operation["security"]) != needed.issubset(answers):
            yield f"{what} does not say who may use it"
        for code, answer in answers.items():
            kinds = answer.get("content", {})
            if code != "204" and not kinds:
                yield f"{what}: {code} has no media type"
            for kind, content in kinds.items():
                if kind in JSON and not path.endswith(FREE_FORM) and untyped(content["schema"]):
                    yield f"{what}: {code} is not typed"
                if kind == JSON[1] and not content["examples"]:
                    yield f"{what}: {code} names no reason"


def untyped(schema: dict[str, Any]) -> bool:
    """Whether it is any JSON, any object, or a list of such."""
    if schema.get("type") == "array":
        return "prefixItems" not in schema and untyped(schema.get("items", {}))
    return not ({"$ref", "anyOf", "oneOf", "properties"} & schema.keys() or schema.get("type") not in (None, "object"))


@pytest.mark.parametrize("service", NAMES)
def test_a_document_is_valid_and_complete(service: str) -> None:
    made = document_of(service)
    from_dict(made).validate()
    assert list(without_answers(made)) == []
    ids = [operation["operationId"] for _, _, operation in operations_of(made)]
    assert sorted(ids) == sorted(set(ids)), "programs that generate a client name its functions so"
    names = made["components"]["schemas"].keys()
    assert [name for name in names if "__" in name or "-" in name] == [], "two classes with one name"
    lists = [
        f"{name}.{field}"
        for name, schema in made["components"]["schemas"].items()
        for field, one in schema.get("properties", {}).items()
        if one.get("type") == "array" and untyped(one)
    ]
    assert lists == []


def test_a_route_says_its_rights_limits_and_reasons() -> None:
    made = document_of("intake")
    operation = made["paths"]["/intake/api/v1/visits/{id}"]["put"]
    assert operation["security"] == [{"token": []}, {"session": []}]
    assert operation["x-roles"] == ["front-desk", "kiosk"]
    reasons = {
        code: list(answer["content"][JSON[1]]["examples"])
        for code, answer in operation["responses"].items()
        if code != "200"
    }
    assert reasons == {
        "400": ["unreadable"],
        "401": ["not-signed-in", "plan-closed"],
        "403": ["not-allowed", "wrong-centre", "cross-origin"],
        "409": ["already-different"],
        "413": ["body-too-large"],
        "422": [
            "activity-with-ticket",
            "in-the-future",
            "invalid",
            "repeated-field",
            "time-missing",
            "too-long-ago",
            "unknown-area",
            "unknown-centre",
        ],
        "429": ["too-many-requests"],
        "500": ["failed"],
        "503": ["unavailable"],
    }
    assert made["paths"]["/intake/api/v1/centres"]["get"]["security"] == []
    assert made["servers"] == [{"url": Settings().public_url.rstrip("/")}]
    assert made["components"]["examples"]["unknown-area"]["value"]["errors"][0]["field"] == "area"


@pytest.mark.parametrize(
    ("service", "path", "kind"),
    [
        ("impact", "/impact/api/v1/figures.csv", "text/csv"),
        ("directory", "/directory/api/v1/referral-events/stream", "text/event-stream"),
        ("scheduling", "/scheduling/api/v1/workshops/import", "application/x-ndjson"),
    ],
)
def test_a_sequence_has_its_media_type(service: str, path: str, kind: str) -> None:
    [operation] = document_of(service)["paths"][path].values()
    assert list(operation["responses"]["200"]["content"]) == [kind]
    if path.endswith("/import"):
        assert list(operation["requestBody"]["content"]) == [kind], "workshops come as NDJSON alone"


def test_a_route_whose_answers_are_missing_is_found() -> None:
    router = Router("/sample")

    @router.get("/anything")
    async def anything(request: Request, person: Annotated[Any, anyone]) -> Response:
        """Whatever there is."""
        raise NotImplementedError

    @router.get("/objects")
    async def objects(person: Annotated[Any, allow(Role.MANAGER)]) -> list[dict[str, Any]]: ...

    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    assert list(without_answers(document("sample", routes, Settings()))) == [
        "GET /sample/anything: 200 is not typed",
        "GET /sample/objects has no description",
        "GET /sample/objects: 200 is not typed",
    ]


def test_the_reasons_of_a_route_are_found_in_the_code_that_it_calls() -> None:
    router = Router("/sample")

    @router.get("/found", dependencies=[limited("search")])
    async def found(row: str, read: Reading, person: Annotated[Person, allow(Role.MANAGER)]) -> None:
        own(await read.get(Visit, row), person, "row")

    @router.get("/retried")
    async def retried(running: Running, centre: str, person: Annotated[Person, allow(Role.MANAGER)]) -> None:
        await running.consumer.retry(uuid4())
        person.at(centre)

    here = [set(refusals_in(route.dependant)) for route in router.routes if isinstance(route, APIRoute)]
    always = {PlanClosed, Unavailable}
    assert here == [
        always | {TooManyRequests, NotFound},
        always | {NotFound, OutOfOrder, RetryFailed, TooLate, WrongCentre},
    ]
