"""What every route declares: its access policy, and its unit of work or read session."""

from collections.abc import AsyncGenerator, Callable, Container, Coroutine, Iterable, Iterator, Sequence
from typing import Annotated, Any, cast, get_args, get_origin

import orjson
from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from services.chassis.identity.access import AccessPolicy
from services.chassis.identity.people import Person
from services.chassis.refusals import PlanClosed, RepeatedField, Unavailable
from services.chassis.runtime.tracing import current_traceparent
from services.chassis.service.definition import Runtime, runtime_of
from services.chassis.storage.store import Cause, Work
from services.contracts.json_keys import repeated_key
from services.contracts.roles import Role
from services.contracts.text import Input

Body = Input
"""A request body."""

_SEVERAL = (list, tuple, set, frozenset, Sequence)


class PolicyCheck:
    """An access policy as a FastAPI dependency, checked before the route runs."""

    def __init__(self, policy: AccessPolicy) -> None:
        self.policy = policy

    async def __call__(self, connection: HTTPConnection) -> Person | None:
        """The person, if the policy admits them. Async, so that FastAPI does not use its thread pool."""
        connection.state.public = self.policy.roles is None
        if self.policy.roles is not None and connection.state.identity.unavailable:
            raise Unavailable()
        if self.policy.roles is not None and connection.state.identity.plan_closed and not _reads(connection):
            raise PlanClosed()
        return self.policy.admit(connection.state.person)


def _reads(connection: HTTPConnection) -> bool:
    return connection.scope.get("method") in ("GET", "HEAD")


def allow(*roles: Role, region_wide: Iterable[Role] = ()) -> Any:
    """Admit people with one of these roles; everyone else gets 401 or 403.

    `region_wide`: further roles, of people who work for the whole region and not for some centres.
    """
    return Depends(PolicyCheck(AccessPolicy(roles, region_wide)))


anyone = Depends(PolicyCheck(AccessPolicy(None)))
"""Admit everyone, signed in or not."""


by_device_key = Depends(PolicyCheck(AccessPolicy(None, key="device")))
"""Admit who has the key of a device, which the route checks: `bearer_of` gives it. No sign-in replaces it."""


class CheckedRoute(APIRoute):
    """A route whose body has no field twice, and whose address no parameter, except lists. Raises `RepeatedField`.

    Of forms, those that the route declares with `Form()`; `read_form` checks its own.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, after the check."""
        handle = super().get_route_handler()
        single = frozenset(_single_parameters(self.dependant))
        is_form = self.body_field is not None and isinstance(self.body_field.field_info, Form)
        single_fields = frozenset(_single_fields(self.dependant.body_params)) if is_form else frozenset[str]()

        async def checked(request: Request) -> Response:
            refuse_repeated(request.query_params.multi_items(), single)
            if is_form:
                refuse_repeated((await request.form()).multi_items(), single_fields)
            if self.body_field is not None and "json" in request.headers.get("content-type", "").lower():
                body = await request.body()
                if (name := repeated_key(body, _count_names(body))) is not None:
                    raise RepeatedField(name)
            return await handle(request)

        return checked


def refuse_repeated(given: Iterable[tuple[str, Any]], single: Container[str]) -> None:
    """Raise `RepeatedField` if one of the names that have a single value is among the given ones twice."""
    names = [name for name, _ in given if name in single]
    if len(set(names)) < len(names):
        raise RepeatedField(max(names, key=names.count))


def _single_parameters(dependant: Dependant) -> Iterator[str]:
    """The names of the parameters of an address that have one value."""
    yield from _single_fields(dependant.query_params)
    for inner in dependant.dependencies:
        yield from _single_parameters(inner)


def _single_fields(parameters: Iterable[Any]) -> Iterator[str]:
    for parameter in parameters:
        declared: Any = parameter.field_info.annotation
        fields: dict[str, FieldInfo] = {parameter.alias: parameter.field_info}
        if isinstance(declared, type) and issubclass(declared, BaseModel):
            fields = declared.model_fields
        yield from (field.alias or name for name, field in fields.items() if not is_several(field.annotation))


def is_several(annotation: Any) -> bool:
    """Whether values of this type are lists, perhaps optional ones."""
    return get_origin(annotation) in _SEVERAL or any(get_origin(part) in _SEVERAL for part in get_args(annotation))


def _count_names(body: bytes) -> int:
    """How many names the outer object of this JSON text has; -1 if it has none, or cannot be read so quickly."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return -1
    return len(cast(dict[str, Any], value)) if isinstance(value, dict) else -1


class Router(APIRouter):
    """Routes of a service. `pages`: for people, omitted from the OpenAPI document."""

    def __init__(self, prefix: str = "", *, pages: bool = False, tags: list[Any] | None = None) -> None:
        super().__init__(prefix=prefix, tags=tags, include_in_schema=not pages, route_class=CheckedRoute)


class RouteWithoutPolicy(TypeError):
    """A route without an access policy. Give it `allow(...)` or `anyone`."""


def policy_of(route: APIRoute) -> AccessPolicy:
    """The access policy of a route. Raises `RouteWithoutPolicy` unless it has exactly one."""
    policies = list(_policies(route.dependant))
    if len(policies) != 1:
        raise RouteWithoutPolicy(
            f"{sorted(route.methods or ())} {route.path} has {len(policies)} access policies, and needs one"
        )
    return policies[0]


def routes_in(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """All routes, of included routers too. Raises `RouteWithoutPolicy` for a route that cannot have a policy."""
    for route in routes:
        inner: APIRouter | None = getattr(route, "original_router", None)
        if isinstance(route, APIRoute):
            yield route
        elif inner is not None:
            yield from routes_in(inner.routes)
        elif not (isinstance(route, Mount) and isinstance(route.app, StaticFiles)) and type(route) is not Route:
            # A plain route is FastAPI's own, for the OpenAPI document.
            raise RouteWithoutPolicy(f"{route!r} is not a route of a `Router`, so it cannot have an access policy")


def _policies(dependant: Dependant) -> list[AccessPolicy]:
    found = [dependant.call.policy] if isinstance(dependant.call, PolicyCheck) else []
    return [*found, *(rule for inner in dependant.dependencies for rule in _policies(inner))]


def cause_of(connection: HTTPConnection) -> Cause:
    """The cause of a request's unit of work: its chain, and its trace."""
    return Cause(connection.state.correlation_id, traceparent=current_traceparent())


async def _work(connection: HTTPConnection) -> AsyncGenerator[Work]:
    runtime = runtime_of(connection)
    async with runtime.store.work(cause_of(connection)) as work:
        yield work


async def _read(connection: HTTPConnection) -> AsyncGenerator[AsyncSession]:
    async with runtime_of(connection).store.read() as session:
        yield session


Working = Annotated[Work, Depends(_work, scope="function")]
"""One unit of work, committed before the answer is sent."""

Reading = Annotated[AsyncSession, Depends(_read, scope="function")]
"""A session that only reads."""


async def _running(connection: HTTPConnection) -> Runtime:
    return runtime_of(connection)


Running = Annotated[Runtime, Depends(_running)]
"""The service's runtime: store, clock, live boards, settings."""
