"""Working hours, absences, languages and areas of counsellors, by their codes."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.bulk import in_list, upsert
from services.contracts.accounts import AccountKind, AccountStatus, awaits_approval, may_sign_in
from services.scheduling.domain.line import Advice
from services.scheduling.domain.times import QUARTER
from services.scheduling.store.copies import Account
from services.scheduling.store.counsellors import accounts_to_book, is_bookable
from services.scheduling.store.external import ExternalBusy, ExternalCalendar
from services.scheduling.store.feeds import CounsellorFeed
from services.scheduling.store.hours import CounsellorHours
from services.scheduling.store.interviews import Interview, QuarterHour
from services.scheduling.store.table import Table
from services.scheduling.store.workshops import Session, Workshop

_COUNSELLOR = "counsellor:"


class CounsellorAbsence(Table, table=True):
    """A counsellor is away from every centre, from `starts_at` up to `ends_at`. No reason is kept."""

    __tablename__ = "absences"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("absences_of_counsellor", "counsellor", "ends_at"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    counsellor: str = Field(max_length=60)
    starts_at: datetime
    ends_at: datetime


class CounsellorProfile(Table, table=True):
    """The languages that a counsellor speaks with visitors, and the areas in which they advise."""

    __tablename__ = "counsellor_profiles"  # pyright: ignore[reportAssignmentType]

    counsellor: str = Field(primary_key=True, max_length=60)
    version: int = 1
    languages: list[str] = Field(default_factory=list[str], sa_type=sa.JSON)
    """Codes of ISO 639."""
    areas: list[str] = Field(default_factory=list[str], sa_type=sa.JSON)
    """Codes of areas; none: all of the centre's."""


ENTERED = (CounsellorHours, CounsellorAbsence, CounsellorProfile, CounsellorFeed, ExternalCalendar, ExternalBusy)
"""What counsellors enter or make, by their codes. Who deletes a calendar waits for who reads it just then."""


async def profiles_of(session: AsyncSession, counsellors: Collection[str]) -> dict[str, CounsellorProfile]:
    """The languages and areas of these counsellors, by code."""
    wanted = sa.select(CounsellorProfile).where(in_list(col(CounsellorProfile.counsellor), "codes"))
    return {row.counsellor: row for row in await session.scalars(wanted, {"codes": sorted(counsellors)})}


async def languages_at(session: AsyncSession, centres: Collection[str]) -> set[str]:
    """The languages of the counsellors with whom these centres book."""
    profiles = await profiles_of(session, await _team(session, centres))
    return {language for profile in profiles.values() for language in profile.languages}


async def advice_at(session: AsyncSession, centre: str, counsellor: str) -> dict[str, Advice]:
    """In what the counsellors advise with whom this centre books, and this one, by their codes."""
    team = {counsellor, *await _team(session, [centre])}
    profiles = await profiles_of(session, team)
    return {
        code: Advice(frozenset(profiles[code].areas), frozenset(profiles[code].languages))
        if code in profiles
        else Advice()
        for code in team
    }


async def _team(session: AsyncSession, centres: Collection[str]) -> set[str]:
    """The counsellors with whom these centres book."""
    accounts = await accounts_to_book(session)
    return {one.code for one in accounts if one.code and any(is_bookable(one, centre) for centre in centres)}


async def absences_between(
    session: AsyncSession, counsellors: Collection[str], start: datetime, end: datetime | None = None
) -> Sequence[CounsellorAbsence]:
    """The absences of these counsellors that touch [start, end), in order of time; `end` None: all from `start`."""
    query = sa.select(CounsellorAbsence).where(
        in_list(col(CounsellorAbsence.counsellor), "codes"), col(CounsellorAbsence.ends_at) > start
    )
    if end is not None:
        query = query.where(col(CounsellorAbsence.starts_at) < end)
    ordered = query.order_by(col(CounsellorAbsence.starts_at), col(CounsellorAbsence.id))
    return (await session.scalars(ordered, {"codes": sorted(counsellors)})).all()


async def locked_absences(
    session: AsyncSession, counsellors: Collection[str], start: datetime, end: datetime
) -> Sequence[CounsellorAbsence]:
    """The absences of these counsellors that touch [start, end), locked by id: none of them is removed meanwhile."""
    query = sa.select(CounsellorAbsence).where(
        in_list(col(CounsellorAbsence.counsellor), "codes"),
        col(CounsellorAbsence.ends_at) > start,
        col(CounsellorAbsence.starts_at) < end,
    )
    locked = query.order_by(col(CounsellorAbsence.id)).with_for_update()
    return (await session.scalars(locked, {"codes": sorted(counsellors)})).all()


_IN_USE = tuple(status.value for status in AccountStatus if may_sign_in(status) or awaits_approval(status))


async def unused_codes(session: AsyncSession) -> list[str]:
    """The codes with hours, absences or a profile that no account uses: active, awaiting approval, or still named."""
    of_staff = col(Account.code).is_not(None), col(Account.kind) == AccountKind.STAFF.value
    used = col(Account.status).in_(_IN_USE), col(Account.display_name).is_not(None)
    accounts = sa.select(col(Account.code)).where(*of_staff, sa.or_(*used))
    entered = sa.union(*(sa.select(col(table.counsellor)) for table in ENTERED)).subquery()
    code = entered.c.counsellor
    return list(await session.scalars(sa.select(code).where(code.not_in(accounts)).order_by(code)))


async def delete_availability(session: AsyncSession, codes: Collection[str]) -> None:
    """Delete the hours, the absences with their quarter-hours, and the profiles of these codes."""
    theirs = sa.select(col(CounsellorAbsence.id)).where(in_list(col(CounsellorAbsence.counsellor), "codes"))
    locked = theirs.order_by(col(CounsellorAbsence.id)).with_for_update()
    absences = (await session.scalars(locked, {"codes": sorted(codes)})).all()
    await session.execute(sa.delete(QuarterHour).where(col(QuarterHour.holder).in_(absences)))
    for table in ENTERED:
        await session.execute(sa.delete(table).where(col(table.counsellor).in_(codes)))


async def keep_absences(session: AsyncSession, freed: Sequence[tuple[str, datetime]]) -> None:
    """Reserve for the absences those of these quarter-hours, just freed or not yet taken, in which they lie."""
    quarters: dict[str, list[datetime]] = defaultdict(list)
    for key, quarter in freed:
        if key.startswith(_COUNSELLOR):
            quarters[key.removeprefix(_COUNSELLOR)].append(quarter)
    if not quarters:
        return
    times = [quarter for some in quarters.values() for quarter in some]
    for absence in await locked_absences(session, quarters, min(times), max(times) + QUARTER):
        kept = [at for at in quarters[absence.counsellor] if absence.starts_at <= at < absence.ends_at]
        await reserve_absence(session, absence, kept)


async def insert_absence(session: AsyncSession, absence: dict[str, Any]) -> None:
    """Insert an absence, by the names of its columns. One that is there under this id stays as it is."""
    await session.execute(_entered(session), [absence])


_entered = upsert(lambda insert: insert(CounsellorAbsence).on_conflict_do_nothing())


async def reserve_absence(session: AsyncSession, absence: CounsellorAbsence, quarters: Sequence[datetime]) -> None:
    """Reserve these quarter-hours for an absence. What is taken stays with its holder."""
    key = f"{_COUNSELLOR}{absence.counsellor}"
    if rows := [{"resource": key, "quarter": at, "holder": absence.id} for at in quarters]:
        await session.execute(_kept(session), rows)


_kept = upsert(lambda insert: insert(QuarterHour).on_conflict_do_nothing())


async def take_booked_too(session: AsyncSession, before: str, after: str, now: datetime) -> None:
    """Reserve under the code `after` too what is reserved from now on under `before`. It is freed by its holder."""
    booked = sa.select(col(QuarterHour.quarter), col(QuarterHour.holder)).where(
        col(QuarterHour.resource) == f"{_COUNSELLOR}{before}", col(QuarterHour.quarter) >= now
    )
    found = (await session.execute(booked.order_by(col(QuarterHour.quarter)))).all()
    if rows := [{"resource": f"{_COUNSELLOR}{after}", "quarter": at, "holder": holder} for at, holder in found]:
        await session.execute(_kept(session), rows)


@dataclass(frozen=True, slots=True)
class BookedTime:
    """An interview or a workshop session of a counsellor that is still to come."""

    kind: str
    """`interview` or `workshop`."""
    id: UUID
    """The interview's, or the workshop's."""
    centre: str
    starts_at: datetime
    minutes: int


async def booked_with(session: AsyncSession, counsellor: str, now: datetime) -> list[BookedTime]:
    """What is booked with a counsellor from now on, at all centres, in order of time."""
    theirs = sa.select(col(QuarterHour.holder)).where(
        col(QuarterHour.resource) == f"{_COUNSELLOR}{counsellor}", col(QuarterHour.quarter) >= now
    )
    interviews = await session.execute(
        sa.select(col(Interview.id), col(Interview.centre), col(Interview.starts_at), col(Interview.minutes)).where(
            col(Interview.id).in_(theirs)
        )
    )
    sessions = await session.execute(
        sa.select(col(Workshop.id), col(Workshop.centre), col(Session.starts_at), col(Session.minutes))
        .join(Session, col(Session.workshop_id) == col(Workshop.id))
        .where(col(Session.id).in_(theirs))
    )
    found = [BookedTime("interview", *row) for row in interviews] + [BookedTime("workshop", *row) for row in sessions]
    return sorted(found, key=lambda one: (one.starts_at, str(one.id)))


def overlaps(absences: Sequence[CounsellorAbsence], booked: BookedTime) -> bool:
    """Whether what is booked lies in one of these absences, with a part of it at least."""
    end = booked.starts_at + timedelta(minutes=booked.minutes)
    return any(one.starts_at < end and booked.starts_at < one.ends_at for one in absences)
