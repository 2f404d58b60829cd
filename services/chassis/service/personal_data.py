"""What a service holds about one person: declared as a shape, and read for the person or for who answers their request.

The fields of a shape have the names of the columns that they come from; `of` names the tables. So a test compares both,
and a new column is exported or has a reason. A field with a label is shown to people too, in their language.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Generic, Self, TypeVar, cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from services.chassis import i18n
from services.chassis.copies.aliases import AliasCopy, references_of
from services.chassis.copies.areas import area_label
from services.chassis.refusals import msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Store

_YES, _NO = msg("Yes"), msg("No")


@dataclass(frozen=True, slots=True)
class Shown:
    """How people read a field: its label, and the words of its codes. `words`: a msgid by code, or the codes' kind."""

    label: str
    words: Mapping[Any, str] | str | None = None

    def text(self, value: Any) -> str:
        """The value in the reader's language."""
        match value:
            case list():
                return ", ".join(self.text(one) for one in cast(list[Any], value))
            case bool():
                return i18n.translate(_YES if value else _NO)
            case datetime():
                return i18n.moment_text(value.astimezone(BRUSSELS))
            case date():
                return i18n.date_text(value)
            case str() if self.words is not None:
                return self._word(value)
            case _:
                return str(value)

    def _word(self, code: str) -> str:
        if self.words == "Area":
            return area_label(code)
        if self.words == "Language":
            return i18n.language_name(code)
        if isinstance(self.words, str):
            return i18n.word_of(code, self.words)
        words = self.words or {}
        return i18n.translate(words.get(code, words.get("other", code)))


class Held(BaseModel):
    """A part of what a service holds about a person: a row of one table, or of several that belong together."""

    of: ClassVar[tuple[type[SQLModel], ...]] = ()
    """The tables whose columns its fields are."""

    @classmethod
    def of_row(cls, *rows: SQLModel | None, **others: Any) -> Self:
        """The part that these rows make, with `others` for what is no column of theirs, or is replaced."""
        found = {
            name: getattr(row, name)
            for row in rows
            if row is not None
            for name in cls.model_fields
            if name not in others and hasattr(row, name)
        }
        return cls(**found, **others)


Shape = TypeVar("Shape", bound=Held)


class OtherReference(BaseModel, Generic[Shape]):
    """What the service holds under another reference of a person who was registered twice. `data` null: nothing."""

    subject_ref: UUID
    data: Shape | None


class PersonalDataDocument(BaseModel, Generic[Shape]):
    """All that one service holds about one person. `data` null: nothing under this reference."""

    service: str
    subject_ref: UUID
    exported_at: datetime
    data: Shape | None
    merged: list[OtherReference[Shape]] = []
    """The person's other references."""
    exports: list[datetime]
    """When staff exported it before, at the person's request."""


class ExportRow(SQLModel):
    """The columns of a service's log of exports by staff: who exported whose data, and when."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    at: datetime = Field(index=True)
    subject_ref: UUID = Field(index=True)
    person: str = Field(max_length=200)
    """The account (`account/…`) or the machine that exported."""


@dataclass(frozen=True, slots=True)
class PersonalData(Generic[Shape]):
    """How a service answers what it holds about a person."""

    shape: type[Shape]
    read: Callable[[AsyncSession, UUID], Awaitable[Shape | None]]
    """None: it holds nothing."""
    exports: type[ExportRow]
    """Its log."""
    aliases: type[AliasCopy]
    """Its table of the references of persons who were merged."""

    @property
    def other(self) -> type[OtherReference[Shape]]:
        """The type of the parts of its documents about the person's other references."""
        return cast(Any, OtherReference)[self.shape]

    @property
    def document(self) -> type[PersonalDataDocument[Shape]]:
        """The type of its documents."""
        return cast(Any, PersonalDataDocument)[self.shape]


@dataclass(frozen=True, slots=True)
class Part:
    """A part as people read it: labelled texts, then labelled lists of further parts."""

    facts: list[tuple[str, str]]
    lists: list[tuple[str, list["Part"]]]


def part_of(held: Held) -> Part:
    """What is held, in the reader's language. Fields without a value or a label are left out."""
    made = Part([], [])
    for name, field in type(held).model_fields.items():
        value: Any = getattr(held, name)
        shown = next((one for one in field.metadata if isinstance(one, Shown)), None)
        if shown is None or value is None or value in ("", []):
            continue
        label = i18n.translate(shown.label)
        if isinstance(value, list) and isinstance(value[0], Held):
            made.lists.append((label, [part_of(one) for one in cast(list[Held], value)]))
        else:
            made.facts.append((label, shown.text(value)))
    return made


async def document_of(
    session: AsyncSession, service: str, data: PersonalData[Shape], subject_ref: UUID, now: datetime
) -> PersonalDataDocument[Shape]:
    """All that the service holds about this person, under each of their references."""
    refs = await references_of(session, data.aliases, subject_ref)
    others = [ref for ref in refs if ref != subject_ref]
    at = sa.select(col(data.exports.at)).where(col(data.exports.subject_ref).in_(refs))
    return data.document(
        service=service,
        subject_ref=subject_ref,
        exported_at=now,
        data=await data.read(session, subject_ref),
        merged=[data.other(subject_ref=ref, data=await data.read(session, ref)) for ref in others],
        exports=list(await session.scalars(at.order_by(col(data.exports.at)))),
    )


async def prune_exports(store: Store, table: type[ExportRow], days: int) -> bool:
    """Remove entries of the log that are older than `days`. Returns False: one round removes all of them."""
    async with store.work() as work:
        await work.session.execute(sa.delete(table).where(col(table.at) < work.now - timedelta(days=days)))
    return False


Row = TypeVar("Row", bound=SQLModel)


async def rows_where(session: AsyncSession, table: type[Row], condition: Any, *order: Any) -> Sequence[Row]:
    """All rows of a table that meet the condition, in this order."""
    return (await session.scalars(sa.select(table).where(condition).order_by(*order))).all()
