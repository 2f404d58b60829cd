"""The formats of import lines. Rules between fields are checked by `check_line` of the other modules."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.chassis.web import Body
from services.contracts.envelope import Code, StaffCode
from services.contracts.scheduling import AppointmentStatus, InterviewKind, Method, Side

Status = Literal[AppointmentStatus.FULFILLED, AppointmentStatus.CANCELLED, AppointmentStatus.NOSHOW]


class InterviewLine(Body):
    """One individual interview of the past."""

    interview_id: UUID = Field(description="Yours to choose and keep: the same file again changes nothing.")
    kind: InterviewKind = Field(description="`information`: on no path; `guidance`: on exactly one.")
    centre: str = Field(max_length=40, description="Code of the centre, for example `liege`.")
    area: str | None = Field(None, max_length=40, description="Code of the area; missing when nobody asked.")
    counsellor: StaffCode = Field(description="Code of the counsellor; never a name.")
    room: StaffCode | None = Field(None, description="Code of the room, if it was noted.")
    starts_at: AwareDatetime = Field(description="With its zone, for example `2017-03-27T09:05:00+02:00`.")
    minutes: int = Field(ge=1, le=600, description="How long it took; a guidance interview 60 or 120.")
    status: Status = Field(description="Held (`fulfilled`), called off (`cancelled`), or nobody came (`noshow`).")
    cancelled_by: Side | None = Field(None, description="Needed for `cancelled`: who called it off.")
    reason: Code | None = Field(None, description="For `cancelled`: a code, if one was noted.")
    visit_id: UUID | None = Field(None, description="The visit that led to an information interview, if known.")
    path_id: UUID | None = Field(None, description="Needed for `guidance`: the person's path; the same on each line.")
    method: Method | None = Field(None, description="Needed for `guidance`: the path's method.")
    number: int | None = Field(
        None, ge=1, le=4, description="For a held guidance interview: which of its path; counted if missing."
    )
    subject_ref: UUID | None = Field(
        None, description="Needed for `guidance`: a random reference for the person. Never anything that names them."
    )


class SessionLine(Body):
    """One meeting of a past workshop."""

    session_id: UUID
    starts_at: AwareDatetime
    minutes: int = Field(ge=1, le=600)


class ParticipantLine(Body):
    """One person's seat in a past workshop."""

    seat_id: UUID
    subject_ref: UUID = Field(description="A random reference for the person. Never anything that names them.")
    path_id: UUID = Field(description="The person's collective path.")
    attended: list[bool] = Field(max_length=40, description="Whether they came, for each session in order.")


class WorkshopLine(Body):
    """One workshop of the past, with its sessions, its participants, and who came to what."""

    workshop_id: UUID = Field(description="Yours to choose and keep: the same file again changes nothing.")
    centre: str = Field(max_length=40)
    area: str | None = Field(None, max_length=40)
    title: str = Field(min_length=1, max_length=120, description="What it was announced as; nothing about a person.")
    counsellor: StaffCode
    room: StaffCode | None = None
    seats: int = Field(ge=1, le=200)
    sessions: list[SessionLine] = Field(min_length=1, max_length=40, description="In order of time.")
    participants: list[ParticipantLine] = Field(max_length=200)
