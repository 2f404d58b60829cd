"""Scheduling's part of the page of a person: their interviews and workshops at the reader's centres."""

from uuid import UUID

from fastapi import Request
from sqlmodel import col
from starlette.responses import Response

from services.chassis.copies.aliases import references_of
from services.chassis.copies.centres import centre_names
from services.chassis.i18n import language_name, moment_text, word_of
from services.chassis.i18n import translate as _
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.personal_data import rows_where
from services.chassis.web import Reading, Router
from services.chassis.web.person_parts import PersonRow, person_part
from services.contracts.appointments import AppointmentMode
from services.scheduling.pages.desk import Counsellor
from services.scheduling.pages.personal_data import KINDS, SEATS
from services.scheduling.store import Alias, Centre, Interview, Seat, Workshop
from services.scheduling.store.workshops import seats_of_person

router = Router("/scheduling", pages=True)


@router.get("/fragments/people/{subject_ref}")
async def bookings(subject_ref: UUID, request: Request, read: Reading, person: Counsellor) -> Response:
    """The interviews and workshops of a person at the reader's centres, the last ones first."""
    names = await centre_names(read, Centre)
    refs = await references_of(read, Alias, subject_ref)
    found = await rows_where(
        read, Interview, col(Interview.subject_ref).in_(refs), col(Interview.starts_at).desc(), Interview.id
    )
    interviews = [
        PersonRow(
            moment_text(one.starts_at.astimezone(BRUSSELS)),
            (
                _(KINDS[one.kind]),
                *_arrangement(one),
                word_of(one.status, "AppointmentStatus"),
                names.get(one.centre, one.centre),
            ),
            f"/scheduling/interviews/{one.id}",
        )
        for one in found
        if one.centre in person.centres
    ]
    seats = await seats_of_person(read, *refs)
    held = await rows_where(
        read, Workshop, col(Workshop.id).in_({seat.workshop_id for seat in seats}), col(Workshop.first_at).desc()
    )
    last = {seat.workshop_id: seat for seat in sorted(seats, key=lambda seat: seat.asked_at)}
    workshops = [_workshop(one, last[one.id], names) for one in held if one.centre in person.centres]
    return person_part(request, (_("Interviews"), interviews), (_("Workshops"), workshops))


def _arrangement(one: Interview) -> tuple[str, ...]:
    """What differs from an interview at the centre without an interpreter."""
    mode = () if one.arrangement.mode is AppointmentMode.IN_PERSON else (word_of(one.arrangement.mode),)
    language = one.interpreter_language
    interpreter = (_("Interpreter: {language}").format(language=language_name(language)),) if language else ()
    return mode + interpreter


def _workshop(one: Workshop, seat: Seat, names: dict[str, str]) -> PersonRow:
    at = moment_text(one.first_at.astimezone(BRUSSELS))
    return PersonRow(
        one.title, (at, _(SEATS[seat.status]), names.get(one.centre, one.centre)), f"/scheduling/workshops/{one.id}"
    )
