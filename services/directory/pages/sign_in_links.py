"""Signing in with a one-time link, for people whose organisation has no accounts of its own."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Form, Request
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken
from services.chassis.refusals import Refused
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    anyone,
    apply_form,
    cause_of,
    explain,
    limited,
    page,
    read_form,
    see_other,
    signed_in_with,
)
from services.chassis.web.cookies import cookie_of, delete_cookie, set_cookie
from services.contracts.text import Line, Text
from services.directory.actions import accounts
from services.directory.actions.sign_in_links import check_usable, send_link, use_link
from services.directory.domain.sign_in_links import LIFETIME, LinkNotValid, OtherBrowser, digest, new_secret
from services.directory.pages.views import now_of
from services.directory.store.teams import link_with

router = Router("/directory", pages=True)
Anyone = Annotated[Person | None, anyone]

PURPOSE = "sign-in-link"
"""Of the cookie by which a link knows the browser that asked for it."""
_MINUTES = int(LIFETIME.total_seconds()) // 60


class AskForm(Body):
    """The address to which the link is sent."""

    email: Annotated[str, Text(320)]


class LinkForm(Body):
    """A link's secret."""

    token: Annotated[str, Text(100)]


@router.get("/sign-in/email")
async def ask_page(request: Request, person: Anyone) -> Response:
    """The form that asks for a link."""
    return _ask_page(request)


@router.post("/sign-in/email", dependencies=[limited("sign-in")])
async def ask(request: Request, running: Running, person: Anyone) -> Response:
    """Send a link, if an account has this address. The answer is the same if not."""
    filled, typed, errors = await read_form(request, AskForm)
    browser = _browser(request) or new_secret()
    if filled is not None:

        async def send(work: Work) -> None:
            url = _address(request, "/directory/sign-in/link")
            await send_link(work, filled.email, browser, page=url, lang=request.state.lang)

        _done, errors = await apply_form(request, running, send)
    if errors:
        return _ask_page(request, typed, errors)
    return _with_browser(request, see_other(request, "/directory/sign-in/sent"), browser)


@router.get("/sign-in/sent")
async def sent_page(request: Request, person: Anyone) -> Response:
    """What happens next, whether a link was sent or not."""
    return page(request, "directory/link_sent.html", minutes=_MINUTES)


@router.get("/sign-in/link", dependencies=[limited("sign-in")])
async def link_page(request: Request, read: Reading, person: Anyone, token: Line = "") -> Response:
    """The page of a link, with a button, so that programs that follow links do not use it up."""
    try:
        check_usable(await link_with(read, digest(token)), _browser(request), now_of(request))
    except (LinkNotValid, OtherBrowser) as refused:
        return _refused(request, refused)
    return page(request, "directory/sign_in_link.html", token=token, problem=None)


@router.post("/sign-in/link", dependencies=[limited("sign-in")])
async def sign_in(form: Annotated[LinkForm, Form()], request: Request, running: Running, person: Anyone) -> Response:
    """Sign in, and out of the account that this browser had before."""
    before = request.state.identity.token
    try:
        async with running.store.work(cause_of(request)) as work:
            token = await use_link(work, form.token, _browser(request), timedelta(hours=running.settings.session_hours))
            if isinstance(before, AccountToken):
                await accounts.sign_out(work, before)
    except Refused as refused:
        return _refused(request, refused)
    response = await signed_in_with(request, token)
    delete_cookie(response, running.settings, PURPOSE)
    return response


def _ask_page(request: Request, typed: dict[str, Any] | None = None, errors: dict[str, str] | None = None) -> Response:
    status = 422 if errors else 200
    return page(
        request, "directory/ask_link.html", status=status, typed={"email": ""} | (typed or {}), errors=errors or {}
    )


def _refused(request: Request, refused: Refused) -> Response:
    status = 404 if isinstance(refused, LinkNotValid) else refused.status
    return page(request, "directory/sign_in_link.html", status=status, token="", problem=explain(refused))


def _browser(request: Request) -> str | None:
    """The secret of this browser; None: it has none, or it is not ours, or too old for any link."""
    settings, signer = request.app.state.settings, request.app.state.signer
    kept = signer.unseal(PURPOSE, cookie_of(request, settings, PURPOSE), _MINUTES * 60)
    return kept["browser"] if kept else None


def _with_browser(request: Request, response: Response, browser: str) -> Response:
    """Keep the browser's secret for as long as its newest link is valid."""
    sealed = request.app.state.signer.seal(PURPOSE, {"browser": browser})
    set_cookie(response, request.app.state.settings, PURPOSE, sealed, _MINUTES * 60)
    return response


def _address(request: Request, path: str) -> str:
    return f"{request.app.state.settings.public_url.rstrip('/')}{path}"
