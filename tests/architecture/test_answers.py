"""Every route of a platform on https, as every answer has it: security headers, cookies, and where a redirect leads."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute

from services.chassis.brokers import broker_of
from services.chassis.identity.people import Person
from services.chassis.runtime.live import Live
from services.chassis.runtime.settings.access import IN_PUBLIC
from services.chassis.testing import migrated, quiet_settings
from services.chassis.web.app import Process
from services.chassis.web.redirects import local_path
from services.chassis.web.routing import Body
from services.contracts.roles import Role
from services.launcher import demo
from services.launcher.catalogue import SERVICES
from tests.architecture.test_routes import ROUTES, methods_of, named

BASE = "https://cefo.test"
EVIL = "evil.example"
FILES = ("/static", "/static/cefo.css", "/intake/static", "/intake/static/wall.css", "/x")
"""Browser files, and where there is nothing."""
STAFF = Person(
    subject="t/all",
    name="All (test)",
    roles=frozenset(set(Role) - {Role.VISITOR}),
    centres=frozenset({"liege"}),
)
HEADERS = {
    "content-security-policy": "default-src 'none'",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=()",
    "cache-control": "",
}
"""The headers of every answer, and how each begins."""
OFF_SITE = (
    f"//{EVIL}",
    f"///{EVIL}",
    f"/\\{EVIL}",
    f"\\\\{EVIL}",
    f"/\t/{EVIL}",
    f"/\n/{EVIL}",
    f"\t//{EVIL}",
    f"/\r\n/{EVIL}",
    f"https://{EVIL}",
    f"https:{EVIL}",
    f"{BASE}@{EVIL}/",
    f"//{EVIL}\\@cefo.test",
    f"/%09/{EVIL}",
    f"/%5c{EVIL}",
    f"%2f%2f{EVIL}",
    f"/.//{EVIL}",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """How a route answers: what is sent before its body."""

    route: str
    status: int
    headers: list[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]


@asynccontextmanager
async def platform(folder: Path) -> AsyncGenerator[Process]:
    """All services in one process on https; relays and consumers do not run."""
    settings = quiet_settings(folder, public_url=BASE, demo=True, demo_in_public=IN_PUBLIC)
    process = Process(list(SERVICES.values()), settings, broker_of(settings), live=Live(), accounts=demo.ACCOUNTS)
    for runtime in process.runtimes:
        await migrated(runtime.store, runtime.service)
        if runtime.service.on_start is not None:
            await runtime.service.on_start(runtime)
    try:
        yield process
    finally:
        process.live.close()
        for runtime in process.runtimes:
            await runtime.store.close()


async def ask(process: Process, method: str, path: str, *, host: str = "cefo.test", **more: Any) -> Answer:
    """Send a request; `cookie`, `query`, `form`, `accept`, `referer`. Streams end after their first line."""
    headers = {
        "host": host,
        "x-forwarded-host": host,
        "sec-fetch-site": "same-origin",
        "content-type": "application/x-www-form-urlencoded",
        **{name: more[name] for name in ("cookie", "accept", "referer") if name in more},
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(more.get("query", {})).encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("cefo.test", 443),
        "client": ("127.0.0.1", 1),
    }
    started: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    bodies = iter([{"type": "http.request", "body": urlencode(more.get("form", {})).encode(), "more_body": False}])

    async def receive() -> Any:
        if (body := next(bodies, None)) is not None:
            return body
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        if not started.done():
            started.set_result(message)

    answering = asyncio.ensure_future(process(scope, receive, send))
    await asyncio.wait([started, answering], return_when=asyncio.FIRST_COMPLETED)
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    assert started.done(), f"{method} {path} answers nothing"
    begun = started.result()
    found = [(name.decode().lower(), value.decode("latin-1")) for name, value in begun["headers"]]
    return Answer(f"{method} {path}", begun["status"], found)


def path_of(route: APIRoute) -> str:
    """A path of this route; what it names need not exist."""
    values: dict[str, Any] = {
        param.name: uuid4() if param.field_info.annotation is UUID else "liege" for param in route.dependant.path_params
    }
    return route.path.format_map(values)


def staff_cookie(process: Process) -> str:
    return f"__Host-cefo-session={process.signer.session(STAFF)}"


async def every_answer(process: Process) -> list[Answer]:
    """Each route as nobody and as a member of every team, with and without its last slash, from a forged host."""
    found: list[Answer] = []
    for route in ROUTES:
        for method in methods_of(route):
            for cookie in ("", staff_cookie(process)):
                for path in {path_of(route), path_of(route).rstrip("/") or "/", f"{path_of(route).rstrip('/')}/"}:
                    found.append(
                        await ask(
                            process,
                            method,
                            path,
                            host=EVIL,
                            cookie=cookie,
                            accept="text/html",
                            query={"lang": "de"},
                            referer=f"https://{EVIL}//{EVIL}/",
                        )
                    )
    return [*found, *[await ask(process, "GET", path, host=EVIL) for path in FILES]]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    async def collect() -> list[Answer]:
        async with platform(tmp_path_factory.mktemp("https")) as process:
            demo_sign_in = {"account": "region", "next": "/directory/"}
            return [
                *await every_answer(process),
                await ask(process, "POST", "/sign-in", form=demo_sign_in),
                await ask(process, "POST", "/sign-out", cookie=staff_cookie(process)),
            ]

    return asyncio.run(collect())


def wrong_headers(answer: Answer) -> Iterator[str]:
    for name, begins in HEADERS.items():
        values = answer.all(name)
        if len(values) != 1 or not values[0].startswith(begins):
            yield f"{answer.route} ({answer.status}): {name}: {values}"


def wrong_cookies(answer: Answer) -> Iterator[str]:
    for cookie in answer.all("set-cookie"):
        name, *attributes = cookie.split("; ")
        kept = {attribute.lower() for attribute in attributes}
        bound = {"secure", "httponly", "path=/", "samesite=lax"} <= kept
        if not name.startswith("__Host-cefo-") or not bound or any(one.startswith("domain") for one in kept):
            yield f"{answer.route}: {cookie}"


def test_every_answer_carries_the_security_headers(answers: list[Answer]) -> None:
    assert [fault for answer in answers for fault in wrong_headers(answer)] == []
    assert len(answers) > 800


def test_every_cookie_is_bound_to_the_host_and_hidden_from_scripts(answers: list[Answer]) -> None:
    assert [fault for answer in answers for fault in wrong_cookies(answer)] == []
    set_here = {cookie.partition("=")[0] for answer in answers for cookie in answer.all("set-cookie")}
    assert {f"__Host-cefo-{name}" for name in ("session", "visitor", "lang", "flash")} <= set_here


def test_a_redirect_is_a_path_whatever_host_the_request_names(answers: list[Answer]) -> None:
    led = [(answer.route, place) for answer in answers for place in answer.all("location")]
    assert [one for one in led if not local_path(one[1]) or one[1].startswith(f"/{EVIL}")] == []
    assert ("GET /intake", "/intake/?lang=de") in led, "the framework added the slash"


def fields_of(route: APIRoute) -> Mapping[str, bool]:
    """The names of the query's parameters and of the form's fields; whether it is a form's."""
    forms = [param.field_info.annotation for param in route.dependant.body_params]
    names = {param.name: False for param in route.dependant.query_params}
    return names | {name: True for form in forms for name in getattr(form, "model_fields", {})}


LEADING_ON = [route for route in ROUTES if "next" in fields_of(route)]
NEXT = {(method, path_of(route)): route for route in LEADING_ON for method in methods_of(route)}


def forms(kind: type[Body] = Body) -> Iterator[type[Body]]:
    """All forms and bodies of all services."""
    for inner in kind.__subclasses__():
        yield inner
        yield from forms(inner)


def test_the_routes_that_lead_on_are_known() -> None:
    assert sorted(named(route) for route in NEXT.values()) == [
        "GET /directory/sign-in",
        "GET /directory/sign-in/device",
        "GET /directory/sign-in/oidc/{issuer}",
        "GET /sign-in",
        "POST /directory/sign-in/device",
        "POST /sign-in",
    ]
    assert [kind.__name__ for kind in forms() if "next" in kind.model_fields] == ["SignIn"]


async def test_no_next_leads_off_site(tmp_path: Path) -> None:
    async with platform(tmp_path) as process:
        for method, path in NEXT:
            for text in OFF_SITE:
                answer = await ask(
                    process, method, path, query={"next": text}, form={"account": "region", "next": text}
                )
                for place in answer.all("location"):
                    assert local_path(place), (path, text, place)
                    assert not place.startswith((f"/{EVIL}", f"/%2f{EVIL}")), (path, text, place)
        kept = await ask(process, "POST", "/sign-in", form={"account": "region", "next": "/directory/?q=a"})
        assert kept.all("location") == ["/directory/?q=a"]


async def test_what_is_wrong_is_seen() -> None:
    bare = Answer("GET /", 200, [("set-cookie", "cefo-lang=de; Path=/; HttpOnly; SameSite=lax")])
    assert len(list(wrong_headers(bare))) == len(HEADERS)
    assert list(wrong_cookies(bare)) != []
