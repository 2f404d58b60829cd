"""A manager's form of where a centre is and how it is reached."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Body, Reading, Router, Running, allow, apply_form, page, read_form, see_other
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Version
from services.directory import actions
from services.directory.actions.centre_contacts import CentreContact
from services.directory.domain.centres import centre_id
from services.directory.pages.account_views import account_of, author_of
from services.directory.store import Centre, CentreChange, centre_changes
from services.directory.store.accounts import names_of

router = Router("/directory/centres", pages=True)
Manager = Annotated[Person, allow(Role.MANAGER)]

CHANGES = 10
"""Changes on one page."""


LABELS = {
    "name": msg("Name"),
    "areas": msg("What for"),
    "hours_text": msg("Opening hours"),
    "opening_hours": msg("Opening hours"),
    "closed_on": msg("Closing days"),
    "languages": msg("Languages"),
    "contact": msg("Address and contact"),
}
"""What people call the columns of a centre that change."""


class ChangeSeen(NamedTuple):
    """A change of a centre, as people read it."""

    at: datetime
    by: str
    what: list[str]


class ContactForm(CentreContact, Body):
    """The contact, and the version of the centre that the page showed."""

    version: Version


@router.get("/{code}/edit")
async def edit(code: Key, request: Request, read: Reading, person: Manager, after: UUID | None = None) -> Response:
    """The form of a centre. `after`: the last of the changes on the page before."""
    person.at(code)
    return await _form(request, read, code, after=after)


@router.post("/{code}/edit")
async def save(code: Key, request: Request, read: Reading, running: Running, person: Manager) -> Response:
    """Save where the centre is and how it is reached."""
    person.at(code)
    filled, typed, errors = await read_form(request, ContactForm)
    if filled is not None:
        contact = CentreContact(**filled.model_dump(exclude={"version"}))
        _saved, errors = await apply_form(
            request,
            running,
            lambda work: actions.update_contact(work, code, contact, by=person.subject, version=filled.version),
        )
    if not errors:
        return see_other(request, f"/directory/centres/{code}", done=_("The page of the centre is saved."))
    return await _form(request, read, code, typed, errors)


async def _form(
    request: Request,
    session: AsyncSession,
    code: str,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    after: UUID | None = None,
) -> Response:
    centre = await session.get(Centre, centre_id(code))
    if centre is None:
        raise NotFound(what=msg("centre"))
    shown = {name: centre.contact.get(name, "") for name in CentreContact.model_fields} | {"version": centre.version}
    found = await centre_changes(session, centre.id, after=after, limit=CHANGES + 1)
    return page(
        request,
        "directory/centre_form.html",
        status=422 if errors else 200,
        centre=centre,
        typed=shown | (typed or {}),
        errors=errors or {},
        changes=await _history(session, found[:CHANGES]),
        last=found[CHANGES - 1].id if len(found) > CHANGES else None,
    )


async def _history(session: AsyncSession, changes: Sequence[CentreChange]) -> list[ChangeSeen]:
    """The changes as people read them: when, who, and what."""
    people = await names_of(session, {ref for one in changes if (ref := account_of(one.by))})
    return [ChangeSeen(one.at, author_of(one.by, people), _labels(one)) for one in changes]


def _labels(change: CentreChange) -> list[str]:
    """What changed, each label once: the hours are in several columns."""
    return list(dict.fromkeys(_(label) for name, label in LABELS.items() if name in change.after))
