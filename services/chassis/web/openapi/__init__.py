"""The OpenAPI document of a service: what FastAPI derives, and the answers, rights and media types of every route."""

from collections.abc import Iterable
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from services.chassis.runtime.settings import Settings
from services.chassis.web.cookies import cookie_name
from services.chassis.web.media import SEQUENCES, as_text
from services.chassis.web.openapi.answers import Json, Reasons, rules_of_lines
from services.chassis.web.problem_models import Problem
from services.chassis.web.routing import policy_of, routes_in
from services.contracts.roles import Role

SCHEMAS = "#/components/schemas/{model}"
VERSION = "1"
_GENERATED = ("HTTPValidationError", "ValidationError")
"""FastAPI's own answers to invalid fields, which are never sent."""
_ABOUT = """\
A refusal is a problem document (RFC 9457) and changes nothing. Decide by `status`, by the code at the end of `type`,
and by `rule` and `field` of its `errors`; each route lists its codes. Ignore members and codes that you do not know.

The roles that a route admits are in its `x-roles`. A program sends a token in the header `Authorization`, a browser the
cookie of a sign-in."""


class DocumentedApp(FastAPI):
    """A service's app, with its document."""

    def __init__(self, service: str, settings: Settings, **more: Any) -> None:
        super().__init__(title=f"cefo · {service}", version=VERSION, docs_url=None, redoc_url=None, **more)
        self._settings = settings

    def openapi(self) -> Json:
        """The document; made at the first request."""
        if self.openapi_schema is None:
            routes = [route for route in routes_in(self.routes) if route.include_in_schema]
            self.openapi_schema = document(self.title, routes, self._settings)
        return self.openapi_schema


def document(title: str, routes: Iterable[APIRoute], settings: Settings) -> Json:
    """The OpenAPI document of these routes."""
    routes = list(routes)
    made = get_openapi(
        title=title,
        version=VERSION,
        description=_ABOUT,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        servers=[{"url": settings.public_url.rstrip("/")}],
        routes=routes,
    )
    components: Json = made.setdefault("components", {})
    schemas: Json = components.setdefault("schemas", {})
    for name in _GENERATED:
        schemas.pop(name, None)
    reasons = Reasons()
    for route in routes:
        for method in route.methods or ():
            _complete(made["paths"][route.path_format][method.lower()], route, reasons)
    problem = Problem.model_json_schema(ref_template=SCHEMAS)
    components["securitySchemes"] = _schemes(settings)
    components["examples"] = dict(sorted(reasons.examples.items()))
    schemas["Problem"] = problem
    components["schemas"] = dict(sorted((schemas | _hoisted(made)).items()))
    return made


def _complete(operation: Json, route: APIRoute, reasons: Reasons) -> None:
    """Add what FastAPI does not know about a route."""
    policy = policy_of(route)
    roles = policy.roles
    operation["operationId"] = route.name
    by_key: list[Json] = [{policy.key: []}] if policy.key is not None else []
    operation["security"] = by_key if roles is None else [{"token": []}, {"session": []}]
    if roles is not None:
        operation["x-roles"] = [role.value for role in Role if role in roles]
        operation["security"] += [{"plan": []}] if Role.VISITOR in roles else []
    own = {code: answer for code, answer in operation["responses"].items() if not _is_generated(answer)}
    for code, answer in own.items():
        if code.startswith("2"):
            answer["description"] = _done(route)
        for media_type, content in answer.get("content", {}).items():
            if media_type in SEQUENCES:
                item = content["schema"] if "model" in route.responses.get(200, {}) else None
                content["schema"] = as_text(media_type, item)
    operation["responses"] = reasons.answers_of(route) | own


def _done(route: APIRoute) -> str:
    """The first sentence about the route; of an import also why lines are refused."""
    first = route.description.split("\n")[0] or route.summary or route.name
    rules = ", ".join(f"`{rule}`" for rule in rules_of_lines(route))
    return f"{first} Rules of lines, beside those of fields: {rules}." if rules else first


def _is_generated(answer: Json) -> bool:
    return any(name in str(answer) for name in _GENERATED)


def _schemes(settings: Settings) -> Json:
    return {
        "token": {"type": "http", "scheme": "bearer", "description": "A named token, or that of an account."},
        "session": {"type": "apiKey", "in": "cookie", "name": cookie_name(settings, "session")},
        "device": {"type": "http", "scheme": "bearer", "description": "The key of a device, for what it sends later."},
        "plan": {"type": "apiKey", "in": "cookie", "name": cookie_name(settings, "visitor")},
    }


def _hoisted(part: Any) -> Json:
    """Takes the definitions out of inline schemas. Returns them by name."""
    found: Json = {}
    if isinstance(part, dict):
        inner = cast(Json, part)
        found |= inner.pop("$defs", {})
        for value in [*inner.values(), *found.values()]:
            found |= _hoisted(value)
    elif isinstance(part, list):
        for value in cast(list[Any], part):
            found |= _hoisted(value)
    return found
