"""The API of dead letters."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.chassis.events.dead_letters import decision_of
from services.chassis.identity.people import Person
from services.chassis.refusals import with_own_words
from services.chassis.storage.tables import DeadLetterState
from services.chassis.web.dead_letters.shown import (
    Content,
    DeadLetter,
    DeadLetterDetails,
    Decided,
    Discard,
    Retried,
    RetryAll,
    WhyReveal,
    content_of,
    in_full,
    listed,
    retry_all,
)
from services.chassis.web.routing import Reading, Router, Running
from services.contracts.text import Text
from services.contracts.values import Whole

with_own_words(DeadLetterState)
State = Annotated[DeadLetterState | None, Query()]
Reason = Annotated[str, Text(80)] | None
Limit = Annotated[int, Whole(1, 200)]


def add_api(router: Router, service: str, operator: Any) -> None:
    """Add the API's routes."""

    @router.get("/api/v1/dead-letters")
    async def list_dead_letters(
        read: Reading,
        running: Running,
        person: Annotated[Person, operator],
        state: State = None,
        reason: Reason = None,
        limit: Limit = 100,
        after: UUID | None = None,
    ) -> list[DeadLetter]:
        """The oldest dead letters first, in order per aggregate. `after`: the last one of the page before."""
        return await listed(read, running, state, reason, limit, after)

    @router.get("/api/v1/dead-letters/{id}")
    async def show_dead_letter(
        id: UUID, read: Reading, running: Running, person: Annotated[Person, operator]
    ) -> DeadLetterDetails:
        """One dead letter, with what is kept of its record."""
        return await in_full(read, running, id)

    @router.post("/api/v1/dead-letters/retry")
    async def retry_dead_letters(body: RetryAll, running: Running, person: Annotated[Person, operator]) -> Retried:
        """Retry dead letters with one reason, in order per aggregate; at most 500 per request."""
        return await retry_all(running, body.reason)

    @router.post("/api/v1/dead-letters/{id}/retry")
    async def retry_dead_letter(id: UUID, running: Running, person: Annotated[Person, operator]) -> Decided:
        """Retry one. If it fails again, it stays a dead letter."""
        return Decided(state=DeadLetterState(await running.consumer.retry(id)))

    @router.post("/api/v1/dead-letters/{id}/reveal")
    async def reveal_dead_letter(
        id: UUID, body: WhyReveal, running: Running, person: Annotated[Person, operator]
    ) -> Content:
        """The whole content of a dead letter. Who read it, when and why is kept with it."""
        return content_of(await running.consumer.reveal(id, person.subject, body.reason))

    @router.post("/api/v1/dead-letters/{id}/discard")
    async def discard_dead_letter(
        id: UUID, body: Discard, running: Running, person: Annotated[Person, operator]
    ) -> Decided:
        """Discard one: its event has no effect, and later ones of its aggregate go on."""
        return Decided(
            state=DeadLetterState(await running.consumer.discard(id, decision_of(person.subject, body.reason)))
        )
