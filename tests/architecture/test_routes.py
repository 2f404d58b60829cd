"""Every route: one rule, and no change by reading."""

import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from fastapi import params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.websockets import WebSocket

from services.chassis.brokers.broker import Broker
from services.chassis.testing import quiet_settings
from services.chassis.web import Working, operations
from services.chassis.web import platform as front
from services.chassis.web.app import Process
from services.chassis.web.routing import Router, RouteWithoutPolicy, policy_of, routes_in
from services.contracts.roles import Role
from services.launcher.catalogue import SERVICES


def methods_of(route: APIRoute) -> list[str]:
    return sorted(route.methods or ())


def routes_of(name: str) -> list[APIRoute]:
    own = [front.router] if name == "front" else [*SERVICES[name].routers, operations.router_of(name)]
    return [route for router in own for route in routes_in(router.routes)]


ALL = [
    (f"{'/'.join(methods_of(route))} {route.path}", route) for name in (*SERVICES, "front") for route in routes_of(name)
]
EVERY = pytest.mark.parametrize("route", [route for _, route in ALL], ids=[id for id, _ in ALL])


def test_all_five_services_are_there() -> None:
    assert list(SERVICES) == ["intake", "scheduling", "plans", "directory", "impact"]
    assert len(ALL) > 150


@EVERY
def test_a_route_has_exactly_one_rule(route: APIRoute) -> None:
    assert policy_of(route) is not None


@EVERY
def test_reading_changes_nothing(route: APIRoute) -> None:
    """A link that is followed, prefetched or scanned must do nothing: GET gets no unit of work, nor makes one."""
    if "GET" not in methods_of(route):
        return
    assert set(methods_of(route)) <= {"GET", "HEAD"}
    [working] = [one for one in get_args(Working) if isinstance(one, params.Depends)]
    assert working.dependency not in set(_calls(route.dependant))
    assert ".work(" not in inspect.getsource(inspect.unwrap(route.endpoint))


BOUNDED_BY_NATURE = {
    "/directory/api/v1/centres": "the network has twelve",
    "/intake/api/v1/centres": "the network has twelve",
    "/scheduling/api/v1/centres": "the network has twelve",
    "/scheduling/api/v1/slots": "the free slots of one day",
}


@EVERY
def test_what_is_asked_for_as_a_list_is_bounded(route: APIRoute) -> None:
    asked_for_a_list = str(route.endpoint.__annotations__.get("return", "")).startswith("list[")
    if not asked_for_a_list or "GET" not in methods_of(route) or route.path in BOUNDED_BY_NATURE:
        return
    bounds = [
        getattr(bound, "le", None)
        for param in route.dependant.query_params
        if param.name == "limit"
        for bound in param.field_info.metadata
    ]
    assert any(bound is not None and bound <= 200 for bound in bounds)


def test_only_operations_may_see_and_decide_dead_letters() -> None:
    for route in operations.router_of("intake").routes:
        assert isinstance(route, APIRoute)
        if not route.path.endswith("asyncapi.json"):
            assert policy_of(route).roles == {Role.OPERATOR}, route.path


def test_a_route_without_a_rule_does_not_start() -> None:
    router = Router("/intake")

    @router.get("/open")
    async def forgotten() -> None: ...

    [route] = routes_in(router.routes)
    with pytest.raises(RouteWithoutPolicy, match=r"/intake/open has 0 rules"):
        policy_of(route)


def test_a_route_that_could_have_no_rule_does_not_start(tmp_path: Path) -> None:
    """Included in a service, as its own routes are: the process must find it there."""
    forgetful = Router("/intake")

    @forgetful.get("/open")
    async def forgotten() -> None: ...

    inner = Router()
    inner.include_router(forgetful)
    settings = quiet_settings(tmp_path)
    for router in (forgetful, inner):
        service = replace(SERVICES["intake"], routers=(router,))
        with pytest.raises(RouteWithoutPolicy, match=r"/intake/open has 0 rules"):
            Process([service], settings, Broker(settings))
    socket = Router("/intake")

    @socket.websocket("/ws")
    async def talk(websocket: WebSocket) -> None: ...

    with pytest.raises(RouteWithoutPolicy, match="can have no rule"):
        list(routes_in(socket.routes))


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)
