"""Visitors' personal links: made by the desk, bound to a PIN by the visitor, opened, closed, ended.

Every action locks the visitor first, so that requests about one person follow each other.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.identity.tokens import IDLE, Signer, VisitorToken
from services.chassis.refusals import AlreadyDifferent, ShownBefore, msg
from services.chassis.storage.store import Work
from services.contracts.intake import VisitorLinkChanged
from services.intake.actions.references import lock_references, references_of
from services.intake.domain.links import (
    LINK_VALID,
    TRIES,
    LinkLocked,
    LinkNotValid,
    LinkState,
    OpeningKind,
    PinAlreadyChosen,
    digest,
    is_usable,
    link_address,
    new_secret,
)
from services.intake.store import LinkOpening, PersonalLink, Visitor, link_with
from services.intake.store.links import has_chosen_pin, newest_links

_MAILED = "mailed-link"
_FIRST = (LinkState.USABLE, LinkState.NO_PIN, LinkState.LOCKED, LinkState.MISSING)
"""Of two links of a person who was registered twice: which one the desk and a message lead to."""


async def create_link(work: Work, subject_ref: UUID, created_by: str, link_id: UUID | None = None) -> str:
    """Create a personal link, which ends the older ones of the person. Returns its secret, which is stored nowhere.

    It is valid for `LINK_VALID` at most, and not beyond the person's retention: the longest of their references.
    `link_id`: chosen with the form, so that a form that is sent twice ends no link. Raises `ShownBefore`,
    or `AlreadyDifferent` if the link of that id is another person's.
    """
    work.guard("personal_links_key", ShownBefore())
    refs = (await lock_references(work, subject_ref))[subject_ref]
    visitor = await work.load(Visitor, subject_ref, msg("registered person"))
    same = await work.find(PersonalLink, link_id) if link_id is not None else None
    if same is not None:
        raise ShownBefore() if same.subject_ref in refs else AlreadyDifferent()
    others = [one for ref in refs if ref != subject_ref and (one := await work.find(Visitor, ref)) is not None]
    for other in others:
        if other.link_id is not None:
            await end_link(work, other.id)
    await _end_links(work, subject_ref)
    secret = new_secret()
    link = work.add(
        PersonalLink(
            id=link_id or uuid4(),
            subject_ref=subject_ref,
            secret=digest(secret),
            created_at=work.now,
            created_by=created_by,
            expires_at=min(work.now + LINK_VALID, max(one.retain_until for one in (visitor, *others))),
        )
    )
    visitor.link_id, visitor.closed_openings = link.id, []
    _publish(work, visitor)
    return secret


async def create_first_link(work: Work, subject_ref: UUID) -> str:
    """Create the first personal link of a person who registered themselves. Returns its secret, as `create_link`.

    Raises `PinAlreadyChosen`, also if they were merged since: the link of either registration opens both.
    """
    refs = (await lock_references(work, subject_ref))[subject_ref]
    if len(refs) > 1 or await has_chosen_pin(work.session, refs):
        raise PinAlreadyChosen()
    return await create_link(work, subject_ref, f"visitor/{subject_ref}")


def check_usable(link: PersonalLink | None, now: datetime) -> PersonalLink:
    """The link, if it opens the plan. Raises `LinkNotValid`, `LinkLocked`."""
    if link is not None and link.locked_at is not None and now < link.expires_at:
        raise LinkLocked()
    if link is None or not is_usable(expires_at=link.expires_at, ended_at=link.ended_at, now=now):
        raise LinkNotValid(what=msg("link"))
    return link


def state_of(link: PersonalLink | None, now: datetime) -> LinkState:
    """What the desk sees of this link."""
    try:
        usable = check_usable(link, now)
    except LinkLocked:
        return LinkState.LOCKED
    except LinkNotValid:
        return LinkState.MISSING
    return LinkState.NO_PIN if usable.pin is None else LinkState.USABLE


async def link_of_person(session: AsyncSession, subject_ref: UUID, now: datetime) -> PersonalLink | None:
    """The link that opens what is the person's, under whichever reference it was made; the newest one if none does."""
    found = await newest_links(session, await references_of(session, subject_ref))
    return min(found, key=lambda link: _FIRST.index(state_of(link, now)), default=None)


def mailed_address(signer: Signer, public_url: str, link: PersonalLink | None, now: datetime) -> str | None:
    """The URL in a message that opens this link: made from its id, because its secret is stored nowhere.

    None: it opens nothing, or has no PIN yet, and who reads the mail could choose one.
    """
    if state_of(link, now) is not LinkState.USABLE or link is None:
        return None
    return link_address(public_url, signer.disguise(_MAILED, link.id))


async def link_at(session: AsyncSession, signer: Signer, secret: str) -> PersonalLink | None:
    """The link at this address, as it was handed out or as a message has it."""
    if (found := await link_with(session, digest(secret))) is not None:
        return found
    mailed = [await session.get(PersonalLink, id) for id in signer.undisguise(_MAILED, secret)]
    return next((link for link in mailed if link is not None and link.pin is not None), None)


async def choose_pin(work: Work, link_id: UUID, hashed: str, centre: str | None, hours: int) -> VisitorToken:
    """Bind the link to a PIN (hashed), and open the plan.

    Raises `LinkNotValid`, `LinkLocked`, `PinAlreadyChosen`.
    """
    link, visitor = await _locked(work, link_id)
    if link.pin is not None:
        raise PinAlreadyChosen()
    link.pin = hashed
    return _open(work, link, visitor, OpeningKind.PIN_CHOSEN, centre, hours)


async def open_link(
    work: Work, link_id: UUID, *, tried: str, matches: bool, centre: str | None, hours: int
) -> VisitorToken | int:
    """Open the plan if the PIN matched. Otherwise count the try; returns how many are left, and locks the link at 0.

    `tried`: the stored PIN with which it was compared. Raises `LinkNotValid`, `LinkLocked`.
    """
    link, visitor = await _locked(work, link_id)
    if link.pin != tried:
        raise LinkNotValid(what=msg("link"))
    if matches:
        link.tries = 0
        return _open(work, link, visitor, OpeningKind.OPENED, centre, hours)
    link.tries += 1
    if link.tries >= TRIES:
        link.locked_at = link.ended_at = work.now
        visitor.link_id = None
        _publish(work, visitor)
    return TRIES - link.tries


async def close_opening(work: Work, token: VisitorToken) -> None:
    """Close the plan: the token of this opening ends in every service."""
    visitor = await work.find(Visitor, token.subject_ref)
    opening = await work.find(LinkOpening, token.opening)
    if visitor is None or opening is None or opening.closed_at is not None:
        return
    opening.closed_at = work.now
    if visitor.link_id == opening.link_id:
        await work.session.flush()
        visitor.closed_openings = await _closed(work, opening.link_id)
        _publish(work, visitor)


async def end_link(work: Work, subject_ref: UUID) -> None:
    """End a visitor's links; the desk can make a new one."""
    visitor = await work.load(Visitor, subject_ref, msg("registered person"))
    await _end_links(work, subject_ref)
    visitor.link_id, visitor.closed_openings = None, []
    _publish(work, visitor)


async def erase_links(work: Work, subject_ref: UUID) -> None:
    """Delete the links and openings of a person who is erased."""
    for table in (LinkOpening, PersonalLink):
        await work.session.execute(sa.delete(table).where(col(table.subject_ref) == subject_ref))


async def _locked(work: Work, link_id: UUID) -> tuple[PersonalLink, Visitor]:
    """The link and its visitor, locked, the visitor first. Raises `LinkNotValid`, `LinkLocked`."""
    known = await work.session.get(PersonalLink, link_id)
    visitor = await work.find(Visitor, known.subject_ref) if known is not None else None
    link = check_usable(await work.find(PersonalLink, link_id), work.now)
    if visitor is None:
        raise LinkNotValid(what=msg("link"))
    return link, visitor


def _open(
    work: Work, link: PersonalLink, visitor: Visitor, kind: OpeningKind, centre: str | None, hours: int
) -> VisitorToken:
    ends_at = min(work.now + timedelta(hours=hours), link.expires_at)
    opening = work.add(
        LinkOpening(
            id=uuid4(),
            subject_ref=visitor.id,
            link_id=link.id,
            kind=kind.value,
            at=work.now,
            centre=centre,
            ends_at=ends_at,
        )
    )
    return VisitorToken(
        subject_ref=visitor.id,
        link_id=link.id,
        opening=opening.id,
        began_at=work.now,
        expires_at=ends_at if centre is None else min(work.now + IDLE, ends_at),
        ends_at=ends_at,
        centre=centre,
    )


async def _end_links(work: Work, subject_ref: UUID) -> None:
    of_person = sa.and_(col(PersonalLink.subject_ref) == subject_ref, col(PersonalLink.ended_at).is_(None))
    await work.session.execute(sa.update(PersonalLink).where(of_person).values(ended_at=work.now))


async def _closed(work: Work, link_id: UUID) -> list[str]:
    """The openings of a link that were closed and have not ended by themselves."""
    wanted = sa.select(col(LinkOpening.id)).where(
        col(LinkOpening.link_id) == link_id,
        col(LinkOpening.closed_at).is_not(None),
        col(LinkOpening.ends_at) > work.now,
    )
    return [
        str(id) for id in (await work.session.scalars(wanted.order_by(col(LinkOpening.at), col(LinkOpening.id)))).all()
    ]


def _publish(work: Work, visitor: Visitor) -> None:
    closed = tuple(UUID(opening) for opening in visitor.closed_openings)
    event = VisitorLinkChanged(subject_ref=visitor.id, at=work.now, link_id=visitor.link_id, closed_openings=closed)
    work.emit(visitor, event)
