"""A counsellor takes the next person: by the rule of the page, and nobody twice."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.interviews import InterviewUndone
from services.contracts.queue import VisitorArrived, VisitPrioritised, VisitPutOnHold, VisitTransferred
from services.contracts.scheduling import InterviewStarted, Side
from services.scheduling.actions import availability, guidance, information, paths, taking
from services.scheduling.domain import refusals
from services.scheduling.domain.line import Advice, Wanted, taken_by
from services.scheduling.store import Interview
from tests.givens.events import emitted_events
from tests.givens.scheduling import COLLEAGUE, LIEGE, MONDAY, NADIA, TOM, Visitor, react

API = "/scheduling/api/v1"
PLAIN = {"priority": False}


async def take(
    store: Store, counsellor: str = NADIA, areas: Sequence[str] | None = (), languages: Sequence[str] | None = ()
) -> UUID | None:
    """The visit of the person who is taken."""
    async with store.work() as work:
        return (await taking.take_next(work, LIEGE, counsellor, areas, languages)).visit_id


async def end(store: Store, counsellor: str = NADIA) -> None:
    """Whom the counsellor took is gone."""
    started = [one for one in await emitted_events(store, InterviewStarted) if one.counsellor == counsellor]
    async with store.work() as work:
        await information.finish(work, await guidance.interview_of(work, started[-1].interview_id))


async def come(store: Store, *areas: str | None, at: datetime = MONDAY) -> list[Visitor]:
    """One person after the other, with these needs."""
    visitors = [Visitor() for _ in areas]
    for number, (visitor, area) in enumerate(zip(visitors, areas, strict=True)):
        event = visitor.checks_in(at + timedelta(seconds=number), area=area, ticket=f"E-{number:03}")
        await react(store, [event])
    return visitors


async def profile(store: Store, counsellor: str, languages: list[str], areas: list[str]) -> None:
    async with store.work() as work:
        await availability.set_profile(work, counsellor, languages, areas)


async def test_who_came_first_is_next_and_who_has_priority_before(store: Store) -> None:
    first, second, third = await come(store, "find-job", "find-job", "find-job")
    await react(store, [VisitPrioritised(visit_id=third.visit_id, centre=LIEGE, at=MONDAY, priority=True)])
    assert await take(store) == third.visit_id
    await end(store)
    assert await take(store) == first.visit_id
    await end(store)
    assert await take(store) == second.visit_id
    await end(store)
    with pytest.raises(refusals.NobodyInLine):
        await take(store)


async def test_only_the_chosen_needs_are_taken_and_those_who_stated_none(store: Store) -> None:
    job, training, unknown = await come(store, "find-job", "select-training", None)
    assert await take(store, areas=["select-training"]) == training.visit_id
    await end(store)
    assert await take(store, areas=["select-training"]) == unknown.visit_id
    await end(store)
    with pytest.raises(refusals.NobodyInLine):
        await take(store, areas=["select-training"])
    assert await take(store) == job.visit_id


async def test_the_counsellors_own_needs_and_languages_count_unless_others_are_chosen(store: Store) -> None:
    await profile(store, NADIA, ["nl"], ["select-training"])
    await profile(store, TOM, ["tr"], [])
    turkish, dutch, tigrinya = Visitor(), Visitor(), Visitor()
    (job,) = await come(store, "find-job")
    for minutes, (visitor, language) in enumerate(((turkish, "tr"), (dutch, "nl"), (tigrinya, "ti")), 1):
        event = visitor.checks_in(MONDAY + timedelta(minutes=minutes), area="select-training", ticket=f"E-10{minutes}")
        await react(store, [event.model_copy(update={"interpreter_language": language})])
    assert await take(store, NADIA, None, None) == dutch.visit_id
    await end(store)
    assert await take(store, NADIA, None, None) == tigrinya.visit_id, "nobody at the centre speaks it"
    await end(store)
    with pytest.raises(refusals.NobodyInLine):
        await take(store, NADIA, None, None)
    assert await take(store, NADIA, [], []) == job.visit_id
    await end(store)
    assert await take(store, TOM, None, None) == turkish.visit_id


def moved(visitor: Visitor, desk: str | None = None, counsellor: str | None = None) -> VisitTransferred:
    """The visitor waits for this desk or counsellor alone."""
    return VisitTransferred(
        visit_id=visitor.visit_id, centre=LIEGE, at=MONDAY, area=None, desk=desk, counsellor=counsellor
    )


async def test_who_waits_for_another_or_is_on_hold_or_called_keeps_their_place(store: Store) -> None:
    for_tom, at_desk, on_hold, called, for_me, free = await come(store, *["find-job"] * 6)
    await react(
        store,
        [
            moved(for_tom, counsellor=TOM),
            moved(at_desk, desk="desk-1"),
            VisitPutOnHold(visit_id=on_hold.visit_id, centre=LIEGE, at=MONDAY),
            called.is_called(),
            moved(for_me, counsellor=NADIA),
        ],
    )
    assert await take(store, areas=["create-business"]) == for_me.visit_id, "whatever they need"
    await end(store)
    assert await take(store) == free.visit_id
    await end(store)
    with pytest.raises(refusals.NobodyInLine):
        await take(store)
    assert await take(store, TOM) == for_tom.visit_id


async def booked_today(store: Store, visitor: Visitor, counsellor: str = NADIA) -> Interview:
    """An appointment at ten, for which the person has come."""
    await react(store, [visitor.registered(), visitor.checks_in(MONDAY + timedelta(minutes=5), ticket="E-500")])
    async with store.work() as work:
        path = await paths.open_path(work, visitor.subject_ref, LIEGE, "choose-path")
        ten = MONDAY + timedelta(hours=1)
        booked = await guidance.book(work, path.id, counsellor=counsellor, room=None, starts_at=ten, minutes=60)
    arrived = VisitorArrived(
        visit_id=visitor.visit_id,
        centre=LIEGE,
        at=MONDAY + timedelta(minutes=5),
        counsellor=counsellor,
        interview_id=booked.id,
    )
    await react(store, [arrived])
    return booked


async def test_who_has_an_appointment_with_the_counsellor_is_next_and_it_is_the_appointment_that_starts(
    store: Store, clock: FixedClock
) -> None:
    (first,) = await come(store, "find-job")
    visitor = Visitor()
    booked = await booked_today(store, visitor)
    clock.forward(minutes=30)
    assert await take(store, TOM) == first.visit_id, "the appointment is with Nadia"
    assert await take(store, NADIA, ["create-business"]) == visitor.visit_id
    (_walk_in, started) = await emitted_events(store, InterviewStarted)
    assert started.interview_id == booked.id
    with pytest.raises(refusals.StillInInterview):
        await take(store)


async def test_who_came_for_an_appointment_that_is_cancelled_is_taken_by_others(store: Store) -> None:
    """As intake publishes it: for nobody alone, and without the priority."""
    (first,) = await come(store, "find-job")
    visitor = Visitor()
    booked = await booked_today(store, visitor)
    async with store.work() as work:
        interview = await guidance.interview_of(work, booked.id)
        await guidance.cancel(work, interview, by=Side.CENTRE, reason="counsellor-away")
    about = {"visit_id": visitor.visit_id, "centre": LIEGE, "at": MONDAY + timedelta(minutes=6)}
    await react(store, [VisitTransferred.model_validate(about), VisitPrioritised.model_validate(about | PLAIN)])
    assert await take(store, TOM, None) == first.visit_id
    await end(store, TOM)
    assert await take(store, TOM, None) == visitor.visit_id


async def test_counsellors_who_press_at_once_take_different_people_in_order(store: Store) -> None:
    visitors = await come(store, *["find-job"] * 6)
    codes = [f"liege-c{number:02}" for number in range(8)]
    got = await asyncio.gather(*(take(store, code) for code in codes), return_exceptions=True)
    taken = [one for one in got if isinstance(one, UUID)]
    assert sorted(taken) == sorted(one.visit_id for one in visitors)
    assert sum(isinstance(one, refusals.NobodyInLine) for one in got) == 2
    assert len(await emitted_events(store, InterviewStarted)) == 6


async def test_a_button_pressed_twice_takes_one_person(store: Store) -> None:
    await come(store, *["find-job"] * 4)
    got = await asyncio.gather(*(take(store) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, UUID) for one in got) == 1
    assert sum(isinstance(one, refusals.StillInInterview) for one in got) == 3


async def test_one_presses_next_while_another_takes_the_first_by_hand(store: Store) -> None:
    first, second = await come(store, "find-job", "find-job")

    async def by_hand() -> UUID | None:
        async with store.work() as work:
            return (await information.start(work, first.visit_id, TOM)).visit_id

    got = await asyncio.gather(by_hand(), take(store), return_exceptions=True)
    ids = {one for one in got if isinstance(one, UUID)}
    assert ids in ({first.visit_id, second.visit_id}, {first.visit_id})
    counsellors = [one.visit_id for one in await emitted_events(store, InterviewStarted)]
    assert len(counsellors) == len(set(counsellors))


async def test_who_is_given_back_is_next_again(store: Store) -> None:
    first, _second = await come(store, "find-job", "find-job")
    assert await take(store) == first.visit_id
    (started,) = await emitted_events(store, InterviewStarted)
    async with store.work() as work:
        await information.undo(work, await guidance.interview_of(work, started.interview_id))
    assert len(await emitted_events(store, InterviewUndone)) == 1
    assert await take(store, TOM) == first.visit_id


async def test_over_the_api_the_answer_is_the_interview_or_why_not(desk: Client, known: Visitor) -> None:
    taken = await desk.post(f"{API}/waiting/next", json={"centre": LIEGE})
    assert (taken.status_code, taken.json()["visit_id"]) == (201, str(known.visit_id))
    again = await desk.post(f"{API}/waiting/next", json={"centre": LIEGE})
    assert (again.status_code, again.json()["errors"][0]["interview_id"]) == (409, taken.json()["id"])
    assert again.json()["type"].endswith("still-in-interview")
    desk.signed_in(COLLEAGUE)
    nobody = await desk.post(f"{API}/waiting/next", json={"centre": LIEGE})
    assert nobody.json()["type"].endswith("nobody-in-line")
    assert (await desk.post(f"{API}/waiting/next", json={"centre": "mons"})).status_code == 403


async def test_the_page_states_the_rule_offers_the_counsellors_own_choice_and_keeps_another(
    desk: Client, known: Visitor
) -> None:
    await profile(desk.store, NADIA, ["nl"], ["select-training"])
    html = (await desk.get("/scheduling/")).text
    assert "puis les autres dans l’ordre d’arrivée" in html
    assert 'name="areas" value="select-training" checked' in html
    form = {"centre": LIEGE, "areas": ["select-training"], "languages": ["nl"]}
    answer = await desk.post("/scheduling/next", data=form, headers={"accept": "text/html"})
    assert "error:Personne ne vous attend" in desk.flash(answer)
    form = {"centre": LIEGE, "areas": ["find-job"]}
    answer = await desk.post("/scheduling/next", data=form, headers={"accept": "text/html"})
    assert desk.flash(answer) == "done:Entretien commencé\u00a0: ticket E-007."
    assert answer.headers["location"] == "/scheduling/?centre=liege&chosen=true&area=find-job"
    html = (await desk.get(answer.headers["location"])).text
    assert 'name="areas" value="find-job" checked' in html
    assert 'name="areas" value="select-training" checked' not in html
    assert 'name="languages" value="nl" checked' not in html


async def test_a_need_in_which_nobody_advises_is_everybodys_and_further_needs_count(store: Store) -> None:
    await profile(store, NADIA, [], ["find-job"])
    await profile(store, TOM, [], ["select-training"])
    business, training, both = Visitor(), Visitor(), Visitor()
    for minutes, (visitor, area, others) in enumerate(
        ((business, "create-business", ()), (training, "select-training", ()), (both, "mobility", ("find-job",)))
    ):
        event = visitor.checks_in(MONDAY + timedelta(minutes=minutes), area=area, ticket=f"E-20{minutes}")
        await react(store, [event.model_copy(update={"other_areas": others})])
    assert await take(store, NADIA, None, None) == business.visit_id, "nobody here advises in it"
    await end(store)
    assert await take(store, NADIA, None, None) == both.visit_id, "one of the needs is hers"
    await end(store)
    with pytest.raises(refusals.NobodyInLine):
        await take(store, NADIA, None, None)
    assert await take(store, TOM, None, None) == training.visit_id


async def test_whom_the_desk_sent_on_to_an_area_waits_for_that_one_alone(store: Store) -> None:
    await profile(store, NADIA, [], ["find-job"])
    await profile(store, TOM, [], ["select-training"])
    (visitor,) = await come(store, "find-job")
    await react(store, [moved(visitor).model_copy(update={"area": "select-training"})])
    with pytest.raises(refusals.NobodyInLine):
        await take(store, NADIA, None, None)
    assert await take(store, TOM, None, None) == visitor.visit_id


AREAS = st.frozensets(st.sampled_from(["find-job", "select-training", "create-business"]), max_size=2)
LANGUAGES = ["nl", "tr", "ti"]


@given(
    st.lists(st.builds(Advice, AREAS, st.frozensets(st.sampled_from(LANGUAGES), max_size=2)), min_size=1, max_size=4),
    st.builds(Wanted, AREAS, st.sampled_from([None, *LANGUAGES])),
)
def test_nobody_is_passed_over_by_all(team: list[Advice], wanted: Wanted) -> None:
    """And who takes all takes everybody."""
    assert any(taken_by(own, team)(wanted) for own in team)
    assert taken_by(Advice(), team)(wanted)
