"""A service as small as can be: notes, taken in one by one or many at a time, shown on a live board."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from fastapi import Form, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field as Column
from sqlmodel import SQLModel
from starlette.responses import Response

from services.chassis.copies.accounts import AccountCopy
from services.chassis.events.reactions import Reactions
from services.chassis.identity.people import Person
from services.chassis.mail.messages import QueuedMail
from services.chassis.mail.pauses import ChannelPause
from services.chassis.refusals import NotAllowed, NotFound, Refused, msg
from services.chassis.service.definition import Link, Navigation, Service
from services.chassis.service.mailing import Mailing
from services.chassis.storage.claims import open_rows
from services.chassis.storage.store import Aggregate, Work
from services.chassis.storage.tables import chassis_metadata
from services.chassis.testing import Client
from services.chassis.web import (
    Body,
    Outcome,
    Reading,
    Router,
    Running,
    Working,
    allow,
    anyone,
    apply_form,
    import_lines,
    limited,
    page,
    read_form,
    see_other,
)
from services.chassis.web.imports import BadLine
from services.chassis.web.mail_pages import mail_router
from services.contracts.intake import VisitServed
from services.contracts.roles import Role
from services.contracts.text import Key, Text
from services.contracts.values import Moment, Version, Whole

NOTES = "/sample/api/v1/notes"
IMPORT = f"{NOTES}/import"


class Table(SQLModel):
    metadata = chassis_metadata()


class Note(Aggregate, Table, table=True):
    __tablename__ = "notes"  # pyright: ignore[reportAssignmentType]

    words: str = Column(unique=True)


class Mail(QueuedMail, Table, table=True):
    __tablename__ = "mail"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (open_rows("mail"),)


class Pauses(ChannelPause, Table, table=True):
    __tablename__ = "channel_pauses"  # pyright: ignore[reportAssignmentType]


class Account(AccountCopy, Table, table=True):
    __tablename__ = "accounts"  # pyright: ignore[reportAssignmentType]


class Twice(Refused):
    slug = "twice"
    message = msg(
        "Not found: {what}. The reference is wrong, or there is nothing here that you may see. Check the reference."
    )
    field_name = "words"


REFUSED: dict[str, Refused] = {
    "no": Twice("second", what="no"),
    "for others": NotAllowed(),
    "gone": NotFound(what="note"),
    "gone friend": NotFound("second", what="friend"),
}


class NoteIn(Body):
    words: Annotated[str, Text(20)]
    at: Moment | None = None
    version: Version | None = None


class NoteLine(Body):
    words: Annotated[str, Text(20)]
    number: Annotated[int, Whole()] = 0


class TwoNotes(Body):
    first: Annotated[str, Text(20)]
    second: Annotated[str, Text(20, lines=True)] = ""
    tags: list[Key] = Field(default_factory=list[Key], max_length=2)


reactions = Reactions()
api = Router("/sample/api/v1", tags=["sample"])
pages = Router("/sample", pages=True)
Desk = Annotated[Person, allow(Role.FRONT_DESK)]


@reactions.on(VisitServed)
async def on_visit_served(work: Work, event: VisitServed) -> None:
    work.add(Note(words=str(event.visit_id)[:20]))


@api.post("/notes", status_code=201)
async def take(body: NoteIn, work: Working, person: Desk) -> dict[str, UUID]:
    work.guard("notes_words_unique", Twice(what=body.words))
    note = work.start(Note(words=body.words))
    work.notify_board("notes")
    if body.words == "bug":
        raise ZeroDivisionError("secret detail")
    return {"id": note.id}


@api.get("/notes")
async def notes(read: Reading, person: Annotated[Person | None, anyone]) -> list[str]:
    return list((await read.scalars(sa.select(Note.words).order_by("words"))).all())  # pyright: ignore


@api.get("/found", dependencies=[limited("search")])
async def find(person: Annotated[Person | None, anyone]) -> list[str]:
    return []


@api.get("/broken")
async def broken(read: Reading, person: Annotated[Person | None, anyone]) -> None:
    read.add(Note(words="written by a reader"))
    await read.flush()


@api.post("/notes/import")
async def import_notes(request: Request, person: Annotated[Person, allow(Role.OPERATOR)]) -> Response:
    async def record(work: Work, lines: list[tuple[int, NoteLine]]) -> Outcome:
        known = set((await work.session.scalars(sa.select(Note.words))).all())  # pyright: ignore
        outcome, rows = Outcome(), list[dict[str, Any]]()
        for number, line in lines:
            if line.words == "twice":
                outcome.bad.append(BadLine.from_refusal(number, Twice(what=line.words, first=1)))
            elif line.words not in known:
                rows.append({"id": uuid4(), "version": 0, "correlation_id": uuid4(), "words": line.words})
        await work.insert(Note, rows)
        outcome.accepted = len(rows)
        return outcome

    async def rules(_session: AsyncSession, _now: datetime) -> Callable[[NoteLine], None]:
        return check_words

    return await import_lines(request, NoteLine, record, rules)


def check_words(line: NoteLine) -> None:
    if line.words == "twice":
        raise Twice(what=line.words, first=1)


@pages.get("/")
async def board(request: Request, person: Desk) -> Response:
    return page(request, "problem.html", title="notes", text=f"{person.name}", code=200)


@pages.post("/opened", dependencies=[limited("link")])
async def open_link(request: Request, person: Annotated[Person | None, anyone]) -> Response:
    return page(request, "problem.html", title="opened", text="", code=200)


@pages.get("/error")
async def fail(person: Desk) -> Response:
    raise ZeroDivisionError("secret detail")


@pages.get("/conflict")
async def conflict(person: Desk) -> Response:
    raise Twice(what="conflict")


@pages.post("/notes")
async def take_on_page(request: Request, form: Annotated[NoteIn, Form()], work: Working, person: Desk) -> Response:
    work.guard("notes_words_unique", Twice(what=form.words))
    work.start(Note(words=form.words))
    return see_other(request, "/sample/", done="noted")


@pages.post("/two-notes")
async def take_two(request: Request, running: Running, person: Desk) -> Response:
    """The first note, then the second one: a refusal of the second must not leave the first."""

    async def act(work: Work, form: TwoNotes) -> None:
        work.guard("notes_words_unique", Twice("second", what=form.second))
        for words in (form.first, form.second):
            work.start(Note(words=words))
            await work.session.flush()
            if words in REFUSED:
                raise REFUSED[words]

    filled, typed, errors = await read_form(request, TwoNotes)
    if filled is not None:
        _kept, errors = await apply_form(request, running, lambda work: act(work, filled))
    if not errors:
        return see_other(request, "/sample/", done="noted")
    return page(request, "problem.html", status=422, title=f"{errors}", text=f"{typed}", code=422)


def service(folder: Path) -> Service:
    """The service; its empty migrations are in `folder`."""
    (folder / "sample" / "migrations" / "versions").mkdir(parents=True)
    return Service(
        name="sample",
        nav=Navigation(
            "Notes",
            (
                Link("Front desk", "/sample/", (Role.FRONT_DESK,), home_of=Role.FRONT_DESK),
                Link("My notes", "/sample/mine", (Role.VISITOR,), home_of=Role.VISITOR),
                Link("My notes", "/sample/help/my-notes", help_for=Role.VISITOR),
            ),
        ),
        metadata=Table.metadata,
        reactions=reactions,
        routers=(api, pages, mail_router("sample", Mail)),
        folder=folder / "sample",
        accounts=Account,
        import_paths=(IMPORT,),
        mail=Mailing(Mail, pauses=Pauses),
    )


async def stored_notes(client: Client) -> list[str]:
    """The words of all notes, in alphabetical order."""
    return (await client.get(NOTES)).json()
