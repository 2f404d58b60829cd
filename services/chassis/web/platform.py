"""Routes of every process beside its services: first page, sign-in, assets, health, event schemas."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken, VisitorToken
from services.chassis.refusals import NotFound, msg
from services.chassis.web.health import readiness
from services.chassis.web.pages import page, see_other
from services.chassis.web.redirects import local_path
from services.chassis.web.routing import Body, Router, anyone
from services.chassis.web.sign_in import delete_sign_in_cookies, signed_in_as
from services.contracts import EVENTS
from services.contracts.cloudevents import schema_uri
from services.contracts.text import Key, Local

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

    account: Key
    next: Local = ""


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
async def sign_in_page(request: Request, person: Anyone, next: Local = "") -> Response:
    """The demo accounts, and the way to sign in with an account."""
    accounts, page_of_accounts = request.app.state.accounts.values(), request.app.state.site.sign_in_page
    after = local_path(next)
    with_account = f"{page_of_accounts}?{urlencode({'next': after})}" if page_of_accounts else None
    if with_account and not accounts:
        return RedirectResponse(with_account, 303)
    return page(request, "sign_in.html", accounts=accounts, with_account=with_account, next=after)


@router.post("/sign-in")
async def sign_in(request: Request, form: Annotated[SignIn, Form()], person: Anyone) -> Response:
    """Sign in as a demo account."""
    account: DemoAccount | None = request.app.state.accounts.get(form.account)
    if account is None:
        raise NotFound(what=msg("account"))
    return signed_in_as(request, account.person, form.next)


@router.get("/sign-in/link")
async def old_link(request: Request, person: Anyone) -> Response:
    """The page of a personal link of the kind that was signed and not stored. It is no longer valid."""
    return page(request, "link.html", status=404)


@router.post("/sign-out")
async def sign_out(request: Request, person: Anyone) -> Response:
    """Sign out. Where the sign-in is an account's or a visitor's, the service that owns it ends it."""
    site, token = request.app.state.site, request.state.identity.token
    owner = site.sign_out_address if isinstance(token, AccountToken) else None
    if isinstance(token, VisitorToken):
        owner = site.close_address
    if owner:
        return RedirectResponse(owner, 307)  # the browser sends the form again, to that address
    return delete_sign_in_cookies(request, see_other(request, "/", done=_("You are signed out. See you soon!")))


@router.get("/health/live")
async def live(person: Anyone) -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/health/ready")
async def ready(request: Request, person: Anyone) -> Response:
    """Whether every part of every service of this process answers."""
    return await readiness(request.app.state.runtimes)


@router.get("/contracts/{name}.json")
async def contract(name: Key, person: Anyone) -> dict[str, Any]:
    """The JSON Schema of an event type, to which its `dataschema` refers."""
    if name not in EVENTS:
        raise NotFound(what=msg("event type"))
    return {"$id": schema_uri(name)} | EVENTS[name].model_json_schema()


class _Assets(StaticFiles):
    def __init__(self, *folders: Path) -> None:
        super().__init__(directory=folders[0])
        self.all_directories = [*folders]

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def assets(*folders: Path) -> StaticFiles:
    """Style sheets, scripts and icons, cached by browsers for good: their URL changes with their content.

    They are looked for in these folders, in order.
    """
    return _Assets(*folders)
