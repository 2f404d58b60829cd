"""The cookie of a sign-in: set after it, deleted at sign-out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.chassis.identity.people import Person, visitor
from services.chassis.identity.tokens import AccountToken, VisitorToken
from services.chassis.service.definition import runtime_of
from services.chassis.web.cookies import delete_cookie, set_cookie, set_visitor_cookie
from services.chassis.web.redirects import local_path


def signed_in_as(request: Request, person: Person, next: str = "") -> Response:
    """Sign in as a whole person, and open `next`, a path on this host, or the person's home page."""
    state = request.app.state
    return _signed_in(request, state.signer.session(person), state.settings.session_hours * 3600, person, next)


async def signed_in_with(request: Request, token: AccountToken, next: str = "") -> Response:
    """Sign in with an account's token, and open `next`, a path on this host, or the account's home page.

    The account has been committed before.
    """
    runtime = runtime_of(request)
    assert runtime.accounts is not None
    person = await runtime.accounts.person(token)
    seconds = int((token.expires_at - runtime.clock()).total_seconds())
    return _signed_in(request, request.app.state.signer.sign(token), seconds, person, next)


def delete_sign_in_cookies(request: Request, response: Response) -> Response:
    """Delete the account's cookie, and that of a visitor's plan which is open in the same browser."""
    delete_cookie(response, request.app.state.settings, "session")
    return close_visit(request, response)


def visitor_signed_in(request: Request, token: VisitorToken) -> Response:
    """Open a visitor's home page. The account of this browser stays signed in."""
    response = RedirectResponse(request.app.state.site.home_of(visitor(token.subject_ref)), 303)
    set_visitor_cookie(response, request.app.state.settings, request.app.state.signer, token)
    return response


def close_visit(request: Request, response: Response) -> Response:
    """Delete the cookie of a visitor's plan."""
    delete_cookie(response, request.app.state.settings, "visitor")
    return response


def _signed_in(request: Request, text: str, seconds: int, person: Person | None, next: str) -> Response:
    home = request.app.state.site.home_of(person) if person is not None else "/"
    response = RedirectResponse(local_path(next) or home, 303)
    set_cookie(response, request.app.state.settings, "session", text, seconds)
    return response
