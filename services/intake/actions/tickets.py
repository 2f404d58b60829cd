"""Tickets: their numbers, and the addresses of their pages.

An address has 128 bits, made from the visit's id with the platform's key. Nothing is stored.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import segno

from services.chassis.identity.tokens import Signer
from services.chassis.storage.store import Work
from services.intake import domain
from services.intake.domain.devices import online_number
from services.intake.store import Centre, Visit
from services.intake.store.devices import keep_numbers
from services.intake.store.queue import count_tickets

_PURPOSE = "ticket"


async def assign_tickets(
    work: Work, centres: Mapping[str, Centre], visits: Sequence[Visit], given: Mapping[UUID, int]
) -> None:
    """Give each visit the number of its centre's day that a device `given` it, or else the next one.

    Both are unique in the database: what another visit has is replaced by the next one.
    """
    days = {visit.id: visit.checked_in_at.astimezone(centres[visit.centre].zone).date() for visit in visits}
    numbers = await _keep_given(work, visits, days, given) if given else {}
    counted: dict[tuple[str, date], list[Visit]] = {}
    for visit in visits:
        if visit.id not in numbers:
            counted.setdefault((visit.centre, days[visit.id]), []).append(visit)
    last = await count_tickets(work.session, {key: len(queued) for key, queued in counted.items()})
    for key, queued in counted.items():
        for count, visit in enumerate(queued, last[key] - len(queued) + 1):
            numbers[visit.id] = online_number(count)
    for visit in visits:
        visit.ticket = domain.ticket(visit.area, numbers[visit.id])


async def _keep_given(
    work: Work, visits: Sequence[Visit], days: Mapping[UUID, date], given: Mapping[UUID, int]
) -> dict[UUID, int]:
    """The numbers that devices gave, by visit, without those that another visit has."""
    wanted = {(one.centre, days[one.id], given[one.id]): one.id for one in reversed(visits) if one.id in given}
    free = await keep_numbers(work.session, wanted)
    return {wanted[number]: number[-1] for number in free}


def ticket_address(signer: Signer, public_url: str, visit_id: UUID) -> str:
    """The URL of a ticket's page. Who has it sees the ticket's place, and nothing else."""
    return f"{public_url.rstrip('/')}/intake/t/{signer.disguise(_PURPOSE, visit_id)}"


def qr_image(text: str) -> str:
    """The QR code of an address or a code, an SVG image as a `data:` URI. Not a micro one, which few readers read."""
    return segno.make_qr(text, error="m").svg_data_uri(scale=6, border=4, light="#fff")


def visits_at(signer: Signer, secret: str) -> Sequence[UUID]:
    """The visits whose ticket may have this address."""
    return signer.undisguise(_PURPOSE, secret)
