"""The visitor's home page, behind their personal link: what intake knows, and a part of each other service.

Each part is fetched in the browser from the service that owns it, under that service's own rule, as the parts of
the page of a person are.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.centres import centre_copies
from services.chassis.copies.visits import Day
from services.chassis.i18n import LANGUAGE_NAMES
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.service.definition import Runtime
from services.chassis.web import Reading, Router, Running, allow, page
from services.contracts.intake import VisitStatus
from services.contracts.roles import Role
from services.intake.actions.references import registrations_of
from services.intake.actions.tickets import qr_image, ticket_address
from services.intake.domain.appointments import in_groups
from services.intake.domain.contacts import CHANNEL_LABELS
from services.intake.pages.consents import consents_view
from services.intake.pages.preferences import channel_choices
from services.intake.store import Centre, Visit, Visitor, current_link
from services.intake.store.appointments import next_of_person
from services.intake.store.links import openings_of
from services.intake.store.messages import messages_of
from services.intake.store.visits import tickets_since

router = Router("/intake/mine", pages=True)
OwnVisitor = Annotated[Person, allow(Role.VISITOR)]
OPENINGS = 50
"""Openings on one page of the visitor's own."""
MESSAGES = 10


class Part(NamedTuple):
    """A part that another service fills: its title, its address, the page that shows the same, and the link's words."""

    id: str
    title: str
    url: str
    href: str
    link: str


APPOINTMENTS = Part(
    "appointments",
    msg("My next appointments"),
    "/scheduling/mine/part",
    "/scheduling/mine",
    msg("See my appointments"),
)
PLAN = Part("plan", msg("My plan"), "/plans/mine/part", "/plans/mine", msg("See my plan"))
REFERRALS = Part("referrals", msg("My referrals"), "/directory/mine/part", "/directory/mine", msg("See my referrals"))


class Ticket(NamedTuple):
    """A ticket of today. `address`: the page of its place in the queue, while its visitor waits."""

    visit: Visit
    address: str | None


def myself(person: Person) -> UUID:
    """The signed-in visitor's reference. Raises `NotFound`."""
    if person.subject_ref is None:
        raise NotFound(what=msg("registered person"))
    return person.subject_ref


@router.get("")
async def own_page(
    request: Request, read: Reading, running: Running, person: OwnVisitor, after: UUID | None = None
) -> Response:
    """The visitor's home page. `after`: the last opening of the page of openings before."""
    return await home_page(request, read, running, person, after=after)


async def home_page(
    request: Request,
    session: AsyncSession,
    running: Runtime,
    person: Person,
    *,
    after: UUID | None = None,
    status: int = 200,
    **values: Any,
) -> Response:
    """The page, with what a form on it was refused for in `values`."""
    subject_ref = myself(person)
    visitor = await session.get(Visitor, subject_ref)
    mine = await registrations_of(session, subject_ref)
    centres = await centre_copies(session, Centre)
    found = await openings_of(session, *person.references, after=after, limit=OPENINGS + 1)
    context = await consents_view(session, *person.references, mine=True) | {
        "parts": {"appointments": APPOINTMENTS, "plan": PLAN, "referrals": REFERRALS},
        "visitor": visitor,
        "own_channels": channel_choices(mine),
        "own_channel": next((one.channel for one in (visitor, *mine) if one is not None and one.channel), ""),
        "tickets": await _tickets(request, session, running, person.references, centres),
        "appointments": await next_of_person(session, person.references, running.clock(), at_the_centre=True),
        "messages": await messages_of(session, person.references, MESSAGES),
        "link": await current_link(session, subject_ref),
        "openings": found[:OPENINGS],
        "last": found[OPENINGS - 1].id if len(found) > OPENINGS else None,
        "paged": after is not None,
        "centres": {code: centre.name for code, centre in centres.items()},
        "language_names": LANGUAGE_NAMES,
        "channels": CHANNEL_LABELS,
        "group": in_groups,
        "qr": qr_image,
    }
    return page(request, "intake/mine.html", status=status, **context | values)


async def _tickets(
    request: Request, session: AsyncSession, running: Runtime, refs: Collection[UUID], centres: dict[str, Centre]
) -> Sequence[Ticket]:
    """The visitor's tickets of today, the last one first."""
    now = running.clock()
    found = await tickets_since(session, refs, now - timedelta(days=1))
    return [
        Ticket(one, ticket_address(request.app.state.signer, "", one.id) if _waits(one) else None)
        for one in found
        if one.centre in centres and Day.of(centres[one.centre], now).has(one)
    ]


def _waits(visit: Visit) -> bool:
    match VisitStatus(visit.status):
        case VisitStatus.WAITING | VisitStatus.CALLED:
            return True
        case VisitStatus.BEING_SERVED | VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE:
            return False
