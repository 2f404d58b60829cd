"""The texts of messages, which managers may change: a centre's own, or the region's for every centre."""

from dataclasses import asdict
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.accounts import account_names
from services.chassis.copies.centres import centre_names
from services.chassis.i18n import LANGUAGE_NAMES, Language
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, Refused, msg, with_own_words
from services.chassis.service.definition import Runtime
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    allow,
    apply_form,
    by_field,
    page,
    read_form,
    see_other,
)
from services.contracts.roles import Role
from services.contracts.text import Key, Text
from services.contracts.values import Version
from services.intake.actions.message_texts import reset_texts, save_texts, texts_for
from services.intake.actions.previews import Preview, preview
from services.intake.domain.message_texts import Placeholder, Texts, allowed_in, in_braces, needed_in
from services.intake.domain.messages import MailPurpose
from services.intake.pages.views import load_centre
from services.intake.store import Account, Centre, all_centres
from services.intake.store.message_texts import REGION, MessageText, texts_of

router = Router("/intake", pages=True)
Manager = Annotated[Person, allow(Role.MANAGER)]
HOME = "/intake/message-texts"
FIELDS = ("subject", "body", "sms")
PLACEHOLDER_WORDS = {
    Placeholder.CENTRE: msg("the name of the centre"),
    Placeholder.CONTACT: msg(
        "the address of the centre’s page, with its telephone number. Its line is left out where there is no room"
    ),
    Placeholder.DATE: msg("the date of the appointment, or of the first session"),
    Placeholder.TIME: msg("its time"),
    Placeholder.TIMES: msg("every date with its time, on a line of its own"),
    Placeholder.UNTIL: msg("until when the person can answer"),
    Placeholder.LINK: msg("the personal link. Its paragraph or line is left out where the person has none"),
    Placeholder.STOP: msg("the address at which the person stops the messages"),
}
with_own_words(MailPurpose)


class TextsForm(Body):
    """The text of a message. `version`: of what the author read."""

    subject: Annotated[str, Text(120)]
    body: Annotated[str, Text(2000, lines=True)]
    sms: Annotated[str, Text(300, lines=True)]
    version: Version = 0
    save: Annotated[str | None, Text(5)] = Field(None, description="Given: save it. Otherwise it is only shown.")

    @property
    def texts(self) -> Texts:
        """Its texts."""
        return Texts(self.subject, self.body, self.sms)


class ResetForm(Body):
    """Have the text before the change again."""

    version: Version = 0


class Which(NamedTuple):
    """The text of which message, in which language, of which centre or of the region."""

    owner: str
    kind: MailPurpose
    lang: Language

    @property
    def address(self) -> str:
        """Of its page."""
        return f"{HOME}/{self.kind}/{self.lang}{_query(self.owner)}"


def _query(owner: str) -> str:
    return f"?centre={owner}" if owner else ""


def _owner(person: Person, centre: str | None) -> str:
    """Whose texts. Without a centre: the region's, or those of a manager's own centre. Raises `WrongCentre`."""
    if centre is not None:
        return person.at(centre)
    return REGION if person.region_wide else min(person.centres)


@router.get("/message-texts")
async def list_texts(request: Request, read: Reading, person: Manager, centre: Key | None = None) -> Response:
    """The messages and their languages, and which texts were changed."""
    owner = _owner(person, centre)
    names = await _owners(read, person, owner)
    changed = {(one.kind, one.lang): one for one in await texts_of(read, owner)}
    authors = await account_names(read, Account, (one.changed_by for one in changed.values()))
    context: dict[str, Any] = {"kinds": list(MailPurpose), "changed": changed, "authors": authors}
    context |= {"language_names": LANGUAGE_NAMES, "owner": owner, "owners": names, "query": _query(owner)}
    return page(request, "intake/message_texts.html", **context)


class Owner(NamedTuple):
    """Whose texts are read or changed, and by whom."""

    person: Person
    code: str


def owner_of(person: Manager, centre: Key | None = None) -> Owner:
    """Whose texts the query names. Raises `WrongCentre`."""
    return Owner(person, _owner(person, centre))


Whose = Annotated[Owner, Depends(owner_of)]


@router.get("/message-texts/{kind}/{lang}")
async def text_page(
    kind: MailPurpose, lang: Language, request: Request, read: Reading, running: Running, whose: Whose
) -> Response:
    """One text, and what it looks like."""
    person, which = whose.person, Which(whose.code, kind, lang)
    texts = await texts_for(read, *which)
    return await _text_page(request, read, running, person, which, asdict(texts))


@router.post("/message-texts/{kind}/{lang}")
async def change_text(
    kind: MailPurpose, lang: Language, request: Request, read: Reading, running: Running, whose: Whose
) -> Response:
    """Show what was typed with sample values, or save it."""
    person, which = whose.person, Which(whose.code, kind, lang)
    form, typed, errors = await read_form(request, TextsForm)
    if form is not None and form.save:
        errors = await _saved(request, read, running, person, which, form)
        if not errors:
            return see_other(request, HOME + _query(which.owner), done=_("The text is saved."))
    return await _text_page(request, read, running, person, which, typed, errors)


@router.post("/message-texts/{kind}/{lang}/reset")
async def reset_text(
    kind: MailPurpose, lang: Language, request: Request, read: Reading, running: Running, whose: Whose
) -> Response:
    """Have the region's or the built-in text again."""
    person, which = whose.person, Which(whose.code, kind, lang)
    form, _typed, errors = await read_form(request, ResetForm)
    if form is not None:
        seen, by = form.version, person.subject
        _done, errors = await apply_form(request, running, lambda work: reset_texts(work, *which, seen=seen, by=by))
    if errors:
        texts = await texts_for(read, *which)
        return await _text_page(request, read, running, person, which, asdict(texts), errors)
    return see_other(request, HOME + _query(which.owner), done=_("The text is as before the changes."))


async def _saved(
    request: Request, read: AsyncSession, running: Runtime, person: Person, which: Which, form: TextsForm
) -> dict[str, str]:
    """Save the text, if it can be sent. Returns the errors by field."""
    centre = await _sample_centre(read, which.owner)

    async def save(work: Work) -> MessageText:
        preview(form.texts, which.kind, centre, running.settings.public_url, work.now, which.lang)
        return await save_texts(work, *which, form.texts, seen=form.version, by=person.subject)

    return (await apply_form(request, running, save))[1]


async def _text_page(
    request: Request,
    read: AsyncSession,
    running: Runtime,
    person: Person,
    which: Which,
    typed: dict[str, Any],
    errors: dict[str, str] | None = None,
) -> Response:
    errors, shown = errors or {}, None
    if not errors:
        texts = Texts(*(str(typed.get(field) or "") for field in FIELDS))
        shown, errors = _preview(texts, which, await _sample_centre(read, which.owner), running)
    kept = await read.get(MessageText, (which.owner, which.kind.value, which.lang))
    context = {
        "which": which,
        "query": _query(which.owner),
        "owner_name": (await _owners(read, person, which.owner))[which.owner],
        "language_name": LANGUAGE_NAMES[which.lang],
        "kept": kept,
        "version": typed.get("version") or (kept.version if kept is not None else 0),
        "authors": await account_names(read, Account, [kept.changed_by] if kept is not None else []),
        "typed": typed,
        "placeholders": allowed_in("body", which.kind),
        "hints": {field: _hint(field, which.kind) for field in FIELDS},
        "placeholder_words": PLACEHOLDER_WORDS,
        "preview": shown,
        "errors": errors,
    }
    return page(request, "intake/message_text.html", status=422 if errors else 200, **context)


def _hint(field: str, kind: MailPurpose) -> str:
    """Which words in braces a field may and must have."""
    needed = needed_in(field, kind)
    possible = _("Possible: {words}").format(words=in_braces(allowed_in(field, kind)))
    return f"{possible}. " + _("Needed: {words}").format(words=in_braces(needed)) if needed else possible


def _preview(texts: Texts, which: Which, centre: Centre, running: Runtime) -> tuple[Preview | None, dict[str, str]]:
    """What the message looks like, or the errors by field."""
    url, now = running.settings.public_url, running.clock()
    try:
        return preview(texts, which.kind, centre, url, now, which.lang), {}
    except Refused as refused:
        return None, by_field(refused)


async def _sample_centre(read: AsyncSession, owner: str) -> Centre:
    """The centre whose name a preview has. Raises `NotFound`, before any centre is known."""
    if owner != REGION:
        return await load_centre(read, owner)
    centre = next(iter(await all_centres(read)), None)
    if centre is None:
        raise NotFound(what=msg("centre"))
    return centre


async def _owners(read: AsyncSession, person: Person, owner: str) -> dict[str, str]:
    """Whose texts the reader may change, by their names; and those that they see now."""
    names = await centre_names(read, Centre)
    own = {code: name for code, name in names.items() if person.works_at(code) or code == owner}
    return {REGION: _("All centres of the Region"), **own} if person.region_wide else own
