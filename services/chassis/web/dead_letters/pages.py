"""The pages of dead letters, and what their forms post to."""

from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from fastapi import Form, Request
from starlette.responses import Response

from services.chassis.events.dead_letters import decision_of
from services.chassis.i18n import translate, translate_number
from services.chassis.identity.people import Person
from services.chassis.refusals import Refused, msg
from services.chassis.storage.tables import DEAD, DeadLetterState
from services.chassis.web.dead_letters.reasons import explained, reason_words
from services.chassis.web.dead_letters.shown import (
    Content,
    DeadLetterDetails,
    Discard,
    RetryAll,
    WhyReveal,
    content_of,
    counted,
    in_full,
    listed,
    retry_all,
)
from services.chassis.web.forms import read_form
from services.chassis.web.pages import dead_letters_page, page, see_other
from services.chassis.web.problems import explain
from services.chassis.web.routing import Reading, Router, Running
from services.contracts.text import Text

SHOWN = 200
"""Stuck events on a page."""


def add_pages(router: Router, service: str, operator: Any) -> None:
    """Add the pages and the routes of their forms."""
    _add_reading(router, service, operator)
    _add_decisions(router, service, operator)


def _add_reading(router: Router, service: str, operator: Any) -> None:
    @router.get("/dead-letters", include_in_schema=False)
    async def list_page(
        request: Request,
        read: Reading,
        running: Running,
        person: Annotated[Person, operator],
        state: Annotated[str, Text(20)] = "",
        reason: Annotated[str, Text(80)] = "",
        after: UUID | None = None,
    ) -> Response:
        """The stuck events, page by page, the oldest first. `after`: the last one of the page before."""
        table = running.store.table("dead_letters")
        chosen = DeadLetterState(state) if state in list(DeadLetterState) else None
        letters = await listed(read, running, chosen, reason or None, SHOWN + 1, after)
        counts = await counted(read, table)
        by_state = {one: sum(n for (s, _), n in counts.items() if s == one.value) for one in DeadLetterState}
        return page(
            request,
            "dead_letters.html",
            service=service,
            titles=request.app.state.site.titles,
            letters=letters[:SHOWN],
            more=len(letters) > SHOWN,
            state=chosen,
            reason=reason,
            everything=sum(by_state.values()),
            by_state=by_state,
            reason_words=reason_words,
            explained=explained,
            retryable={why: n for (s, why), n in sorted(counts.items()) if s in DEAD},
        )

    @router.get("/dead-letters/count", include_in_schema=False)
    async def count(request: Request, read: Reading, running: Running, person: Annotated[Person, operator]) -> Response:
        """The number of undecided dead letters, as a fragment for the other services' pages."""
        table = running.store.table("dead_letters")
        dead = await read.scalar(sa.select(sa.func.count()).select_from(table).where(table.c.state.in_(DEAD)))
        return page(request, "dead_letters_count.html", dead=dead)

    @router.get("/dead-letters/{id}", include_in_schema=False)
    async def details_page(
        id: UUID, request: Request, read: Reading, running: Running, person: Annotated[Person, operator]
    ) -> Response:
        shown = await in_full(read, running, id)
        return _letter_page(request, shown)


def _add_decisions(router: Router, service: str, operator: Any) -> None:
    """The routes that the pages' forms post to."""
    home = dead_letters_page(service)

    @router.post("/dead-letters/retry", include_in_schema=False)
    async def retry_all_on_page(
        form: Annotated[RetryAll, Form()], request: Request, running: Running, person: Annotated[Person, operator]
    ) -> Response:
        done = await retry_all(running, form.reason)
        many, left = done.retried, done.left
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

    @router.post("/dead-letters/{id}/reveal", include_in_schema=False)
    async def reveal_on_page(
        id: UUID, request: Request, running: Running, person: Annotated[Person, operator]
    ) -> Response:
        filled, typed, errors = await read_form(request, WhyReveal)
        revealed = None
        if filled is not None:
            try:
                revealed = content_of(await running.consumer.reveal(id, person.subject, filled.reason))
            except Refused as refused:
                if refused.status != 409:
                    raise
                return see_other(request, f"{home}/{id}", error=explain(refused))
        async with running.store.read() as read:
            shown = await in_full(read, running, id)
        return _letter_page(request, shown, Forms(reveal=(typed.get("reason", ""), errors)), revealed)

    @router.post("/dead-letters/{id}/discard", include_in_schema=False)
    async def discard_on_page(
        id: UUID, request: Request, read: Reading, running: Running, person: Annotated[Person, operator]
    ) -> Response:
        filled, typed, errors = await read_form(request, Discard)
        if filled is not None:
            await running.consumer.discard(id, decision_of(person.subject, filled.reason))
            return see_other(request, f"{home}/{id}", done=translate("The event was discarded. The reason is saved."))
        why = typed.get("reason", "")
        if not why.strip():
            errors["reason"] = translate(msg("Write why you discard this event. Others will read it."))
        shown = await in_full(read, running, id)
        return _letter_page(request, shown, Forms(discard=(why, errors)))


class Forms(NamedTuple):
    """What was typed into the forms of a dead letter's page, and what is wrong with it."""

    discard: tuple[str, dict[str, str]] = ("", {})
    reveal: tuple[str, dict[str, str]] = ("", {})

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong, in any of them."""
        return self.discard[1] | self.reveal[1]


def _letter_page(
    request: Request, letter: DeadLetterDetails, forms: Forms = Forms(), revealed: Content | None = None
) -> Response:
    """The page of one dead letter. `revealed`: its whole content, shown this once."""
    return page(
        request,
        "dead_letter.html",
        status=422 if forms.errors else 200,
        letter=letter,
        title=request.app.state.site.titles[letter.service],
        reason_words=reason_words,
        explained=explained,
        home=dead_letters_page(letter.service),
        forms=forms,
        errors=forms.errors,
        revealed=revealed,
    )
