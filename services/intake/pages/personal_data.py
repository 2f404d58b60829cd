"""What intake holds about a person: who they are, their consents, visits and personal links."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.centres import centre_names
from services.chassis.copies.purposes import PURPOSE_TITLES
from services.chassis.i18n import LANGUAGE_NAMES
from services.chassis.refusals import msg
from services.chassis.service.personal_data import Held, PersonalData, Shown, rows_where
from services.contracts.intake import END_OF_DAY
from services.intake.pages.consents import recorders
from services.intake.store import Centre, Consent, Export, LinkOpening, PersonalLink, Visit, Visitor

_CHANNELS = {
    "desk": msg("at the front desk"),
    "kiosk": msg("at a kiosk"),
    "phone": msg("by phone"),
    "online": msg("online"),
}


class HeldConsent(Held):
    """A consent to one purpose, and its withdrawal."""

    of = (Consent,)

    purpose: Annotated[str, Shown(msg("Purpose"), PURPOSE_TITLES)]
    lawful_basis: Annotated[str, Shown(msg("Legal basis"), {"consent": msg("Consent")})]
    given_at: Annotated[datetime, Shown(msg("Given on"))]
    recorded_by: Annotated[str, Shown(msg("Recorded by"), {})]
    withdrawn_at: Annotated[datetime | None, Shown(msg("Withdrawn on"))]
    withdrawn_by: Annotated[str | None, Shown(msg("Withdrawal recorded by"), {})]


class HeldVisit(Held):
    """A visit of which the person is known."""

    of = (Visit,)

    centre: Annotated[str, Shown(msg("Centre"))]
    area: Annotated[str | None, Shown(msg("Need"), "Area")]
    channel: Annotated[str, Shown(msg("How they came"), _CHANNELS)]
    status: Annotated[str, Shown(msg("Status"), "VisitStatus")]
    ticket: Annotated[str | None, Shown(msg("Ticket"))]
    desk: Annotated[str | None, Shown(msg("Desk"))]
    checked_in_at: Annotated[datetime, Shown(msg("Arrival"))]
    called_at: Annotated[datetime | None, Shown(msg("Called on"))]
    served_at: Annotated[datetime | None, Shown(msg("Received on"))]
    ended_at: Annotated[datetime | None, Shown(msg("Ended on"))]
    closed_by: Annotated[str | None, Shown(msg("Ended by"), {END_OF_DAY: msg("the end of the day, not by a person")})]
    interview_since: Annotated[datetime | None, Shown(msg("In an interview since"))]
    before_interview: Annotated[str | None, Shown(msg("Status before the interview"), "VisitStatus")]


class HeldLink(Held):
    """A personal link. Its secret and its PIN are stored in a form from which nobody can read them."""

    of = (PersonalLink,)

    created_at: Annotated[datetime, Shown(msg("Created on"))]
    created_by: Annotated[str, Shown(msg("Created by"), {})]
    expires_at: Annotated[datetime, Shown(msg("Valid until"))]
    has_pin: Annotated[bool, Shown(msg("PIN chosen"))]
    tries: Annotated[int, Shown(msg("Wrong PINs in a row"))]
    locked_at: Annotated[datetime | None, Shown(msg("Locked on"))]
    ended_at: Annotated[datetime | None, Shown(msg("Ended on"))]


class HeldOpening(Held):
    """An opening of a personal link."""

    of = (LinkOpening,)

    kind: Annotated[str, Shown(msg("What"), "OpeningKind")]
    at: Annotated[datetime, Shown(msg("When"))]
    centre: Annotated[str | None, Shown(msg("Where"))]
    ends_at: Annotated[datetime, Shown(msg("Open until, at most"))]
    closed_at: Annotated[datetime | None, Shown(msg("Closed on"))]


class HeldPerson(Held):
    """A registered person."""

    of = (Visitor,)

    given_name: Annotated[str, Shown(msg("First name"))]
    family_name: Annotated[str, Shown(msg("Surname"))]
    contact: Annotated[str | None, Shown(msg("Phone or e-mail"))]
    language: Annotated[str, Shown(msg("Language"), LANGUAGE_NAMES)]
    centre: Annotated[str, Shown(msg("Centre"))]
    registered_at: Annotated[datetime, Shown(msg("Registered on"))]
    retain_until: Annotated[datetime, Shown(msg("Kept until"))]
    consents: Annotated[list[HeldConsent], Shown(msg("Consents"))]
    visits: Annotated[list[HeldVisit], Shown(msg("Visits"))]
    links: Annotated[list[HeldLink], Shown(msg("Personal links"))]
    openings: Annotated[list[HeldOpening], Shown(msg("Openings of the links"))]


async def read_personal_data(session: AsyncSession, subject_ref: UUID) -> HeldPerson | None:
    """All that intake holds about this person."""
    visitor = await session.get(Visitor, subject_ref)
    if visitor is None:
        return None
    centres = await centre_names(session, Centre)
    consents = await rows_where(session, Consent, col(Consent.subject_ref) == subject_ref, Consent.given_at, Consent.id)
    links = await rows_where(
        session, PersonalLink, col(PersonalLink.subject_ref) == subject_ref, PersonalLink.created_at, PersonalLink.id
    )
    visits = await rows_where(session, Visit, col(Visit.subject_ref) == subject_ref, Visit.checked_in_at, Visit.id)
    openings = await rows_where(
        session, LinkOpening, col(LinkOpening.subject_ref) == subject_ref, LinkOpening.at, LinkOpening.id
    )
    recorded = {who for one in consents for who in (one.recorded_by, one.withdrawn_by) if who}
    by = await recorders(session, subject_ref, recorded | {one.created_by for one in links}, mine=False)
    return HeldPerson.of_row(
        visitor,
        centre=centres.get(visitor.centre, visitor.centre),
        consents=[
            HeldConsent.of_row(
                one, recorded_by=by(one.recorded_by), withdrawn_by=by(one.withdrawn_by) if one.withdrawn_by else None
            )
            for one in consents
        ],
        visits=[HeldVisit.of_row(one, centre=centres.get(one.centre, one.centre)) for one in visits],
        links=[HeldLink.of_row(one, created_by=by(one.created_by), has_pin=one.pin is not None) for one in links],
        openings=[
            HeldOpening.of_row(one, centre=centres.get(one.centre, one.centre) if one.centre else None)
            for one in openings
        ],
    )


PERSONAL_DATA = PersonalData(HeldPerson, read_personal_data, Export)
