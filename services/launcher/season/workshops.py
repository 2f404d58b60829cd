"""The collective approach: workshops, and one finalising interview for each person who came to the last session."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.launcher.season.booking import Site, Slot, Step, book_series, quarter_hours
from services.launcher.season.dice import Dice
from services.launcher.season.network import WORKSHOP_TITLES
from services.launcher.season.opening import AFTERNOON, MORNING
from services.launcher.season.paths import COLLECTIVE, GuidanceInterview, Path
from services.launcher.season.shape import apportion

GROUP = 7
"""People who stay to a workshop's end, on average."""

MOST_SEATS = 12
FEWEST_SEATS = 6

FINALISING_AFTER = (2, 12)
"""Opening days between a workshop's last session and a finalising interview, before any slip."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One person on one seat."""

    seat_id: str
    path: Path
    attended: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Workshop:
    """A series of sessions with one counsellor."""

    workshop_id: str
    area: str
    title: str
    seats: int
    counsellor: int
    sessions: tuple[Slot, ...]
    session_ids: tuple[str, ...]
    participants: tuple[Participant, ...]


def plan_workshops(site: Site, finalised: int) -> list[Workshop]:
    """Workshops of which exactly `finalised` people attend the last session, all early enough to be finalised."""
    # Drawn per centre and not per copy, so that every copy holds the same number of everything.
    sizes = Dice("workshops", site.centre.code)
    groups = max(1, (finalised + GROUP // 2) // GROUP)
    stayed = apportion(finalised, [sizes.between(6, 8) for _ in range(groups)])
    dropped = [sizes.pick((0, 0, 0, 1, 1, 2)) for _ in range(groups)]
    return [
        _plan_workshop(site, number, staying, leaving)
        for number, (staying, leaving) in enumerate(zip(stayed, dropped, strict=True))
    ]


def plan_finalising(site: Site, workshops: Sequence[Workshop]) -> list[GuidanceInterview]:
    """One interview, the path's first and only, for each participant who attended the last session."""
    return [
        _plan_finalising(site, workshop, participant)
        for workshop in workshops
        for participant in workshop.participants
        if participant.attended[-1]
    ]


def _plan_workshop(site: Site, number: int, staying: int, leaving: int) -> Workshop:
    dice = site.dice("workshop", number)
    steps = _session_steps(dice)
    last = len(site.days) - 1 - FINALISING_AFTER[1]
    first = site.starting_day(dice, last - sum(step.gap for step in steps))
    counsellor, sessions = book_series(site, first, steps, dice.rotate(range(site.diary.counsellors)), last)
    title, area = dice.pick(WORKSHOP_TITLES)
    people = staying + leaving
    return Workshop(
        workshop_id=site.identity("workshop", number),
        area=area,
        title=title,
        seats=dice.between(max(FEWEST_SEATS, people), min(MOST_SEATS, max(FEWEST_SEATS, people) + 2)),
        counsellor=counsellor,
        sessions=tuple(sessions),
        session_ids=tuple(site.identity("session", number, index) for index in range(len(sessions))),
        participants=tuple(
            _participant(site, dice, number, index, area=area, sessions=len(sessions), stays=index < staying)
            for index in range(people)
        ),
    )


def _session_steps(dice: Dice) -> list[Step]:
    """3 to 5 sessions of two to three hours, all at the same hour, about one a week."""
    minutes = dice.pick((120, 150, 180))
    half = dice.pick((MORNING, AFTERNOON))
    start = half.closes - minutes if dice.percent(50) else half.opens
    gap = dice.between(3, 6)
    return [Step(0 if index == 0 else gap, minutes, (start,)) for index in range(dice.between(3, 5))]


def _participant(
    site: Site, dice: Dice, workshop: int, index: int, *, area: str, sessions: int, stays: bool
) -> Participant:
    # Participants of the last session seldom missed another one; the others often did.
    before = tuple(dice.percent(92 if stays else 60) for _ in range(sessions - 1))
    return Participant(
        seat_id=site.identity("seat", workshop, index),
        path=Path(
            path_id=site.identity("collective-path", workshop, index),
            subject_ref=site.identity("participant", workshop, index),
            area=area,
            method=COLLECTIVE,
        ),
        attended=(*before, stays),
    )


def _plan_finalising(site: Site, workshop: Workshop, participant: Participant) -> GuidanceInterview:
    dice = site.dice("finalising", participant.path.path_id)
    minutes = 60 if dice.percent(80) else 120
    last = len(site.days) - 1
    first = workshop.sessions[-1].day + dice.between(*FINALISING_AFTER)
    steps = [Step(0, minutes, dice.rotate(quarter_hours(minutes)))]
    # The workshop's counsellor knows the participant; a colleague takes over when no time is free.
    order = [workshop.counsellor, *dice.rotate(range(site.diary.counsellors))]
    counsellor, (slot,) = book_series(site, first, steps, order, last)
    return GuidanceInterview(participant.path, slot, counsellor, number=1)
