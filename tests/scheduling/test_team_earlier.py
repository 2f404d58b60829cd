"""The team puts an interview on the list of earlier times, on its page and by the API, and answers for the person."""

from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import InterviewMoved, Side
from services.scheduling.actions import availability
from services.scheduling.actions.earlier_times import offer_earlier_times
from services.scheduling.store import EarlierWish
from tests.givens.events import emitted_events
from tests.givens.scheduling import ELSEWHERE, NADIA, TOM
from tests.scheduling.test_earlier import TERMS, booked_in, cancels, live, starts, wednesday, works

HTML = {"accept": "text/html"}


async def one_to_wait(desk: Client) -> tuple[UUID, UUID]:
    """Interviews on two Wednesdays: the first will be cancelled, the person of the second would come sooner."""
    await works(desk.store, NADIA, "WE")
    _people, (_first, freed, later) = await booked_in(desk.store, [0, 1, 2])
    return freed, later


async def shown(desk: Client, id: UUID) -> str:
    return unescape((await desk.get(f"/scheduling/interviews/{id}", headers=HTML)).text)


async def asked_again(desk: Client, clock: FixedClock, id: UUID) -> None:
    """The wishes change, the place on the list does not."""
    before, clock.now = clock.now, clock.now + timedelta(minutes=1)
    for half in ("morning", ""):
        form = {"half": half, "language": ""}
        await desk.post(f"/scheduling/interviews/{id}/earlier", data=form, headers=HTML)
        async with desk.store.read() as session:
            wish = await session.get_one(EarlierWish, id)
        assert (wish.half, wish.asked_at, wish.asked_by) == (half or None, before, "centre")


async def test_the_page_of_the_interview_says_whether_the_person_waits_and_answers_for_them(
    desk: Client, clock: FixedClock
) -> None:
    freed, id = await one_to_wait(desk)
    assert "Inscrire la personne sur la liste" in await shown(desk, id)
    here = f"/scheduling/interviews/{id}/earlier"
    assert (await desk.post(here, data={"half": "", "language": ""}, headers=HTML)).status_code == 303
    text = await shown(desk, id)
    assert "La personne est sur la liste depuis le 2 mars 2026." in text
    assert "Inscrire la personne sur la liste" not in text
    await asked_again(desk, clock, id)
    await cancels(desk.store, freed)
    await offer_earlier_times(desk.store, TERMS)
    offer = (await live(desk.store))[id].id
    assert f"{here}/{offer}/accept" in await shown(desk, id)
    assert (await desk.post(f"{here}/{uuid4()}/accept", headers=HTML)).status_code == 404
    assert (await desk.post(f"/scheduling/interviews/{freed}/earlier/{offer}/accept", headers=HTML)).status_code == 404
    assert (await desk.post(f"{here}/{offer}/accept", headers=HTML)).status_code == 303
    assert await starts(desk.store, id) == wednesday(1)
    (moved,) = await emitted_events(desk.store, InterviewMoved)
    assert moved.moved_by is Side.VISITOR
    assert "La personne est sur la liste" not in await shown(desk, id)


async def test_the_api_asks_shows_declines_and_leaves(desk: Client) -> None:
    freed, id = await one_to_wait(desk)
    async with desk.store.work() as work:
        await availability.set_profile(work, TOM, ["de"], [])
    here = f"/scheduling/api/v1/interviews/{id}/earlier"
    assert (await desk.get(here)).status_code == 404
    asked = await desk.post(here, json={"others": True, "language": "de", "half": "morning"})
    assert asked.status_code == 200, asked.text
    found = asked.json()
    assert (found["asked_by"], found["others"], found["language"], found["half"]) == ("centre", True, "de", "morning")
    await cancels(desk.store, freed)
    await offer_earlier_times(desk.store, TERMS)
    offer = (await desk.get(here)).json()["offer"]
    assert (offer["counsellor"], offer["minutes"]) == (TOM, 60)
    declined = (await desk.post(f"{here}/{offer['id']}/decline")).json()
    assert (declined["missed"], declined["offer"], declined["ended_at"]) == (1, None, None)
    left = (await desk.post(f"{here}/leave")).json()
    assert left["ended_because"] == "left"
    desk.signed_in(ELSEWHERE)
    for answer in (await desk.get(here), await desk.post(here, json={}), await desk.post(f"{here}/leave")):
        assert answer.status_code == 404


async def test_what_is_over_is_neither_offered_nor_accepted_in_the_name_of_the_person(
    desk: Client, clock: FixedClock
) -> None:
    freed, id = await one_to_wait(desk)
    here = f"/scheduling/interviews/{id}/earlier"
    await desk.post(here, data={"half": "", "language": ""}, headers=HTML)
    await cancels(desk.store, freed)
    await offer_earlier_times(desk.store, TERMS)
    offer = (await live(desk.store))[id]
    assert (await desk.post(f"{here}/{offer.id}/decline", headers=HTML)).status_code == 303
    assert f"{here}/{offer.id}/accept" not in await shown(desk, id)
    late = await desk.post(f"/scheduling/api/v1/interviews/{id}/earlier/{offer.id}/accept")
    assert (late.status_code, late.json()["type"].rpartition("/")[2]) == (409, "earlier-offer-over")
    assert await starts(desk.store, id) == wednesday(2)
    assert (await desk.post(f"{here}/leave", headers=HTML)).status_code == 303
    assert "Inscrire la personne sur la liste" in await shown(desk, id)
    clock.now = wednesday(2) - timedelta(hours=24)
    assert "Inscrire la personne sur la liste" not in await shown(desk, id), "no day is left before it"
