"""The addresses of a booking on the public pages: made from its code, so that no secret is stored."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.tokens import Signer
from services.intake.store.booking_requests import BookingRequest, request_with

_LINK, _PAGE = "confirm-booking", "page-after-booking"


def confirmation_secret(signer: Signer, code: UUID) -> str:
    """What the address in the message ends with."""
    return signer.disguise(_LINK, code)


async def request_at(session: AsyncSession, signer: Signer, secret: str) -> BookingRequest | None:
    """The request that this address confirms."""
    return await request_with(session, signer.undisguise(_LINK, secret))


def page_secret(signer: Signer, code: UUID) -> str:
    """What the address ends with at which a new person makes their personal link."""
    return signer.disguise(_PAGE, code)


async def new_person_at(session: AsyncSession, signer: Signer, secret: str) -> BookingRequest | None:
    """The confirmed request by which a person was registered, who may make their personal link at this address."""
    found = await request_with(session, signer.undisguise(_PAGE, secret))
    return found if found is not None and found.is_new and found.confirmed_at is not None else None
