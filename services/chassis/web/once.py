"""Recognises a request that is sent again, so that what it adds is added once.

People send a form again by Back, a double click or in another tab; programs do when they got no answer. The id of what
a request adds is made from what is the same each time, so that the second request finds what the first one added:

- from the `Idempotency-Key`, if a program sends one;
- otherwise from the content and the day. This is for what nobody adds twice on one day, such as a goal in a plan.

What may be added twice with equal content, such as a check-in, needs a key, or an id that the page makes. In all cases
the id belongs to the caller: two people with one key have two ids. See docs/decisions/0027-sent-again.md.
"""

import hashlib
from typing import Annotated
from uuid import UUID, uuid5

from fastapi import Depends, Header
from starlette.requests import Request

from services.chassis.identity.people import Person
from services.chassis.service.definition import runtime_of
from services.contracts.text import Line

_IDS = UUID("5a1c7d80-6c3a-4a2a-9a55-0d8d2a3f9e11")

_Key = Header(
    alias="Idempotency-Key",
    description="Yours to choose, one per request. The same request again, with the same key, adds nothing.",
)


async def _by_key(request: Request, key: Annotated[Line, _Key]) -> UUID:
    return uuid5(_IDS, f"{_caller(request)} {key}")


async def _by_key_or_content(request: Request, key: Annotated[Line | None, _Key] = None) -> UUID:
    if key is not None:
        return await _by_key(request, key)
    day = runtime_of(request).clock().date()
    content = hashlib.sha256(await _content(request)).hexdigest()
    return uuid5(_IDS, f"{_caller(request)} {request.method} {request.url.path} {day} {content}")


async def _content(request: Request) -> bytes:
    """What is sent. A form is taken field by field: where a route declares one, its bytes have been read before."""
    if request.headers.get("content-type", "").lower().startswith(("application/x-www-form-urlencoded", "multipart/")):
        return repr((await request.form()).multi_items()).encode()
    return await request.body()


def _caller(request: Request) -> str:
    """The account; of visitors, whose accounts are one, the person."""
    person: Person | None = request.state.person
    if person is None:
        return ""
    return person.subject if person.subject_ref is None else f"{person.subject} {person.subject_ref}"


ByKey = Annotated[UUID, Depends(_by_key)]
"""The id of what this request adds. It needs an `Idempotency-Key`."""

Once = Annotated[UUID, Depends(_by_key_or_content)]
"""The id of what this request adds. Equal content on one day is a repetition, unless the keys differ."""
