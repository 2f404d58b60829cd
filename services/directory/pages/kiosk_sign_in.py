"""Signing a kiosk's browser in, with the token of its account."""

from typing import Annotated, Any

from fastapi import Request
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    Router,
    Running,
    anyone,
    apply_form,
    limited,
    local_path,
    page,
    read_form,
    signed_in_with,
)
from services.contracts.text import Local, Text
from services.directory.actions import accounts
from services.directory.domain.kiosks import DeviceTokenNotValid

router = Router("/directory", pages=True)
Anyone = Annotated[Person | None, anyone]


class TokenForm(Body):
    """The text of a token, as the page showed it that created it."""

    token: Annotated[str, Text(2000)]


@router.get("/sign-in/device")
async def token_page(request: Request, person: Anyone, next: Local = "") -> Response:
    """The form that asks for the token of a kiosk."""
    return _page(request, next)


@router.post("/sign-in/device", dependencies=[limited("sign-in")])
async def sign_in(request: Request, running: Running, person: Anyone, next: Local = "") -> Response:
    """Sign the kiosk in until its token ends, and out of the account that this browser had before."""
    filled, _, errors = await read_form(request, TokenForm)
    if filled is not None:
        before, given = request.state.identity.token, request.app.state.signer.verify(filled.token)

        async def begin(work: Work) -> AccountToken:
            if not isinstance(given, AccountToken):
                raise DeviceTokenNotValid()
            token = await accounts.sign_in_kiosk(work, given)
            if isinstance(before, AccountToken):
                await accounts.sign_out(work, before)
            return token

        token, errors = await apply_form(request, running, begin)
        if token is not None:
            return await signed_in_with(request, token, local_path(next))
    return _page(request, next, errors)


def _page(request: Request, next: str, errors: dict[str, Any] | None = None) -> Response:
    # What was typed does not come back: it is a secret.
    status = 422 if errors else 200
    return page(request, "directory/kiosk_sign_in.html", status=status, next=local_path(next), errors=errors or {})
