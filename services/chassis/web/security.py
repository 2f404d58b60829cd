"""The middleware of every request: identity, language, origin check and security headers."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis import i18n
from services.chassis.copies.accounts import Accounts
from services.chassis.copies.visitors import Visitors
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken, PersonToken, Signer, Token, VisitorToken
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import REQUESTS
from services.chassis.runtime.tracing import current_traceparent, in_trace, origin
from services.chassis.storage.errors import is_unavailable
from services.chassis.web.addresses import without_blanks
from services.chassis.web.cookies import cookie_name, delete_cookie, set_visitor_cookie
from services.chassis.web.problems import problem
from services.chassis.web.redirects import split, stay_here

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class _Request:
    """The origin of a request's log lines."""

    correlation_id: UUID

    @property
    def traceparent(self) -> str | None:
        return current_traceparent()


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a service knows, and which of its paths belong to visitors."""

    accounts: Accounts | None = None
    visitors: Visitors | None = None
    visitor_paths: tuple[str, ...] = ()


class RequestIdentity:
    """Who sends a request, by its token; asked again while a stream is open."""

    def __init__(self, tokens: Sequence[Token], signer: Signer, known: Known) -> None:
        self._tokens = tokens
        self.token = tokens[0] if tokens else None
        """The first that holds; if none does, the first."""
        self._signer = signer
        self._known = known
        self.person: Person | None = None
        """None also while `unavailable`."""
        self.unavailable = False
        """The store did not answer: nobody knows whether the sign-in still holds."""

    @property
    def plan_closed(self) -> bool:
        """Whether a visitor's plan was open in this browser and is not any more, on a path of visitors."""
        first = next(iter(self._tokens), None)
        return isinstance(first, VisitorToken) and (self.person is None or self.token is not first)

    async def load(self) -> Person | None:
        """Look the person up."""
        try:
            for token in self._tokens:
                if (person := await self._person(token)) is not None:
                    self.token, self.person = token, person
                    break
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
            return await self._person(self.token) == self.person
        except Exception as error:
            if not is_unavailable(error):
                raise
            return False

    def renewed(self) -> VisitorToken | None:
        """The token of a visitor's plan after this request; None if it stays as it is."""
        visitors = self._known.visitors
        if self.person is None or visitors is None or not isinstance(self.token, VisitorToken):
            return None
        return visitors.renewed(self.token)

    async def _person(self, token: Token) -> Person | None:
        match token:
            case AccountToken():
                return await self._known.accounts.person(token) if self._known.accounts is not None else None
            case VisitorToken():
                return await self._known.visitors.person(token) if self._known.visitors is not None else None
            case PersonToken():
                return token.person if self._signer.holds(token) else None


class RequestMiddleware:
    """ASGI middleware: identity, language, correlation, CSRF check, security headers, one metric."""

    def __init__(
        self, app: ASGIApp, settings: Settings, signer: Signer, service: str, known: Known | None = None
    ) -> None:
        self._app = app
        self._settings = settings
        self._signer = signer
        self._known = known or Known()
        self._service = service
        self._recorded = settings.otlp_endpoint is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it, and add headers to the response."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        scope["query_string"] = without_blanks(scope["query_string"])
        headers = Headers(scope=scope)
        cookies = HTTPConnection(scope).cookies
        state = scope.setdefault("state", {})
        bearer = _bearer_in(headers)
        identity = RequestIdentity(self._tokens(scope["path"], bearer, cookies), self._signer, self._known)
        state["identity"] = identity
        state["person"] = await identity.load()
        state["nonce"] = secrets.token_urlsafe(16)
        state["correlation_id"] = correlation_id = _correlation(headers.get("x-correlation-id"))
        origin.set(_Request(correlation_id))
        state["lang"] = i18n.choose(
            parse_qs(scope["query_string"].decode("latin-1")).get("lang", [None])[0],
            cookies.get(cookie_name(self._settings, "lang")),
            headers.get("accept-language", ""),
        )
        i18n.language.set(state["lang"])
        started, status = perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                added = MutableHeaders(raw=message.setdefault("headers", []))
                self._add_headers(added, state["nonce"])
                self._renew(identity, headers, added)
                stay_here(added, state)
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

    def _tokens(self, path: str, bearer: str, cookies: Mapping[str, str]) -> list[Token]:
        """The tokens of a request, the one that counts first. A bearer token counts alone.

        A visitor's plan can be open in the browser of an agent who stays signed in. On the paths of visitors the
        visitor comes first, on all others the agent.
        """
        names = ("visitor", "session") if path.startswith(self._known.visitor_paths) else ("session", "visitor")
        texts = [bearer] if bearer else [cookies.get(cookie_name(self._settings, name), "") for name in names]
        return [token for text in texts if text and (token := self._signer.verify(text)) is not None]

    def _renew(self, identity: RequestIdentity, asked: Headers, answer: MutableHeaders) -> None:
        """Renew the cookie of a plan that is open at a centre, and delete that of one which was closed.

        A live stream renews nothing: it goes on without anyone. Only the next page deletes, so that a form which the
        visitor left on the screen is not sent as the agent's.
        """
        name = cookie_name(self._settings, "visitor")
        if any(cookie.startswith(f"{name}=") for cookie in answer.getlist("set-cookie")):
            return  # the route decided
        cookie = Response()
        if identity.plan_closed and identity.person is not None and _is_page(asked):
            delete_cookie(cookie, self._settings, "visitor")
        elif "text/event-stream" not in asked.get("accept", "") and (renewed := identity.renewed()) is not None:
            set_visitor_cookie(cookie, self._settings, self._signer, renewed)
        for header in cookie.headers.getlist("set-cookie"):
            answer.append("set-cookie", header)

    def _same_origin(self, headers: Headers) -> bool:
        """Browsers send the origin of a request. A program without a cookie needs no CSRF check."""
        if site := headers.get("sec-fetch-site"):
            return site in ("same-origin", "none")
        if origin := headers.get("origin"):
            return split(origin).netloc in (headers.get("host"), split(self._settings.public_url).netloc)
        return "cookie" not in headers

    def _add_headers(self, headers: MutableHeaders, nonce: str) -> None:
        headers["Content-Security-Policy"] = (
            "default-src 'none'; "
            f"script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        headers.setdefault("Cache-Control", "no-store")
        if self._settings.secure:
            headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"


def bearer_of(connection: HTTPConnection) -> str:
    """The bearer token of a request; empty without one. For keys that are not of accounts, visitors or persons."""
    return _bearer_in(connection.headers)


def _bearer_in(headers: Headers) -> str:
    """The bearer token of a request, from its header alone; the scheme's case does not count (RFC 7235)."""
    scheme, _, credentials = headers.get("authorization", "").strip().partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else ""


def _is_page(asked: Headers) -> bool:
    """Whether a browser opens a page, and not a part of one."""
    return "text/html" in asked.get("accept", "") and "hx-request" not in asked


def _correlation(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        return uuid4()
