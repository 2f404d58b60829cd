"""A service's copy of the centres: the columns that its table has, no more."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from services.chassis.copies.centres import (
    CentreCopy,
    centre_in,
    centre_names,
    check_area,
    copy_centre,
    known_centre,
)
from services.chassis.refusals import AreaNotServed, UnknownCentre
from services.chassis.storage.store import Store
from services.chassis.storage.tables import chassis_metadata
from services.contracts.directory import CentrePublished


class Table(SQLModel):
    metadata = chassis_metadata()


class Centre(CentreCopy, Table, table=True):
    __tablename__ = "centres"  # pyright: ignore[reportAssignmentType]

    timezone: str


def published(code: str, name: str, *areas: str) -> CentrePublished:
    return CentrePublished(
        centre=code,
        name=name,
        kind="cite",
        areas=areas,
        timezone="Europe/Brussels",
        opening_hours=(),
        closed_on=("2026-12-25",),
        languages=("fr",),
    )


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    made = Store(f"sqlite+aiosqlite:///{tmp_path}/copies.db", "copies", Table.metadata)
    async with made.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    async with made.work() as work:
        await copy_centre(work, Centre, published("namur", "Namur", "find-job"))
        await copy_centre(work, Centre, published("arlon", "Arlon", "find-job", "mobility"))
    yield made
    await made.close()


async def test_a_copy_has_the_columns_of_its_table(store: Store) -> None:
    async with store.read() as session:
        centre = await known_centre(session, Centre, "arlon", "mobility")
        assert centre.model_dump() == {
            "code": "arlon",
            "name": "Arlon",
            "areas": ["find-job", "mobility"],
            "timezone": "Europe/Brussels",
        }
        assert await centre_names(session, Centre) == {"arlon": "Arlon", "namur": "Namur"}


async def test_a_centre_that_is_published_again_replaces_its_copy(store: Store) -> None:
    async with store.work() as work:
        await copy_centre(work, Centre, published("namur", "Cité des métiers de Namur", "create-business"))
    async with store.read() as session:
        centre = await known_centre(session, Centre, "namur")
        assert (centre.name, centre.areas) == ("Cité des métiers de Namur", ["create-business"])


async def test_an_unpublished_centre_is_refused_with_the_known_ones(store: Store) -> None:
    async with store.read() as session:
        with pytest.raises(UnknownCentre) as raised:
            await known_centre(session, Centre, "liege")
    assert raised.value.values == {"centre": "liege", "known": ["arlon", "namur"], "choices": ["Arlon", "Namur"]}


def test_an_area_may_be_missing_and_an_unknown_one_is_refused_with_the_known_ones() -> None:
    arlon = Centre(code="arlon", name="Arlon", areas=["find-job", "mobility"], timezone="Europe/Brussels")
    assert centre_in({"arlon": arlon}, "arlon", "mobility") is arlon
    check_area(None, "arlon", arlon.areas)
    with pytest.raises(AreaNotServed) as raised:
        centre_in({"arlon": arlon}, "arlon", "cooking")
    assert raised.value.values == {"centre": "arlon", "area": "cooking", "known": ("find-job", "mobility")}
    assert raised.value.about == "area"
