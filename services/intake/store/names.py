"""Registered persons by name, contact or reference, and those whom a new name resembles."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.intake.domain.names import SearchedWord, Sounds, may_be_same, mistyped, sounds_of, spoken, written
from services.intake.store import Consent, Visitor
from services.intake.store.persons import PersonKey

RESEMBLING = 50
"""Persons with names in common who are compared with a new one."""
_AGREED = sa.exists().where(col(Consent.subject_ref) == col(Visitor.id), col(Consent.withdrawn_at).is_(None))
"""Who withdrew every consent is not found: the centre does not see their names."""
_LAST_FIRST = (col(Visitor.registered_at).desc(), col(Visitor.id))
EVERYBODY = sa.true()
"""Searched by default: every registered person."""


async def people_named(
    session: AsyncSession,
    centres: Collection[str],
    words: Sequence[SearchedWord],
    limit: int,
    among: sa.ColumnElement[bool] = EVERYBODY,
) -> Sequence[Visitor]:
    """The persons of these centres with names of which each of these words begins one; then those that sound so.

    If there are none, those of whom a word may be a slip (`mistyped`). Within each group the last registered first.
    `among`: only these, here and below.
    """
    found = await _with_words(session, centres, [_as_written(word) for word in words], limit, among)
    if len(found) < limit:
        alike = await _with_words(session, centres, [_as_spoken(word) for word in words], limit, among)
        known = {one.id for one in found}
        found = [*found, *(one for one in alike if one.id not in known)]
    if not found and any(mistyped(word.written[0]) for word in words):
        return await _with_words(session, centres, [_as_mistyped(word) for word in words], limit, among)
    return found[:limit]


async def _with_words(
    session: AsyncSession,
    centres: Collection[str],
    words: Sequence[sa.ColumnElement[bool]],
    limit: int,
    among: sa.ColumnElement[bool],
) -> Sequence[Visitor]:
    ids = [sa.select(col(PersonKey.subject_ref)).where(col(PersonKey.centre).in_(centres), word) for word in words]
    named = (col(Visitor.id).in_(one) for one in ids)
    query = sa.select(Visitor).where(col(Visitor.centre).in_(centres), _AGREED, among, *named)
    return (await session.scalars(query.order_by(*_LAST_FIRST).limit(limit))).all()


def _as_written(word: SearchedWord) -> sa.ColumnElement[bool]:
    return sa.or_(*(_begins(written(form)) for form in word.written))


def _begins(key: bytes) -> sa.ColumnElement[bool]:
    return sa.and_(col(PersonKey.key) >= key, col(PersonKey.key) < key + b"\xff")  # no UTF-8 text has this byte


def _as_spoken(word: SearchedWord) -> sa.ColumnElement[bool]:
    return sa.or_(_as_written(word), col(PersonKey.key).in_([spoken(sound) for sound in word.sounds]))


def _as_mistyped(word: SearchedWord) -> sa.ColumnElement[bool]:
    near = sorted(map(written, mistyped(word.written[0])))
    return sa.or_(_as_spoken(word), col(PersonKey.key).in_(near)) if near else _as_spoken(word)


async def person_of_reference(session: AsyncSession, subject_ref: UUID) -> Sequence[Visitor]:
    """The person with this reference, unless they withdrew every consent."""
    return (await session.scalars(sa.select(Visitor).where(col(Visitor.id) == subject_ref, _AGREED))).all()


async def people_at(
    session: AsyncSession,
    contact_key: str,
    centres: Collection[str] | None,
    limit: int,
    among: sa.ColumnElement[bool] = EVERYBODY,
) -> Sequence[Visitor]:
    """The persons with exactly this contact, the last registered first. `centres` None: of every centre."""
    query = sa.select(Visitor).where(col(Visitor.contact_key) == contact_key, _AGREED, among)
    if centres is not None:
        query = query.where(col(Visitor.centre).in_(centres))
    return (await session.scalars(query.order_by(*_LAST_FIRST).limit(limit))).all()


async def people_like(
    session: AsyncSession, centre: str, given_name: str, family_name: str, contact: str | None
) -> Sequence[Visitor]:
    """The persons of the centre who may be the one of this name and contact (its key).

    The nearest first: those with the contact, then those with most sounds in common, then the last registered.
    """
    sounds = sounds_of(given_name, family_name)
    near = _near(centre, sounds, contact).subquery()
    query = sa.select(Visitor).join(near, near.c.subject_ref == col(Visitor.id)).where(_AGREED)
    found = await session.scalars(query.order_by(near.c.common.desc(), *_LAST_FIRST).limit(RESEMBLING))
    return [one for one in found if _may_be(one, sounds, contact)]


def _near(centre: str, sounds: Sounds, contact: str | None) -> sa.Select[Any, Any]:
    """Who has sounds in common with a name, and how many. The same contact counts for more than any name."""
    named = (
        sa.select(col(PersonKey.subject_ref), sa.func.count().label("common"))
        .where(col(PersonKey.centre) == centre, col(PersonKey.key).in_([spoken(sound) for sound in sounds.all]))
        .group_by(col(PersonKey.subject_ref))
        .having(sa.func.count() >= min(2, len(sounds.words)))
    )
    at_contact: sa.Select[UUID, int] = sa.select(col(Visitor.id), sa.literal(len(sounds.all) + 1)).where(
        col(Visitor.centre) == centre, col(Visitor.contact_key) == contact
    )
    near = (named if contact is None else sa.union_all(named, at_contact)).subquery()
    return sa.select(near.c.subject_ref, sa.func.sum(near.c.common).label("common")).group_by(near.c.subject_ref)


def _may_be(known: Visitor, sounds: Sounds, contact: str | None) -> bool:
    same_contact = contact is not None and known.contact_key == contact
    return may_be_same(sounds, sounds_of(known.given_name, known.family_name), contact=same_contact)


async def delete_keys(session: AsyncSession, subject_ref: UUID) -> None:
    """Delete the keys by which this person is found."""
    await session.execute(sa.delete(PersonKey).where(col(PersonKey.subject_ref) == subject_ref))


async def without_keys(session: AsyncSession, version: int, limit: int) -> Sequence[UUID]:
    """Persons whose keys were made by an earlier version, or not at all."""
    return (
        await session.scalars(sa.select(col(Visitor.id)).where(col(Visitor.keys_version) < version).limit(limit))
    ).all()
