"""Signing in with the account of an organisation, by OpenID Connect, and signing out."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken
from services.chassis.refusals import Refused
from services.chassis.runtime.telemetry import log
from services.chassis.web import (
    Router,
    Running,
    anyone,
    cause_of,
    delete_sign_in_cookies,
    explain,
    limited,
    local_path,
    page,
    see_other,
    signed_in_with,
)
from services.chassis.web.cookies import cookie_of, delete_cookie, set_cookie
from services.chassis.web.redirects import lead_away
from services.contracts.text import Key, Local
from services.directory.actions import accounts
from services.directory.domain.refusals import AccountInactive, IdentityTaken
from services.directory.oidc import (
    ATTEMPT_SECONDS,
    Attempt,
    Client,
    ProviderUnavailable,
    SignInFailed,
    UnknownIssuer,
    Verified,
    clients_of,
)
from services.directory.settings import settings_of

router = Router("/directory", pages=True)
Anyone = Annotated[Person | None, anyone]

PURPOSE = "sign-in-attempt"
"""Of the cookie that a browser carries to the provider and back."""

_log = log(__name__)


@router.get("/sign-in")
async def sign_in_page(request: Request, running: Running, person: Anyone, next: Local = "") -> Response:
    """The organisations with whose accounts one can sign in."""
    return _page(request, running, local_path(next))


@router.get("/sign-in/oidc/{issuer}", dependencies=[limited("sign-in")])
async def begin(issuer: Key, request: Request, running: Running, person: Anyone, next: Local = "") -> Response:
    """Lead to the provider's page. A link, not a form: a form's redirect to another site is refused by our policy."""
    try:
        url, attempt = await _client(running, issuer).begin(local_path(next), language=request.state.lang)
    except ProviderUnavailable as refusal:
        return _refused(request, running, issuer, refusal, local_path(next))
    response = lead_away(request, url)
    sealed = request.app.state.signer.seal(PURPOSE, attempt.payload())
    set_cookie(response, running.settings, PURPOSE, sealed, ATTEMPT_SECONDS)
    return response


@router.get("/sign-in/oidc/{issuer}/callback", dependencies=[limited("sign-in")])
async def complete(issuer: Key, request: Request, running: Running, person: Anyone) -> Response:
    """The provider leads back here, with a code that is good once and a state that only this browser knows."""
    client = _client(running, issuer)
    next = ""
    try:
        attempt = _attempt(request, issuer)
        next = attempt.next
        verified = await client.complete(attempt, dict(request.query_params), running.clock())
        token = await _arrive(request, running, verified)
    except (SignInFailed, ProviderUnavailable, AccountInactive, IdentityTaken) as refusal:
        response = _refused(request, running, issuer, refusal, next)
    else:
        if token is None:
            response = page(request, "directory/awaits_approval.html", status=403, name=verified.name)
        else:
            response = await signed_in_with(request, token, next)
    delete_cookie(response, running.settings, PURPOSE)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, running: Running, person: Anyone) -> Response:
    """End the account's sign-in in every service, then lead to where its provider ends its own."""
    token = request.state.identity.token
    ended = None
    if isinstance(token, AccountToken):
        async with running.store.work(cause_of(request)) as work:
            ended = await accounts.sign_out(work, token)
    client = _client_of(running, ended.issuer if ended is not None else None)
    url = await client.end_session_url(_address(request, "/directory/sign-in")) if client is not None else None
    if client is None or url is None:
        response = see_other(request, "/", done=_("You are signed out. See you soon!"))
    else:
        response = page(request, "directory/signed_out.html", provider=client.issuer.label, url=url)
    return delete_sign_in_cookies(request, response)


def _clients(running: Running) -> dict[str, Client]:
    """The process' clients, which cache what they read of the providers."""
    if "oidc" not in running.extra:
        running.extra["oidc"] = clients_of(settings_of(running).directory_oidc, running.settings.public_url)
    return running.extra["oidc"]


def _client(running: Running, key: str) -> Client:
    if (client := _clients(running).get(key)) is None:
        raise UnknownIssuer()
    return client


def _client_of(running: Running, issuer: str | None) -> Client | None:
    return next((one for one in _clients(running).values() if one.issuer.issuer == issuer), None)


def _attempt(request: Request, issuer: str) -> Attempt:
    """The attempt of this browser. Raises `AttemptLost`."""
    text = cookie_of(request, request.app.state.settings, PURPOSE)
    payload = request.app.state.signer.unseal(PURPOSE, text, ATTEMPT_SECONDS)
    return Attempt.read(payload, issuer, request.query_params.get("state", ""))


async def _arrive(request: Request, running: Running, verified: Verified) -> AccountToken | None:
    """Sign the person in, and out of the account that this browser had before."""
    try:
        return await _arrive_once(request, running, verified)
    except IdentityTaken:  # another tab created the account at the same moment
        return await _arrive_once(request, running, verified)


async def _arrive_once(request: Request, running: Running, verified: Verified) -> AccountToken | None:
    before = request.state.identity.token
    async with running.store.work(cause_of(request)) as work:
        token = await accounts.arrive(
            work,
            verified.issuer,
            verified.subject,
            name=verified.name,
            claimed=verified.rights,
            lifetime=timedelta(hours=running.settings.session_hours),
        )
        if isinstance(before, AccountToken):
            await accounts.sign_out(work, before)
    return token


def _refused(request: Request, running: Running, issuer: str, refusal: Refused, next: str) -> Response:
    """The page to sign in, which says what was wrong."""
    _log.warning("sign-in refused", issuer=issuer, reason=refusal.slug, cause=getattr(refusal, "cause", None))
    response = _page(request, running, next, refusal)
    if refusal.status == ProviderUnavailable.status:
        response.headers["Retry-After"] = "60"
    return response


def _page(request: Request, running: Running, next: str, refusal: Refused | None = None) -> Response:
    query = f"?{urlencode({'next': next})}" if next else ""
    return page(
        request,
        "directory/sign_in.html",
        status=refusal.status if refusal is not None else 200,
        errors=explain(refusal) if refusal is not None else None,
        ways=[
            (client.issuer.label, f"/directory/sign-in/oidc/{key}{query}") for key, client in _clients(running).items()
        ],
    )


def _address(request: Request, path: str) -> str:
    return f"{request.app.state.settings.public_url.rstrip('/')}{path}"
