"""How a centre's time and what is asked of it fit together, for its managers and counsellors. No names of visitors."""

from typing import Annotated, NamedTuple

from babel.numbers import format_percent
from fastapi import Request
from starlette.responses import RedirectResponse, Response

from services.chassis import i18n
from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Reading, Router, Running, allow, page
from services.contracts.roles import Role
from services.contracts.text import Key
from services.scheduling.actions.demand import Demand, demand_of
from services.scheduling.domain.demand import FEWEST, WEEKS, Load, NoShows
from services.scheduling.pages.desk import length_word
from services.scheduling.store import Centre
from services.scheduling.store.counsellors import counsellor_names

router = Router("/scheduling/demand", pages=True)
Insider = Annotated[Person, allow(Role.COUNSELLOR, Role.MANAGER)]


@router.get("")
async def choose(request: Request, read: Reading, person: Insider) -> Response:
    """Redirects to the figures of the person's only centre, or lists their centres."""
    own = [centre for centre in (await centre_copies(read, Centre)).values() if person.works_at(centre.code)]
    if len(own) == 1:
        return RedirectResponse(f"/scheduling/demand/{own[0].code}", 303)
    return page(request, "scheduling/demand_centres.html", centres=own)


class LoadWords(NamedTuple):
    """A load as the page shows it."""

    worked: int | None
    """Minutes."""
    booked: int
    share: str | None


class RateWords(NamedTuple):
    """A rate of no-shows as the page shows it. `rate` None: there are too few."""

    name: str
    total: int | None
    missed: int | None
    rate: str | None
    interval: str | None


@router.get("/{centre}")
async def centre_demand(centre: Key, request: Request, read: Reading, running: Running, person: Insider) -> Response:
    """The figures of a centre: eight weeks back, and eight ahead."""
    copy = await read.get(Centre, person.at(centre))
    if copy is None:
        raise NotFound(what=msg("centre"))
    now = running.clock()
    found = await demand_of(read, copy, now)
    names = await counsellor_names(read, (one.code for one in found.counsellors))
    return page(
        request,
        "scheduling/demand.html",
        centre=copy,
        centre_name=copy.name,
        now=now.astimezone(copy.zone),
        found=found,
        past=[one for one in found.weeks if not one.coming],
        coming=[one for one in found.weeks if one.coming],
        weeks=WEEKS,
        fewest=FEWEST,
        loads=[(names[one.code], _load(one.past), _load(one.coming)) for one in found.counsellors],
        without_hours=[names[one.code] for one in found.without_hours],
        delays=[
            *((area_label(code) if code is not None else _("Not stated"), one) for code, one in _by_area(found, copy)),
            (_("All"), found.delay),
        ],
        rates=_rates(found),
        length_word=length_word,
    )


def _by_area(found: Demand, centre: Centre) -> list[tuple[str | None, object]]:
    """The areas that have first interviews, those of the centre in its order first."""
    order = [*centre.areas, *(code for code in found.delay_by_area if code not in centre.areas)]
    return [(code, found.delay_by_area[code]) for code in order if code in found.delay_by_area]


def _load(one: Load) -> LoadWords:
    return LoadWords(one.worked, one.booked, _percent(one.share) if one.share is not None else None)


def _rates(found: Demand) -> list[RateWords]:
    modes = [_rate(i18n.word_of(mode), one) for mode, one in found.missed_by_mode.items()]
    interviews = _rate(_("Guidance interviews"), found.missed_interviews)
    return [interviews, *modes, _rate(_("Sessions of workshops, by participant"), found.missed_sessions)]


def _rate(name: str, one: NoShows) -> RateWords:
    if one.rate is None or one.low is None or one.high is None:
        return RateWords(name, None, None, None, None)
    interval = _("{low} to {high}").format(low=_percent(one.low), high=_percent(one.high))
    return RateWords(name, one.total, one.missed, _percent(one.rate), interval)


def _percent(share: float) -> str:
    """Whole per cent, as the reader's language writes them."""
    return format_percent(share, locale=i18n.locale())
