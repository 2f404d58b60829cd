"""What is held about a person, in words; and how long the log of exports is kept."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import sqlalchemy as sa
from sqlmodel import SQLModel, col

from services.chassis import i18n
from services.chassis.service.personal_data import ExportRow, Held, Shown, part_of, prune_exports
from services.chassis.storage.store import Store
from services.chassis.storage.tables import chassis_metadata
from services.chassis.testing import FixedClock


class Answer(Held):
    given: Annotated[bool, Shown("Yes")]


class Known(Held):
    name: Annotated[str, Shown("Name")]
    born: Annotated[date | None, Shown("Day")]
    at: Annotated[datetime, Shown("When")]
    need: Annotated[str, Shown("Need", "Area")]
    state: Annotated[str, Shown("Status", "VisitStatus")]
    kinds: Annotated[list[str], Shown("Kind", {"a": "No", "other": "Yes"})]
    key: str
    answers: Annotated[list[Answer], Shown("Answers")]


def test_what_is_held_is_shown_in_the_words_of_the_reader() -> None:
    held = Known(
        name="Ada",
        born=None,
        at=datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
        need="find-job",
        state="left",
        kinds=["a", "of another time"],
        key="not for people",
        answers=[Answer(given=False)],
    )
    token = i18n.language.set("fr")
    part = part_of(held)
    i18n.language.reset(token)
    assert [text for _, text in part.facts] == ["Ada", "2 mars 2026, 09:00", "Trouver un emploi", "départ", "Non, Oui"]
    assert [text for _, entries in part.lists for entry in entries for _, text in entry.facts] == ["Non"]


class Table(SQLModel):
    metadata = chassis_metadata()


class Export(ExportRow, Table, table=True):
    __tablename__ = "exports"  # pyright: ignore[reportAssignmentType]


async def test_old_entries_of_the_log_are_removed(tmp_path: Path, clock: FixedClock) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path}/s.db", "sample", Table.metadata, clock)
    async with store.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    for days in (0, 2):
        clock.forward(days=days)
        async with store.work() as work:
            work.add(Export(at=work.now, subject_ref=uuid4(), person="machine/operator"))
    assert await prune_exports(store, Export, 1) is False
    async with store.read() as session:
        assert list(await session.scalars(sa.select(col(Export.at)))) == [clock.now]
    await store.close()
