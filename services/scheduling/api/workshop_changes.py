"""Changing a workshop, and publishing it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.chassis.identity.ownership import own
from services.chassis.refusals import msg
from services.chassis.web import Router, Running, Working
from services.contracts.envelope import StaffCode
from services.contracts.values import Whole, YesNo
from services.scheduling.actions import workshop_changes
from services.scheduling.actions.offers import go_on
from services.scheduling.actions.series import Planned
from services.scheduling.actions.workshop_changes import Plan
from services.scheduling.api.roles import PREFIX, Change, Counsellor
from services.scheduling.api.workshops import NewSession, WorkshopFacts, WorkshopInFull, WorkshopOut, in_full
from services.scheduling.domain.rooms import CAPACITY_MOST
from services.scheduling.domain.series import SESSIONS_MOST
from services.scheduling.settings import answer_of, horizon_of
from services.scheduling.store import Workshop

router = Router(f"{PREFIX}/workshops", tags=["workshops"])


class KnownSession(NewSession):
    """One session. `id`: of one that is there; without it, the session is new."""

    id: UUID | None = None


class ChangedWorkshop(WorkshopFacts, Change):
    """A workshop as it is to be. What is left out stays as it is.

    `sessions`: all of them; those that have begun stay as they are.
    """

    counsellor: StaffCode | None = Field(None, description="The first facilitator.")
    seats: Annotated[int, Whole(1, CAPACITY_MOST)] | None = Field(
        None, description="Never more than the room has; `null`: as many as the room has."
    )
    published: YesNo | None = Field(None, description="Whether it stands on the centre's public page.")
    sessions: list[KnownSession] = Field(min_length=1, max_length=SESSIONS_MOST)
    participants_busy: YesNo = Field(
        False, description="Also where participants have another appointment, which they keep."
    )

    def plan(self, workshop: Workshop) -> Plan:
        """What is decided about this workshop."""
        given = self.model_fields_set
        others = self.facilitators if "facilitators" in given else workshop.more_facilitators
        named = self.counsellor is not None or bool(self.facilitators)
        first = self.counsellor if named else workshop.counsellor
        return Plan(
            title=self.title,
            area=self.area if "area" in given else workshop.area,
            facilitators=[first or "", *others],
            room=self.room if "room" in given else workshop.room,
            seats=self.seats if "seats" in given else workshop.seats,
            sessions=[Planned(one.starts_at, one.minutes, one.id) for one in self.sessions],
            published=self.published if self.published is not None else workshop.published,
        )


class Publication(Change):
    """Whether the workshop stands on the centre's public page."""

    published: YesNo


@router.put("/{id}")
async def change_workshop(
    id: UUID, body: ChangedWorkshop, work: Working, running: Running, person: Counsellor
) -> WorkshopInFull:
    """Change a workshop; what is left out stays as it is.

    Everyone who has a seat or waits for one is informed when its sessions change. The calendars of those who have a
    seat change with them.
    """
    workshop = own(await work.find(Workshop, id), person, msg("workshop"))
    await workshop_changes.change(
        work,
        workshop,
        body.plan(workshop),
        version=body.version,
        horizon=horizon_of(running),
        outside_usual_hours=body.outside_usual_hours,
        while_busy=body.while_busy,
        participants_busy=body.participants_busy,
    )
    await go_on(work, workshop, answer_of(running))
    await work.session.flush()
    return await in_full(work.session, workshop, running)


@router.post("/{id}/publication")
async def publish_workshop(id: UUID, body: Publication, work: Working, person: Counsellor) -> WorkshopOut:
    """Show a workshop on the centre's public page, or no longer."""
    workshop = own(await work.find(Workshop, id), person, msg("workshop"))
    await workshop_changes.publish(work, workshop, published=body.published, version=body.version)
    return WorkshopOut.model_validate(workshop, from_attributes=True)
