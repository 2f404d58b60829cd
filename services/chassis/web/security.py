"""The middleware of every request: identity, language, origin check and security headers."""

import secrets
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis import i18n
from services.chassis.copies.accounts import Accounts
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken, PersonToken, Signer
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import REQUESTS
from services.chassis.runtime.tracing import current_traceparent, in_trace, origin
from services.chassis.storage.errors import is_unavailable
from services.chassis.web.problems import problem

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_name(settings: Settings, name: str) -> str:
    """A cookie's name; on https it is bound to this host."""
    return f"__Host-cefo-{name}" if settings.secure else f"cefo-{name}"


@dataclass(frozen=True, slots=True)
class _Request:
    """The origin of a request's log lines."""

    correlation_id: UUID

    @property
    def traceparent(self) -> str | None:
        return current_traceparent()


class RequestIdentity:
    """Who sends a request, by its token; asked again while a stream is open."""

    def __init__(self, token: AccountToken | PersonToken | None, signer: Signer, accounts: Accounts | None) -> None:
        self.token = token
        self._signer = signer
        self._accounts = accounts
        self.person: Person | None = None
        """None also while `unavailable`."""
        self.unavailable = False
        """The store did not answer: nobody knows whether the sign-in still holds."""

    async def load(self) -> Person | None:
        """Look the person up."""
        try:
            self.person = await self._now()
        except Exception as error:
            if not is_unavailable(error):
                raise
            self.unavailable = True
        return self.person

    async def holds(self) -> bool:
        """Whether the token still gives the same person the same rights."""
        if self.token is None:
            return True
        try:
            return await self._now() == self.person
        except Exception as error:
            if not is_unavailable(error):
                raise
            return False

    async def _now(self) -> Person | None:
        match self.token:
            case AccountToken():
                return await self._accounts.person(self.token) if self._accounts is not None else None
            case PersonToken():
                return self.token.person if self._signer.holds(self.token) else None
            case None:
                return None


class RequestMiddleware:
    """ASGI middleware: identity, language, correlation, CSRF check, security headers, one metric."""

    def __init__(
        self, app: ASGIApp, settings: Settings, signer: Signer, service: str, accounts: Accounts | None = None
    ) -> None:
        self._app = app
        self._settings = settings
        self._signer = signer
        self._accounts = accounts
        self._service = service
        self._recorded = settings.otlp_endpoint is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it, and add headers to the response."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        cookies = HTTPConnection(scope).cookies
        state = scope.setdefault("state", {})
        bearer = headers.get("authorization", "").removeprefix("Bearer").strip()
        token = bearer or cookies.get(cookie_name(self._settings, "session"), "")
        identity = RequestIdentity(self._signer.verify(token) if token else None, self._signer, self._accounts)
        state["identity"] = identity
        state["person"] = await identity.load()
        state["nonce"] = secrets.token_urlsafe(16)
        state["correlation_id"] = correlation_id = _correlation(headers.get("x-correlation-id"))
        origin.set(_Request(correlation_id))
        state["lang"] = i18n.choose(
            parse_qs(scope["query_string"].decode("latin-1")).get("lang", [None])[0],
            cookies.get("cefo-lang"),
            headers.get("accept-language", ""),
        )
        i18n.language.set(state["lang"])
        started, status = perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(raw=message.setdefault("headers", [])), state["nonce"])
            await send(message)

        if scope["method"] not in SAFE and not bearer and not self._same_origin(headers):
            refusal = problem(
                403,
                "cross-origin",
                i18n.translate("This was not sent from our own pages. Reload the page and try again."),
            )
            await refusal(scope, receive, send_with_headers)
        elif self._recorded:
            await self._app(scope, receive, send_with_headers)  # FastAPI starts or continues the trace
        else:
            with in_trace(headers.get("traceparent")):
                await self._app(scope, receive, send_with_headers)
        REQUESTS.labels(self._service, scope["method"], str(status)).observe(perf_counter() - started)

    def _same_origin(self, headers: Headers) -> bool:
        """Browsers send the origin of a request. A program without a cookie needs no CSRF check."""
        if site := headers.get("sec-fetch-site"):
            return site in ("same-origin", "none")
        if origin := headers.get("origin"):
            return urlsplit(origin).netloc in (headers.get("host"), urlsplit(self._settings.public_url).netloc)
        return "cookie" not in headers

    def _add_headers(self, headers: MutableHeaders, nonce: str) -> None:
        headers["Content-Security-Policy"] = (
            "default-src 'none'; "
            f"script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        headers.setdefault("Cache-Control", "no-store")
        if self._settings.secure:
            headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"


def _correlation(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        return uuid4()
