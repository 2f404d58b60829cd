"""Signing out of an account."""

from typing import Annotated

from fastapi import Request
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken
from services.chassis.web import Router, Working, anyone, forget_sign_in, see_other
from services.directory.actions import accounts

router = Router("/directory", pages=True)


@router.post("/sign-out")
async def sign_out(request: Request, work: Working, person: Annotated[Person | None, anyone]) -> Response:
    """End the account's sign-in in every service."""
    token = request.state.identity.token
    if isinstance(token, AccountToken):
        await accounts.sign_out(work, token)
    return forget_sign_in(request, see_other(request, "/", done=_("You are signed out. See you soon!")))
