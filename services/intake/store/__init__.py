"""Intake's tables: visits, ticket counters, copies of centres, registered visitors and their consents."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.copies.accounts import AccountCopy
from services.chassis.copies.centres import LocalCentreCopy
from services.chassis.copies.visits import QueuedVisit, queue_indexes
from services.chassis.storage.bulk import in_list
from services.chassis.storage.store import Aggregate
from services.intake.domain import is_named
from services.intake.store.erasures import ErasedSubject, ErasureConfirmation
from services.intake.store.persons import Export
from services.intake.store.table import Table

__all__ = [
    "Account",
    "Centre",
    "Consent",
    "ErasedSubject",
    "ErasureConfirmation",
    "Export",
    "LinkOpening",
    "PersonalLink",
    "Table",
    "TicketCounter",
    "Visit",
    "Visitor",
    "all_centres",
    "any_may_exist",
    "centres_by_code",
    "current_link",
    "link_with",
    "openings_of",
    "people_named",
]


class Visit(QueuedVisit, Table, table=True):
    """A visit. Anonymous while `subject_ref` is None."""

    __tablename__ = "visits"  # pyright: ignore[reportAssignmentType]
    __table_args__ = queue_indexes("visits")

    area: str | None = None
    channel: str
    desk: str | None = None
    called_at: datetime | None = None
    served_at: datetime | None = None
    closed_by: str | None = Field(default=None, max_length=40)
    """`END_OF_DAY`: nobody ended the visit on its day, and `ended_at` is when it was closed."""
    interview_id: UUID | None = None
    """The interview that the visitor is in, or that ended the visit. None once the desk has decided otherwise."""
    interview_since: datetime | None = None
    before_interview: str | None = Field(default=None, max_length=20)
    """The state to which the visit returns if that interview is undone."""
    subject_ref: UUID | None = Field(default=None, index=True)
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


class Visitor(Aggregate, Table, table=True):
    """A registered visitor. `id` is the `subject_ref` that other services store."""

    __tablename__ = "visitors"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("visitors_of_centre", "centre", "registered_at"),)

    centre: str
    given_name: str
    family_name: str
    contact: str | None = None
    language: str
    retain_until: datetime = Field(index=True)
    """The end of the retention: `erase_due` erases the visitor then."""
    registered_at: datetime
    link_id: UUID | None = None
    """The current personal link, as in `VisitorCopy`. None: there is none, or it was locked."""
    closed_openings: list[str] = Field(
        default_factory=list[str], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )


class PersonalLink(Table, table=True):
    """A visitor's personal link. Of its secret there is only a digest, of its PIN only a slow hash."""

    __tablename__ = "personal_links"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    subject_ref: UUID = Field(index=True)
    secret: str = Field(max_length=64, unique=True)
    created_at: datetime
    created_by: str = Field(max_length=200)
    expires_at: datetime
    ended_at: datetime | None = None
    """When it was replaced by a new link, or locked."""
    pin: str | None = Field(default=None, max_length=200)
    """None: no PIN has been chosen, and the link shows nothing."""
    tries: int = 0
    """Wrong PINs since the last correct one."""
    locked_at: datetime | None = None


class LinkOpening(Table, table=True):
    """An opening of a personal link, of which the visitor sees time and place."""

    __tablename__ = "link_openings"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    subject_ref: UUID = Field(index=True)
    link_id: UUID = Field(index=True)
    kind: str = Field(max_length=20)
    at: datetime
    centre: str | None = Field(default=None, max_length=40)
    """The centre whose team was signed in on the same screen. None: elsewhere."""
    ends_at: datetime
    closed_at: datetime | None = None


class Consent(Table, table=True):
    """A visitor's consent to one purpose: lawful basis, when given, recorded by whom, and when withdrawn."""

    __tablename__ = "consents"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    subject_ref: UUID = Field(index=True)
    purpose: str
    lawful_basis: str = "consent"
    given_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = Field(default=None, max_length=200)
    """Recorded by whom."""


_CENTRES_BY_CODE = sa.select(Centre).where(in_list(col(Centre.code), "codes"))
_ANY_EXISTS = sa.exists().where(in_list(col(Visit.id), "visits"))
_CENTRES_AND_ANY_EXISTS = _CENTRES_BY_CODE.add_columns(_ANY_EXISTS.label("any_known"))


async def centres_by_code(session: AsyncSession, codes: Iterable[str]) -> Mapping[str, Centre]:
    """These centres by code, without unknown ones. Each is read once per unit of work."""
    known: dict[str, Centre] = session.info.setdefault("intake.centres", {})
    if missing := [code for code in codes if code not in known]:
        found = await session.scalars(_CENTRES_BY_CODE, {"codes": missing})
        known.update({centre.code: centre for centre in found})
    return known


async def all_centres(session: AsyncSession) -> Sequence[Centre]:
    """Every centre."""
    return (await session.scalars(sa.select(Centre).order_by(col(Centre.code)))).all()


async def any_may_exist(session: AsyncSession, visits: Collection[UUID], codes: Collection[str]) -> bool:
    """Whether any of these visits may exist; False is certain.

    The same round trip reads their centres, for `centres_by_code`. If the unit of work has those already, it is
    skipped, and the answer is True.
    """
    known: dict[str, Centre] = session.info.setdefault("intake.centres", {})
    if known.keys() >= set(codes):
        return True
    found = (await session.execute(_CENTRES_AND_ANY_EXISTS, {"codes": list(codes), "visits": list(visits)})).all()
    known.update({centre.code: centre for centre, _ in found})
    return not found or any(any_known for _, any_known in found)


async def people_named(session: AsyncSession, centre: str, searched: Sequence[str], limit: int) -> Sequence[Visitor]:
    """The registered people of a centre with names that begin with these words, the last registered first.

    Without those who withdrew every consent: the centre does not see their names.

    Compared here: stores differ in what they take for the same letter.
    """
    names = sa.select(col(Visitor.id), col(Visitor.given_name), col(Visitor.family_name))
    agreed = sa.exists().where(col(Consent.subject_ref) == col(Visitor.id), col(Consent.withdrawn_at).is_(None))
    ordered = names.where(col(Visitor.centre) == centre, agreed).order_by(
        col(Visitor.registered_at).desc(), col(Visitor.id)
    )
    rows = await session.execute(ordered)
    found = [row.id for row in rows if is_named(searched, f"{row.given_name} {row.family_name}")][:limit]
    people = {one.id: one for one in await session.scalars(sa.select(Visitor).where(col(Visitor.id).in_(found)))}
    return [people[id] for id in found if id in people]


async def link_with(session: AsyncSession, secret: str) -> PersonalLink | None:
    """The personal link whose secret has this digest."""
    return await session.scalar(sa.select(PersonalLink).where(col(PersonalLink.secret) == secret))


async def current_link(session: AsyncSession, subject_ref: UUID) -> PersonalLink | None:
    """The newest personal link of a visitor, whatever its state."""
    newest = sa.select(PersonalLink).where(col(PersonalLink.subject_ref) == subject_ref)
    return await session.scalar(newest.order_by(col(PersonalLink.created_at).desc(), col(PersonalLink.id)).limit(1))


async def openings_of(session: AsyncSession, subject_ref: UUID, limit: int = 100) -> Sequence[LinkOpening]:
    """The openings of a visitor's links, the last one first."""
    query = sa.select(LinkOpening).where(col(LinkOpening.subject_ref) == subject_ref)
    return (await session.scalars(query.order_by(col(LinkOpening.at).desc(), col(LinkOpening.id)).limit(limit))).all()
