"""The document of each service, and what of an answer is not in it."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from services.chassis.runtime.settings import Settings
from services.chassis.web.openapi import document
from tests.architecture.routes import routes_of
from tests.matrix.asking import Answer

JSON = ("application/json", "application/problem+json")


@cache
def document_of(service: str) -> dict[str, Any]:
    """The OpenAPI document of a service, as a process with default settings has it."""
    routes = [route for route in routes_of(service) if route.include_in_schema]
    return document(f"cefo · {service}", routes, Settings(data=Path("unused")))


def undocumented(document: dict[str, Any], method: str, path: str, answer: Answer) -> Iterator[str]:
    """What of this answer is not in the document: its status, media type, reason or fields."""
    what = f"{method.upper()} {path} → {answer.status}"
    documented = document["paths"][path][method.lower()]["responses"].get(str(answer.status))
    if documented is None:
        yield f"{what} is not documented"
        return
    # FastAPI names the media type of a 204, which has no content.
    kind = answer.headers.get("content-type", "").partition(";")[0] if answer.text else ""
    content = documented.get("content", {})
    if kind not in content and (kind or content):
        yield f"{what} as {kind or 'nothing'} is not documented"
    elif kind in JSON:
        body = orjson.loads(answer.text)
        yield from (f"{what}: {fault}" for fault in _faults(document, content[kind]["schema"], body))
        reason = str(body.get("type", "")).removeprefix("/problems/") if kind == JSON[1] else ""
        if reason and reason not in content[kind]["examples"]:
            yield f"{what}: the reason {reason} is not documented"


def _faults(document: dict[str, Any], schema: dict[str, Any], value: Any) -> Iterator[str]:
    whole = {**schema, "components": document["components"]}
    for fault in Draft202012Validator(whole).iter_errors(value):
        yield f"{'/'.join(map(str, fault.path))}: {fault.message[:200]}"
