"""Publishes centres: at the first start, every year with its public holidays, and after each change."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.directory import CentrePublished, OpeningHours, SpecialDay
from services.directory import domain
from services.directory.actions.centre_contacts import CentreContact
from services.directory.domain import centres as reference
from services.directory.domain.opening_text import fields_of, text_of, week_of
from services.directory.store import (
    Centre,
    CentreChange,
    UnrestatedCentre,
    centres,
    unknown_centre,
    unrestated_centres,
)

HOLIDAY_YEARS = 10
"""How many years before the last one keep their holidays in `closed_on`."""


async def publish_centres(work: Work, contacts: Mapping[str, CentreContact] | None = None) -> int:
    """Publishes the centres of the network that are missing, and the public holidays of this and next year.

    After an update, publishes each centre once more, for services that keep its hours only since then. Keeps what a
    manager changed. `contacts`: what a new centre has, by its code. Returns how many centres were published. Raises
    `SeededMeanwhile` when another replica publishes them at the same time.
    """
    through = work.now.year + 1
    known = {centre.code: centre for centre in await centres(work.session)}
    published = 0
    for one in reference.CENTRES:
        if one.code not in known:
            for constraint in ("centres_key", "centres_code_unique"):
                work.guard(constraint, domain.SeededMeanwhile())
            publish_centre(work, work.start(_new(one, work.now.year, through, (contacts or {}).get(one.code))))
            published += 1
    marked = await unrestated_centres(work.session)
    for centre in known.values():
        if centre.id in marked or centre.holidays_through < through:
            published += await _publish_again(work, centre.id, through)
    return published


async def _publish_again(work: Work, id: UUID, through: int) -> bool:
    """Publish a centre with its holidays until that year. False: another replica did meanwhile."""
    centre = await work.load(Centre, id, msg("centre"))
    mark = await work.find(UnrestatedCentre, id)
    if mark is not None:
        await work.session.delete(mark)
    elif centre.holidays_through >= through:
        return False
    new = reference.public_holidays(centre.holidays_through + 1, through)
    if centre.hours_text and not week_of(centre.hours_text).closed_on_holidays:
        new = ()
    centre.closed_on = sorted({*centre.closed_on, *new})
    centre.holidays_through = max(centre.holidays_through, through)
    publish_centre(work, centre)
    return True


async def update_centre(
    work: Work,
    code: str,
    *,
    name: str,
    areas: list[str],
    languages: list[str],
    by: str,
    opening_hours: list[dict[str, Any]] | None = None,
    closed_on: list[str] | None = None,
    contact: CentreContact | None = None,
    hours: str | None = None,
    version: int | None = None,
) -> Centre:
    """Updates a centre, as a manager edits it. The same values again change nothing.

    `by`: the person's subject. `contact`: None keeps it. `hours`: the opening hours as text, in place of the two
    fields, of which None keeps what there is. Raises `UnknownCentre`, `Stale`, and what `check_opening`, `week_of` and
    `check_languages` raise.
    """
    centre = await _centre(work, code, version)
    domain.check_languages(languages)
    wanted: dict[str, Any] = {
        "name": name,
        "areas": areas,
        "languages": languages,
    }
    wanted |= _hours_of(centre, hours) if hours is not None else _fields_of(centre, opening_hours, closed_on)
    _change(work, centre, by, wanted | ({} if contact is None else {"contact": _known(contact)}))
    return centre


async def update_contact(work: Work, code: str, contact: CentreContact, *, by: str, version: int) -> Centre:
    """Updates where a centre is and how it is reached. Raises `UnknownCentre`, `Stale`."""
    centre = await _centre(work, code, version)
    _change(work, centre, by, {"contact": _known(contact)})
    return centre


async def update_hours(work: Work, code: str, hours: str, *, by: str, version: int) -> Centre:
    """Updates the opening hours, given as text. Raises `UnknownCentre`, `Stale`, and what `week_of` raises."""
    centre = await _centre(work, code, version)
    _change(work, centre, by, _hours_of(centre, hours))
    return centre


def _hours_of(centre: Centre, text: str) -> dict[str, Any]:
    """The columns of opening hours that are given as text."""
    week = week_of(text)
    years = (int(day[:4]) for day in centre.closed_on)
    first = max(min([centre.holidays_through - 1, *years]), centre.holidays_through - HOLIDAY_YEARS)
    return fields_of(week, reference.public_holidays(first, centre.holidays_through)) | {"hours_text": text_of(week)}


def _fields_of(
    centre: Centre, opening_hours: list[dict[str, Any]] | None, closed_on: list[str] | None
) -> dict[str, Any]:
    """The columns of opening hours that are given as fields; none, if these say what the centre has."""
    spans = centre.opening_hours if opening_hours is None else opening_hours
    closed = centre.closed_on if closed_on is None else sorted(set(closed_on))
    if (spans, closed) == (centre.opening_hours, centre.closed_on):
        return {}
    domain.check_opening((span["weekdays"], span["opens_at"], span["closes_at"]) for span in spans)
    return {"opening_hours": spans, "closed_on": closed, "special_days": [], "hours_text": ""}


async def _centre(work: Work, code: str, version: int | None) -> Centre:
    centre = await work.find(Centre, reference.centre_id(code))
    if centre is None:
        raise await unknown_centre(work.session, code)
    check_version(centre, version)
    return centre


def _known(contact: CentreContact) -> dict[str, Any]:
    return contact.model_dump(exclude_none=True)


def _change(work: Work, centre: Centre, by: str, wanted: Mapping[str, Any]) -> None:
    """Keep who changed what, and publish the centre, if anything differs."""
    before = {field: getattr(centre, field) for field in wanted}
    after = {field: value for field, value in wanted.items() if before[field] != value}
    if not after:
        return
    for field, value in after.items():
        setattr(centre, field, value)
    kept = {field: before[field] for field in after}
    work.add(CentreChange(centre_id=centre.id, at=work.now, by=by, before=kept, after=after))
    publish_centre(work, centre)


def _new(known: reference.KnownCentre, first: int, last: int, contact: CentreContact | None) -> Centre:
    return Centre(
        id=reference.centre_id(known.code),
        code=known.code,
        name=known.name,
        town=known.town,
        kind=known.kind,
        areas=list(known.areas),
        timezone=reference.TIMEZONE,
        opening_hours=[dict(span) for span in reference.DEFAULT_HOURS],
        closed_on=list(reference.public_holidays(first, last)),
        languages=list(reference.LANGUAGES),
        holidays_through=last,
        contact=_known(contact) if contact else {},
    )


def publish_centre(work: Work, centre: Centre) -> None:
    """Emits `CentrePublished` with the centre's present state."""
    work.emit(
        centre,
        CentrePublished(
            centre=centre.code,
            name=centre.name,
            kind="cite" if centre.kind == "cite" else "carrefour",
            areas=tuple(centre.areas),
            timezone=centre.timezone,
            opening_hours=tuple(OpeningHours.model_validate(span) for span in centre.opening_hours),
            closed_on=tuple(centre.closed_on),
            special_days=tuple(SpecialDay.model_validate(day) for day in centre.special_days),
            hours=centre.text or None,
            languages=tuple(centre.languages),
        ),
    )
