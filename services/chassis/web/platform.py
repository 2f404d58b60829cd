"""Routes of every process beside its services: first page, sign-in, assets, health, metrics, event schemas."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Form, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web.pages import STATIC, page, see_other
from services.chassis.web.routing import Body, Router, anyone
from services.chassis.web.security import cookie_name
from services.contracts import EVENTS

Anyone = Annotated[Person | None, anyone]
router = Router(pages=True)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A demo account on the sign-in page. `what`: the msgid of what its person does."""

    key: str
    person: Person
    what: str


class SignIn(Body):
    """The demo account, and the page to open after sign-in."""

    account: str
    next: str = ""


class LinkIn(Body):
    """A personal link's token."""

    token: str


@router.get("/")
async def home(request: Request, person: Anyone) -> Response:
    """The first page: links to the services."""
    site = request.app.state.site
    return page(request, "home.html", home=site.home_of(person) if person else None, links=site.links)


@router.get("/help")
async def help_pages(request: Request, person: Anyone) -> Response:
    """The help pages of all roles."""
    return page(request, "help_pages.html", pages=request.app.state.site.help_pages.values())


@router.get("/sign-in")
async def sign_in_page(request: Request, person: Anyone, next: str = "") -> Response:
    """The demo accounts, or a note on how to sign in."""
    return page(request, "sign_in.html", accounts=request.app.state.accounts.values(), next=_local_path(next))


@router.post("/sign-in")
async def sign_in(request: Request, form: Annotated[SignIn, Form()], person: Anyone) -> Response:
    """Sign in as a demo account."""
    account: DemoAccount | None = request.app.state.accounts.get(form.account)
    if account is None:
        raise NotFound(what=msg("account"))
    return _signed_in(request, account.person, _local_path(form.next))


@router.get("/sign-in/link")
async def link_page(request: Request, person: Anyone, token: str) -> Response:
    """The page of a personal link, with a button to sign in, so that link previews and scanners do not sign in."""
    return _link_page(request, request.app.state.signer.person_of_link(token), token)


@router.post("/sign-in/link")
async def sign_in_by_link(request: Request, form: Annotated[LinkIn, Form()], person: Anyone) -> Response:
    """Sign in with a personal link."""
    visitor = request.app.state.signer.person_of_link(form.token)
    return _signed_in(request, visitor, "") if visitor else _link_page(request, None, form.token)


@router.post("/sign-out")
async def sign_out(request: Request, person: Anyone) -> Response:
    """Sign out."""
    response = see_other(request, "/", done=_("You are signed out. See you soon!"))
    response.delete_cookie(cookie_name(request.app.state.settings, "session"))
    return response


@router.get("/health/live")
async def live(person: Anyone) -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/health/ready")
async def ready(request: Request, person: Anyone) -> Response:
    """Whether every part of every service answers; 503 names what does not."""
    parts = {runtime.service.name: await runtime.ready() for runtime in request.app.state.runtimes}
    fine = all(all(part.values()) for part in parts.values())
    return JSONResponse({"status": "ok" if fine else "not-ready", "services": parts}, 200 if fine else 503)


@router.get("/metrics")
async def metrics(person: Anyone) -> Response:
    """Metrics in Prometheus' text format. A proxy must not expose it to the internet."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/contracts/{name}.json")
async def contract(name: str, person: Anyone) -> dict[str, Any]:
    """The JSON Schema of an event type, to which its `dataschema` refers."""
    if name not in EVENTS:
        raise NotFound(what=msg("event type"))
    return EVENTS[name].model_json_schema()


class _Assets(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def assets() -> StaticFiles:
    """Style sheets, scripts and icons, cached by browsers for good: their URL changes with their content."""
    return _Assets(directory=STATIC)


def _link_page(request: Request, visitor: Person | None, token: str) -> Response:
    """The page of a personal link. `visitor` None: it is no longer valid, and the page says how to get a new one."""
    return page(request, "link.html", status=200 if visitor else 404, visitor=visitor, token=token)


def _signed_in(request: Request, person: Person, next: str) -> Response:
    settings = request.app.state.settings
    response = RedirectResponse(next or request.app.state.site.home_of(person), 303)
    response.set_cookie(
        cookie_name(settings, "session"),
        request.app.state.signer.session(person),
        max_age=settings.session_hours * 3600,
        httponly=True,
        secure=settings.secure,
        samesite="lax",
        path="/",
    )
    return response


def _local_path(text: str) -> str:
    """The URL if it is a path on this host; otherwise an empty string."""
    parts = urlsplit(text)
    own = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.netloc
    return text if own else ""
