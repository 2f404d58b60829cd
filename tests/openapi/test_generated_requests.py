"""Requests that schemathesis makes from each service's document, valid and invalid: nothing undocumented happens."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import httpx2
import orjson
import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from services.chassis.identity.people import Person
from services.chassis.testing import ORIGIN
from services.contracts.roles import Role
from services.launcher.catalogue import NAMES
from tests.matrix.asking import ask
from tests.matrix.world import World, opened
from tests.openapi.documents import document_of, undocumented

CHECKS: list[Any] = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.missing_required_header,
    checks.negative_data_rejection,
]
GENERATED = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
"""So many valid cases of each operation, and as many invalid ones."""


@schemathesis.serializer("application/x-ndjson")
def as_lines(_context: Any, value: Any) -> bytes:
    """How a generated import is sent: its document says that it is a text."""
    return value.encode() if isinstance(value, str) else orjson.dumps(value)


EVERYTHING = Person(subject="t/all", name="All (test)", roles=frozenset(set(Role) - {Role.VISITOR}))
"""Of the whole region, in every role: gets beyond the access policy of every route."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[World]:
    async with opened(tmp_path_factory.mktemp("openapi")) as world:
        yield world


def cases_of(operation: Any) -> list[Any]:
    """The same cases in every run. An operation without parameters has no invalid ones."""
    found: list[Any] = []
    for mode in GenerationMode:

        @settings(GENERATED)
        @given(operation.as_strategy(generation_mode=mode))
        def collect(case: Any) -> None:
            found.append(case)

        with suppress(Unsatisfiable):
            collect()
    return found


def only_empty_is_wrong(document: dict[str, Any], case: Any, url: str) -> bool:
    """Whether the case is right once the empty values of its query are missing: that is how they are understood.

    `url`: as it is sent. An empty list stands nowhere in it.
    """
    query, sent = dict(case.query or {}), dict(parse_qsl(urlsplit(url).query))
    left = {name: value for name, value in query.items() if name in sent}
    elsewhere = (part.mode for place, part in case.meta.components.items() if place is not ParameterLocation.QUERY)
    if len(left) == len(query) or GenerationMode.NEGATIVE in elsewhere:
        return False
    operation = document["paths"][case.operation.path][case.operation.method]
    known = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
    required = {name for name, one in known.items() if one.get("required")}
    return required <= left.keys() and all(
        name not in known or is_valid(document, known[name]["schema"], value) for name, value in left.items()
    )


def is_valid(document: dict[str, Any], schema: dict[str, Any], value: Any) -> bool:
    """Whether the schema has the value, which a query writes as text."""
    whole = schema | {"components": document["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    read = [value]
    with suppress(TypeError, ValueError):
        read.append(orjson.loads(value))
    return any(validator.is_valid(one) for one in read)


async def faults_of(world: World, token: str, document: dict[str, Any], case: Any) -> list[str]:
    """What is wrong with the answer to a case."""
    request = requests.Request(**case.as_transport_kwargs(ORIGIN)).prepare()
    method, url, sent = str(request.method), str(request.url), cast(str | bytes, request.body or b"")
    body = sent.encode() if isinstance(sent, str) else sent
    given_headers = {
        name.lower(): value.decode("latin-1") if isinstance(value, bytes) else value
        for name, value in cast(dict[str, str | bytes], request.headers).items()
        if name.lower() != "content-length"
    }
    headers = given_headers | {"authorization": f"Bearer {token}", "accept-encoding": "identity"}
    answer = await ask(world.process, method, url, headers, body)
    asked = httpx2.Request(method, url, headers=headers, content=body)
    got = httpx2.Response(answer.status, headers=answer.headers, content=answer.text.encode(), request=asked)
    got.elapsed = timedelta()
    what = f"{case.operation.label} {url} {body[:300]!r} → {answer.status} {answer.text[:300]}"
    faults = list(undocumented(document, case.operation.method, case.operation.path, answer))
    faults += ["an error of the platform"] if answer.status == 500 else []
    try:
        # An import answers what is wrong with a line in its report.
        accepted = case.operation.path.endswith("/import") or only_empty_is_wrong(document, case, url)
        excluded: list[Any] = [checks.negative_data_rejection] if accepted else []
        case.validate_response(got, checks=CHECKS, excluded_checks=excluded)
    except FailureGroup as failures:
        faults += [f"{type(one).__name__}: {one}" for one in failures.exceptions]
    return [f"{what}: {fault}" for fault in faults]


@pytest.mark.parametrize("service", NAMES)
@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_undocumented_happens(world: World, service: str) -> None:
    document = document_of(service)
    schema = schemathesis.openapi.from_dict(document)
    token = world.process.signer.session(EVERYTHING)
    operations = [result.ok() for result in cast(Any, schema).get_all_operations()]
    cases = [case for one in operations if not one.path.endswith("/stream") for case in cases_of(one)]
    faults = [fault for case in cases for fault in await faults_of(world, token, document, case)]
    assert faults == []
