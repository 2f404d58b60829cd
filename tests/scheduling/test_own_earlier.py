"""A visitor asks for an earlier time on their own page, without a script, and answers the offer by one press."""

from datetime import timedelta
from uuid import UUID, uuid4

from services.chassis.identity.people import visitor
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.scheduling.actions.earlier_times import offer_earlier_times
from services.scheduling.pages.personal_data import read_personal_data
from services.scheduling.store import EarlierWish
from tests.givens.rows import rows_of
from tests.givens.scheduling import NADIA, Visitor, react
from tests.scheduling.test_earlier import TERMS, booked_in, cancels, live, starts, wednesday, works
from tests.scheduling.test_own_appointments import sends, shown


async def two_who_ask(desk: Client) -> tuple[list[Visitor], list[UUID]]:
    """Two people who asked on their pages; the Wednesday before theirs is booked by another one."""
    await works(desk.store, NADIA, "WE")
    people, interviews = await booked_in(desk.store, [0, 1, 2, 3])
    for one, id in zip(people[2:], interviews[2:], strict=True):
        desk.signed_in(visitor(one.subject_ref))
        done = await sends(desk, f"/interviews/{id}/earlier", half="", language="")
        assert done == "done:Vous êtes sur la liste. Nous vous écrivons quand une date plus proche se libère."
    return people, interviews


async def freed(store: Store, id: UUID) -> None:
    await cancels(store, id)
    await offer_earlier_times(store, TERMS)


async def test_who_asks_sees_since_when_and_leaves_again(desk: Client, clock: FixedClock) -> None:
    _people, interviews = await two_who_ask(desk)
    own = f"/interviews/{interviews[3]}/earlier"
    text = await shown(desk, own)
    assert "Vous êtes sur la liste depuis le 2 mars 2026." in text
    assert "Votre rendez-vous est maintenu tant que" in text
    assert NADIA not in text
    assert "Nadia" not in text
    assert "Sur la liste pour une date plus proche" in await shown(desk, f"/interviews/{interviews[3]}")
    await shown(desk, f"/interviews/{interviews[2]}/earlier", 404)
    await sends(desk, f"/interviews/{interviews[3]}/earlier", others="true", half="morning", language="")
    (wish,) = [one for one in await rows_of(desk.store, EarlierWish) if one.interview_id == interviews[3]]
    assert (wish.others, wish.half, wish.language) == (True, "morning", None)
    assert await sends(desk, f"{own}/leave") == ("done:Vous n’êtes plus sur la liste. Votre rendez-vous est maintenu.")
    assert "M’inscrire sur la liste" in await shown(desk, own)
    clock.now = wednesday(3) - timedelta(hours=24)
    assert "Téléphonez à votre centre." in await shown(desk, own)


async def test_one_press_moves_the_appointment_and_the_next_person_reads_that_it_stays(desk: Client) -> None:
    people, interviews = await two_who_ask(desk)
    await freed(desk.store, interviews[1])
    offers = await live(desk.store)
    first, second = (offers[id].id for id in interviews[2:])
    part = await shown(desk, "/part")
    assert "Une date plus proche est libre" in part
    assert f'href="/scheduling/mine/interviews/{interviews[3]}/earlier"' in part
    page = await shown(desk, f"/interviews/{interviews[3]}/earlier")
    assert "Mercredi 11 mars 2026" in page
    assert "la première qui accepte obtient ce rendez-vous" in page
    assert (
        await sends(desk, f"/earlier/{second}/accept")
        == "done:Votre rendez-vous est déplacé\u00a0: 11 mars 2026, 10:00."
    )
    assert await starts(desk.store, interviews[3]) == wednesday(1)
    desk.signed_in(visitor(people[2].subject_ref))
    assert "Une autre personne a été plus rapide." in await shown(desk, f"/interviews/{interviews[2]}/earlier")
    assert (await sends(desk, f"/earlier/{first}/accept")).startswith("error:Une autre personne a été plus rapide")
    assert await starts(desk.store, interviews[2]) == wednesday(2)
    for act in ("accept", "decline"):
        for unknown in (second, uuid4()):
            answer = await desk.post(f"/scheduling/mine/earlier/{unknown}/{act}", headers={"accept": "text/html"})
            assert answer.status_code == 404, "another person's offer"


async def test_who_keeps_the_appointment_reads_so_and_stays_on_the_list(desk: Client) -> None:
    _people, interviews = await two_who_ask(desk)
    await freed(desk.store, interviews[1])
    offer = (await live(desk.store))[interviews[3]].id
    for _ in range(2):
        done = await sends(desk, f"/earlier/{offer}/decline")
        assert done == "done:Merci pour votre réponse. Votre rendez-vous est maintenu."
    assert await starts(desk.store, interviews[3]) == wednesday(3)
    assert "Vous êtes sur la liste depuis" in await shown(desk, f"/interviews/{interviews[3]}/earlier")


async def test_the_export_has_the_entry_and_its_offers(desk: Client) -> None:
    people, interviews = await two_who_ask(desk)
    await freed(desk.store, interviews[1])
    async with desk.store.read() as session:
        held = await read_personal_data(session, people[2].subject_ref)
    assert held is not None
    (entry,) = held.interviews[0].earlier
    assert (entry.asked_by, entry.ended_at) == ("visitor", None)
    assert [(one.status, one.starts_at) for one in entry.offers] == [("offered", wednesday(1))]
    await react(desk.store, [people[2].erased()])
    async with desk.store.read() as session:
        assert await read_personal_data(session, people[2].subject_ref) is None
