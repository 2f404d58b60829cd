"""How a visitor wants to get their messages: in which language and in which way, on their own page."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import Response

from services.chassis.i18n import Language
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Body, Router, Working, allow, see_other
from services.contracts.roles import Role
from services.intake.actions.preferences import change_preferences
from services.intake.domain.contacts import CHANNEL_LABELS, ContactChannel, channels_of, contact_key
from services.intake.store import Visitor

router = Router("/intake/mine", pages=True)
OwnVisitor = Annotated[Person, allow(Role.VISITOR)]


class PreferencesForm(Body):
    """The language, and the way where there is a choice."""

    language: Language
    channel: ContactChannel | None = None


def channel_choices(registrations: Iterable[Visitor]) -> list[tuple[str, str]]:
    """The ways in which a contact of the person, of any of these registrations, can be reached, to choose from."""
    keys = [contact_key(one.contact) for one in registrations if one.contact]
    ways = {way for key in keys for way in channels_of(key)}
    return [(one.value, _(CHANNEL_LABELS[one])) for one in ContactChannel if one in ways]


@router.post("/preferences")
async def change(
    form: Annotated[PreferencesForm, Form()], request: Request, work: Working, person: OwnVisitor
) -> Response:
    """Save them. Sent again, it changes nothing more."""
    if person.subject_ref is None:
        raise NotFound(what=msg("registered person"))
    await change_preferences(work, person.subject_ref, channel=form.channel, language=form.language)
    return see_other(request, "/intake/mine#messages", done=_("Your choice is saved."))
