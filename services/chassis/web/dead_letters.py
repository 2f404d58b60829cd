"""Routes by which operators list, read, retry and discard dead letters: an API and pages."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from fastapi import Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.chassis.events.dead_letters import load_dead_letter
from services.chassis.i18n import translate, translate_number
from services.chassis.identity.people import Person
from services.chassis.refusals import Refused, msg
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.tables import DEAD, HELD, DeadLetterState
from services.chassis.web.forms import read_form
from services.chassis.web.pages import dead_letters_page, page, see_other
from services.chassis.web.problems import explain
from services.chassis.web.routing import Body, Reading, Router, Running

MAX_RETRIED = 500
"""Most dead letters that one request retries."""

REASONS = {
    "ahead": msg("An earlier event of the same record is still missing."),
    "bad-data": msg("Its content does not match this type of event."),
    "bad-envelope": msg("The headers of an event are missing or incomplete."),
    "foreign-centre": msg("The event is about another centre than that of its topic."),
    "foreign-source": msg("Its sender may not write to this topic."),
    "foreign-topic": msg("This type of event is not accepted on this topic."),
    "unknown-type": msg("This type of event is not known here yet. Its sender is newer than this service."),
}
"""Explanations of the platform's own reasons; other reasons are the slugs of refusals."""

State = Annotated[DeadLetterState | None, Query()]
Reason = Annotated[str | None, Query(max_length=80)]
Limit = Annotated[int, Query(ge=1, le=200)]


class DeadLetter(BaseModel):
    """A dead letter as the API returns it."""

    id: UUID
    service: str
    state: str
    topic: str
    partition: int
    offset: int
    type: str | None
    source: str | None
    subject: str | None
    sequence: int | None
    reason: str
    detail: str
    attempts: int
    at: datetime
    decided_at: datetime | None
    decision: str | None


class DeadLetterDetails(DeadLetter):
    """A dead letter with its original bytes; bytes that are not UTF-8 are escaped.

    `behind`: how many later events of the same aggregate are held until this one is decided.
    """

    key: str | None
    headers: list[tuple[str, str]]
    value: str
    behind: int


class Discard(Body):
    """Why a dead letter is discarded."""

    reason: str = Field(min_length=1, max_length=500)


class RetryAll(Body):
    """Selects all dead letters with this reason."""

    reason: str = Field(min_length=1, max_length=80)


def add_to(router: Router, service: str, operator: Any) -> None:
    """Add the routes of the service's dead letters to its router; `operator` is their access policy."""
    _add_api(router, service, operator)
    _add_pages(router, service, operator)
    _add_decisions(router, service, operator)


def _add_api(router: Router, service: str, operator: Any) -> None:
    @router.get("/api/v1/dead-letters")
    async def list_dead_letters(
        read: Reading,
        running: Running,
        person: Annotated[Person, operator],
        state: State = None,
        reason: Reason = None,
        limit: Limit = 100,
    ) -> list[DeadLetter]:
        rows = await _listed(read, running.store.table("dead_letters"), state, reason, limit)
        return [_shown(service, row) for row in rows]

    @router.get("/api/v1/dead-letters/{id}")
    async def show_dead_letter(
        id: UUID, read: Reading, running: Running, person: Annotated[Person, operator]
    ) -> DeadLetterDetails:
        return await _in_full(read, service, running.store.table("dead_letters"), id)

    @router.post("/api/v1/dead-letters/retry")
    async def retry_dead_letters(
        body: RetryAll, running: Running, person: Annotated[Person, operator]
    ) -> dict[str, int]:
        """Retry dead letters with one reason, in order per aggregate; at most 500 per request."""
        return await _retry_all(running, body.reason)

    @router.post("/api/v1/dead-letters/{id}/retry")
    async def retry_dead_letter(id: UUID, running: Running, person: Annotated[Person, operator]) -> dict[str, str]:
        return {"state": await running.consumer.retry(id)}

    @router.post("/api/v1/dead-letters/{id}/discard")
    async def discard_dead_letter(
        id: UUID, body: Discard, running: Running, person: Annotated[Person, operator]
    ) -> dict[str, str]:
        return {"state": await running.consumer.discard(id, f"{person.subject}: {body.reason}")}


def _add_pages(router: Router, service: str, operator: Any) -> None:
    @router.get("/dead-letters", include_in_schema=False)
    async def list_page(
        request: Request,
        read: Reading,
        running: Running,
        person: Annotated[Person, operator],
        state: Annotated[str, Query(max_length=20)] = "",
        reason: Annotated[str, Query(max_length=80)] = "",
    ) -> Response:
        table = running.store.table("dead_letters")
        chosen = DeadLetterState(state) if state in list(DeadLetterState) else None
        rows = await _listed(read, table, chosen, reason or None, 200)
        counts = await _counted(read, table)
        by_state = {one: sum(n for (s, _), n in counts.items() if s == one.value) for one in DeadLetterState}
        return page(
            request,
            "dead_letters.html",
            service=service,
            titles=request.app.state.site.titles,
            letters=[_shown(service, row) for row in rows],
            state=chosen,
            reason=reason,
            everything=sum(by_state.values()),
            by_state=by_state,
            reasons=REASONS,
            retryable={why: n for (s, why), n in sorted(counts.items()) if s in DEAD},
        )

    @router.get("/dead-letters/count", include_in_schema=False)
    async def count(request: Request, read: Reading, running: Running, person: Annotated[Person, operator]) -> Response:
        """The number of undecided dead letters, as a fragment for the other services' pages."""
        counts = await _counted(read, running.store.table("dead_letters"))
        dead = sum(n for (state, _), n in counts.items() if state in DEAD)
        return page(request, "dead_letters_count.html", dead=dead)

    @router.get("/dead-letters/{id}", include_in_schema=False)
    async def details_page(
        id: UUID, request: Request, read: Reading, running: Running, person: Annotated[Person, operator]
    ) -> Response:
        shown = await _in_full(read, service, running.store.table("dead_letters"), id)
        return _letter_page(request, shown)


def _add_decisions(router: Router, service: str, operator: Any) -> None:
    """The routes that the pages' forms post to."""
    home = dead_letters_page(service)

    @router.post("/dead-letters/retry", include_in_schema=False)
    async def retry_all_on_page(
        form: Annotated[RetryAll, Form()], request: Request, running: Running, person: Annotated[Person, operator]
    ) -> Response:
        done = await _retry_all(running, form.reason)
        many, left = done["retried"], done["left"]
        message = translate_number("{n} event was handled.", "{n} events were handled.", many).format(n=many)
        if left:
            message += " " + translate_number(
                "{n} event still needs a decision.", "{n} events still need a decision.", left
            ).format(n=left)
        return see_other(request, f"{home}?{urlencode({'state': 'dead'})}", done=message)

    @router.post("/dead-letters/{id}/retry", include_in_schema=False)
    async def retry_on_page(
        id: UUID, request: Request, running: Running, person: Annotated[Person, operator]
    ) -> Response:
        try:
            await running.consumer.retry(id)
        except Refused as refused:
            if refused.status != 409:
                raise
            return see_other(request, f"{home}/{id}", error=explain(refused))
        return see_other(request, f"{home}/{id}", done=translate("The event was handled."))

    @router.post("/dead-letters/{id}/discard", include_in_schema=False)
    async def discard_on_page(
        id: UUID, request: Request, read: Reading, running: Running, person: Annotated[Person, operator]
    ) -> Response:
        filled, typed, errors = await read_form(request, Discard)
        if filled is not None:
            await running.consumer.discard(id, f"{person.subject}: {filled.reason}")
            return see_other(request, f"{home}/{id}", done=translate("The event was discarded. The reason is saved."))
        why = typed.get("reason", "")
        if not why.strip():
            errors["reason"] = translate(msg("Write why you discard this event. Others will read it."))
        shown = await _in_full(read, service, running.store.table("dead_letters"), id)
        return _letter_page(request, shown, why, errors)


async def _listed(
    read: Any, table: sa.Table, state: DeadLetterState | None, reason: str | None, limit: int
) -> list[Any]:
    """The oldest dead letters first; in order per aggregate."""
    chosen = sa.select(table).order_by(table.c.at, table.c.sequence, table.c.id).limit(limit)
    if state is not None:
        chosen = chosen.where(table.c.state == state.value)
    if reason is not None:
        chosen = chosen.where(table.c.reason == reason)
    return list((await read.execute(chosen)).all())


async def _counted(read: Any, table: sa.Table) -> Counter[tuple[str, str]]:
    """How many there are of each state and reason."""
    columns = (table.c.state, table.c.reason, sa.func.count())
    rows = (await read.execute(sa.select(*columns).group_by(table.c.state, table.c.reason))).all()
    return Counter({(state, reason): number for state, reason, number in rows})


async def _in_full(read: Any, service: str, table: sa.Table, id: UUID) -> DeadLetterDetails:
    row = await load_dead_letter(read, table, id)
    same = (table.c.source == row.source, table.c.subject == row.subject, table.c.sequence > (row.sequence or 0))
    held = sa.select(sa.func.count()).select_from(table).where(table.c.state.in_(HELD), *same)
    return DeadLetterDetails(
        **_shown(service, row).model_dump(),
        key=_text(row.key) if row.key is not None else None,
        headers=[(name, _text(value)) for name, value in unpack_headers(row.headers)],
        value=_text(row.value),
        behind=(await read.scalar(held) or 0) if row.sequence is not None else 0,
    )


async def _retry_all(running: Any, reason: str) -> dict[str, int]:
    """Retry in order. One that fails again stays dead; the others are still retried."""
    table = running.store.table("dead_letters")
    dead = (table.c.state.in_(DEAD), table.c.reason == reason)
    async with running.store.read() as read:
        ordered = sa.select(table.c.id).where(*dead).order_by(table.c.source, table.c.subject, table.c.sequence)
        ids = list(await read.scalars(ordered.limit(MAX_RETRIED)))
    retried = 0
    for id in ids:
        try:
            retried += DeadLetterState(await running.consumer.retry(id)).is_retried
        except Refused:
            continue
    async with running.store.read() as read:
        left = await read.scalar(sa.select(sa.func.count()).select_from(table).where(*dead)) or 0
    return {"retried": retried, "left": left}


def _shown(service: str, row: Any) -> DeadLetter:
    shown = {name: getattr(row, name) for name in DeadLetter.model_fields if name != "service"}
    return DeadLetter(service=service, **shown)


def _letter_page(
    request: Request, letter: DeadLetterDetails, why: str = "", errors: dict[str, str] | None = None
) -> Response:
    """The page of one dead letter. `why`: the reason typed so far; `errors`: what is wrong with it."""
    return page(
        request,
        "dead_letter.html",
        status=422 if errors else 200,
        letter=letter,
        title=request.app.state.site.titles[letter.service],
        reasons=REASONS,
        home=dead_letters_page(letter.service),
        why=why,
        errors=errors or {},
    )


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "backslashreplace")
