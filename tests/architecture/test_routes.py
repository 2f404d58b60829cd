"""Every route: one rule, and no change by reading."""

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Annotated, Any, get_args

import pytest
from fastapi import Depends, Query, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.websockets import WebSocket

from services.chassis.brokers import broker_of
from services.chassis.testing import quiet_settings
from services.chassis.web import ByKey, Once, Running, Working
from services.chassis.web.app import Process
from services.chassis.web.limits import LimitCheck, Name
from services.chassis.web.routing import Router, RouteWithoutPolicy, allow, anyone, policy_of, routes_in
from services.contracts.roles import Role
from services.launcher.catalogue import SERVICES
from tests.architecture.routes import ROUTES, methods_of, named

BOUNDED_BY_NATURE = {
    "/directory/api/v1/centres": "the network has twelve",
    "/intake/api/v1/centres": "the network has twelve",
    "/scheduling/api/v1/centres": "the network has twelve",
    "/scheduling/api/v1/counsellors": "the counsellors of one centre",
    "/scheduling/api/v1/rooms": "the rooms of one centre",
}

UNLIMITED = {
    "POST /sign-in": "demo accounts, without any secret",
    "POST /sign-out": "ends only what the browser holds",
    "POST /directory/sign-out": "ends only what the browser holds",
    "POST /intake/mine/close": "ends only what the browser holds",
}


ADDED_ONCE = {
    "POST /intake/api/v1/visits/{id}/visitor": "a visit has one visitor",
    "POST /scheduling/api/v1/interviews/information": "a visit has one running interview, which is answered again",
    "POST /scheduling/api/v1/waiting/next": "refused while the interview that it started goes on, with its id",
    "POST /scheduling/api/v1/paths": "a person has one open path",
    "POST /scheduling/api/v1/interviews": "a person and a counsellor have one appointment at a time",
    "POST /scheduling/api/v1/workshops": "a counsellor has one appointment at a time",
    "POST /scheduling/api/v1/workshops/{id}/seats": "a person has one seat in a workshop",
    "POST /directory/api/v1/referrals": "its id is in the body",
    "POST /directory/api/v1/undirected/{action_id}/referral": "an action has one referral",
}
"""Why a second, equal request adds nothing, although its route does not make the id from the request."""

OPENING = {"work", "group_commit"}
"""Names of what opens a unit of work."""
WRITTEN_BY_READING = {
    **dict.fromkeys(
        (
            "GET /intake/visits/{id}",
            "GET /intake/people/{subject_ref}",
            "GET /intake/visitors/{subject_ref}/appointments",
        ),
        "notes who opened whose data: what cannot be noted is not shown",
    ),
    "GET /directory/sign-in/oidc/{issuer}/callback": "the provider sends the browser back so; it has an effect once, in"
    " the browser that asked, with a code and a state that nobody else knows",
    **dict.fromkeys(
        (
            "GET /impact/api/v1/figures/exact",
            "GET /impact/api/v1/figures/exact.csv",
            "GET /impact/exact",
        ),
        "the log notes who read exact figures, and nothing else changes",
    ),
}


def without_one_policy(routes: Iterable[APIRoute]) -> Iterator[str]:
    for route in routes:
        try:
            policy_of(route)
        except RouteWithoutPolicy as error:
            yield str(error)


def changing_by_reading(routes: Iterable[APIRoute]) -> Iterator[str]:
    """GET with another method, with a unit of work, or with code that opens one."""
    [working] = [one for one in get_args(Working) if isinstance(one, params.Depends)]
    for route in routes:
        if "GET" not in methods_of(route):
            continue
        if not set(methods_of(route)) <= {"GET", "HEAD"}:
            yield f"{named(route)} reads and changes"
        if working.dependency in set(_calls(route.dependant)):
            yield f"{named(route)} is given a unit of work"
        if opens_work(inspect.unwrap(route.endpoint)):
            yield f"{named(route)} opens a unit of work"


def opens_work(function: FunctionType, seen: set[CodeType] | None = None) -> bool:
    """Whether the function, or one that it calls by name, opens a unit of work. Methods of instances are not followed:
    for these, tests/matrix sends every GET and compares the stores."""
    seen = set() if seen is None else seen
    codes = list(_codes(function.__code__))
    if function.__code__ in seen:
        return False
    seen.add(function.__code__)
    names = {name for code in codes for name in code.co_names}
    known = [value for name in names if (value := function.__globals__.get(name)) is not None]
    in_modules = [getattr(one, name, None) for one in known if isinstance(one, ModuleType) for name in names]
    called = [one for one in (*known, *in_modules) if isinstance(one, FunctionType)]
    return bool(names & OPENING) or any(opens_work(one, seen) for one in called if _is_ours(one))


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function, and of those inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _is_ours(function: FunctionType) -> bool:
    return function.__module__.split(".")[0] in ("services", "tests")


def unbounded(routes: Iterable[APIRoute]) -> Iterator[str]:
    """GET that answers with a list, and whose `limit` may exceed 200 or is missing."""
    for route in routes:
        answers_a_list = str(route.endpoint.__annotations__.get("return", "")).startswith("list[")
        if not answers_a_list or "GET" not in methods_of(route):
            continue
        bounds = [
            getattr(bound, "le", None)
            for param in route.dependant.query_params
            if param.name == "limit"
            for bound in param.field_info.metadata
        ]
        if not any(bound is not None and bound <= 200 for bound in bounds):
            yield route.path


def test_all_five_services_are_there() -> None:
    assert list(SERVICES) == ["intake", "scheduling", "plans", "directory", "impact"]
    assert len(ROUTES) > 150


def test_a_route_has_exactly_one_rule() -> None:
    assert list(without_one_policy(ROUTES)) == []


def test_reading_changes_nothing() -> None:
    """A link that is followed, prefetched or scanned must do nothing: GET gets no unit of work, nor opens one."""
    assert list(changing_by_reading(ROUTES)) == [f"{route} opens a unit of work" for route in WRITTEN_BY_READING]


def test_what_is_asked_for_as_a_list_is_bounded() -> None:
    """Every list that has no bounded `limit` is bounded by nature, and every one of those is still there."""
    assert sorted(unbounded(ROUTES)) == sorted(BOUNDED_BY_NATURE)


def test_who_is_not_signed_in_changes_nothing_without_a_limit() -> None:
    open_writes = {
        named(route) for route in ROUTES if policy_of(route).roles is None and "GET" not in methods_of(route)
    }
    limited = {named(route) for route in ROUTES if list(_limits(route.dependant))}
    assert open_writes - limited == set(UNLIMITED)


def test_what_adds_something_is_known_when_it_is_sent_again() -> None:
    """By an id that is made from the request, or by what is there. tests/matrix sends each request twice."""
    adding = {named(route) for route in ROUTES if "POST" in methods_of(route) and route.status_code == 201}
    by_id = {one.dependency for kind in (ByKey, Once) for one in get_args(kind) if isinstance(one, params.Depends)}
    made = {named(route) for route in ROUTES if by_id & set(_calls(route.dependant))}
    assert adding - made == set(ADDED_ONCE)
    assert len(made) == 24


def test_every_limit_of_a_dependency_is_used() -> None:
    used = {name for route in ROUTES for name in _limits(route.dependant)}
    assert used | {"pin", "elsewhere", "confirmation", "request"} == set(get_args(Name)), (
        "counted in the page: by the link, by what is chosen"
    )


def test_a_route_with_no_rule_or_two_is_seen() -> None:
    router = Router("/intake")

    @router.get("/open")
    async def open_to_all() -> None: ...

    @router.get("/doubly", dependencies=[anyone])
    async def doubly(person: Annotated[Any, allow(Role.MANAGER)]) -> None: ...

    @router.get("/rightly")
    async def rightly(person: Annotated[Any, anyone]) -> None: ...

    seen = list(without_one_policy(routes_in(router.routes)))
    assert [line.split(", and")[0] for line in seen] == [
        "['GET'] /intake/open has 0 access policies",
        "['GET'] /intake/doubly has 2 access policies",
    ]


def test_a_route_that_changes_by_reading_is_seen() -> None:
    router = Router("/intake")

    async def nested(work: Working) -> None: ...

    @router.get("/given")
    async def given(work: Working) -> None: ...

    @router.get("/given-inside", dependencies=[Depends(nested)])
    async def given_inside() -> None: ...

    @router.get("/opens")
    async def opens(running: Running) -> None:
        async with running.store.work():
            pass

    @router.get("/opens-elsewhere")
    async def opens_elsewhere(running: Running) -> None:
        async def inside() -> None:
            await _opened_elsewhere(running)

        await inside()

    @router.api_route("/both", methods=["GET", "POST"])
    async def both() -> None: ...

    @router.post("/changes")
    async def changes(work: Working) -> None: ...

    @router.api_route("/reads", methods=["GET", "HEAD"])
    async def reads(running: Running) -> None: ...

    assert list(changing_by_reading(routes_in(router.routes))) == [
        "GET /intake/given is given a unit of work",
        "GET /intake/given-inside is given a unit of work",
        "GET /intake/opens opens a unit of work",
        "GET /intake/opens-elsewhere opens a unit of work",
        "GET/POST /intake/both reads and changes",
    ]


def test_a_list_that_is_not_bounded_is_seen() -> None:
    router = Router("/intake")

    @router.get("/all")
    async def everything() -> list[str]: ...

    @router.get("/many")
    async def many(limit: Annotated[int, Query(ge=1, le=201)] = 100) -> list[str]: ...

    @router.get("/some")
    async def some(limit: int = 100) -> list[str]: ...

    @router.get("/few")
    async def few(limit: Annotated[int, Query(ge=1, le=200)] = 100) -> list[str]: ...

    @router.get("/one")
    async def one() -> str: ...

    assert list(unbounded(routes_in(router.routes))) == ["/intake/all", "/intake/many", "/intake/some"]


def test_a_route_without_a_rule_does_not_start(tmp_path: Path) -> None:
    """Included in a service, as its own routes are: the process must find it there."""
    forgetful = Router("/intake")

    @forgetful.get("/open")
    async def forgotten() -> None: ...

    inner = Router()
    inner.include_router(forgetful)
    settings = quiet_settings(tmp_path)
    for router in (forgetful, inner):
        service = replace(SERVICES["intake"], routers=(router,))
        with pytest.raises(RouteWithoutPolicy, match=r"/intake/open has 0 access policies"):
            Process([service], settings, broker_of(settings))


def test_a_route_that_cannot_have_a_policy_does_not_start() -> None:
    router = Router("/intake")

    @router.websocket("/ws")
    async def talk(websocket: WebSocket) -> None: ...

    with pytest.raises(RouteWithoutPolicy, match="cannot have an access policy"):
        list(routes_in(router.routes))


async def _opened_elsewhere(running: Running) -> None:
    async with running.store.work():
        pass


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def _limits(dependant: Dependant) -> Iterator[Name]:
    return (call.name for call in _calls(dependant) if isinstance(call, LimitCheck))
