"""One process: one to five services behind one origin, with shared pages."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis import i18n
from services.chassis.brokers.port import Broker
from services.chassis.identity.tokens import signer
from services.chassis.refusals import BodyTooLarge, Refused, StillRestoring
from services.chassis.runtime.clock import Clock, system_clock
from services.chassis.runtime.live import Live
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.tracing import provider_of
from services.chassis.service.definition import Navigation, Runtime, Service
from services.chassis.storage.store import Store
from services.chassis.web import operations
from services.chassis.web import platform as front
from services.chassis.web.compression import Compression
from services.chassis.web.limits import Limits
from services.chassis.web.openapi import DocumentedApp
from services.chassis.web.pages import Site
from services.chassis.web.platform import DemoAccount
from services.chassis.web.problems import answer_http, answer_invalid, answer_refused
from services.chassis.web.routing import policy_of, routes_in
from services.chassis.web.security import Known, RequestMiddleware
from services.chassis.web.static_files import STATIC, add_files

_RETRY_AFTER = "10"
"""Seconds after which a request to a service that is being restored may be tried again."""

BATCH = 16
"""How many times the limit of a body one with hundreds of entries may have."""


class Process:
    """An ASGI application that serves its services and runs their relays and consumers."""

    def __init__(
        self,
        services: list[Service],
        settings: Settings,
        broker: Broker,
        *,
        live: Live | None = None,
        clock: Clock = system_clock,
        navigation: Mapping[str, Navigation] | None = None,
        folders: Sequence[Path] | None = None,
        accounts: Mapping[str, DemoAccount] | None = None,
    ) -> None:
        """`navigation`: that of all services, by service. `folders`: their folders, with translations and files.

        Both default to those of `services`. `accounts`: demo accounts by key, active only with the setting `demo`.
        """
        self.settings = settings
        self.broker = broker
        broker.creates = {topic.name for service in services for topic in service.topics}
        names = [service.name for service in services]
        self.live = live or Live(settings.redis, names, settings.redis_options())
        self.signer = signer(settings)
        self._limits = Limits(settings, self.signer, self.live.redis)
        own = [service.folder for service in services]
        for folder in folders or own:
            i18n.add_catalogues(folder / "locales")
        named = {folder.name: folder for folder in folders or ()} | {one.name: one.folder for one in services}
        self._files = {name: files for name, folder in named.items() if (files := folder / "static").is_dir()}
        """The browser files of each service that has some. Every process serves them, as it serves the shared ones."""
        for name, files in self._files.items():
            add_files(name, files)
        self.site = Site(own, navigation or {one.name: one.nav for one in services}, secure=settings.secure)
        self._accounts = accounts if accounts is not None and settings.demo else {}
        self.runtimes = [Runtime(service, settings, broker, self.live, clock) for service in services]
        self._apps = {runtime.service.name: self._service_app(runtime) for runtime in self.runtimes}
        self._platform = self._platform_app()
        self._app = Starlette(lifespan=self._lifespan)
        self._hints: asyncio.Task[None] | None = None
        self.before_relays: Callable[[Store], Awaitable[None]] | None = None
        """Runs on each store before its relay starts; the embedded stack republishes its events here."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route the request to the service named in its path, or else to the shared routes."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        await self._app_of(scope["path"])(scope, receive, send)

    async def prepare(self) -> None:
        """Prepare the stores, for a caller who can explain `OlderStore` to people: the start does it otherwise."""
        for runtime in self.runtimes:
            await runtime.prepare()

    async def start(self) -> None:
        """Create topics, then start stores, relays and consumers."""
        await self.broker.ensure_topics()
        self._hints = asyncio.create_task(self.live.run(), name="live")
        for runtime in self.runtimes:
            await runtime.start(self.before_relays)

    async def stop(self) -> None:
        """End the streams, then stop the services."""
        self.live.close()
        await asyncio.gather(*(runtime.stop() for runtime in self.runtimes))
        if self._hints is not None:
            self._hints.cancel()
            await asyncio.gather(self._hints, return_exceptions=True)
        await self.live.disconnect()

    def _app_of(self, path: str) -> ASGIApp:
        """The browser files of a service are shared: they are there while it is restored, and in every process."""
        first, _, rest = path.removeprefix("/").partition("/") if path.startswith("/") else ("", "", "")
        if first in self._files and rest.partition("/")[0] == "static":
            return self._platform
        return self._apps.get(first, self._platform)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncGenerator[None]:
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    def _service_app(self, runtime: Runtime) -> ASGIApp:
        name = runtime.service.name
        # First those of every service, as `/{service}/{id}` matches them too.
        routers = (operations.router_of(runtime.service), *runtime.service.routers)
        app = DocumentedApp(
            name,
            self.settings,
            # Not included as routers: FastAPI would build every route a second time, at the first request.
            routes=[route for router in routers for route in router.routes],
            openapi_url=f"/{name}/api/v1/openapi.json",
            telemetry=self._telemetry(name),
        )
        app.state.runtime = runtime
        service = runtime.service
        known = Known(runtime.accounts, runtime.visitors, service.visitor_paths)
        return self._finish(app, name, service, known, runtime)

    def _telemetry(self, service: str) -> TelemetryConfig:
        """FastAPI's spans, one per request, if traces are exported."""
        return {
            "tracer_provider": provider_of(self.settings, service),
            "tracing": self.settings.otlp_endpoint is not None,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
        }

    def _platform_app(self) -> ASGIApp:
        app = FastAPI(
            title="cefo", version="1", docs_url=None, redoc_url=None, openapi_url=None, routes=list(front.router.routes)
        )
        # Those of the services too: pages of a version before 0.3 have their addresses here, while it is replaced.
        app.mount("/static", front.assets(STATIC, *self._files.values()))
        for name, files in self._files.items():
            app.mount(f"/{name}/static", front.assets(files))
        app.state.runtimes = self.runtimes
        app.state.accounts = self._accounts
        # Every service knows every account; the shared pages ask any of those in this process.
        accounts = next((runtime.accounts for runtime in self.runtimes if runtime.accounts is not None), None)
        visitors = next((runtime.visitors for runtime in self.runtimes if runtime.visitors is not None), None)
        return self._finish(app, "front", None, Known(accounts, visitors))

    def _finish(
        self, app: FastAPI, name: str, service: Service | None, known: Known, runtime: Runtime | None = None
    ) -> ASGIApp:
        for route in routes_in(app.routes):
            policy_of(route)
        app.state.site = self.site
        app.state.signer = self.signer
        app.state.settings = self.settings
        app.state.limits = self._limits.of(name)
        app.add_exception_handler(Refused, answer_refused)
        app.add_exception_handler(RequestValidationError, answer_invalid)
        app.add_exception_handler(HTTPException, answer_http)
        app.add_exception_handler(Exception, answer_refused)
        inner: ASGIApp = Compression(_BodyLimits(app, self.settings, service))
        if runtime is not None:
            inner = _ClosedWhileRestored(inner, app, runtime)
        return RequestMiddleware(inner, self.settings, self.signer, name, known)


class _BodyLimits:
    """Limits every request body; batches and streaming imports have their own, larger limits."""

    def __init__(self, app: ASGIApp, settings: Settings, service: Service | None) -> None:
        self._app = app
        self._small = RequestBodyLimitMiddleware(app, max_body_size=settings.body_limit)
        self._batch = RequestBodyLimitMiddleware(app, max_body_size=BATCH * settings.body_limit)
        self._large = RequestBodyLimitMiddleware(app, max_body_size=settings.import_limit)
        self._batch_paths = service.batch_paths if service is not None else ()
        self._import_paths = frozenset(service.import_paths if service is not None else ())

    def _limit_of(self, path: str) -> RequestBodyLimitMiddleware:
        if path in self._import_paths:
            return self._large
        return self._batch if path.startswith(self._batch_paths) else self._small

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chosen = self._limit_of(scope.get("path", ""))
        length = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if length.isascii() and length.isdigit() and int(length) > chosen.max_body_size:
            # Refused before the body is read; a body of unknown length is refused when it exceeds the limit.
            scope["app"] = self._app
            refusal = await answer_refused(Request(scope), BodyTooLarge(limit=chosen.max_body_size))
            return await refusal(scope, receive, send)
        await chosen(scope, receive, send)


class _ClosedWhileRestored:
    """Refuses every request of a service whose restored store is behind, but for the one that asks whether it is."""

    def __init__(self, inner: ASGIApp, app: FastAPI, runtime: Runtime) -> None:
        self._inner = inner
        self._app = app
        self._runtime = runtime
        self._health = f"/{runtime.service.name}/health/ready"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._runtime.catching_up.done.is_set() or scope["path"] == self._health:
            return await self._inner(scope, receive, send)
        scope["app"] = self._app
        scope["state"]["person"] = None  # who was signed out or deactivated since is signed in in this store
        refusal = await answer_refused(Request(scope), StillRestoring())
        refusal.headers["Retry-After"] = _RETRY_AFTER
        await refusal(scope, receive, send)
