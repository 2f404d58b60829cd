"""Finds registered persons: by name within a centre; elsewhere only by a whole contact or reference, for a reason."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.people import Person
from services.chassis.storage.store import Work
from services.intake.actions.accesses import log_access
from services.intake.domain.accesses import AccessKind, NoReason, NotExact, Reason
from services.intake.domain.contacts import contact_key
from services.intake.domain.names import KEYS_VERSION, check_searched
from services.intake.store import Visitor
from services.intake.store.names import EVERYBODY, people_at, people_named, person_of_reference, without_keys


async def search(
    session: AsyncSession, centres: AbstractSet[str], text: str, limit: int, among: sa.ColumnElement[bool] = EVERYBODY
) -> Sequence[Visitor]:
    """The persons of these centres with this name, contact or reference. Raises `NameTooShort`.

    `among`: only these, where so many have the name or the contact that the limit would leave them out.
    """
    exact = await _exactly(session, text, limit, centres, among)
    return await people_named(session, centres, check_searched(text), limit, among) if exact is None else exact


async def is_being_prepared(session: AsyncSession) -> bool:
    """Whether persons are not found yet, because `make_keys` has not come to their names."""
    return bool(await without_keys(session, KEYS_VERSION, 1))


async def search_elsewhere(
    work: Work, text: str, reason: Reason | None, person: Person, limit: int
) -> Sequence[Visitor]:
    """The persons of every centre with this contact or reference. Those of other centres are noted as opened.

    Raises `NoReason`, `NotExact`.
    """
    if reason is None:
        raise NoReason()
    found = await _exactly(work.session, text, limit, None)
    if found is None:
        raise NotExact()
    for visitor in found:
        if visitor.centre not in person.centres:
            log_access(work, visitor.id, person, AccessKind.FOUND_ELSEWHERE, reason)
    return found


async def _exactly(
    session: AsyncSession,
    text: str,
    limit: int,
    centres: AbstractSet[str] | None,
    among: sa.ColumnElement[bool] = EVERYBODY,
) -> Sequence[Visitor] | None:
    """The persons with this reference or contact. `centres` None: of every centre. None: the text is neither."""
    try:
        found = await person_of_reference(session, UUID(text))
        return [one for one in found if centres is None or one.centre in centres]
    except ValueError:
        key = contact_key(text)
        return None if key is None else await people_at(session, key, centres, limit, among)
