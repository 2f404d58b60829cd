"""The formats of import lines. Rules between fields are checked by `check_line` of the other modules."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.chassis.storage.checks import PastMoment
from services.chassis.web import Body
from services.contracts.appointments import AppointmentMode
from services.contracts.envelope import Code, StaffCode
from services.contracts.scheduling import AppointmentStatus, InterviewKind, Method, Side
from services.contracts.text import Key, Name
from services.contracts.values import Whole, YesNo

Status = Literal[AppointmentStatus.FULFILLED, AppointmentStatus.CANCELLED, AppointmentStatus.NOSHOW]


def _is_in_person(mode: AppointmentMode) -> bool:
    return mode is AppointmentMode.IN_PERSON


class InterviewLine(Body):
    """One individual interview of the past."""

    interview_id: UUID = Field(description="Yours to choose and keep: the same file again changes nothing.")
    kind: InterviewKind = Field(description="`information`: on no path; `guidance`: on exactly one.")
    centre: Key = Field(description="Code of the centre, for example `liege`.")
    area: Key | None = Field(None, description="Code of the area; missing when nobody asked.")
    counsellor: StaffCode = Field(description="Code of the counsellor; never a name.")
    room: StaffCode | None = Field(None, description="Code of the room, if it was noted.")
    starts_at: PastMoment = Field(description="With its zone, for example `2017-03-27T09:05:00+02:00`.")
    minutes: Annotated[int, Whole(1, 600)] = Field(description="How long it took; a guidance interview 60 or 120.")
    status: Status = Field(description="Held (`fulfilled`), called off (`cancelled`), or nobody came (`noshow`).")
    cancelled_by: Side | None = Field(None, description="Needed for `cancelled`: who called it off.")
    reason: Code | None = Field(None, description="For `cancelled`: a code, if one was noted.")
    visit_id: UUID | None = Field(None, description="The visit that led to an information interview, if known.")
    path_id: UUID | None = Field(None, description="Needed for `guidance`: the person's path; the same on each line.")
    method: Method | None = Field(None, description="Needed for `guidance`: the path's method.")
    number: Annotated[int, Whole(1, 4)] | None = Field(
        None, description="For a held guidance interview: which of its path; counted if missing."
    )
    mode: AppointmentMode = Field(
        AppointmentMode.IN_PERSON,
        description="How it took place; missing: at the centre (`in-person`).",
        exclude_if=_is_in_person,  # a file from before there were modes has the same fingerprint
    )
    subject_ref: UUID | None = Field(
        None, description="Needed for `guidance`: a random reference for the person. Never anything that names them."
    )


class SessionLine(Body):
    """One meeting of a past workshop."""

    session_id: UUID
    starts_at: PastMoment
    minutes: Annotated[int, Whole(1, 600)]


class ParticipantLine(Body):
    """One person's seat in a past workshop."""

    seat_id: UUID
    subject_ref: UUID = Field(description="A random reference for the person. Never anything that names them.")
    path_id: UUID = Field(description="The person's collective path.")
    attended: list[YesNo] = Field(max_length=40, description="Whether they came, for each session in order.")


class WorkshopLine(Body):
    """One workshop of the past, with its sessions, its participants, and who came to what."""

    workshop_id: UUID = Field(description="Yours to choose and keep: the same file again changes nothing.")
    centre: Key
    area: Key | None = None
    title: Name = Field(description="What it was announced as; nothing about a person.")
    counsellor: StaffCode
    room: StaffCode | None = None
    seats: Annotated[int, Whole(1, 200)]
    sessions: list[SessionLine] = Field(min_length=1, max_length=40, description="In order of time.")
    participants: list[ParticipantLine] = Field(max_length=200)
