"""An interview ends with its outcome; the end is undone for ten minutes, and the outcome corrected on the same day."""

import asyncio
import re
from typing import Any
from uuid import UUID

import pytest

from services.chassis.refusals import AreaNotServed, Stale
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.intake import VisitStatus
from services.contracts.interviews import InterviewOutcomeCorrected, InterviewResumed, InterviewUndone
from services.contracts.outcomes import InterviewOutcome
from services.contracts.scheduling import InterviewHeld
from services.scheduling.actions import guidance, information, outcomes
from services.scheduling.actions.end_of_day import end_days
from services.scheduling.domain import refusals
from services.scheduling.domain.outcomes import Result
from services.scheduling.store import Interview, Waiting
from tests.givens.events import emitted_events
from tests.givens.scheduling import MONDAY, NADIA, TOM, Visitor, react

API = "/scheduling/api/v1/interviews"
PLAIN = InterviewOutcome()
GUIDED = InterviewOutcome(
    topics=("training", "guidance-offer"), next_step="guidance-path", guidance_offered=True, guidance_taken=True
)


@pytest.fixture
async def visitor(store: Store) -> Visitor:
    visitor = Visitor()
    await react(store, [visitor.checks_in()])
    return visitor


async def begin(store: Store, visitor: Visitor, counsellor: str = NADIA) -> UUID:
    async with store.work() as work:
        return (await information.start(work, visitor.visit_id, counsellor)).id


async def change(store: Store, id: UUID, act: Any, *more: Any) -> None:
    async with store.work() as work:
        await act(work, await guidance.interview_of(work, id), *more)


async def held(store: Store, visitor: Visitor, outcome: InterviewOutcome = GUIDED) -> UUID:
    id = await begin(store, visitor)
    await change(store, id, information.finish, None, Result("find-job", outcome))
    return id


async def interview(store: Store, id: UUID) -> Interview:
    async with store.read() as session:
        return await session.get_one(Interview, id)


async def test_the_outcome_is_held_with_the_interview_and_emitted_in_codes(store: Store, visitor: Visitor) -> None:
    id = await begin(store, visitor)
    await change(store, id, information.finish, None, Result("select-training", GUIDED))
    (event,) = await emitted_events(store, InterviewHeld)
    assert (event.area, event.outcome) == ("select-training", GUIDED)
    assert (await interview(store, id)).result == GUIDED


async def test_what_cannot_be_is_refused_and_the_interview_goes_on(store: Store, visitor: Visitor) -> None:
    id = await begin(store, visitor)
    taken = InterviewOutcome(guidance_taken=True)
    with pytest.raises(refusals.GuidanceNotOffered):
        await change(store, id, information.finish, None, Result("find-job", taken))
    with pytest.raises(AreaNotServed):
        await change(store, id, information.finish, None, Result("mobility", PLAIN))
    assert (await interview(store, id)).status == "arrived"
    assert await emitted_events(store, InterviewHeld) == []


async def test_what_the_night_ends_has_no_outcome(store: Store, visitor: Visitor, clock: FixedClock) -> None:
    id = await begin(store, visitor)
    clock.now = MONDAY.replace(day=3, hour=3)
    await end_days(store)
    (event,) = await emitted_events(store, InterviewHeld)
    assert (event.outcome, (await interview(store, id)).result) == (None, None)


async def test_an_end_by_mistake_is_undone_with_its_outcome_and_the_visitor_is_in_the_interview(
    store: Store, visitor: Visitor, clock: FixedClock
) -> None:
    id = await held(store, visitor)
    clock.forward(minutes=9, seconds=59)
    await change(store, id, information.resume)
    (event,) = await emitted_events(store, InterviewResumed)
    assert (event.outcome, event.area, event.visit_id) == (GUIDED, "find-job", visitor.visit_id)
    row = await interview(store, id)
    assert (row.status, row.minutes, row.ended_at, row.result) == ("arrived", 0, None, None)
    async with store.read() as session:
        waiting = await session.get_one(Waiting, visitor.visit_id)
    assert (waiting.counsellor, waiting.interview_id) == (NADIA, id)
    await react(store, [visitor.is_back(VisitStatus.BEING_SERVED)])
    with pytest.raises(refusals.AlreadyInInterview):
        await begin(store, visitor, TOM)
    clock.forward(minutes=1)
    await change(store, id, information.finish, None, Result("find-job", PLAIN))
    first, second = await emitted_events(store, InterviewHeld)
    assert (first.outcome, second.outcome, second.minutes) == (GUIDED, PLAIN, 11)


async def test_after_ten_minutes_the_end_stays(store: Store, visitor: Visitor, clock: FixedClock) -> None:
    id = await held(store, visitor)
    clock.forward(minutes=10)
    for undone in (information.resume, information.undo):
        with pytest.raises(refusals.TooLateToUndo):
            await change(store, id, undone)
    assert (await interview(store, id)).result == GUIDED


async def test_undone_altogether_it_says_with_which_outcome_it_had_counted(store: Store, visitor: Visitor) -> None:
    id = await held(store, visitor)
    await change(store, id, information.undo)
    (event,) = await emitted_events(store, InterviewUndone)
    assert (event.held, event.outcome) == (True, GUIDED)
    assert (await interview(store, id)).result is None


async def test_an_undone_interview_is_not_resumed(store: Store, visitor: Visitor) -> None:
    id = await held(store, visitor)
    await change(store, id, information.undo)
    with pytest.raises(refusals.TooLateToUndo):
        await change(store, id, information.resume)


async def test_resuming_twice_or_at_once_is_resuming_once(store: Store, visitor: Visitor) -> None:
    id = await held(store, visitor)
    got = await asyncio.gather(*(change(store, id, information.resume, 2) for _ in range(3)), return_exceptions=True)
    assert got == [None] * 3
    assert len(await emitted_events(store, InterviewResumed)) == 1


async def test_of_undoing_and_correcting_at_once_the_later_one_learns_that_the_interview_changed(
    store: Store, visitor: Visitor
) -> None:
    id = await held(store, visitor)
    got = await asyncio.gather(
        change(store, id, information.undo, 2),
        change(store, id, outcomes.correct, Result("find-job", PLAIN), 2),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in got) == ["NoneType", "Stale"]


async def test_another_interview_with_the_visitor_stays(store: Store, visitor: Visitor) -> None:
    """The desk has put the visitor back, and a colleague has received them."""
    id = await held(store, visitor)
    await react(store, [visitor.is_back(VisitStatus.WAITING)])
    await begin(store, visitor, TOM)
    with pytest.raises(refusals.AlreadyInInterview):
        await change(store, id, information.resume)


async def test_the_outcome_is_corrected_on_the_same_day_and_never_lost_under_another_correction(
    store: Store, visitor: Visitor, clock: FixedClock
) -> None:
    id = await held(store, visitor)
    clock.forward(hours=6)
    await change(store, id, outcomes.correct, Result("select-training", PLAIN), 2)
    (event,) = await emitted_events(store, InterviewOutcomeCorrected)
    assert (event.area_before, event.area) == ("find-job", "select-training")
    assert (event.outcome_before, event.outcome) == (GUIDED, PLAIN)
    with pytest.raises(Stale):
        await change(store, id, outcomes.correct, Result("find-job", GUIDED), 2)
    await change(store, id, outcomes.correct, Result("select-training", PLAIN))
    assert len(await emitted_events(store, InterviewOutcomeCorrected)) == 1, "the same again changes nothing"
    clock.forward(days=1)
    with pytest.raises(refusals.OutcomeStays):
        await change(store, id, outcomes.correct, Result("find-job", GUIDED))


async def test_what_is_not_held_has_no_outcome_to_correct(store: Store, visitor: Visitor) -> None:
    id = await begin(store, visitor)
    with pytest.raises(refusals.NotHeld):
        await change(store, id, outcomes.correct, Result("find-job", PLAIN))


async def test_over_the_api_an_interview_is_held_resumed_held_and_corrected(desk: Client, known: Visitor) -> None:
    started = (await desk.post(f"{API}/information", json={"visit_id": str(known.visit_id)})).json()
    page = f"{API}/{started['id']}"
    refused = await desk.post(f"{page}/hold", json={"outcome": {"topics": ["gossip"]}})
    assert refused.status_code == 422
    refused = await desk.post(f"{page}/hold", json={"outcome": {"guidance_taken": True}})
    assert refused.json()["type"].endswith("guidance-not-offered")
    outcome = {"topics": ["training", "occupations", "training"], "next_step": "workshop", "guidance_offered": True}
    done = (await desk.post(f"{page}/hold", json={"outcome": outcome, "area": "select-training"})).json()
    assert done["outcome"] == {
        "topics": ["occupations", "training"],
        "next_step": "workshop",
        "guidance_offered": True,
        "guidance_taken": False,
        "guidance_stated": True,
        "referral_wanted": False,
    }
    assert (done["area"], done["status"]) == ("select-training", "fulfilled")
    resumed = (await desk.post(f"{page}/undo-hold", json={"version": done["version"]})).json()
    assert (resumed["status"], resumed["outcome"]) == ("arrived", None)
    assert (await desk.post(f"{page}/hold", json={})).json()["outcome"] is None, "not stated"
    corrected = await desk.put(f"{page}/outcome", json={"outcome": {"referral_wanted": True}})
    assert (corrected.json()["outcome"]["referral_wanted"], corrected.json()["area"]) == (True, "select-training")


async def press(desk: Client, path: str, **form: Any) -> str:
    answer = await desk.post(f"/scheduling{path}", data=form, headers={"accept": "text/html"})
    assert answer.status_code == 303, answer.text
    return desk.flash(answer)


async def test_on_the_board_one_press_finishes_with_the_plain_outcome_and_guidance_leads_to_the_booking(
    desk: Client, known: Visitor
) -> None:
    await press(desk, f"/visits/{known.visit_id}/start")
    html = (await desk.get("/scheduling/")).text
    assert 'name="next_step" value="not-stated" checked' in html
    assert 'name="guidance" value="not-stated" checked' in html
    assert '<option value="find-job" selected>' in html
    (id,) = re.findall(r'id="running-([0-9a-f-]{36})"', html)
    form = {"area": "find-job", "next_step": "guidance-path", "guidance": "taken", "referral_wanted": "true"}
    await press(desk, f"/interviews/{id}/finish", version=1, topics=["training", "skills"], **form)
    (event,) = await emitted_events(desk.store, InterviewHeld)
    assert event.outcome == InterviewOutcome(
        topics=("training", "skills"),
        next_step="guidance-path",
        guidance_offered=True,
        guidance_taken=True,
        referral_wanted=True,
    )
    html = (await desk.get("/scheduling/")).text
    assert "L’offre d’orientation est acceptée\u00a0: fixez le premier rendez-vous." in html
    assert f"/scheduling/interviews/new?centre=liege&amp;person={known.subject_ref}" in html
    (mine,) = re.findall(rf'<li class="queue-row" id="interview-{id}".*?</li>', html, re.DOTALL)
    assert "E-007" in mine, "of interviews of one minute, the ticket says which it is"
    assert "Annuler la fin et effacer le résultat" in html, "named before it is pressed"
    assert await press(desk, f"/interviews/{id}/undo-hold", version=2) == (
        "done:L’entretien continue. Son résultat est effacé."
    )
    await press(desk, f"/interviews/{id}/finish", version=3, next_step="not-stated", guidance="not-stated")
    (_first, second) = await emitted_events(desk.store, InterviewHeld)
    assert second.outcome is None, "one press states nothing"
    assert "effacer le résultat" not in (await desk.get("/scheduling/")).text, "none was stated"


async def test_what_is_stated_in_part_claims_no_more(desk: Client, known: Visitor) -> None:
    await press(desk, f"/visits/{known.visit_id}/start")
    (id,) = re.findall(r'id="running-([0-9a-f-]{36})"', (await desk.get("/scheduling/")).text)
    form = {"next_step": "not-stated", "guidance": "not-stated", "topics": ["training"]}
    await press(desk, f"/interviews/{id}/finish", version=1, **form)
    (event,) = await emitted_events(desk.store, InterviewHeld)
    assert event.outcome == InterviewOutcome(topics=("training",), next_step="not-stated", guidance_stated=False)
    html = (await desk.get(f"/scheduling/interviews/{id}/outcome")).text
    assert 'name="next_step" value="not-stated" checked' in html
    corrected = await desk.put(f"{API}/{id}/outcome", json={"outcome": {}})
    assert corrected.json()["outcome"] is None, "what is left out is not stated"


async def test_who_is_not_known_is_to_be_registered_before_they_are_booked(desk: Client) -> None:
    visitor = Visitor()
    await react(desk.store, [visitor.checks_in()])
    id = await held(desk.store, visitor)
    assert id
    html = (await desk.get("/scheduling/")).text
    assert "enregistrez d’abord la personne" in html
    assert f'href="/intake/visits/{visitor.visit_id}"' in html


async def test_the_page_of_an_outcome_corrects_it_and_later_only_shows_it(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    id = await held(desk.store, known)
    page = f"/scheduling/interviews/{id}/outcome"
    html = (await desk.get(page)).text
    assert 'value="taken" checked' in html
    assert 'value="guidance-path" checked' in html
    stale = await desk.post(page, data={"version": 1, "next_step": "none"}, headers={"accept": "text/html"})
    assert stale.status_code == 422
    assert "error-summary" in stale.text
    assert "Le formulaire montre le résultat tel qu’il est enregistré maintenant." in stale.text
    assert 'value="taken" checked' in stale.text, "what is saved, not what was typed over it"
    assert 'name="version" value="2"' in stale.text
    wrong = await desk.post(page, data={"version": 1, "area": "mobility"}, headers={"accept": "text/html"})
    assert 'name="version" value="2"' in wrong.text
    wrong = await desk.post(page, data={"version": 2, "area": "mobility"}, headers={"accept": "text/html"})
    assert (wrong.status_code, "error-summary" in wrong.text) == (422, True)
    assert 'value="training" checked' not in wrong.text, "what was unticked stays so"
    assert 'value="taken" checked' not in wrong.text
    assert 'name="version" value="2"' in wrong.text
    assert await press(desk, f"/interviews/{id}/outcome", version=2, next_step="come-back", area="find-job") == (
        "done:Le résultat est enregistré."
    )
    assert (await interview(desk.store, id)).result == InterviewOutcome(next_step="come-back", guidance_stated=False)
    clock.forward(days=1)
    html = (await desk.get(page)).text
    assert "Revenir au centre" in html
    assert "<form class=" not in html.split("<h1>")[1]
