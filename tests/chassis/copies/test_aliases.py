"""A service's copy of aliases: every reference of a person, looked up by whichever of them, and forgotten with them."""

from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import SQLModel

from services.chassis.copies.aliases import (
    AliasCopy,
    copy_alias,
    drop_alias,
    erase_aliases,
    groups_of,
    references_of,
)
from services.chassis.copies.visitors import VisitorCopy, Visitors, copy_visitor
from services.chassis.identity.tokens import VisitorToken
from services.chassis.storage.store import Store
from services.chassis.storage.tables import chassis_metadata
from services.chassis.testing import FixedClock
from services.contracts.intake import VisitorLinkChanged
from services.contracts.persons import VisitorMerged


class Table(SQLModel):
    metadata = chassis_metadata()


class Alias(AliasCopy, Table, table=True):
    __tablename__ = "aliases"  # pyright: ignore[reportAssignmentType]


class Visitor(VisitorCopy, Table, table=True):
    __tablename__ = "visitors"  # pyright: ignore[reportAssignmentType]


A, B, C, D, LINK = (UUID(int=number) for number in range(1, 6))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    store = Store(f"sqlite+aiosqlite:///{tmp_path}/copy.db", "copy", Table.metadata, FixedClock())
    async with store.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    yield store
    await store.close()


async def merged(store: Store, *pairs: tuple[UUID, UUID]) -> None:
    async with store.work() as work:
        for alias, kept in pairs:
            await copy_alias(work, Alias, VisitorMerged(subject_ref=alias, kept_ref=kept, at=work.now))


async def groups(store: Store, *refs: UUID) -> dict[UUID, tuple[UUID, ...]]:
    async with store.read() as session:
        return await groups_of(session, Alias, refs)


async def test_every_reference_leads_to_all_of_the_person_the_kept_one_first(store: Store) -> None:
    assert await groups(store) == {}
    await merged(store, (A, C), (B, C), (A, C))
    assert await groups(store, A, B, C, D) == {A: (C, A, B), B: (C, A, B), C: (C, A, B), D: (D,)}
    await merged(store, (C, D), (A, D))
    assert await groups(store, A, C) == {A: (D, A, C), C: (D, A, C)}, "the event about B is on its way"
    assert (await groups(store, B))[B] == (C, B)


async def test_a_separation_and_an_erasure_leave_no_alias(store: Store) -> None:
    await merged(store, (A, C), (B, C))
    async with store.work() as work:
        for _ in range(2):
            await drop_alias(work, Alias, A)
    assert await groups(store, A, B) == {A: (A,), B: (C, B)}
    for gone in (C, B):
        await merged(store, (A, C), (B, C))
        async with store.work() as work:
            await erase_aliases(work, Alias, gone)
        assert await groups(store, B) == {B: (B,)}


async def test_with_the_link_of_one_reference_a_visitor_is_the_person_of_all(store: Store) -> None:
    await merged(store, (A, C))
    at = store.clock()
    async with store.work() as work:
        await copy_visitor(work, Visitor, VisitorLinkChanged(subject_ref=A, at=at, link_id=LINK, closed_openings=()))
    token = VisitorToken(
        subject_ref=A, link_id=LINK, opening=B, began_at=at, expires_at=at.replace(hour=20), ends_at=at.replace(hour=20)
    )
    person = await Visitors(store, Visitor, Alias).person(token)
    assert person is not None
    assert (person.references, person.is_subject(A), person.is_subject(C)) == ((A, C), True, True)
    assert not person.is_subject(B)
    async with store.read() as session:
        assert await references_of(session, Alias, A) == (C, A)
