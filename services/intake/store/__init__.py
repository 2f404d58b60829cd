"""Intake's tables: visits, ticket counters, copies of centres, registered visitors and their consents."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.copies.accounts import AccountCopy
from services.chassis.copies.centres import LocalCentreCopy
from services.chassis.copies.visits import QueuedVisit, queue_indexes
from services.chassis.storage.bulk import in_list
from services.chassis.storage.store import Aggregate
from services.chassis.storage.tables import in_states
from services.contracts.intake import IN_THE_ROOM, VisitStatus
from services.contracts.opening import Hours
from services.intake.domain import may_be_called_next
from services.intake.store.aliases import Alias
from services.intake.store.erasures import ErasedSubject, ErasureConfirmation
from services.intake.store.links import LinkOpening, PersonalLink, current_link, link_with, openings_of
from services.intake.store.persons import Export, PersonAccess, PersonKey
from services.intake.store.table import Table

__all__ = [
    "Account",
    "Alias",
    "Centre",
    "Consent",
    "ErasedSubject",
    "ErasureConfirmation",
    "Export",
    "LinkOpening",
    "PersonAccess",
    "PersonKey",
    "PersonalLink",
    "Table",
    "TicketCounter",
    "Visit",
    "Visitor",
    "all_centres",
    "any_may_exist",
    "centres_by_code",
    "current_link",
    "is_next",
    "link_with",
    "openings_of",
    "reread_centres",
    "waiting_before",
]


OVER = in_states(status.value for status in VisitStatus if not status.in_the_room)
"""The visits that have ended, or never queued."""


def visits_of_a_day() -> sa.Index:
    """The index of `store.days`. Partial: on SQLite no query of who is here, or was left over, can choose it."""
    over = sa.text(OVER)
    return sa.Index("visits_of_a_day", "centre", "checked_in_at", postgresql_where=over, sqlite_where=over)


class Visit(QueuedVisit, Table, table=True):
    """A visit. Anonymous while `subject_ref` is None."""

    __tablename__ = "visits"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (*queue_indexes("visits"), visits_of_a_day())

    area: str | None = None
    other_areas: list[str] = Field(
        default_factory=list[str], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )
    """What the visit is about besides `area`, which is the main one."""
    channel: str
    activity: str | None = Field(default=None, max_length=40)
    """What a visitor without a ticket came for."""
    recorded_later: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """`checked_in_at` was entered by hand, afterwards: the visit has no waiting time."""
    interpreter_language: str | None = Field(default=None, max_length=3)
    """Deleted when the visit ends, as `needs` is."""
    needs: list[str] = Field(default_factory=list[str], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"})
    """Of `domain.Need`: health data, which leaves intake nowhere."""
    desk: str | None = None
    called_at: datetime | None = None
    served_at: datetime | None = None
    closed_by: str | None = Field(default=None, max_length=40)
    """`END_OF_DAY`: nobody ended the visit on its day, and `ended_at` is when it was closed."""
    before_closing: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    """Where the visit was when its day was closed (`actions.reopening`). None: that does not bring it back."""
    interview_id: UUID | None = None
    """The interview that the visitor is in, or that ended the visit. None once the desk has decided otherwise."""
    interview_since: datetime | None = None
    before_interview: str | None = Field(default=None, max_length=20)
    """The state to which the visit returns if that interview is undone."""
    held_before_interview: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    subject_ref: UUID | None = Field(default=None, index=True)
    priority: str | None = Field(default=None, max_length=40)
    """Why the visitor is called before the others; deleted when the visit ends."""
    priority_before_link: str | None = Field(default=None, max_length=40)
    """`priority` before the ticket was taken for an appointment's; deleted as that is."""
    before_link: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    """Where the visit was then (`actions.places`)."""
    transferred_by: str | None = Field(default=None, max_length=60)
    """The desk that transferred the visitor to `for_area`, and leaves them to the other desks of that area."""
    estimate: list[int] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    """The minutes of waiting that were estimated at check-in: low, typical, high."""
    device_id: UUID | None = None
    """The device that checked the visitor in without the network."""
    device_seq: int | None = None
    """The place among the check-ins of the device."""
    device_at: datetime | None = None
    """The arrival by the clock of the device; `checked_in_at` is the same by ours."""
    device_steps: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many steps the device has sent of the visit."""
    ticket_in_hand: str | None = Field(default=None, max_length=10)
    """The ticket that the visitor holds, where a device gave another one: the answer to the check-in was lost."""
    clock_uncertain: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """A time contradicted another one of the device, and was moved: no waiting time is learnt from the visit."""
    fingerprint: str
    """Digest of the check-in: the same one again changes nothing, a different one is refused."""


class TicketCounter(Table, table=True):
    """How many tickets a centre has given on a day (its local date)."""

    __tablename__ = "ticket_counters"  # pyright: ignore[reportAssignmentType]

    centre: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    given: int = 0


class Account(AccountCopy, Table, table=True):
    """An account, as the directory published it."""

    __tablename__ = "accounts"  # pyright: ignore[reportAssignmentType]


class Centre(LocalCentreCopy, Table, table=True):
    """A centre, as the directory published it."""

    __tablename__ = "centres"  # pyright: ignore[reportAssignmentType]

    closed_before: date | None = None
    """The centre's last local day in whose night the visits of earlier days were closed."""
    day_began_at: datetime | None = None
    """The midnight at which that day began: who checked in before it waits no more. As old as `paces`."""
    paces: dict[str, list[int]] = Field(
        default_factory=dict[str, list[int]], sa_type=sa.JSON, sa_column_kwargs={"server_default": "{}"}
    )
    """Today's pace by area, and in all (no area): seconds for each place in the queue, low, typical, high."""
    opening_hours: list[dict[str, Any]] = Field(
        default_factory=list[dict[str, Any]], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )
    closed_on: list[str] = Field(default_factory=list[str], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"})
    special_days: list[dict[str, Any]] = Field(
        default_factory=list[dict[str, Any]], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )

    @property
    def hours(self) -> Hours | None:
        """The opening hours. None: none is known, or entered."""
        if not (self.opening_hours or self.special_days):
            return None
        return Hours.of_fields(self.timezone, self.opening_hours, self.closed_on, self.special_days)


class Visitor(Aggregate, Table, table=True):
    """A registered visitor. `id` is the `subject_ref` that other services store."""

    __tablename__ = "visitors"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("visitors_of_centre", "centre", "registered_at"),)

    centre: str
    given_name: str
    family_name: str
    contact: str | None = None
    contact_key: str | None = Field(default=None, max_length=254, index=True)
    """The contact as it is compared (`domain.contacts`)."""
    channel: str | None = Field(default=None, max_length=10)
    """How the person wants to be reached: of `domain.contacts.ContactChannel`."""
    contact_saved_at: datetime | None = None
    """When the contact was last saved after the registration."""
    contact_refused_at: datetime | None = None
    """Since when it is known that nothing reaches the contact. None: it is used."""
    keys_version: int = Field(default=0, index=True, sa_column_kwargs={"server_default": "0"})
    """By which version of `domain.names` the rows of `person_keys` were made; 0: there are none."""
    language: str
    retain_until: datetime = Field(index=True)
    """The end of the retention: `erase_due` erases the visitor then."""
    registered_at: datetime
    link_id: UUID | None = None
    """The current personal link, as in `VisitorCopy`. None: there is none, or it was locked."""
    closed_openings: list[str] = Field(
        default_factory=list[str], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )


class Consent(Table, table=True):
    """A visitor's consent to one purpose: lawful basis, when given, recorded by whom, and when withdrawn."""

    __tablename__ = "consents"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    subject_ref: UUID = Field(index=True)
    purpose: str
    lawful_basis: str = "consent"
    given_at: datetime
    recorded_by: str
    by_representative: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """A parent or representative gave it, for a minor or a protected person."""
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = Field(default=None, max_length=200)
    """Recorded by whom."""


_CENTRES_BY_CODE = sa.select(Centre).where(in_list(col(Centre.code), "codes"))
_ANY_EXISTS = sa.exists().where(in_list(col(Visit.id), "visits"))
_MOST_COUNTED = 100
"""Visitors before one who checks in, beyond which no wait is estimated."""
_QUEUE = tuple(status.value for status in VisitStatus if may_be_called_next(status))


def is_next() -> sa.ColumnElement[bool]:
    """Of the visits that are here: those that call-next may call. Who is on hold is before nobody."""
    return sa.and_(sa.text(in_states(_QUEUE)), col(Visit.held_at).is_(None))


_TODAY = sa.and_(col(Visit.centre) == col(Centre.code), col(Visit.checked_in_at) >= col(Centre.day_began_at))
_WAITING = sa.select(sa.literal(1)).where(sa.text(in_states(IN_THE_ROOM)), _TODAY, is_next()).limit(_MOST_COUNTED)
_NUMBER_WAITING = sa.select(sa.func.count()).select_from(_WAITING.correlate(Centre).subquery()).scalar_subquery()
_CENTRES_AND_ANY_EXISTS = _CENTRES_BY_CODE.add_columns(_ANY_EXISTS.label("any_known"), _NUMBER_WAITING.label("waiting"))


class _Centres(dict[str, Centre]):
    """The centres that a unit of work has read, by code."""

    complete = False
    """Whether these are all."""

    @classmethod
    def of(cls, session: AsyncSession) -> "_Centres":
        return session.info.setdefault("intake.centres", cls())

    def has(self, codes: Collection[str]) -> bool:
        """Whether these were looked up."""
        return self.complete or self.keys() >= set(codes)


async def centres_by_code(session: AsyncSession, codes: Collection[str]) -> Mapping[str, Centre]:
    """These centres by code; all, if one of them is unknown. Each is read once per unit of work."""
    known = _Centres.of(session)
    if not known.has(codes):
        known.update({centre.code: centre for centre in await all_centres(session)})
        known.complete = True
    return known


def reread_centres(session: AsyncSession) -> None:
    """Have this unit of work read the centres again: another one was added."""
    session.info.pop("intake.centres", None)


async def all_centres(session: AsyncSession) -> Sequence[Centre]:
    """Every centre."""
    return (await session.scalars(sa.select(Centre).order_by(col(Centre.code)))).all()


async def any_may_exist(session: AsyncSession, visits: Collection[UUID], codes: Collection[str]) -> bool:
    """Whether any of these visits may exist; False is certain.

    The same round trip reads their centres, for `centres_by_code`, and how many wait there, for `waiting_before`. If
    the unit of work has those already, it is skipped, and the answer is True.
    """
    known = _Centres.of(session)
    if known.has(codes):
        return True
    found = (await session.execute(_CENTRES_AND_ANY_EXISTS, {"codes": list(codes), "visits": list(visits)})).all()
    known.update({centre.code: centre for centre, *_ in found})
    session.info.setdefault("intake.waiting", {}).update({centre.code: waiting for centre, _, waiting in found})
    return not found or any(any_known for _, any_known, _ in found)


def waiting_before(session: AsyncSession, centre: str) -> int | None:
    """How many wait before the next visitor who checks in here; each call counts one more. None: too many."""
    waiting: dict[str, int] = session.info.get("intake.waiting", {})
    before = waiting.get(centre, _MOST_COUNTED)
    waiting[centre] = before + 1
    return before if before < _MOST_COUNTED else None
