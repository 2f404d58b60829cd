"""Registered visitors: their registration, personal links and consents."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field

from services.chassis.i18n import Language
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Work
from services.chassis.web import Body, ByKey, Reading, Router, Running, Working, allow
from services.contracts.roles import Role
from services.contracts.text import Key, Name, Text
from services.contracts.values import YesNo
from services.intake.actions import consent, links, merging, people
from services.intake.actions.references import references_of
from services.intake.api.visits import Team
from services.intake.domain.links import LinkState, link_address
from services.intake.domain.names import SIMILAR
from services.intake.store import Visit, Visitor

router = Router("/intake/api/v1", tags=["intake"])

TeamOrVisitor = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR, Role.VISITOR)]


class Registration(Body):
    """A visitor registers, with consent to these purposes."""

    given_name: Annotated[str, Text(80)]
    family_name: Annotated[str, Text(80)]
    contact: Name | None = None
    language: Language = "fr"
    purposes: list[Key] = Field(min_length=1, max_length=10)
    distinct_from: list[UUID] = Field(default_factory=list[UUID], max_length=SIMILAR)
    """Registered persons with a similar name who are somebody else: those of the refusal `looks-like-known`."""
    by_representative: YesNo = False
    """A parent or representative gives the consent."""


class Purposes(Body):
    """The purposes to which consent is given, or is withdrawn."""

    purposes: list[Key] = Field(min_length=1, max_length=10)


class Consents(Purposes):
    """The purposes to which consent is given."""

    by_representative: YesNo = False
    """A parent or representative gives it."""


class Registered(BaseModel):
    """The visitor's reference, and their personal link."""

    subject_ref: UUID
    link: str


class LinkOut(BaseModel):
    """The visitor's newest personal link. Its address was in one answer only."""

    state: LinkState
    expires_at: datetime | None


class Merge(Body):
    """The registration that is kept: this one is the same person."""

    kept: UUID


class References(BaseModel):
    """The reference of a person who may have been registered twice."""

    subject_ref: UUID
    """The kept one."""
    aliases: list[UUID]
    """The others, which lead to it."""


@router.post("/visits/{id}/visitor", status_code=201)
async def register(id: UUID, body: Registration, work: Working, person: Team, request: Request) -> Registered:
    """Register the visitor of this visit."""
    own(await work.find(Visit, id), person, msg("visit"))
    visitor = await people.register_visitor(work, id, recorded_by=person.subject, **body.model_dump())
    return await _with_link(work, request, visitor.id, person)


@router.get("/visitors/{subject_ref}")
async def references(subject_ref: UUID, read: Reading, person: Team) -> References:
    """Which reference of the person is kept, and which others lead to it."""
    own(await read.get(Visitor, subject_ref), person, msg("registered person"))
    return _references(await references_of(read, subject_ref))


@router.post("/visitors/{subject_ref}/merge")
async def merge(subject_ref: UUID, body: Merge, work: Working, person: Team) -> References:
    """Record that this person is the same one as another, who is kept. The same again changes nothing."""
    kept = await merging.merge(work, subject_ref, body.kept, person)
    await work.session.flush()
    return _references(await references_of(work.session, kept))


@router.post("/visitors/{subject_ref}/separate")
async def separate(subject_ref: UUID, work: Working, person: Team) -> References:
    """Separate an alias from the person with whom it was merged. The same again changes nothing."""
    await merging.separate(work, subject_ref, person)
    await work.session.flush()
    return _references(await references_of(work.session, subject_ref))


def _references(refs: tuple[UUID, ...]) -> References:
    kept, *aliases = refs
    return References(subject_ref=kept, aliases=aliases)


@router.get("/visitors/{subject_ref}/link")
async def link_state(subject_ref: UUID, read: Reading, person: Team, running: Running) -> LinkOut:
    """Whether the visitor has a personal link that opens their plan."""
    own(await read.get(Visitor, subject_ref), person, msg("registered person"))
    link = await links.link_of_person(read, subject_ref, running.clock())
    return LinkOut(state=links.state_of(link, running.clock()), expires_at=link.expires_at if link else None)


@router.post("/visitors/{subject_ref}/link", status_code=201)
async def renew_link(subject_ref: UUID, work: Working, person: Team, request: Request, link_id: ByKey) -> Registered:
    """Create a new personal link, which ends the older ones. Sent again, it is refused: the link is shown once."""
    own(await work.session.get(Visitor, subject_ref), person, msg("registered person"))
    return await _with_link(work, request, subject_ref, person, link_id)


async def _with_link(
    work: Work, request: Request, subject_ref: UUID, person: Person, link_id: UUID | None = None
) -> Registered:
    secret = await links.create_link(work, subject_ref, person.subject, link_id)
    return Registered(subject_ref=subject_ref, link=link_address(request.app.state.settings.public_url, secret))


@router.post("/visitors/{subject_ref}/consents", status_code=204)
async def give(subject_ref: UUID, body: Consents, work: Working, person: TeamOrVisitor) -> None:
    """Give consent: by the visitor, or recorded by the team of their centre. What is in force already stays.

    A visitor gives it under every reference of theirs; the team under this one.
    """
    if person.is_subject(subject_ref):
        mine = person.subject_ref or subject_ref
        await consent.give_own_consent(work, mine, body.purposes, by_representative=body.by_representative)
        return
    _check_near(await work.find(Visitor, subject_ref), person)
    await consent.give_consent(
        work, subject_ref, body.purposes, person.subject, by_representative=body.by_representative
    )


@router.post("/visitors/{subject_ref}/withdrawals", status_code=204)
async def withdraw(subject_ref: UUID, body: Purposes, work: Working, person: TeamOrVisitor) -> None:
    """Withdraw consent: by the visitor, or recorded by the team of their centre."""
    _check_near(await work.session.get(Visitor, subject_ref), person)
    await consent.withdraw_consent(work, subject_ref, body.purposes, person.subject)


def _check_near(visitor: Visitor | None, person: Person) -> None:
    """The person is this visitor, or works at their centre. Raises `NotFound`."""
    if visitor is None or not (person.is_subject(visitor.id) or person.works_at(visitor.centre)):
        raise NotFound(what=msg("registered person"))
