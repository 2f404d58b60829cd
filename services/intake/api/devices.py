"""Devices that check in without the network: what they send when it is back, and their list for managers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator, model_validator
from pydantic_core import PydanticCustomError

from services.chassis.copies.accounts import account_names
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import Refused, msg
from services.chassis.runtime.tracing import current_traceparent
from services.chassis.storage.errors import retry_on_conflict
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    Working,
    allow,
    bearer_of,
    by_device_key,
    explain,
    faults_of,
    limited,
    problem_title,
)
from services.contracts.arrivals import Activity, AnyLanguage
from services.contracts.envelope import StaffCode
from services.contracts.intake import Channel, Ticket, VisitStatus
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Moment, Whole, YesNo
from services.intake.actions import devices
from services.intake.actions.replay import Entry, ReplayStatus, Result, Step, StepName, replay
from services.intake.domain import AREAS_MAX, GROUP_MAX, Need
from services.intake.domain.devices import REPLAY_MOST, DeviceKind
from services.intake.store import Account
from services.intake.store.devices import Device, devices_page

router = Router("/intake/api/v1/devices", tags=["intake"])
Manager = Annotated[Person, allow(Role.MANAGER)]
BATCH_PATHS = "/intake/api/v1/devices/"


class ReplayedStep(Body):
    """A step of a visit without the network."""

    step: StepName
    at: Moment = Field(description="By the clock of the device.")
    desk: StaffCode | None = Field(None, description="The desk that called, one of the centre's; needed for `call`.")

    @model_validator(mode="after")
    def _called_to_a_desk(self) -> Self:
        if self.step == "call" and self.desk is None:
            raise PydanticCustomError("missing", "Field required")
        return self


class ReplayedCheckIn(Body):
    """A check-in without the network, and every step since."""

    visit_id: UUID
    seq: Annotated[int, Whole(0, 2**31 - 1)] = Field(description="The place among the check-ins of this device.")
    at: Moment = Field(description="By the clock of the device.")
    area: Key | None = Field(None, description="What the visit is mainly about; the ticket and the queue go by it.")
    other_areas: list[Key] = Field([], max_length=AREAS_MAX, description="What else it is about.")
    channel: Channel = Channel.DESK
    queue: YesNo = Field(True, description="False: passing through, no ticket.")
    activity: Activity | None = Field(None, description="What a visitor without a ticket came for.")
    interpreter_language: AnyLanguage | None = Field(None, description="Kept until the visit ends.")
    needs: list[Need] = Field(
        [], max_length=len(Need), description="What the team prepares. Kept until the visit ends."
    )
    ticket: Ticket | None = Field(None, description="That the device gave; without one, the server gives one.")
    group: Annotated[int, Whole(1, GROUP_MAX)] = Field(1, description="How many came together; each has an entry.")
    steps: list[ReplayedStep] = Field([], max_length=50, description="All since the check-in, those sent before too.")

    def entry(self) -> Entry:
        """What the action takes."""
        given = self.model_dump(exclude={"steps", "other_areas", "needs"})
        steps = tuple(Step(one.step, one.at, one.desk) for one in self.steps)
        return Entry(**given, other_areas=tuple(self.other_areas), needs=tuple(self.needs), steps=steps)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry with faults of form."""

    visit_id: UUID | None
    error: ValidationError

    @classmethod
    def read(cls, given: Any, handler: Callable[[Any], ReplayedCheckIn]) -> Self | ReplayedCheckIn:
        """The entry, or its faults: they stop no other entry."""
        try:
            return handler(given)
        except ValidationError as error:
            faulty = {fault["loc"][:1] for fault in error.errors(include_url=False, include_input=False)}
            named = isinstance(given, dict) and ("visit_id",) not in faulty and () not in faulty
            return cls(UUID(str(given["visit_id"])) if named else None, error)  # pyright: ignore[reportUnknownArgumentType]


class Replay(Body):
    """What a device recorded without the network."""

    device_now: Moment = Field(description="What the clock of the device says as it sends this.")
    entries: list[Annotated[ReplayedCheckIn, WrapValidator(Unreadable.read)]] = Field(max_length=REPLAY_MOST)


class EntryProblem(BaseModel):
    """Why an entry is refused, or what of it was left out."""

    type: str
    title: str
    detail: str
    field: str | None

    @classmethod
    def of(cls, refused: Refused) -> Self:
        """In the reader's language."""
        kind, name = f"/problems/{refused.slug}", problem_title(refused.status)
        return cls(type=kind, title=name, detail=explain(refused), field=refused.about)


class ReplayedOut(BaseModel):
    """What became of an entry."""

    visit_id: UUID | None
    status: ReplayStatus = Field(description="`known`: the device's visit was there. `refused`: nothing was changed.")
    visit_status: VisitStatus | None
    ticket: str | None = Field(description="The visit's ticket, which may be another one than the device gave.")
    problem: EntryProblem | None

    @classmethod
    def of(cls, entry: ReplayedCheckIn, result: Result) -> Self:
        """The result of an entry."""
        visit, problem = result.visit, result.problem
        return cls(
            visit_id=entry.visit_id,
            status=result.status,
            visit_status=VisitStatus(visit.status) if visit is not None else None,
            ticket=visit.ticket if visit is not None else None,
            problem=EntryProblem.of(problem) if problem is not None else None,
        )

    @classmethod
    def unreadable(cls, entry: Unreadable) -> Self:
        """The result of an entry with faults of form."""
        first = faults_of(entry.error)[0]
        problem = EntryProblem(
            type="/problems/invalid", title=problem_title(422), detail=first["message"], field=first["field"] or None
        )
        return cls(visit_id=entry.visit_id, status="refused", visit_status=None, ticket=None, problem=problem)


class ReplayOut(BaseModel):
    """What became of what a device sent."""

    measured_error_seconds: float = Field(description="How far the clock of the device is behind ours.")
    results: list[ReplayedOut] = Field(description="In the order of the entries.")


class DeviceOut(BaseModel):
    """A device, without its key."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    centre: str
    kind: DeviceKind
    slot: int
    enrolled_at: datetime
    set_up_by: str | None = Field(None, description="The name of the account that set it up; of a kiosk's own, none.")
    opened_at: datetime = Field(
        description="When a signed-in team or kiosk opened it last: the key ends 30 days later."
    )
    last_used_at: datetime
    revoked_at: datetime | None


@router.post("/{id}/replay", dependencies=[limited("check-in")])
async def replay_(
    id: UUID, body: Replay, request: Request, running: Running, person: Annotated[Person | None, by_device_key]
) -> ReplayOut:
    """Check in what a device recorded without the network, by its key as bearer token. Sending again changes nothing.

    The error of the device's clock is measured and corrected; both times are kept. An entry that is refused stops none
    of the others. A step that is no longer possible is left out: its entry is accepted, with a problem.
    """
    error = running.clock() - body.device_now
    key, traceparent = bearer_of(request), current_traceparent()
    readable = [one for one in body.entries if not isinstance(one, Unreadable)]
    entries = [one.entry() for one in readable]

    async def once() -> list[Result]:
        async with running.store.work() as work:
            return await replay(work, id, key, entries, error, traceparent)

    found = iter(await retry_on_conflict(once))
    results = [
        ReplayedOut.unreadable(one) if isinstance(one, Unreadable) else ReplayedOut.of(one, next(found))
        for one in body.entries
    ]
    return ReplayOut(measured_error_seconds=error.total_seconds(), results=results)


@router.get("")
async def list_devices(
    read: Reading, person: Manager, after: UUID | None = None, limit: Annotated[int, Whole(1, 200)] = 200
) -> list[DeviceOut]:
    """The devices of the manager's centres, the last used first. `after`: the last one of the page before."""
    found = await devices_page(read, None if person.region_wide else person.centres, limit, after)
    names = await account_names(read, Account, (one.enrolled_by for one in found))
    return [DeviceOut.model_validate(one).model_copy(update={"set_up_by": names.get(one.enrolled_by)}) for one in found]


@router.delete("/{id}", status_code=204)
async def revoke_device(id: UUID, work: Working, person: Manager) -> None:
    """End the key of a device: it sends nothing more until a team signs in on it. Doing it again changes nothing."""
    own(await work.find(Device, id), person, msg("device"))
    await devices.revoke(work, id, by=person.subject)
